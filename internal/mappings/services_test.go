package mappings

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"sluice/internal/awsclient"
	"sluice/internal/fault"
)

// serving is clients of a server that answers so.
func serving(t *testing.T, answer http.HandlerFunc) aws.Config {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(server.URL + "/"), HTTPClient: server.Client(),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"}, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
}

func TestSourcesAreReadPageByPage(t *testing.T) {
	clients := serving(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != sourcesPath || query.Get("FunctionName") != "f g" || query.Get("EventSourceArn") != queueARN {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		if strings.Contains(r.URL.RawQuery, "+") {
			t.Errorf("the query %s has another form than its signature", r.URL.RawQuery)
		}
		if !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/lambda/aws4_request") || r.Header.Get("X-Amz-Security-Token") != "token" {
			t.Errorf("signed as %v", r.Header)
		}
		switch query.Get("Marker") {
		case "":
			_, _ = io.WriteString(w, `{"EventSourceMappings":[{"UUID":"1","State":"Enabled"}],"NextMarker":"m"}`)
		case "m":
			_, _ = io.WriteString(w, `{"EventSourceMappings":[{"UUID":"2","State":"Deleting"}],"NextMarker":null}`)
		}
	})
	got, err := NewLambda(clients).Sources(t.Context(), "f g", queueARN)
	if err != nil || len(got) != 2 || got[0] != (Source{"1", "Enabled"}) || got[1] != (Source{"2", "Deleting"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTheCallsThatWrite(t *testing.T) {
	var got []string
	clients := serving(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.Path+" "+string(body))
		if r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v", r.Header)
		}
		w.WriteHeader(http.StatusAccepted)
	})
	s := Schedule{Name: "resume-1", ScheduleExpression: "at(2026-11-25T00:00:00)", ScheduleExpressionTimezone: "UTC", FlexibleTimeWindow: Window{"OFF"},
		ActionAfterCompletion: "DELETE", Target: Target{Arn: "a", RoleArn: "r", Input: "{}", RetryPolicy: RetryPolicy{1, 60}}}
	err := errors.Join(NewLambda(clients).Enable(t.Context(), "1", false), NewScheduler(clients).Create(t.Context(), s), NewScheduler(clients).Update(t.Context(), s))
	if err != nil {
		t.Fatal(err)
	}
	document := `{"ScheduleExpression":"at(2026-11-25T00:00:00)","ScheduleExpressionTimezone":"UTC","FlexibleTimeWindow":{"Mode":"OFF"},"ActionAfterCompletion":"DELETE",` +
		`"Target":{"Arn":"a","RoleArn":"r","Input":"{}","RetryPolicy":{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":60}}}`
	want := []string{`PUT /2015-03-31/event-source-mappings/1 {"Enabled":false}`, "POST /schedules/resume-1 " + document, "PUT /schedules/resume-1 " + document}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s\nwant %s", got[i], want[i])
		}
	}
}

func TestRefusalsAreToldAsTheSDKTellsThem(t *testing.T) {
	for name, test := range map[string]struct {
		status       int
		header, body string
		code         string
		calls        int
	}{
		"in the header":          {400, "ResourceInUseException", `{"Type":"User","Message":"m"}`, "ResourceInUseException", 1},
		"with more in it":        {404, "ResourceNotFoundException:http://x", `{"message":"m"}`, "ResourceNotFoundException", 1},
		"in the body":            {409, "", `{"__type":"com.amazon#ConflictException","Message":"m"}`, "ConflictException", 1},
		"in the body's code":     {403, "", `{"code":"AccessDeniedException"}`, "AccessDeniedException", 1},
		"of somebody in between": {418, "", `<html>`, "HTTP418", 1},
		"a throttle":             {429, "ThrottlingException", `{}`, "ThrottlingException", 3},
		"a breakdown":            {503, "", ``, "HTTP503", 3},
	} {
		calls := 0
		clients := serving(t, func(w http.ResponseWriter, _ *http.Request) {
			calls++
			if test.header != "" {
				w.Header().Set("X-Amzn-Errortype", test.header)
			}
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.body)
		})
		err := NewLambda(clients).Enable(t.Context(), "1", true)
		if fault.Code(err) != test.code || fault.Status(err) != test.status || calls != test.calls {
			t.Errorf("%s: %v: %q, %d, after %d calls", name, err, fault.Code(err), fault.Status(err), calls)
		}
	}
}

func TestABreakdownIsTriedAgain(t *testing.T) {
	calls := 0
	clients := serving(t, func(w http.ResponseWriter, _ *http.Request) {
		switch calls++; calls {
		case 1:
			panic(http.ErrAbortHandler) // the connection breaks
		case 2:
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	if err := NewScheduler(clients).Update(t.Context(), Schedule{Name: "n"}); err != nil || calls != 3 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestAnAnswerThatIsNoneIsAnError(t *testing.T) {
	clients := serving(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") })
	if _, err := NewLambda(clients).Sources(t.Context(), "f", queueARN); err == nil || !strings.Contains(err.Error(), "ListEventSourceMappings") {
		t.Error(err)
	}
	clients.Credentials = nil
	if _, err := NewLambda(clients).Sources(t.Context(), "f", queueARN); err == nil || !strings.Contains(err.Error(), "credentials") {
		t.Error(err)
	}
}

// answering answers every request the same.
type answering struct {
	status     int
	code, body string
}

func (a answering) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{"X-Amzn-Errortype": {a.code}}, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}

// Whatever is answered, it is read or told: no answer makes the caller panic, and
// no refusal passes for an answer.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"EventSourceMappings":[{"UUID":"1","State":"Enabled"}],"NextMarker":""}`, `{"__type":"a#B:c","message":"m"}`, `[]`, `null`, ``, `{"Message":1}`} {
		f.Add(200, "", body)
		f.Add(400, "ResourceInUseException:http://x", body)
	}
	f.Fuzz(func(t *testing.T, status int, code, body string) {
		if status < 200 || status > 599 {
			return
		}
		c := lambdaAPI{awsclient.NewService(aws.Config{Region: "r", HTTPClient: answering{status, code, body}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "k", SecretAccessKey: "s"}, nil
			})}, "Lambda", "lambda")}
		err := c.Enable(t.Context(), "1", true)
		if refused := status > 299; refused != (err != nil) || refused && (fault.Code(err) == "" || fault.Status(err) != status) {
			t.Errorf("%d %q %q: %v", status, code, body, err)
		}
		var page any
		if err := c.Call(t.Context(), awsclient.Operation{Name: "ListEventSourceMappings", Method: http.MethodGet, Path: sourcesPath}, nil, &page); err == nil && (status > 299 || !json.Valid([]byte(body))) {
			t.Errorf("%d %q is an answer", status, body)
		}
	})
}

package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sluice/internal/local/lambdahost"
)

// upstream stands for moto: it says what reached it.
func upstream(t *testing.T, o Options) *httptest.Server {
	t.Helper()
	moto := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "moto: %s %s %s", r.Host, r.URL.EscapedPath(), r.Header.Get("X-Amz-Target"))
	}))
	t.Cleanup(moto.Close)
	at, err := url.Parse(moto.URL)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(proxy(forwarded(at), o, nil))
	t.Cleanup(front.Close)
	return front
}

func ask(t *testing.T, front *httptest.Server, path, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header.Clone()
	if host := header.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := front.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(said)
}

func TestEachCallReachesItsPlace(t *testing.T) {
	front := upstream(t, Options{
		Invoke: func(_ context.Context, function string, payload []byte) ([]byte, error) {
			return fmt.Appendf(nil, "%s got %s", function, payload), nil
		},
		Model: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "model: ", r.URL.EscapedPath()) }),
	})
	target := func(name string) http.Header { return http.Header{"X-Amz-Target": {name}} }
	tests := map[string]struct {
		path, body string
		header     http.Header
		want       string
	}{
		"a function by name":        {"/2015-03-31/functions/f/invocations", "1", http.Header{}, "f got 1"},
		"by its ARN, with an alias": {"/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f:live/invocations", "2", http.Header{}, "f got 2"},
		"by its escaped ARN":        {"/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af/invocations", "3", http.Header{}, "f got 3"},
		"a model":                   {"/model/a%3A0/converse", "{}", http.Header{}, "model: /model/a%3A0/converse"},
		"a queue":                   {"/", "{}", target("AmazonSQS.SendMessage"), "AmazonSQS.SendMessage"},
		"an object of that name":    {"/bucket/model/a/converse", "", http.Header{}, "/bucket/model/a/converse"},
		"a key stays escaped":       {"/bucket/a%2Fb", "", http.Header{}, "/bucket/a%2Fb"},
		"a bucket as host":          {"/key", "", http.Header{"Host": {"bucket.localhost"}}, "moto: bucket.localhost /key"},
		"another state machine":     {"/", "{}", target(states + "StartExecution"), states + "StartExecution"},
		"versions":                  {"/", "{}", target(states + "ListStateMachineVersions"), `{"stateMachineVersions":[]}`},
		"a good definition": {"/", `{"definition":"{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}}"}`,
			target(states + "ValidateStateMachineDefinition"), `"result":"OK"`},
		"no JSON":           {"/", `{"definition":"{"}`, target(states + "ValidateStateMachineDefinition"), "INVALID_JSON_DESCRIPTION"},
		"no such state":     {"/", `{"definition":"{\"StartAt\":\"A\"}"}`, target(states + "ValidateStateMachineDefinition"), "SCHEMA_VALIDATION_FAILED"},
		"no validation":     {"/", `[`, target(states + "ValidateStateMachineDefinition"), "ValidationException"},
		"a function's page": {"/2015-03-31/functions/f", "", http.Header{}, "moto: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, said := ask(t, front, test.path, test.body, test.header); !strings.Contains(said, test.want) {
				t.Errorf("got %s, want %s", said, test.want)
			}
		})
	}
}

func TestAFailedCallIsToldAsLambdaTellsIt(t *testing.T) {
	payload := `{"errorMessage":"no","errorType":"errorString"}`
	tests := map[string]struct {
		err    error
		status int
		header string
		body   string
	}{
		"the function failed": {&lambdahost.FunctionError{Payload: []byte(payload)}, http.StatusOK, "", payload},
		"unknown":             {fmt.Errorf("f: %w", lambdahost.ErrUnknownFunction), http.StatusNotFound, "ResourceNotFoundException", "no such function"},
		"throttled":           {lambdahost.ErrThrottled, http.StatusTooManyRequests, "TooManyRequestsException", "rate exceeded"},
		"too large":           {lambdahost.ErrTooLarge, http.StatusRequestEntityTooLarge, "RequestTooLargeException", "6291456"},
		"stopped":             {errors.New("stopped"), http.StatusInternalServerError, "ServiceException", "stopped"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			front := upstream(t, Options{Invoke: func(context.Context, string, []byte) ([]byte, error) { return nil, test.err }})
			response, said := ask(t, front, "/2015-03-31/functions/f/invocations", "{}", http.Header{})
			if response.StatusCode != test.status || response.Header.Get("X-Amzn-ErrorType") != test.header || !strings.Contains(said, test.body) {
				t.Errorf("%d %q %s", response.StatusCode, response.Header.Get("X-Amzn-ErrorType"), said)
			}
			if failed := response.Header.Get("X-Amz-Function-Error"); (failed != "") != (test.status == http.StatusOK) {
				t.Errorf("function error %q", failed)
			}
		})
	}
}

func TestCallsThatNobodyWaitsFor(t *testing.T) {
	called := make(chan string, 1)
	front := upstream(t, Options{Invoke: func(ctx context.Context, function string, _ []byte) ([]byte, error) {
		called <- function
		return nil, ctx.Err()
	}})
	kind := func(k string) http.Header { return http.Header{"X-Amz-Invocation-Type": {k}} }
	if response, _ := ask(t, front, "/2015-03-31/functions/dry/invocations", "{}", kind("DryRun")); response.StatusCode != http.StatusNoContent {
		t.Error(response.Status)
	}
	if response, _ := ask(t, front, "/2015-03-31/functions/f/invocations", "{}", kind("Event")); response.StatusCode != http.StatusAccepted {
		t.Error(response.Status)
	}
	if got := <-called; got != "f" {
		t.Errorf("called %s", got)
	}
}

func TestWithoutMotoItIsSaidHowToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Start(t.Context(), Options{}); !errors.Is(err, ErrAbsent) {
		t.Errorf("got %v", err)
	}
}

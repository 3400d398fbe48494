package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"pgregory.net/rapid"

	"sluice/internal/fault"
)

const arn = "arn:aws:states:us-east-1:1:stateMachine:sluice-test"

// serving is a machine at a Step Functions that knows one execution.
func serving(t *testing.T, input string) (*Machine, *[]string) {
	t.Helper()
	var calls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		target := r.Header.Get("X-Amz-Target")
		calls = append(calls, target+" "+string(body))
		switch {
		case r.Header.Get("Content-Type") != "application/x-amz-json-1.0" || !strings.Contains(r.Header.Get("Authorization"), "/states/aws4_request"):
			t.Errorf("%v", r.Header)
		case target == "AWSStepFunctions.StartExecution" && input != "":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.states#ExecutionAlreadyExists","message":"m"}`)
		case target == "AWSStepFunctions.DescribeExecution":
			_ = json.NewEncoder(w).Encode(map[string]any{"input": input, "status": "SUCCEEDED", "startDate": 1.5})
		default:
			_, _ = io.WriteString(w, `{}`)
		}
	}))
	t.Cleanup(server.Close)
	m, err := NewMachine(New(aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "k", SecretAccessKey: "s"}, nil
		})}), arn)
	if err != nil {
		t.Fatal(err)
	}
	return m, &calls
}

func TestARequestHasOneExecution(t *testing.T) {
	for name, test := range map[string]struct {
		standing string
		conflict bool
	}{
		"the first":                  {"", false},
		"once more, in other words":  {`{"fingerprint":"f","record":{"time":"another"}}`, false},
		"another request":            {`{"fingerprint":"g","record":{}}`, true},
		"one that somebody made up":  {`[]`, true},
		"one whose input is no JSON": {`{`, true},
	} {
		m, calls := serving(t, test.standing)
		err := m.Start(t.Context(), m.Execution("acme", "q", 1), Input{Fingerprint: "f", Record: json.RawMessage(`{}`)})
		if errors.Is(err, ErrConflict) != test.conflict || !test.conflict && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains((*calls)[0], `"name":"acme_q"`) || !strings.Contains((*calls)[0], arn) {
			t.Errorf("%s: %s", name, (*calls)[0])
		}
	}
}

func TestNames(t *testing.T) {
	m, _ := serving(t, "")
	if got := m.Execution("acme", "q-1", 1); got != "arn:aws:states:us-east-1:1:execution:sluice-test:acme_q-1" {
		t.Error(got)
	}
	if got := Name("acme", "q-1", 2); got != "A2_acme_q-1" {
		t.Error(got)
	}
	rapid.Check(t, func(t *rapid.T) {
		tenant, id := rapid.StringMatching(`[a-z0-9][a-z0-9-]{0,31}`), rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`)
		attempt := rapid.IntRange(1, 3)
		a := []any{tenant.Draw(t, "tenant"), id.Draw(t, "id"), attempt.Draw(t, "attempt")}
		b := []any{tenant.Draw(t, "tenant"), id.Draw(t, "id"), attempt.Draw(t, "attempt")}
		one, other := Name(a[0].(string), a[1].(string), a[2].(int)), Name(b[0].(string), b[1].(string), b[2].(int))
		if same := a[0] == b[0] && a[1] == b[1] && a[2] == b[2]; same != (one == other) {
			t.Fatalf("%v and %v: %s, %s", a, b, one, other)
		}
		if len(one) > mostName || strings.Trim(one, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
			t.Fatal(one)
		}
	})
}

func TestAMachinesARNIsOne(t *testing.T) {
	for _, wrong := range []string{"", "arn", "arn:aws:states:us-east-1:1:execution:x", "arn:aws:lambda:us-east-1:1:stateMachine:x", arn + ":1", "arn:aws:states:us-east-1:1:stateMachine:"} {
		if _, err := NewMachine(States{}, wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestWhatTheServiceRefusesHasItsCode(t *testing.T) {
	m, _ := serving(t, "")
	m.states.service = New(aws.Config{Region: "us-east-1"}).service // no credentials
	if err := m.states.Succeed(t.Context(), "t", []byte("{}")); err == nil || fault.Code(err) != "" {
		t.Error(err)
	}
	if got := Time(1700000000.25).Format("2006-01-02T15:04:05.000Z07:00"); got != "2023-11-14T22:13:20.250Z" {
		t.Error(got)
	}
}

// Lists come in pages, and an execution is stopped by its name.
func TestRunningExecutionsAreFoundAndStopped(t *testing.T) {
	answers := map[string]string{
		"ListStateMachines":  `{"stateMachines":[{"name":"sluice-test-2","stateMachineArn":"other"}],"nextToken":"n"}`,
		"ListStateMachinesn": `{"stateMachines":[{"name":"sluice-test","stateMachineArn":"` + arn + `"}]}`,
		"ListExecutions":     `{"executions":[{"name":"acme_1","executionArn":"e1","startDate":1700000000.25}],"nextToken":"n"}`,
		"ListExecutionsn":    `{"executions":[{"name":"acme_2","executionArn":"e2","startDate":1700000001}]}`,
		"StopExecution":      `{"stopDate":1}`,
	}
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			NextToken, StateMachineArn, StatusFilter, ExecutionArn string
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSStepFunctions.")
		asked = append(asked, strings.Join([]string{name, in.StateMachineArn, in.StatusFilter, in.ExecutionArn}, " "))
		_, _ = io.WriteString(w, answers[name+in.NextToken])
	}))
	t.Cleanup(server.Close)
	states := New(aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(server.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "k", SecretAccessKey: "s"}, nil
		})})
	if found, err := states.Find(t.Context(), "sluice-test"); found != arn || err != nil {
		t.Errorf("found %q, %v", found, err)
	}
	if found, err := states.Find(t.Context(), "sluice"); found != "" || err != nil {
		t.Errorf("found %q, %v", found, err)
	}
	running, err := states.Running(t.Context(), arn)
	if err != nil || len(running) != 2 || running[1].ARN != "e2" || !running[0].Since().Equal(Time(1700000000.25)) {
		t.Errorf("%+v, %v", running, err)
	}
	if err := states.Stop(t.Context(), "e1", "old"); err != nil {
		t.Error(err)
	}
	if want := "ListExecutions " + arn + " RUNNING "; asked[len(asked)-2] != want || asked[len(asked)-1] != "StopExecution   e1" {
		t.Errorf("asked %q", asked)
	}
}

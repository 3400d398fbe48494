package stepfunctions

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/service"
	"sluice/internal/workflow"
)

const machine = "arn:aws:states:us-east-1:1:stateMachine:m"

// echo answers calls with their payload, and keeps what it is sent.
type echo struct {
	fault func() error
	sent  []string
}

func (e *echo) Invoke(_ context.Context, _ string, payload []byte) ([]byte, error) {
	if e.fault != nil {
		if err := e.fault(); err != nil {
			return nil, err
		}
	}
	return payload, nil
}

func (e *echo) Send(_ context.Context, url, body string, attributes map[string]string) error {
	e.sent = append(e.sent, url+" "+body+" "+attributes["cause"])
	return nil
}

// runs runs a definition of these states, from A on, to its end.
func runs(t *testing.T, states, input string, r Resources, meanwhile func(*State)) (ended workflow.Execution, history []workflow.Moment) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d, err := Parse([]byte(`{"StartAt":"A","TimeoutSeconds":86400,"States":{` + states + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		s := New(d, Options{ARN: machine, Resources: r, Jitter: func(d time.Duration) time.Duration { return d }})
		defer s.Close()
		arn, err := s.Start("x", input)
		if err != nil {
			t.Fatal(err)
		}
		if meanwhile != nil {
			synctest.Wait()
			meanwhile(s)
		}
		time.Sleep(48 * time.Hour)
		if ended, err = s.Describe(arn); err != nil {
			t.Fatal(err)
		}
		history, _ = s.History(arn)
	})
	return ended, history
}

const call = `"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","TimeoutSeconds":60,"Next":"E",`
const end = `"E":{"Type":"Succeed"}`

func TestWhatAnExecutionComesTo(t *testing.T) {
	for name, tt := range map[string]struct{ states, input, status, output string }{
		"a template, a selector and a place": {call + `"Parameters":{"FunctionName":"f","Payload":{"a.$":"$.x","b":[{"c.$":"$$.Execution.Name"}]}},
			"ResultSelector":{"only.$":"$.Payload.b"},"ResultPath":"$.r"},` + end, `{"x":1}`, "SUCCEEDED", `{"r":{"only":[{"c":"x"}]},"x":1}`},
		"a result that is thrown away": {call + `"Parameters":{"FunctionName":"f","Payload":{}},"ResultPath":null},` + end, `{"x":1}`, "SUCCEEDED", `{"x":1}`},
		"a path that leads nowhere":    {call + `"Parameters":{"FunctionName":"f","Payload.$":"$.none"}},` + end, `{}`, "FAILED", "States.ParameterPathFailure"},
		"a result that has no place":   {`"A":{"Type":"Pass","Result":1,"ResultPath":"$.r","Next":"E"},` + end, `[]`, "FAILED", "States.ResultPathMatchFailure"},
		"texts are made":               {`"A":{"Type":"Fail","Error":"Mine","CausePath":"States.Format('{}, {} of it', $.a, $.b)"}`, `{"a":"all","b":{"c":1}}`, "FAILED", `Mine all, {"c":1} of it`},
		"JSON as a text":               {`"A":{"Type":"Fail","Error":"Mine","CausePath":"States.JsonToString($.a)"}`, `{"a":["<"]}`, "FAILED", `Mine ["<"]`},
		"a part of the input":          {`"A":{"Type":"Pass","InputPath":"$.a","ResultPath":"$.b","Next":"E"},` + end, `{"a":{"c":1}}`, "SUCCEEDED", `{"a":{"c":1},"b":{"c":1}}`},
		"the rule that holds": {`"A":{"Type":"Choice","Choices":[{"Variable":"$.n","IsPresent":true,"Next":"P"},{"And":[{"Variable":"$.a","StringEquals":"x"},{"Variable":"$.b","BooleanEquals":true}],"Next":"E"}],"Default":"P"},
			"P":{"Type":"Pass","Result":"passed","Next":"E"},` + end, `{"a":"x","b":true}`, "SUCCEEDED", `{"a":"x","b":true}`},
		"no rule holds":           {`"A":{"Type":"Choice","Choices":[{"Variable":"$.a","StringEquals":"x","Next":"E"}]},` + end, `{"a":1}`, "FAILED", "States.NoChoiceMatched"},
		"a rule about nothing":    {`"A":{"Type":"Choice","Choices":[{"Variable":"$.a","StringEquals":"x","Next":"E"}],"Default":"E"},` + end, `{}`, "FAILED", "States.Runtime"},
		"until a time":            {`"A":{"Type":"Wait","TimestampPath":"$.at","Next":"E"},` + end, `{"at":"2000-01-01T05:00:00Z"}`, "SUCCEEDED", `{"at":"2000-01-01T05:00:00Z"}`},
		"until what is no time":   {`"A":{"Type":"Wait","TimestampPath":"$.at","Next":"E"},` + end, `{"at":"soon"}`, "FAILED", "States.Runtime"},
		"longer than it may last": {`"A":{"Type":"Wait","Seconds":90000,"Next":"E"},` + end, `{}`, "TIMED_OUT", "States.Timeout"},
		"more than it may hold":   {`"A":{"Type":"Pass","InputPath":"$.a","ResultPath":"$.b","Next":"E"},` + end, `{"a":"` + strings.Repeat("x", 200<<10) + `"}`, "FAILED", "States.DataLimitExceeded"},
	} {
		ended, _ := runs(t, tt.states, tt.input, &echo{}, nil)
		got := ended.Output
		if ended.Status != "SUCCEEDED" {
			if got = ended.Error; tt.output != got {
				got = strings.TrimSpace(ended.Error + " " + ended.Cause)
			}
			got = got[:min(len(got), len(tt.output))]
		}
		if ended.Status != tt.status || got != tt.output {
			t.Errorf("%s: %+v", name, ended)
		}
	}
}

func TestRetriersAreTriedInTurn(t *testing.T) {
	retry := `"Parameters":{"FunctionName":"f","Payload":{}},"Retry":[
		{"ErrorEquals":["One"],"IntervalSeconds":2,"MaxAttempts":3,"BackoffRate":3,"MaxDelaySeconds":10},
		{"ErrorEquals":["States.ALL"],"IntervalSeconds":1,"MaxAttempts":1,"BackoffRate":1,"MaxDelaySeconds":2,"JitterStrategy":"FULL"}],
		"Catch":[{"ErrorEquals":["Two"],"Next":"F"},{"ErrorEquals":["States.TaskFailed"],"ResultPath":"$.caught","Next":"E"}]},
		"F":{"Type":"Fail","Error":"F"},` + end
	for name, tt := range map[string]struct {
		errors []string
		pauses []time.Duration
		output string
	}{
		"each counts for itself": {[]string{"One", "Two", "One", ""}, []time.Duration{2 * time.Second, time.Second, 6 * time.Second}, `{"ExecutedVersion":"$LATEST","Payload":{},"StatusCode":200}`},
		"until none is left":     {[]string{"One", "One", "One", "One"}, []time.Duration{2 * time.Second, 6 * time.Second, 10 * time.Second}, `{"caught":{"Cause":"c","Error":"One"}}`},
		"any other one once":     {[]string{"Else", "Else"}, []time.Duration{time.Second}, `{"caught":{"Cause":"c","Error":"Else"}}`},
		"the first catcher":      {[]string{"Two", "Two"}, []time.Duration{time.Second}, "F"},
	} {
		n := 0
		ended, history := runs(t, call+retry, `{}`, &echo{fault: func() error {
			n++
			if tt.errors[n-1] == "" {
				return nil
			}
			return &Failure{tt.errors[n-1], "c"}
		}}, nil)
		var pauses []time.Duration
		for i, m := range history {
			if m.Type == "TaskFailed" && history[i+1].Type == "TaskScheduled" {
				pauses = append(pauses, history[i+1].At().Sub(m.At()))
			}
		}
		if diff := cmp.Diff(tt.pauses, pauses); diff != "" || ended.Output+ended.Error != tt.output || n != len(tt.errors) {
			t.Errorf("%s: %d attempts, %+v\n%s", name, n, ended, diff)
		}
	}
}

const queued = `"A":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","TimeoutSeconds":60,"Next":"E","Parameters":{
	"QueueUrl":"q","MessageBody":{"t.$":"$$.Task.Token"},"MessageAttributes":{"cause":{"DataType":"String","StringValue":"why"}}}},` + end

func TestATaskWaitsForItsToken(t *testing.T) {
	e := &echo{}
	ended, _ := runs(t, queued, `{}`, e, func(s *State) {
		for _, wrong := range []struct{ token, output, code string }{{"nobody's", "{}", "InvalidToken"}, {"token-1", "{", "InvalidOutput"}} {
			if err := s.Answer(wrong.token, wrong.output, nil); code(err) != wrong.code {
				t.Errorf("%s: %v", wrong.token, err)
			}
		}
		if err := s.Answer("token-1", `{"a":1}`, nil); err != nil {
			t.Error(err)
		}
		if err := s.Answer("token-1", `{"a":2}`, nil); code(err) != "TaskTimedOut" {
			t.Errorf("a second answer: %v", err)
		}
	})
	if ended.Output != `{"a":1}` || e.sent[0] != `q {"t":"token-1"} why` {
		t.Errorf("%+v, sent %q", ended, e.sent)
	}
	ended, _ = runs(t, queued, `{}`, e, func(s *State) { _ = s.Answer("token-1", "", &Failure{"Mine", "c"}) })
	if ended.Error != "Mine" || ended.Cause != "c" {
		t.Errorf("%+v", ended)
	}
	ended, _ = runs(t, queued, `{}`, e, nil)
	if ended.Error != timeout || took(ended) != time.Minute {
		t.Errorf("nobody answered: %+v", ended)
	}
}

// took is how long an execution took.
func took(e workflow.Execution) time.Duration {
	return workflow.Time(e.Stopped).Sub(workflow.Time(e.Started))
}

func code(err error) string {
	var told *service.Error
	if errors.As(err, &told) {
		return told.Code
	}
	return ""
}

func TestANameIsTakenOnce(t *testing.T) {
	runs(t, queued, `{"a":1}`, &echo{}, func(s *State) {
		if _, err := s.Start("x", `{"a":1}`); err != nil {
			t.Errorf("the same once more: %v", err)
		}
		if _, err := s.Start("x", `{"a":2}`); code(err) != "ExecutionAlreadyExists" {
			t.Errorf("another one: %v", err)
		}
		_ = s.Answer("token-1", `{}`, nil)
		synctest.Wait()
		if _, err := s.Start("x", `{"a":1}`); code(err) != "ExecutionAlreadyExists" {
			t.Errorf("the same after its end: %v", err)
		}
		for name, input := range map[string]string{"": "{}", strings.Repeat("x", 81): "{}", "y": "{"} {
			if _, err := s.Start(name, input); err == nil {
				t.Errorf("%q %s is started", name, input)
			}
		}
	})
}

func TestTheProtocol(t *testing.T) {
	runs(t, queued, `{}`, &echo{}, func(s *State) {
		h := Handler(s)
		ask := func(operation string, in map[string]string) (int, string) {
			body, _ := json.Marshal(in)
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
			r.Header.Set("X-Amz-Target", "AWSStepFunctions."+operation)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			answer, _ := io.ReadAll(w.Result().Body)
			return w.Code, string(answer)
		}
		arn := strings.Replace(machine, "stateMachine", "execution", 1) + ":x"
		for _, c := range []struct {
			operation string
			in        map[string]string
			status    int
			says      string
		}{
			{"StartExecution", map[string]string{"stateMachineArn": machine, "name": "y", "input": "{}"}, 200, `"executionArn"`},
			{"StartExecution", map[string]string{"stateMachineArn": "another", "name": "y", "input": "{}"}, 400, "State Machine Does Not Exist"},
			{"DescribeExecution", map[string]string{"executionArn": arn}, 200, `"RUNNING"`},
			{"DescribeExecution", map[string]string{"executionArn": "none"}, 400, "Execution Does Not Exist"},
			{"GetExecutionHistory", map[string]string{"executionArn": arn}, 200, `"TaskStateEntered"`},
			{"SendTaskFailure", map[string]string{"taskToken": "token-1", "error": "E", "cause": "C"}, 200, `{}`},
			{"SendTaskSuccess", map[string]string{"taskToken": "token-9", "output": "{}"}, 400, "Invalid Token"},
			{"StopExecution", nil, 400, "does not know StopExecution"},
		} {
			if status, says := ask(c.operation, c.in); status != c.status || !strings.Contains(says, c.says) {
				t.Errorf("%s: %d %s", c.operation, status, says)
			}
		}
	})
}

func TestADefinitionIsUnderstoodOrRefused(t *testing.T) {
	for name, states := range map[string]string{
		"a field that is not known":  `"A":{"Type":"Succeed","Assign":{}}`,
		"a type that is not known":   `"A":{"Type":"Map","Next":"E"},` + end,
		"no such start":              end,
		"no such next state":         `"A":{"Type":"Pass","Next":"none"}`,
		"a state without a next one": `"A":{"Type":"Pass"}`,
		"a state nobody comes to":    `"A":{"Type":"Succeed"},` + end,
		"a resource":                 `"A":{"Type":"Task","Resource":"arn:aws:states:::sns:publish","TimeoutSeconds":1,"Next":"E"},` + end,
		"no timeout":                 `"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Next":"E"},` + end,
		"a path":                     call + `"Parameters":{"a":[{"b.$":"$.x[0]"}]}},` + end,
		"a path that is no text":     call + `"Parameters":{"a.$":1}},` + end,
		"a function":                 call + `"ResultSelector":{"a.$":"States.UUID()"}},` + end,
		"a result path":              call + `"ResultPath":"$$.x"},` + end,
		"a catcher's path":           call + `"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"x","Next":"E"}]},` + end,
		"a retrier without a bound":  call + `"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":1,"MaxAttempts":1,"BackoffRate":1}]},` + end,
		"a jitter":                   call + `"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":1,"MaxAttempts":1,"BackoffRate":1,"MaxDelaySeconds":9,"JitterStrategy":"SOME"}]},` + end,
		"a rule of two comparisons":  `"A":{"Type":"Choice","Choices":[{"Variable":"$.a","IsPresent":true,"StringEquals":"x","Next":"E"}],"Default":"E"},` + end,
		"a rule within, of none":     `"A":{"Type":"Choice","Choices":[{"And":[{"Variable":"$.a"}],"Next":"E"}],"Default":"E"},` + end,
		"a wait for nothing":         `"A":{"Type":"Wait","Next":"E"},` + end,
	} {
		if _, err := Parse([]byte(`{"StartAt":"A","States":{` + states + `}}`)); err == nil {
			t.Errorf("%s is understood", name)
		}
	}
	if _, err := Parse([]byte(`{"StartAt":"A","States":{"A":null}}`)); err == nil {
		t.Error("a state that is null")
	}
}

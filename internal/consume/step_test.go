package consume

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/fault"
)

// workflows notes what workflows are told, by token.
type workflows struct {
	mu   sync.Mutex
	told map[string]string
	err  error
}

func (w *workflows) Succeed(_ context.Context, token string, output []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[token] = string(output)
	return w.err
}

func (w *workflows) Fail(_ context.Context, token, name, cause string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[token] = name + ": " + cause
	return w.err
}

// sent makes every message one that a workflow sent.
func sent(i int, m *awsevents.SQSMessage) {
	body, _ := json.Marshal(map[string]any{"taskToken": fmt.Sprintf("secret-token-%d", i), "record": json.RawMessage(m.Body)})
	m.Body = string(body)
}

func stored(t *testing.T) events.Envelope {
	t.Helper()
	e, err := events.New(events.Envelope{RequestID: "q0", Tenant: "acme", Execution: "arn:x"}, time.Unix(1, 0), events.Stored{Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAWorkflowIsToldHowItsStepWent(t *testing.T) {
	q, w, log := &queues{hidden: map[string]int32{}}, &workflows{told: map[string]string{}}, &bytes.Buffer{}
	o := options(q, log)
	o.Tasks = w
	e := stored(t)
	handler := Each(o, func(_ context.Context, m Message) error {
		switch m.ID {
		case "m0":
			m.Said(e)
		case "m1":
			return errors.New("lost connection")
		case "m2":
			return fault.DeferFor(2*time.Hour, errors.New("quota of the day"))
		case "m3":
			return fault.DeferFor(15*time.Second, errors.New("quota"))
		case "m4":
			return fault.Errorf(fault.Park, "cannot go on")
		}
		return nil
	})
	got, err := handler(t.Context(), batch(6, sent))
	if err != nil || len(got.BatchItemFailures) != 0 || len(q.given) != 0 {
		t.Fatalf("%v %v, given up %d", failures(got), err, len(q.given))
	}
	var first Outcome
	if err := json.Unmarshal([]byte(w.told["secret-token-0"]), &first); err != nil || first.Said != "Stored" || first.Record == nil ||
		first.Record.Source != "sluice.analyze" || first.Record.DetailType != "Stored" || !bytes.Contains(first.Record.Detail, []byte(`"execution":"arn:x"`)) {
		t.Errorf("%v: %s", err, w.told["secret-token-0"])
	}
	var put Outcome
	if err := json.Unmarshal([]byte(w.told["secret-token-2"]), &put); err != nil || put.Until == nil || time.Until(*put.Until) < 119*time.Minute || put.Until.Nanosecond() != 0 {
		t.Errorf("%v: %s", err, w.told["secret-token-2"])
	}
	want := map[string]string{"secret-token-1": "Sluice.retry: lost connection", "secret-token-3": "Sluice.defer: quota", "secret-token-4": "Sluice.park: cannot go on",
		"secret-token-5": `{"said":"","record":null}`}
	delete(w.told, "secret-token-0")
	delete(w.told, "secret-token-2")
	if diff := cmp.Diff(want, w.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if strings.Contains(log.String(), "secret-token") {
		t.Error("a token is in the log")
	}
}

func TestATokenThatNobodyWaitsForIsNoError(t *testing.T) {
	for code, stays := range map[string]bool{"TaskTimedOut": false, "TaskDoesNotExist": false, "InvalidToken": false, "ThrottlingException": true, "AccessDeniedException": true} {
		q := &queues{hidden: map[string]int32{}}
		o := options(q, &bytes.Buffer{})
		o.Tasks = &workflows{told: map[string]string{}, err: &smithy.GenericAPIError{Code: code}}
		handler := Each(o, func(context.Context, Message) error { return nil })
		for range 5 {
			if got, _ := handler(t.Context(), batch(1, sent)); (len(got.BatchItemFailures) == 1) != stays {
				t.Errorf("%s: stays %v", code, failures(got))
			}
		}
		if len(q.given) != 0 {
			t.Errorf("%s: given up", code)
		}
	}
}

// What was put back after its workflow gave up goes by the choreography.
func TestAnExecutionThatNobodyRunsIsForgotten(t *testing.T) {
	o := options(&queues{hidden: map[string]int32{}}, &bytes.Buffer{})
	for _, step := range []bool{false, true} {
		o.Tasks = nil
		if step {
			o.Tasks = &workflows{}
		}
		handler := Each(o, func(_ context.Context, m Message) error {
			if has := bytes.Contains(m.Record.Detail, []byte("execution")); has == step {
				t.Errorf("a step's function %v: %s", step, m.Record.Detail)
			}
			return nil
		})
		_, _ = handler(t.Context(), batch(1, func(_ int, m *awsevents.SQSMessage) {
			m.Body = strings.Replace(m.Body, `"requestId"`, `"execution":"arn:x","requestId"`, 1)
		}))
	}
}

func TestADirectCallIsAnsweredWithItsOutcome(t *testing.T) {
	o := options(&queues{hidden: map[string]int32{}}, &bytes.Buffer{})
	e := stored(t)
	server := Serve(o, Each(o, func(context.Context, Message) error { return nil }), Steps{
		"say": func(_ context.Context, m Message, f Failure) error {
			if m.Record.DetailType != "RequestReceived" || f.Error != "States.Timeout" {
				t.Errorf("%+v %+v", m.Record, f)
			}
			m.Said(e)
			return nil
		},
		"found": func(_ context.Context, m Message, _ Failure) error { m.Became("delivered"); return nil },
		"later": func(_ context.Context, m Message, _ Failure) error { m.PutOff(time.Hour); return nil },
		"fall":  func(context.Context, Message, Failure) error { panic("somebody's text") },
	})
	record := `"record":{"id":"1","source":"sluice.analyze","detail-type":"RequestReceived","detail":{"requestId":"q0"}}`
	answer, err := server.Invoke(t.Context(), []byte(`{"step":"say",`+record+`,"failure":{"Error":"States.Timeout"}}`))
	var outcome Outcome
	if err != nil || json.Unmarshal(answer, &outcome) != nil || outcome.Said != "Stored" {
		t.Errorf("%s %v", answer, err)
	}
	if answer, err = server.Invoke(t.Context(), []byte(`{"step":"found",`+record+`}`)); err != nil || string(answer) != `{"said":"","record":null,"became":"delivered"}` {
		t.Errorf("%s %v", answer, err)
	}
	outcome = Outcome{}
	answer, err = server.Invoke(t.Context(), []byte(`{"step":"later",`+record+`}`))
	if err != nil || json.Unmarshal(answer, &outcome) != nil || outcome.Until == nil || time.Until(*outcome.Until) < 59*time.Minute {
		t.Errorf("%s %v", answer, err)
	}
	for payload, name := range map[string]string{`{"step":"fall",` + record + `}`: "Sluice.retry", `{"step":"none"}`: "Sluice.park"} {
		_, err := server.Invoke(t.Context(), []byte(payload))
		var told messages.InvokeResponse_Error
		if !errors.As(err, &told) || told.Type != name || strings.Contains(told.Message, "somebody's text") {
			t.Errorf("%s: %v", payload, err)
		}
	}
	queue, err := json.Marshal(batch(1))
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := server.Invoke(t.Context(), queue); err != nil || !bytes.Contains(answer, []byte("batchItemFailures")) {
		t.Errorf("a batch: %s %v", answer, err)
	}
}

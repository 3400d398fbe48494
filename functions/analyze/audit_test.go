package analyze

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/consume"
	"sluice/internal/requests"
	"sluice/internal/suppression"
	"sluice/internal/workflow"
)

// executions is Step Functions, as far as analyze sees it: it starts an execution
// of a name once, and says so if it is asked again.
type executions struct {
	mu      sync.Mutex
	started map[string]workflow.Input
	calls   int
	fault   error
}

func executionOf(id string, attempt int) string {
	return "arn:aws:states:us-east-1:0:execution:sluice-test:" + workflow.Name("acme", id, attempt)
}

func (x *executions) Execution(_, request string, attempt int) string {
	return executionOf(request, attempt)
}

func (x *executions) Start(_ context.Context, execution string, in workflow.Input) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.calls++
	first, taken := x.started[execution]
	switch {
	case x.fault != nil:
		return x.fault
	case taken && first.Fingerprint != in.Fingerprint:
		return fmt.Errorf("start %s: %w", execution, workflow.ErrConflict)
	case !taken:
		x.started[execution] = in
	}
	return nil
}

// auditing is a world with a workflow.
func auditing(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.workflow = &executions{started: map[string]workflow.Input{}}
	w.restart()
	return w
}

func TestAnAuditedRequestIsStartedAndNotAsked(t *testing.T) {
	w := auditing(t)
	for delivery := range 2 {
		if left := w.send(payload(t, "full")); left != 0 {
			t.Fatalf("delivery %d: %d messages left; log: %s", delivery+1, left, w.log)
		}
	}
	in, started := w.workflow.started[executionOf("ticket-1", 1)]
	if !started || len(w.workflow.started) != 1 || w.workflow.calls != 2 {
		t.Fatalf("started %v in %d calls", w.workflow.started, w.workflow.calls)
	}
	if len(w.bus.Records()) != 0 || len(w.model.Calls()) != 0 {
		t.Errorf("said %v, %d calls of the model", kinds(w.bus.Records()), len(w.model.Calls()))
	}
	// Many may read an execution: no text, no address.
	if whole, _ := json.Marshal(in); strings.Contains(string(whole), canary) || strings.Contains(string(whole), "@") {
		t.Errorf("the execution's input: %s", whole)
	}
	record, err := events.ParseRecord(in.Record)
	if err != nil {
		t.Fatal(err)
	}
	e := w.decode(record)
	asked := data[events.RequestReceived](t, e)
	if e.Execution != executionOf("ticket-1", 1) || !e.Request.WantsMail || asked.Notify != nil || asked.Input.Text != "" ||
		string(w.memory.Body(asked.Input.Ref)) != "canary-41 the kettle is cracked" {
		t.Errorf("%+v, %+v", e, asked)
	}
	status := w.status("ticket-1")
	if status.Audit != events.AuditWorkflow || status.Execution != e.Execution || status.State != requests.Received || !slices.Equal(status.Notify, []string{lan}) {
		t.Errorf("%+v", status)
	}
	if in.Fingerprint == "" || in.Fingerprint != status.Fingerprint {
		t.Errorf("fingerprint %q, in the status %q", in.Fingerprint, status.Fingerprint)
	}
}

// The question comes back from the workflow: it is answered as any other, under
// the execution, and is neither admitted nor started again.
func TestTheWorkflowsQuestionIsAnswered(t *testing.T) {
	w := auditing(t)
	w.send(payload(t, "full"))
	before := w.status("ticket-1")
	if left := w.send(w.workflow.started[executionOf("ticket-1", 1)].Record); left != 0 {
		t.Fatalf("%d messages left; log: %s", left, w.log)
	}
	e := w.one("AiCompleted")
	if e.Execution != executionOf("ticket-1", 1) || e.Audited() != events.AuditWorkflow || e.Hop != 1 || w.workflow.calls != 1 {
		t.Errorf("%+v, %d starts", e, w.workflow.calls)
	}
	if diff := cmp.Diff(before, w.status("ticket-1")); diff != "" {
		t.Errorf("the status changed:\n%s", diff)
	}
}

// Whether the model is asked was decided when the request was admitted, by whoever
// started the workflow.
func TestTheWorkflowsQuestionIsSkippedIfThatWasDecided(t *testing.T) {
	for name, tt := range map[string]struct {
		before bool
		want   string
		calls  int
	}{
		"suppressed before it was admitted": {true, "NotificationSkipped", 0},
		"suppressed since":                  {false, "AiCompleted", 1},
	} {
		w := auditing(t)
		if tt.before {
			w.suppress(suppression.Complaint, lan)
		}
		w.send(payload(t, "full"))
		w.suppress(suppression.Complaint, lan)
		w.send(w.workflow.started[executionOf("ticket-1", 1)].Record)
		if e := w.one(tt.want); e.Execution == "" || len(w.model.Calls()) != tt.calls {
			t.Errorf("%s: %+v, %d calls", name, e, len(w.model.Calls()))
		}
	}
}

func TestARecordOfAnUploadIsStartedToo(t *testing.T) {
	w := auditing(t)
	body := edited(t, payload(t, "ingest"), "data/audit", true)
	if left := w.send(body); left != 0 || w.workflow.started[executionOf("u1-7", 1)].Record == nil {
		t.Errorf("%d left, started %v; log: %s", left, w.workflow.started, w.log)
	}
}

// What can never be answered needs no execution.
func TestARejectedRequestIsNotStarted(t *testing.T) {
	w := auditing(t)
	w.send(edited(t, payload(t, "full"), "data/task", "no-such-task"))
	if e := w.one("RequestRejected"); e.Execution != "" || w.workflow.calls != 0 {
		t.Errorf("%+v, %d starts", e, w.workflow.calls)
	}
	if status := w.status("ticket-1"); status.Audit != events.AuditChoreography || status.Execution != "" {
		t.Errorf("%+v", status)
	}
}

// The execution remembers for longer than the status is kept: the same id with
// other content is another request, which is rejected under an id of its own.
func TestAnExecutionOfAnotherRequestIsAConflict(t *testing.T) {
	w := auditing(t)
	w.send(payload(t, "full"))
	w.memory.Remove(requests.Key("acme", "ticket-1"))
	other := edited(t, payload(t, "full"), "data/params/maxSentences", 3)
	for range 2 {
		if left := w.send(other); left != 0 {
			t.Fatalf("%d left; log: %s", left, w.log)
		}
	}
	said := w.bus.Records()
	if len(said) != 2 {
		t.Fatalf("said %v; log: %s", kinds(said), w.log)
	}
	first, second := w.decode(said[0]), w.decode(said[1])
	rejected := data[events.RequestRejected](t, first)
	if first.ID != second.ID || first.RequestID == "ticket-1" || rejected.ConflictsWith != "ticket-1" || rejected.Reasons[0].Code != events.CodeConflict ||
		first.Execution != "" || !first.Terminal {
		t.Errorf("%+v, %+v", first, rejected)
	}
	if status := w.status(first.RequestID); status.ConflictsWith != "ticket-1" || status.Execution != "" {
		t.Errorf("%+v", status)
	}
	if len(w.workflow.started) != 1 {
		t.Errorf("started %v", w.workflow.started)
	}
}

// A request whose execution cannot be started is neither lost nor answered past
// its audit: it stays in the queue, or a person gets it.
func TestAWorkflowThatDoesNotStart(t *testing.T) {
	for name, tt := range map[string]struct {
		fault       error
		left, given int
	}{
		"no answer":         {errors.New("the connection was lost"), 1, 0},
		"its own fault":     {bedrocktest.Error(http.StatusInternalServerError, "InternalServerError", "x"), 1, 0},
		"too many starts":   {bedrocktest.Error(http.StatusBadRequest, "ExecutionLimitExceeded", "x"), 0, 1},
		"throttled":         {bedrocktest.Error(http.StatusBadRequest, "ThrottlingException", "x"), 1, 0},
		"no rights":         {bedrocktest.Error(http.StatusForbidden, "AccessDeniedException", "x"), 0, 1},
		"no such workflow":  {bedrocktest.Error(http.StatusBadRequest, "StateMachineDoesNotExist", "x"), 0, 1},
		"an input that big": {bedrocktest.Error(http.StatusBadRequest, "InvalidExecutionInput", "x"), 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := auditing(t)
			w.workflow.fault = tt.fault
			left := w.send(payload(t, "full"))
			if left != tt.left || len(w.queues.sent) != tt.given || len(w.bus.Records()) != 0 || len(w.model.Calls()) != 0 {
				t.Errorf("%d left, %d given up, said %v, %d calls; log: %s", left, len(w.queues.sent), kinds(w.bus.Records()), len(w.model.Calls()), w.log)
			}
			if tt.given > 0 && !slices.ContainsFunc(w.queues.attributes(), func(a string) bool { return strings.HasPrefix(a, "cause=start the workflow:") }) {
				t.Errorf("%v", w.queues.attributes())
			}
			w.workflow.fault = nil
			if left := w.send(payload(t, "full")); left != 0 || len(w.workflow.started) != 1 {
				t.Errorf("later: %d left, started %v", left, w.workflow.started)
			}
		})
	}
}

// The text must lie under payloads/ before an execution names it.
func TestATextThatCannotBeKeptIsNotStarted(t *testing.T) {
	w := auditing(t)
	w.memory.Fault = func(operation, key string) error {
		if operation == "PutObject" && strings.HasPrefix(key, "payloads/") {
			return errors.New("the connection was lost")
		}
		return nil
	}
	if left := w.send(payload(t, "full")); left != 1 || w.workflow.calls != 0 {
		t.Errorf("%d left, %d starts", left, w.workflow.calls)
	}
}

// Without a workflow the choreography answers, and everything that follows says
// so.
func TestWithoutAWorkflowTheChoreographyAnswers(t *testing.T) {
	w := newWorld(t)
	if left := w.send(payload(t, "full")); left != 0 {
		t.Fatalf("%d messages left; log: %s", left, w.log)
	}
	if e := w.one("AiCompleted"); e.Execution != "" || e.Audited() != events.AuditChoreography {
		t.Errorf("%+v", e)
	}
	if status := w.status("ticket-1"); status.Audit != events.AuditChoreography || status.Execution != "" {
		t.Errorf("%+v", status)
	}
}

// step calls one that the workflow calls directly, and returns what it is told.
func (w *world) step(name string, record []byte, caught consume.Failure) (consume.Outcome, error) {
	w.t.Helper()
	options := consume.Options{Function: Name, Log: w.handler.Log, Queues: w.queues}
	call, err := json.Marshal(map[string]any{"step": name, "record": json.RawMessage(record), "failure": caught})
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := consume.Serve(options, w.handle, w.handler.Steps()).Invoke(w.t.Context(), call)
	var told consume.Outcome
	if err == nil {
		err = json.Unmarshal(answer, &told)
	}
	return told, err
}

func TestTheWorkflowsFirstStepValidates(t *testing.T) {
	w := auditing(t)
	w.send(payload(t, "full"))
	record := []byte(w.workflow.started[executionOf("ticket-1", 1)].Record)
	if told, err := w.step("validate", record, consume.Failure{}); err != nil || told.Said != "" || told.Record != nil || len(w.bus.Records()) != 0 {
		t.Errorf("a good one: %+v %v", told, err)
	}
	told, err := w.step("validate", edited(t, record, "data/task", "gone-since"), consume.Failure{})
	if err != nil || told.Said != "RequestRejected" {
		t.Fatalf("a bad one: %+v %v", told, err)
	}
	if e := w.one("RequestRejected"); e.Execution != executionOf("ticket-1", 1) || !e.Terminal || data[events.RequestRejected](t, e).Reasons[0].Code != events.CodeUnknownTask {
		t.Errorf("%+v", e)
	}
	w.memory.Fault = func(string, string) error { return errors.New("the connection was lost") }
	w.restart() // it knows no task and no text by heart
	if _, err := w.step("validate", record, consume.Failure{}); err == nil || !strings.Contains(fmt.Sprint(err), "connection") {
		t.Errorf("S3 does not answer: %v", err)
	}
}

func TestTheWorkflowsLastStepSaysWhy(t *testing.T) {
	for name, tt := range map[string]struct {
		caught consume.Failure
		want   string
	}{
		"one of our steps":         {consume.Failure{Error: "Sluice.park", Cause: "the answer is gone"}, "the workflow gave up: Sluice.park: the answer is gone"},
		"a timeout":                {consume.Failure{Error: "States.Timeout"}, "the workflow gave up: States.Timeout"},
		"a service may quote":      {consume.Failure{Error: "Lambda.Unknown", Cause: canary + " of somebody's text"}, "the workflow gave up: Lambda.Unknown"},
		"a name that is none":      {consume.Failure{Error: "<b>canary</b>\n" + strings.Repeat("x", 200)}, "the workflow gave up: bcanaryb" + strings.Repeat("x", 92)},
		"a cause that is too long": {consume.Failure{Error: "Sluice.retry", Cause: strings.Repeat("é", 600)}, "the workflow gave up: Sluice.retry: " + strings.Repeat("é", 450)},
	} {
		t.Run(name, func(t *testing.T) {
			w := auditing(t)
			w.send(payload(t, "full"))
			told, err := w.step("fail", w.workflow.started[executionOf("ticket-1", 1)].Record, tt.caught)
			if err != nil || told.Said != "AiFailed" {
				t.Fatalf("%+v %v", told, err)
			}
			e := w.one("AiFailed")
			failed := data[events.AiFailed](t, e)
			if failed.Class != events.FailureWorkflow || failed.Message != tt.want || e.Outcome != events.Failed || e.Execution == "" {
				t.Errorf("%+v\n%q", e, failed.Message)
			}
		})
	}
}

func TestTheWorkflowAsksWhatBecameOfItsMails(t *testing.T) {
	sent := func(id string) events.Recipient {
		return events.Recipient{Hash: id, Outcome: events.MailSent, MessageID: id}
	}
	of := func(id string, became requests.Became) requests.Delivery {
		return requests.Delivery{MessageID: id, Became: became}
	}
	for name, tt := range map[string]struct {
		mailed  []events.Recipient
		known   []requests.Delivery
		waited  time.Duration
		became  string
		putOff  time.Duration
		forgets bool // there is no status
	}{
		"not yet":                     {mailed: []events.Recipient{sent("a")}, putOff: time.Minute},
		"not yet, for some minutes":   {mailed: []events.Recipient{sent("a")}, waited: 8 * time.Minute, putOff: 8 * time.Minute},
		"not yet, and the bound near": {mailed: []events.Recipient{sent("a")}, waited: 50 * time.Minute, putOff: 10 * time.Minute},
		"not in time":                 {mailed: []events.Recipient{sent("a")}, waited: time.Hour - 59*time.Second},
		"long ago":                    {mailed: []events.Recipient{sent("a")}, waited: 400 * time.Hour},
		"a clock that is behind":      {mailed: []events.Recipient{sent("a")}, waited: -time.Hour, putOff: time.Minute},
		"delivered":                   {mailed: []events.Recipient{sent("a")}, known: []requests.Delivery{of("a", requests.Delivered)}, became: "delivered"},
		"called spam, so it arrived":  {mailed: []events.Recipient{sent("a")}, known: []requests.Delivery{of("a", requests.Complained)}, became: "delivered"},
		"bounced":                     {mailed: []events.Recipient{sent("a")}, known: []requests.Delivery{of("a", requests.Bounced)}, became: "bounced"},
		"one of two is missing":       {mailed: []events.Recipient{sent("a"), sent("b")}, known: []requests.Delivery{of("b", requests.Bounced)}, putOff: time.Minute},
		"one of two, too late":        {mailed: []events.Recipient{sent("a"), sent("b")}, known: []requests.Delivery{of("b", requests.Bounced)}, waited: 2 * time.Hour, became: "bounced"},
		"one arrived, too late":       {mailed: []events.Recipient{sent("a"), sent("b")}, known: []requests.Delivery{of("b", requests.Delivered)}, waited: 2 * time.Hour},
		"one of two came back": {mailed: []events.Recipient{sent("a"), sent("b")},
			known: []requests.Delivery{of("a", requests.Delivered), of("b", requests.Bounced)}, became: "bounced"},
		"another mail's report": {mailed: []events.Recipient{sent("a")}, known: []requests.Delivery{of("z", requests.Delivered)}, putOff: time.Minute},
		"SES took none":         {mailed: []events.Recipient{{Hash: "h", Outcome: events.MailRefused}}},
		"nobody keeps a status": {mailed: []events.Recipient{sent("a")}, forgets: true},
	} {
		w := auditing(t)
		w.send(payload(t, "full"))
		if tt.forgets {
			w.memory.Remove(requests.Key("acme", "ticket-1"))
		} else if _, err := w.handler.Book.(*requests.Book).Update(t.Context(), "acme", "ticket-1", func(s *requests.Status) bool {
			for _, d := range tt.known {
				s.Deliver(d)
			}
			return true
		}); err != nil {
			t.Fatal(err)
		}
		record, err := events.ParseRecord(w.workflow.started[executionOf("ticket-1", 1)].Record)
		if err != nil {
			t.Fatal(err)
		}
		at := now.Add(-tt.waited)
		notified, err := w.decode(record).Next("notify", at, at, events.Notified{About: "Stored", Recipients: tt.mailed})
		if err != nil {
			t.Fatal(err)
		}
		record, err = events.RecordOf("notify", "0", "us-east-1", notified)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		told, err := w.step("delivery", raw, consume.Failure{})
		if err != nil || told.Became != tt.became || told.Said != "" || (told.Until != nil) != (tt.putOff > 0) {
			t.Errorf("%s: %+v %v", name, told, err)
			continue
		}
		if tt.putOff > 0 {
			// Outcomes are told by the process's clock, to the second.
			if d := time.Until(*told.Until); d > tt.putOff+2*time.Second || d < tt.putOff-time.Minute {
				t.Errorf("%s: put off for %s, want %s", name, d, tt.putOff)
			}
		}
	}
	w := auditing(t)
	if _, err := w.step("delivery", payload(t, "upstream"), consume.Failure{}); err == nil {
		t.Error("an event that tells of no mail is taken")
	}
}

package consume

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/telemetry"
)

// Tasks answers the steps of workflows; see internal/workflow.
type Tasks interface {
	// Succeed ends the step that waits under the token, with its output as JSON.
	Succeed(ctx context.Context, token string, output []byte) error
	// Fail ends it with an error of that name.
	Fail(ctx context.Context, token, name, cause string) error
}

// Outcome is what a workflow is told of a step.
type Outcome struct {
	// Said is the detail-type of the event that the step said, "" if it said none.
	Said string `json:"said"`
	// Record is that event as a rule would deliver it, or null: the next step takes
	// it.
	Record *events.Record `json:"record"`
	// Became is what a step found out that says no event, "" if it found out nothing.
	Became string `json:"became,omitempty"`
	// Until is set on a step that was put off: when to try again, to the second.
	Until *time.Time `json:"until,omitempty"`
}

// StepError begins the names of errors that a workflow catches: Sluice.retry,
// Sluice.defer, Sluice.reject, Sluice.park.
const StepError = "Sluice."

// leastWait is the shortest deferral that is told with its time. A shorter one
// is an error, which the workflow meets with its own backoff.
const leastWait = time.Minute

// note is where a message keeps what its handler said.
type note struct {
	event  *events.Envelope
	became string
	putOff time.Duration
}

// Said notes the event that the message led to. A workflow is told of it; it
// makes no difference to anybody else.
func (m Message) Said(e events.Envelope) {
	if m.said != nil {
		m.said.event = &e
	}
}

// Became notes what a step found out that says no event.
func (m Message) Became(what string) {
	if m.said != nil {
		m.said.became = what
	}
}

// PutOff notes that a step found out nothing yet, and when to call it again.
func (m Message) PutOff(d time.Duration) {
	if m.said != nil {
		m.said.putOff = d
	}
}

// fromStep takes a message apart that a workflow sent: its body is {"taskToken",
// "record"}. From here on it is as any other message, but for whom its outcome is
// told. The token lets anybody answer in the function's place, so it is in no log
// and no dead letter.
func (m *Message) fromStep() {
	var body struct {
		Token  string          `json:"taskToken"`
		Record json.RawMessage `json:"record"`
	}
	if !bytes.Contains(m.Body, []byte(`"taskToken"`)) || json.Unmarshal(m.Body, &body) != nil || body.Token == "" {
		return
	}
	m.token, m.Body = body.Token, body.Record
}

// withoutExecution makes an event one of the choreography if no workflow waits
// for it: somebody put it back into the queue after its workflow gave up, and
// what it leads to must be heard.
func (m *Message) withoutExecution() {
	if m.token != "" || !bytes.Contains(m.Record.Detail, []byte(`"execution"`)) {
		return
	}
	var detail map[string]json.RawMessage
	if json.Unmarshal(m.Record.Detail, &detail) != nil {
		return // the handler says what is wrong with it
	}
	delete(detail, "execution")
	if rest, err := json.Marshal(detail); err == nil {
		m.Record.Detail = rest
	}
}

// answer tells the workflow how its step went, and returns what is left to do
// about the message: nothing, or to let it come again. A step that nobody waits
// for any more is over.
func (s *settler) answer(ctx context.Context, m Message, err error) error {
	if errors.Is(err, errUnbegun) {
		return err
	}
	told := s.tell(ctx, m, err)
	switch fault.Code(told) {
	case "TaskTimedOut", "TaskDoesNotExist", "InvalidToken":
		s.Log.InfoContext(ctx, "the workflow waits for this step no more", "messageId", m.ID, "code", fault.Code(told))
		return nil
	}
	if told != nil {
		// What was done is not undone by that: it is said again, and told again.
		return fault.As(fault.Defer, fmt.Errorf("tell the workflow: %w", told))
	}
	return nil
}

// stepDone ends the message's line: what its workflow was told is the workflow's
// to deal with.
func (s *settler) stepDone(ctx context.Context, m Message, err error) {
	if err == nil {
		m.span.Done(ctx, telemetry.Done)
		return
	}
	class, _ := fault.Of(err)
	m.span.Done(ctx, string(class), slog.String("error", err.Error()), slog.Bool("toldWorkflow", true))
}

func (s *settler) tell(ctx context.Context, m Message, err error) error {
	class, after := fault.Of(err)
	if err != nil && (class != fault.Defer || after < leastWait) {
		return s.Tasks.Fail(ctx, m.token, StepError+string(class), cut(err.Error(), mostCause))
	}
	outcome, err := m.outcome(s.Function, after)
	if err != nil {
		return err
	}
	output, err := json.Marshal(outcome)
	if err != nil {
		return err
	}
	return s.Tasks.Succeed(ctx, m.token, output)
}

// outcome is what the workflow is told of a step that went well, or that is put
// off for a time.
func (m Message) outcome(function string, putOff time.Duration) (Outcome, error) {
	if m.said != nil {
		putOff = max(putOff, m.said.putOff)
	}
	if putOff > 0 {
		until := time.Now().Add(putOff + time.Second).UTC().Truncate(time.Second)
		return Outcome{Until: &until}, nil
	}
	if m.said == nil || m.said.event == nil {
		found := Outcome{}
		if m.said != nil {
			found.Became = m.said.became
		}
		return found, nil
	}
	e := *m.said.event
	region, account := m.whereabouts()
	record, err := events.RecordOf(function, account, region, e)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Said: e.Type(), Record: &record}, nil
}

// whereabouts are the region and account of the message: its record's, or else
// its queue's.
func (m Message) whereabouts() (region, account string) {
	region, account = m.Record.Region, m.Record.Account
	if arn := strings.Split(m.QueueARN, ":"); len(arn) == 6 {
		region, account = arn[3], arn[4]
	}
	return region, account
}

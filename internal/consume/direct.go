package consume

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/telemetry"
)

// Failure is what a workflow caught.
type Failure struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"`
}

// Steps are what a workflow may call a function for directly, by name. They are
// for what needs no queue: nothing to pack, nothing to pace.
type Steps map[string]func(context.Context, Message, Failure) error

// call is the payload of a direct call.
type call struct {
	Step   string        `json:"step"`
	Record events.Record `json:"record"`
	// Failure is given where the step is about one.
	Failure Failure `json:"failure"`
}

// Serve is what lambda.Start takes of a function that serves a queue, and a
// workflow's direct calls beside it. The answer to a call is an [Outcome]; what
// goes wrong is an error with a name as a queued step has.
func Serve(o Options, batch Handler, steps Steps) lambda.Handler {
	return server{o, lambda.NewHandler(batch), steps}
}

type server struct {
	Options
	batch lambda.Handler
	steps Steps
}

// Invoke implements lambda.Handler.
func (s server) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var c call
	if isBatch(payload) || json.Unmarshal(payload, &c) != nil || c.Step == "" {
		return s.batch.Invoke(ctx, payload)
	}
	step, known := s.steps[c.Step]
	if !known {
		return nil, s.failed(ctx, fault.Errorf(fault.Park, "%s has no such step", s.Function))
	}
	m := Message{Record: c.Record, said: &note{}}
	ctx = telemetry.With(ctx, m.source().IDs)
	if err := fault.Guard(func() error { return step(ctx, m, c.Failure) }); err != nil {
		return nil, s.failed(ctx, err)
	}
	outcome, err := m.outcome(s.Function, 0)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	answer, err := json.Marshal(outcome)
	if err != nil {
		return nil, fmt.Errorf("encode the outcome: %w", err)
	}
	return answer, nil
}

// isBatch tells whether a payload begins as a batch of SQS does: one may be long,
// and need not be decoded to learn that it is no call.
func isBatch(payload []byte) bool {
	begin := json.NewDecoder(bytes.NewReader(payload))
	if brace, err := begin.Token(); err != nil || brace != json.Delim('{') {
		return false
	}
	name, err := begin.Token()
	return err == nil && name == "Records"
}

// failed makes an error one that the workflow knows by its name.
func (s server) failed(ctx context.Context, err error) error {
	class, _ := fault.Of(err)
	s.Log.WarnContext(ctx, "step not done", "class", class, "error", err.Error())
	return messages.InvokeResponse_Error{Type: StepError + string(class), Message: cut(err.Error(), mostCause)}
}

package stepfunctions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"sluice/internal/workflow"
)

// execution is one run of the machine.
type execution struct {
	state *State
	arn   string
	name  string
	input string
	began time.Time

	mu      sync.Mutex
	history []workflow.Moment
	ended   *workflow.Execution // nil while it runs
}

// The bounds of the service.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const (
	mostData    = 256 << 10
	mostHistory = 25_000
)

// run goes from state to state until one ends it.
func (x *execution) run(ctx context.Context) {
	d := x.state.definition
	if d.TimeoutSeconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(d.TimeoutSeconds)*time.Second)
		defer cancel()
	}
	x.note("ExecutionStarted", nil)
	var data any
	if err := json.Unmarshal([]byte(x.input), &data); err != nil {
		x.end("FAILED", nil, &Failure{runtimeError, "the input is not JSON"})
		return
	}
	for name := d.StartAt; name != ""; {
		if len(x.moments()) >= mostHistory-10 {
			x.end("FAILED", nil, &Failure{runtimeError, "the history is too long"})
			return
		}
		var err error
		name, data, err = x.step(ctx, name, data)
		var failure *Failure
		switch {
		case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
			x.end("TIMED_OUT", nil, &Failure{Name: timeout})
			return
		case ctx.Err() != nil:
			x.end("ABORTED", nil, &Failure{Name: "aborted"})
			return
		case errors.As(err, &failure):
			x.end("FAILED", nil, failure)
			return
		}
	}
	x.end("SUCCEEDED", data, nil)
}

// step enters a state, and returns the next one and its input; "" after the last
// one. The error, a *Failure, ends the execution.
func (x *execution) step(ctx context.Context, name string, input any) (next string, output any, err error) {
	s := x.state.definition.States[name]
	at := scope{data: input, context: x.context(name, "")}
	x.note(s.Type+"StateEntered", entered(name, input))
	next, output = s.Next, input
	switch s.Type {
	case fail:
		return "", nil, s.failure(at)
	case task:
		next, output, err = x.task(ctx, name, s, input)
	case pass:
		output, err = s.pass(at)
	case choice:
		if next, err = s.choose(at); err != nil {
			err = &Failure{runtimeError, err.Error()}
		} else if next == "" {
			err = &Failure{noChoice, "no rule holds, and there is no default"}
		}
	case wait:
		err = x.wait(ctx, s, at)
	}
	if err == nil && len(compact(output)) > mostData {
		err = &Failure{tooMuch, "the state's output is longer than 256 KiB"}
	}
	if err != nil {
		return "", nil, err
	}
	x.note(s.Type+"StateExited", exited(name, output))
	return next, output, nil
}

// context is the context object, $$.
func (x *execution) context(state, token string) map[string]any {
	context := map[string]any{
		"Execution":    map[string]any{"Id": x.arn, "Name": x.name, "StartTime": x.began.UTC().Format(time.RFC3339Nano)},
		"StateMachine": map[string]any{"Id": x.state.ARN},
		"State":        map[string]any{"Name": state, "EnteredTime": time.Now().UTC().Format(time.RFC3339Nano)},
	}
	if token != "" {
		context["Task"] = map[string]any{"Token": token}
	}
	return context
}

func (s *state) failure(at scope) error {
	f := &Failure{Name: s.Error}
	if s.CausePath != "" {
		cause, err := follow(s.CausePath, at)
		if err != nil {
			return &Failure{runtimeError, err.Error()}
		}
		f.Cause, _ = cause.(string)
	}
	return f
}

func (s *state) pass(at scope) (any, error) {
	result := at.data
	var err error
	if s.InputPath != "" {
		result, err = follow(s.InputPath, at)
	}
	if err == nil && s.Result != nil {
		err = json.Unmarshal(s.Result, &result)
	}
	if err != nil {
		return nil, &Failure{runtimeError, err.Error()}
	}
	output, err := put(at.data, result, s.ResultPath)
	if err != nil {
		return nil, &Failure{badResult, err.Error()}
	}
	return output, nil
}

// wait sleeps for the state's seconds, or until its time.
func (x *execution) wait(ctx context.Context, s *state, at scope) error {
	var d time.Duration
	if s.Seconds != nil {
		d = time.Duration(*s.Seconds) * time.Second
	} else {
		value, err := follow(s.TimestampPath, at)
		text, _ := value.(string)
		until, wrong := time.Parse(time.RFC3339, text)
		if err != nil || wrong != nil {
			return &Failure{runtimeError, fmt.Sprintf("%s is no time", s.TimestampPath)}
		}
		d = time.Until(until)
	}
	sleep(ctx, d)
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// end notes how the execution ended.
func (x *execution) end(status string, output any, f *Failure) {
	ended := workflow.Execution{Status: status, Input: x.input, Started: seconds(x.began), Stopped: seconds(time.Now())}
	switch status {
	case "SUCCEEDED":
		ended.Output = compact(output)
		x.note("ExecutionSucceeded", nil)
	case "TIMED_OUT":
		ended.Error = f.Name
		x.note("ExecutionTimedOut", func(m *workflow.Moment) { m.ExecutionLate = f.told() })
	case "ABORTED":
		x.note("ExecutionAborted", func(m *workflow.Moment) { m.ExecutionAborted = f.told() })
	default:
		ended.Error, ended.Cause = f.Name, f.Cause
		x.note("ExecutionFailed", func(m *workflow.Moment) { m.ExecutionEnded = f.told() })
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ended = &ended
}

// moments is the history so far.
func (x *execution) moments() []workflow.Moment {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.history[:len(x.history):len(x.history)]
}

// standing is what is known of the execution as a whole.
func (x *execution) standing() workflow.Execution {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended != nil {
		return *x.ended
	}
	return workflow.Execution{Status: "RUNNING", Input: x.input, Started: seconds(x.began)}
}

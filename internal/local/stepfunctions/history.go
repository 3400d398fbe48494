package stepfunctions

import (
	"time"

	"sluice/internal/workflow"
)

// note adds an event to the history.
func (x *execution) note(kind string, detail func(*workflow.Moment)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	m := workflow.Moment{ID: len(x.history) + 1, Timestamp: seconds(time.Now()), Type: kind}
	if detail != nil {
		detail(&m)
	}
	x.history = append(x.history, m)
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }

func entered(name string, input any) func(*workflow.Moment) {
	return func(m *workflow.Moment) { m.Entered = &workflow.State{Name: name, Input: compact(input)} }
}

func exited(name string, output any) func(*workflow.Moment) {
	return func(m *workflow.Moment) { m.Exited = &workflow.State{Name: name, Output: compact(output)} }
}

// Failure is an error as a workflow knows it.
type Failure struct{ Name, Cause string }

// Error implements error.
func (f *Failure) Error() string { return f.Name + ": " + f.Cause }

func (f *Failure) told() *workflow.Failure { return &workflow.Failure{Error: f.Name, Cause: f.Cause} }

// The errors that the language itself names.
const (
	timeout      = "States.Timeout"
	anyError     = "States.ALL"
	anyTask      = "States.TaskFailed"
	runtimeError = "States.Runtime"
	noChoice     = "States.NoChoiceMatched"
	badPath      = "States.ParameterPathFailure"
	badResult    = "States.ResultPathMatchFailure"
	tooMuch      = "States.DataLimitExceeded"
)

// failed notes an attempt of a task that failed.
func (x *execution) failed(f *Failure) {
	if f.Name == timeout {
		x.note("TaskTimedOut", func(m *workflow.Moment) { m.TaskTimedOut = f.told() })
		return
	}
	x.note("TaskFailed", func(m *workflow.Moment) { m.TaskFailed = f.told() })
}

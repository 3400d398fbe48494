package workflow

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"sluice/internal/awsclient"
	"sluice/internal/fault"
)

// States calls AWS Step Functions.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
type States struct{ service awsclient.Service }

// New makes the client. Of the configuration it takes what awsclient.NewService
// does; the service's own endpoint is AWS_ENDPOINT_URL_SFN.
func New(clients aws.Config) States { return States{awsclient.NewService(clients, "SFN", "states")} }

func (s States) call(ctx context.Context, name string, in, out any) error {
	return s.service.Call(ctx, awsclient.Operation{Name: name, Target: "AWSStepFunctions." + name}, in, out)
}

// Succeed ends the step that waits under the token with its output, JSON of at
// most 256 KiB. The error is the service's: TaskTimedOut and TaskDoesNotExist say
// that nobody waits any more.
func (s States) Succeed(ctx context.Context, token string, output []byte) error {
	return s.call(ctx, "SendTaskSuccess", map[string]string{"taskToken": token, "output": string(output)}, nil)
}

// Fail ends the step that waits under the token with an error that the workflow
// catches by its name, and one sentence.
func (s States) Fail(ctx context.Context, token, name, cause string) error {
	return s.call(ctx, "SendTaskFailure", map[string]string{"taskToken": token, "error": name, "cause": cause}, nil)
}

// start starts an execution. The error's code is ExecutionAlreadyExists if the
// machine had one of that name in the last 90 days, unless that runs and has the
// very same input.
func (s States) start(ctx context.Context, machine, name, input string) error {
	return s.call(ctx, "StartExecution", map[string]string{"stateMachineArn": machine, "name": name, "input": input}, nil)
}

// Execution is what is known of an execution as a whole.
type Execution struct {
	// Status is RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE.
	Status string `json:"status"`
	Input  string `json:"input,omitempty"`
	// Error and Cause say why it failed, Output what it came to.
	Error  string `json:"error,omitempty"`
	Cause  string `json:"cause,omitempty"`
	Output string `json:"output,omitempty"`
	// Started and Stopped are seconds since 1970; 0 is not yet.
	Started float64 `json:"startDate"`
	Stopped float64 `json:"stopDate,omitempty"`
}

// Describe tells of an execution. The error's code is ExecutionDoesNotExist for
// one that is not there (any more).
func (s States) Describe(ctx context.Context, arn string) (Execution, error) {
	var found Execution
	err := s.call(ctx, "DescribeExecution", map[string]string{"executionArn": arn}, &found)
	return found, err
}

// Moment is one event of an execution's history.
type Moment struct {
	ID        int     `json:"id"`
	Timestamp float64 `json:"timestamp"`
	// Type is such as TaskStateEntered or TaskFailed.
	Type    string `json:"type"`
	Entered *State `json:"stateEnteredEventDetails,omitempty"`
	Exited  *State `json:"stateExitedEventDetails,omitempty"`
	// Each kind of failure has its own field in the service's answer.
	TaskFailed       *Failure `json:"taskFailedEventDetails,omitempty"`
	TaskTimedOut     *Failure `json:"taskTimedOutEventDetails,omitempty"`
	TaskSubmitFailed *Failure `json:"taskSubmitFailedEventDetails,omitempty"`
	TaskStartFailed  *Failure `json:"taskStartFailedEventDetails,omitempty"`
	LambdaFailed     *Failure `json:"lambdaFunctionFailedEventDetails,omitempty"`
	LambdaTimedOut   *Failure `json:"lambdaFunctionTimedOutEventDetails,omitempty"`
	ExecutionEnded   *Failure `json:"executionFailedEventDetails,omitempty"`
	ExecutionLate    *Failure `json:"executionTimedOutEventDetails,omitempty"`
	ExecutionAborted *Failure `json:"executionAbortedEventDetails,omitempty"`
}

// State is a state that was entered or left.
type State struct {
	Name string `json:"name"`
	// Input is the JSON that it was entered with, Output what it left.
	Input  string `json:"input,omitempty"`
	Output string `json:"output,omitempty"`
}

// Failure says what went wrong.
type Failure struct {
	Error string `json:"error,omitempty"`
	Cause string `json:"cause,omitempty"`
}

// At is when it happened.
func (m Moment) At() time.Time { return Time(m.Timestamp) }

// Time is the moment that the service writes as seconds since 1970.
func Time(seconds float64) time.Time {
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(part*1e3))*int64(time.Millisecond)).UTC()
}

// Failed is what went wrong in this moment, nil if nothing did.
func (m Moment) Failed() *Failure {
	for _, f := range []*Failure{m.TaskFailed, m.TaskTimedOut, m.TaskSubmitFailed, m.TaskStartFailed, m.LambdaFailed, m.LambdaTimedOut,
		m.ExecutionEnded, m.ExecutionLate, m.ExecutionAborted} {
		if f != nil {
			return f
		}
	}
	return nil
}

// mostPage is the most that the service lists at once.
const mostPage = 1000

// History is everything that happened in an execution, in order: at most 25,000
// events. The error is as in [States.Describe].
func (s States) History(ctx context.Context, arn string) ([]Moment, error) {
	var all []Moment
	err := s.pages(ctx, "GetExecutionHistory", map[string]any{"executionArn": arn}, func(p page) { all = append(all, p.Events...) })
	if err != nil {
		return nil, err
	}
	return all, nil
}

// taken tells that the name is another execution's.
func taken(err error) bool { return fault.Code(err) == "ExecutionAlreadyExists" }

// Input is an execution's input.
type Input struct {
	// Fingerprint is that of what was asked (requests.Fingerprint): the same name
	// with another one is another request.
	Fingerprint string `json:"fingerprint"`
	// Record is the RequestReceived, as its queue would deliver it.
	Record json.RawMessage `json:"record"`
}

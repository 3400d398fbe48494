package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sluice/events"
	"sluice/internal/fault"
)

// ErrConflict says that the request's execution is another request's. Trying
// again does not help.
var ErrConflict = errors.New("an execution of that name runs another request")

// Machine is the state machine of the audited workflow.
type Machine struct {
	states States
	arn    string
}

const machinePart, executionPart = ":stateMachine:", ":execution:"

// NewMachine checks the ARN: arn:<partition>:states:<region>:<account>:stateMachine:<name>.
func NewMachine(states States, arn string) (*Machine, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 7 || parts[0] != "arn" || parts[2] != "states" || parts[5] != "stateMachine" || parts[6] == "" {
		return nil, fmt.Errorf("%q is not the ARN of a state machine", arn)
	}
	return &Machine{states, arn}, nil
}

// mostName is the longest name of an execution.
const mostName = 80

// Name is an execution's name: <tenant>_<request>, or its hash where that is too
// long; for the second attempt and those after it (a redrive), A2_<tenant>_<request>.
// Its characters are [A-Za-z0-9_-], which CloudWatch Logs takes. No two attempts
// share a name: a tenant has no underscore and no capital.
func Name(tenant, request string, attempt int) string {
	name := tenant + "_" + request
	if attempt > 1 {
		name = fmt.Sprintf("A%d_%s", attempt, name)
	}
	if len(name) > mostName || !events.ValidTenant(tenant) || !events.ValidRequestID(request) {
		return events.ID("execution", tenant, request, fmt.Sprint(attempt))
	}
	return name
}

// Execution is the ARN of an attempt's execution, whether it was started or not.
func (m *Machine) Execution(tenant, request string, attempt int) string {
	return strings.Replace(m.arn, machinePart, executionPart, 1) + ":" + Name(tenant, request, attempt)
}

// Start starts the execution of the ARN that [Machine.Execution] gave. If it was
// started before for the same request, in whatever words, nothing is done. The
// error wraps [ErrConflict], or is the service's.
func (m *Machine) Start(ctx context.Context, execution string, in Input) error {
	input, err := json.Marshal(in)
	if err != nil {
		return fault.As(fault.Park, fmt.Errorf("encode the execution's input: %w", err))
	}
	name := execution[strings.LastIndexByte(execution, ':')+1:]
	err = m.states.start(ctx, m.arn, name, string(input))
	if !taken(err) {
		return err
	}
	standing, err := m.states.Describe(ctx, execution)
	if err != nil {
		return err
	}
	var first Input
	if json.Unmarshal([]byte(standing.Input), &first) != nil || first.Fingerprint != in.Fingerprint {
		return fmt.Errorf("%s: %w", name, ErrConflict)
	}
	return nil
}

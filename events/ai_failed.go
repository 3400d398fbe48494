package events

// AiFailed: the model cannot answer this request. Said by analyze and api.
// Terminal.
type AiFailed struct {
	Class FailureClass `json:"class"`
	// Message is one sentence for people; it quotes neither input nor answer.
	Message string `json:"message"`
	Spend
}

// FailureClass says why the model could not answer.
type FailureClass string

// The classes of failure.
const (
	FailureRefused  FailureClass = "refused"  // a guardrail, a content filter or the model itself
	FailureUnfit    FailureClass = "unfit"    // no answer fitted the task's schema
	FailureTooLong  FailureClass = "tooLong"  // input or answer does not fit the model
	FailureModel    FailureClass = "model"    // the model or its service says the call is wrong
	FailureUnusable FailureClass = "unusable" // the task cannot be asked of this model
	FailureWorkflow FailureClass = "workflow" // the workflow that ran it gave up; its execution says over which step
)

// Type implements [Event].
func (AiFailed) Type() string { return "AiFailed" }

// Version implements [Event].
func (AiFailed) Version() int { return 1 }

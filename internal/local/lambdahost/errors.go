package lambdahost

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrUnknownFunction: there is no function of that name.
	ErrUnknownFunction = errors.New("no such function")
	// ErrThrottled: the function's concurrency is all at work. Try again later.
	ErrThrottled = errors.New("rate exceeded: the function's concurrency is used up")
	// ErrTooLarge: the payload is above 6,291,456 bytes. Trying again does not help.
	ErrTooLarge = errors.New("request must be smaller than 6291456 bytes")
	// ErrStopped: the host has stopped or is stopping. The call did not begin, or
	// was ended by force when the host's patience was over.
	ErrStopped = errors.New("the Lambda host has stopped")
)

// Types of errors that are the runtime's own, as Lambda names them.
const (
	TypeTimeout          = "Sandbox.Timedout"
	TypeExit             = "Runtime.ExitError"
	TypeResponseTooLarge = "Function.ResponseSizeTooLarge"
	typeUnknown          = "Runtime.Unknown"
)

// FunctionError says that the function was called and failed: it returned an
// error, panicked, exited or took too long.
type FunctionError struct {
	// Function and RequestID name the call.
	Function, RequestID string
	// Type is the error's type: of the function's own error, or one of Type….
	Type string
	// Message is what the error says.
	Message string
	// Payload is the JSON document a caller gets:
	// {"errorMessage":…,"errorType":…,"stackTrace":…}.
	Payload []byte
}

func (e *FunctionError) Error() string {
	return fmt.Sprintf("function %s: %s: %s", e.Function, e.Type, e.Message)
}

// Timeout reports whether the call was ended because it took too long.
func (e *FunctionError) Timeout() bool { return e.Type == TypeTimeout }

// errNotBegun: the process ended before it took the call, so the call may go to
// another one.
var errNotBegun = errors.New("the process ended before it took the call")

func timedOut(after time.Duration) string {
	return fmt.Sprintf("Task timed out after %.2f seconds", after.Seconds())
}

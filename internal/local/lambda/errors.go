package lambda

import "fmt"

// Error is a refusal in Lambda's terms.
type Error struct {
	// Code is Lambda's name of the error, one of Code….
	Code string
	// Message is the sentence that goes with it.
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Retryable tells whether the same call may succeed later.
func (e *Error) Retryable() bool { return e.Code == CodeInUse || e.Code == CodeService }

// Codes of an Error.
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html#API_UpdateEventSourceMapping_Errors
const (
	CodeNotFound  = "ResourceNotFoundException"
	CodeParameter = "InvalidParameterValueException"
	CodeInUse     = "ResourceInUseException"
	CodeService   = "ServiceException"
	CodeUnknown   = "UnknownOperationException"
)

func wrong(format string, args ...any) *Error {
	return &Error{CodeParameter, fmt.Sprintf(format, args...)}
}

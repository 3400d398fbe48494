package eventbridge

import "fmt"

// Error is a refusal in AWS's terms. None of them helps to retry unchanged,
// save codeInternal.
type Error struct {
	// Code is AWS's name of the error: ResourceNotFoundException,
	// ValidationException, …
	Code string
	// Message is the sentence that goes with it.
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

const (
	codeNotFound      = "ResourceNotFoundException"
	codeExists        = "ResourceAlreadyExistsException"
	codeValidation    = "ValidationException"
	codePattern       = "InvalidEventPatternException"
	codeLimit         = "LimitExceededException"
	codeIllegalStatus = "IllegalStatusException"
	codeInternal      = "InternalException"
)

func notFound(format string, args ...any) error {
	return &Error{Code: codeNotFound, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return &Error{Code: codeValidation, Message: fmt.Sprintf(format, args...)}
}

// TargetError is how Targets tells why a delivery was not taken. Any other
// error counts as one that passes.
type TargetError struct {
	// Code goes into the ERROR_CODE attribute: NO_RESOURCE, NO_PERMISSIONS,
	// THROTTLING, …
	Code string
	// Message goes into ERROR_MESSAGE.
	Message string
	// Permanent says that no retry can help: the event goes to the target's
	// dead-letter queue at once.
	Permanent bool
}

func (e *TargetError) Error() string { return e.Code + ": " + e.Message }

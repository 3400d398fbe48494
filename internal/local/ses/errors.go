package ses

import "fmt"

// Error is a refusal in SES's terms. None of them helps to retry unchanged,
// save CodeInternal.
type Error struct {
	// Code is SES's name of the error.
	Code string
	// Message is the sentence that goes with it. It may hold an address; it is
	// for the caller and not for a log.
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Codes of an Error.
const (
	CodeBadRequest = "BadRequestException"
	CodeNotFound   = "NotFoundException"
	CodeExists     = "AlreadyExistsException"
	CodeRejected   = "MessageRejected"
	CodeInternal   = "InternalServiceErrorException"
	codePaused     = "SendingPausedException"
)

func badRequest(format string, args ...any) error {
	return &Error{Code: CodeBadRequest, Message: fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &Error{Code: CodeNotFound, Message: fmt.Sprintf(format, args...)}
}

func exists(format string, args ...any) error {
	return &Error{Code: CodeExists, Message: fmt.Sprintf(format, args...)}
}

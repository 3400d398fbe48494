package scheduler

import "fmt"

// Error is a refusal in EventBridge Scheduler's terms. None of them helps to
// retry unchanged, save CodeInternal.
type Error struct {
	// Code is the service's name of the error, one of Code….
	Code string
	// Message is the sentence that goes with it.
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Codes of an Error.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html#API_CreateSchedule_Errors
const (
	CodeValidation = "ValidationException"
	CodeNotFound   = "ResourceNotFoundException"
	CodeConflict   = "ConflictException"
	CodeInternal   = "InternalServerException"
	CodeUnknown    = "UnknownOperationException"
)

func invalid(format string, args ...any) error {
	return &Error{CodeValidation, fmt.Sprintf(format, args...)}
}

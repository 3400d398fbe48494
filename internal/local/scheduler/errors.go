package scheduler

import (
	"net/http"

	"sluice/internal/local/service"
)

// Error is a refusal in EventBridge Scheduler's terms; its Code is one of Code….
type Error = service.Error

// Codes of an Error.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html#API_CreateSchedule_Errors
const (
	CodeValidation = "ValidationException"
	CodeNotFound   = "ResourceNotFoundException"
	CodeConflict   = "ConflictException"
	CodeInternal   = "InternalServerException"
)

func invalid(format string, args ...any) error {
	return service.Refuse(http.StatusBadRequest, CodeValidation, format, args...)
}

func notFound(format string, args ...any) error {
	return service.Refuse(http.StatusNotFound, CodeNotFound, format, args...)
}

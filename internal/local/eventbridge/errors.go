package eventbridge

import (
	"net/http"

	"sluice/internal/local/service"
)

// Error is a refusal in EventBridge's terms.
type Error = service.Error

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
	return service.Refuse(http.StatusBadRequest, codeNotFound, format, args...)
}

func invalid(format string, args ...any) error {
	return service.Refuse(http.StatusBadRequest, codeValidation, format, args...)
}

func internal(format string, args ...any) error {
	return service.Refuse(http.StatusInternalServerError, codeInternal, format, args...)
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

package ses

import (
	"net/http"

	"sluice/internal/local/service"
)

// Error is a refusal in SES's terms. Its Message may hold an address.
type Error = service.Error

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
	return service.Refuse(http.StatusBadRequest, CodeBadRequest, format, args...)
}

func notFound(format string, args ...any) error {
	return service.Refuse(http.StatusNotFound, CodeNotFound, format, args...)
}

func exists(format string, args ...any) error {
	return service.Refuse(http.StatusBadRequest, CodeExists, format, args...)
}

func internal(format string, args ...any) error {
	return service.Refuse(http.StatusInternalServerError, CodeInternal, format, args...)
}

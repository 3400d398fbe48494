package lambda

import (
	"net/http"

	"sluice/internal/local/service"
)

// Error is a refusal in Lambda's terms; its Code is one of Code….
type Error = service.Error

// Codes of an Error.
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html#API_UpdateEventSourceMapping_Errors
const (
	CodeNotFound  = "ResourceNotFoundException"
	CodeParameter = "InvalidParameterValueException"
	CodeInUse     = "ResourceInUseException"
	CodeService   = "ServiceException"
)

func wrong(format string, args ...any) *Error {
	return service.Refuse(http.StatusBadRequest, CodeParameter, format, args...)
}

func notFound(format string, args ...any) *Error {
	return service.Refuse(http.StatusNotFound, CodeNotFound, format, args...)
}

package bedrock

import "fmt"

// Code is the name of an exception of Bedrock Runtime.
type Code string

// The exceptions, as the service names them.
const (
	Validation         Code = "ValidationException"
	Throttling         Code = "ThrottlingException"
	ServiceUnavailable Code = "ServiceUnavailableException"
	ModelTimeout       Code = "ModelTimeoutException"
	ModelError         Code = "ModelErrorException"
	ModelNotReady      Code = "ModelNotReadyException"
	ResourceNotFound   Code = "ResourceNotFoundException"
	AccessDenied       Code = "AccessDeniedException"
	QuotaExceeded      Code = "ServiceQuotaExceededException"
	InternalServer     Code = "InternalServerException"
	// Serialization is the protocol's own: the body is not JSON of the shape.
	Serialization Code = "SerializationException"
	// UnknownOperation is the protocol's own: there is no such path.
	UnknownOperation Code = "UnknownOperationException"
)

// Error is an exception as the service answers it. Throttling,
// ServiceUnavailable, ModelTimeout, ModelError, ModelNotReady and InternalServer
// may go away when tried again; the others will not.
type Error struct {
	Code    Code
	Message string
}

// Error implements error.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

func invalid(format string, args ...any) *Error {
	return &Error{Code: Validation, Message: fmt.Sprintf(format, args...)}
}

// The messages of a refusal by the quota, word for word.
const (
	tooManyTokens       = "Too many tokens, please wait before trying again."
	tooManyRequests     = "Too many requests, please wait before trying again."
	tooManyTokensPerDay = "Too many tokens per day, please wait before trying again."
	inputTooLong        = "Input is too long for requested model."
)

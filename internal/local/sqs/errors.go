package sqs

import (
	"fmt"
	"net/http"
)

// Error is an answer that SQS gives instead of a result.
type Error struct {
	// Code is the error's name in today's protocol, Legacy the name that the
	// older query protocol had for it, by which most clients report it still.
	Code, Legacy string
	// Message is for people.
	Message string
	// Status is HTTP's. Only errors of 500 and above are worth another try.
	Status int
	// general says that the name is not one of SQS's own, but common to services.
	general bool
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

const legacy = "AWS.SimpleQueueService."

// refuse is an error of SQS's own with the same name in both protocols.
func refuse(code, format string, values ...any) *Error {
	return &Error{Code: code, Legacy: code, Message: fmt.Sprintf(format, values...), Status: http.StatusBadRequest}
}

func (e *Error) as(name string) *Error { e.Legacy = name; return e }

func (e *Error) with(status int) *Error { e.Status = status; return e }

func (e *Error) common() *Error { e.general = true; return e }

func errNoQueue() *Error {
	return refuse("QueueDoesNotExist", "The specified queue does not exist.").as(legacy + "NonExistentQueue")
}

func errQueueExists(attribute string) *Error {
	return refuse("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", attribute).as("QueueAlreadyExists")
}

func errPurging(queue string) *Error {
	return refuse("PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", queue).
		as(legacy + "PurgeQueueInProgress").with(http.StatusForbidden)
}

func errNotFound(message string) *Error {
	return refuse("ResourceNotFoundException", "%s", message).with(http.StatusNotFound)
}

func errValue(format string, values ...any) *Error {
	return refuse("InvalidParameterValueException", format, values...).as("InvalidParameterValue").common()
}

func errMissing(parameter string) *Error {
	return refuse("MissingRequiredParameterException", "The request must contain the parameter %s.", parameter).as("MissingParameter").common()
}

func errAttributeName(format string, values ...any) *Error {
	return refuse("InvalidAttributeName", format, values...)
}

func errAttributeValue(format string, values ...any) *Error {
	return refuse("InvalidAttributeValue", format, values...)
}

func errHandle(handle string) *Error {
	return refuse("ReceiptHandleIsInvalid", "The input receipt handle \"%s\" is not a valid receipt handle.", handle)
}

func errContents() *Error {
	return refuse("InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
}

func errOverLimit(queue string) *Error {
	return refuse("OverLimit", "Too many messages in flight for queue %s.", queue).with(http.StatusForbidden)
}

func errBatch(code, format string, values ...any) *Error {
	return refuse(code, format, values...).as(legacy + code)
}

// errInternal is what a failed disk looks like from outside.
func errInternal(err error) *Error {
	return refuse("InternalFailure", "%s", err.Error()).with(http.StatusInternalServerError).common()
}

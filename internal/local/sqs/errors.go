package sqs

import (
	"fmt"
	"net/http"
)

// Error is an error as SQS answers it.
type Error struct {
	// Code is the name in the JSON protocol, Legacy that of the old query
	// protocol, which SDKs still report ("" if it is the same).
	Code, Legacy string
	Message      string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// status is the HTTP status; SQS answers 400 for everything that the caller did.
func (e *Error) status() int {
	if e.Code == "InternalError" {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func invalidParameter(format string, args ...any) *Error {
	return &Error{"InvalidParameterValue", "InvalidParameterValue", fmt.Sprintf(format, args...)}
}

func missingParameter(name string) *Error {
	return &Error{"MissingParameter", "MissingParameter", "The request must contain the parameter " + name + "."}
}

func noQueue() *Error {
	return &Error{"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."}
}

func badReceipt() *Error {
	return &Error{"ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "The input receipt handle is invalid."}
}

func badAttribute(name string) *Error {
	return &Error{"InvalidAttributeValue", "InvalidAttributeValue", "Invalid value for the parameter " + name + "."}
}

func unknownAttribute(name string) *Error {
	return &Error{"InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute " + name + "."}
}

func noResource(what string) *Error {
	return &Error{"ResourceNotFoundException", "ResourceNotFoundException", what}
}

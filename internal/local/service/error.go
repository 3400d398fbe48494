package service

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is a refusal in the terms of the service that refuses.
type Error struct {
	// Code is AWS's name of the error: ValidationException, …
	Code string
	// Message is the sentence that goes with it. It may hold what the caller sent;
	// it is for the caller and not for a log.
	Message string
	// Status is HTTP's; 0 stands for 400.
	Status int
	// Passing says that the same call may succeed later although Status is below
	// 500.
	Passing bool
}

// Error implements error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Retryable tells whether the same call may succeed later.
func (e *Error) Retryable() bool { return e.Passing || e.Status >= http.StatusInternalServerError }

// Refuse is an Error whose message is made as fmt.Sprintf makes it.
func Refuse(status int, code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: status}
}

// Refusal is the Error in an error's chain, or the other one, with its Status
// filled in.
func Refusal(err error, other Error) Error {
	if told, is := errors.AsType[*Error](err); is {
		other = *told
	}
	if other.Status == 0 {
		other.Status = http.StatusBadRequest
	}
	return other
}

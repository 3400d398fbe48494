package fault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// Class says what to do about an error.
type Class string

// The classes of errors.
const (
	Retry  Class = "retry"
	Defer  Class = "defer"
	Reject Class = "reject"
	Park   Class = "park"
)

// Error is an error with its class.
type Error struct {
	Class Class
	// After is how long to wait before the next try; 0 leaves it to the edge.
	After time.Duration
	err   error
}

// Error implements error.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap gives the error that was classified.
func (e *Error) Unwrap() error { return e.err }

// As wraps err with a class; nil stays nil.
func As(class Class, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Class: class, err: err}
}

// Errorf makes an error of a class, as fmt.Errorf does.
func Errorf(class Class, format string, args ...any) error {
	return &Error{Class: class, err: fmt.Errorf(format, args...)}
}

// DeferFor wraps err: nothing failed, try again after d.
func DeferFor(d time.Duration, err error) error {
	return &Error{Class: Defer, After: d, err: err}
}

// Of is the class of an error, and how long it asks to wait (0: not said). An
// error that nobody classified is judged by what AWS answered: a throttle
// defers, a request that AWS calls wrong or forbidden parks, all else retries.
func Of(err error) (Class, time.Duration) {
	var classified *Error
	switch {
	case errors.As(err, &classified):
		return classified.Class, classified.After
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Retry, 0
	case Throttled(err):
		return Defer, 0
	case refused(err):
		return Park, 0
	}
	return Retry, 0
}

// Code is the error code that AWS answered, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Status is the HTTP status that AWS answered with the error, or 0 if it
// answered nothing.
func Status(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// Throttled tells whether AWS refused for rate: the same call goes later.
func Throttled(err error) bool {
	switch Code(err) {
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
		"TooManyRequestsException", "ProvisionedThroughputExceededException", "SlowDown", "RequestLimitExceeded", "LimitExceededException":
		return true
	}
	return Status(err) == http.StatusTooManyRequests
}

// refused: AWS says that the call is wrong or not allowed. Doing it again will
// not help until a person changes something. 408 and 409 pass by themselves. What
// has no code was said by no service of AWS but by something on the way.
func refused(err error) bool {
	if Code(err) == "" {
		return false
	}
	switch status := Status(err); status {
	case 0, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return false
	default:
		return status >= 400 && status < 500
	}
}

package s3

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Error is a refusal in S3's own terms. The codes and their status are those of
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. Only
// InternalError (500) may go better by a retry.
type Error struct {
	Status  int
	Code    string
	Message string
	// Condition is the header that a 412 is about.
	Condition string
}

// Error implements error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(status int, code, message string, args ...any) *Error {
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	return &Error{Status: status, Code: code, Message: message}
}

func noSuchBucket() *Error {
	return refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
}

func noSuchKey() *Error {
	return refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
}

func noSuchUpload() *Error {
	return refuse(http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
}

func invalidPart() *Error {
	return refuse(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
}

func preconditionFailed(condition string) *Error {
	e := refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	e.Condition = condition
	return e
}

func notImplemented() *Error {
	return refuse(http.StatusNotImplemented, "NotImplemented", "A header or query you provided implies functionality that is not implemented.")
}

func invalidArgument(message string, args ...any) *Error {
	return refuse(http.StatusBadRequest, "InvalidArgument", message, args...)
}

func invalidPartNumber() *Error {
	return invalidArgument("Part number must be an integer between 1 and %d, inclusive", mostParts)
}

func unsupportedAlgorithm() *Error {
	return invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [%s]", strings.Join(algorithms, ", "))
}

func invalidRequest(message string, args ...any) *Error {
	return refuse(http.StatusBadRequest, "InvalidRequest", message, args...)
}

func badDigest(what string) *Error {
	return refuse(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.", what)
}

func incompleteBody() *Error {
	return refuse(http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header")
}

func malformedXML() *Error {
	return refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

// asError is the refusal in an error's chain, or InternalError.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return refuse(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
}

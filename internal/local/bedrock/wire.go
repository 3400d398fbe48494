package bedrock

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// bodyLimit is the most bytes of a request's body, as the service has it.
const bodyLimit = 25_000_000

// statuses are the HTTP statuses of the exceptions.
var statuses = map[Code]int{
	Validation: 400, QuotaExceeded: 400, Serialization: 400, AccessDenied: 403, ResourceNotFound: 404, UnknownOperation: 404,
	ModelTimeout: 408, ModelError: 424, Throttling: 429, ModelNotReady: 429, InternalServer: 500, ServiceUnavailable: 503,
}

// Handler speaks the protocol of Bedrock Runtime over a State: Converse
// and InvokeModel, whole or as a stream, and CountTokens.
func Handler(s *State) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-amzn-RequestId", rand.Text())
		modelID, operation, ok := route(r.URL.EscapedPath())
		if !ok || r.Method != http.MethodPost {
			refuse(w, &Error{UnknownOperation, fmt.Sprintf("%s is not an operation of the local Bedrock Runtime.", operation)})
			return
		}
		body, err := readBody(w, r)
		if err != nil {
			refuse(w, err)
			return
		}
		switch operation {
		case "converse":
			converse(s, w, r, modelID, body)
		case "count-tokens":
			countTokens(s, w, modelID, body)
		case "converse-stream":
			converseStream(s, w, r, modelID, body)
		case "invoke":
			invoke(s, w, r, modelID, body)
		case "invoke-with-response-stream":
			invokeStream(s, w, r, modelID, body)
		}
	})
}

// route takes /model/{id}/{operation} apart. The id is usually escaped; an ARN
// with plain slashes is understood too.
func route(path string) (modelID, operation string, ok bool) {
	rest, found := strings.CutPrefix(path, "/model/")
	at := strings.LastIndexByte(rest, '/')
	if !found || at < 0 {
		return "", "this", false
	}
	id, err := url.PathUnescape(rest[:at])
	operation = rest[at+1:]
	switch operation {
	case "converse", "converse-stream", "count-tokens", "invoke", "invoke-with-response-stream":
		return id, operation, err == nil
	case "invoke-with-bidirectional-stream", "apply-guardrail":
		return id, operation, false
	}
	return id, "this", false
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, invalid(inputTooLong)
	case err != nil:
		return nil, &Error{Serialization, "The body could not be read."}
	}
	return body, nil
}

// decode reads a JSON body into a shape of the protocol.
func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		var e *Error
		if errors.As(err, &e) {
			return e
		}
		return &Error{Serialization, "The body is not JSON of the operation's shape: " + err.Error()}
	}
	return nil
}

// encode writes a JSON document without escaping HTML.
func encode(w http.ResponseWriter, status int, document any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		w.Header().Set("X-Amzn-ErrorType", string(InternalServer))
		http.Error(w, `{"message":"the answer could not be encoded"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A caller that has gone is no error of ours.
	_, _ = w.Write(b.Bytes())
}

// refuse answers an error. A lost answer breaks the connection, and a caller
// that left is told nothing.
func refuse(w http.ResponseWriter, err error) {
	var e *Error
	if errors.As(err, &e) {
		w.Header().Set("X-Amzn-ErrorType", string(e.Code))
		encode(w, statuses[e.Code], map[string]string{"message": e.Message})
		return
	}
	if errors.Is(err, ErrLost) {
		panic(http.ErrAbortHandler) // the server's own way to break a connection, in HTTP/1 and 2
	}
	refuse(w, &Error{InternalServer, "The call was interrupted."})
}

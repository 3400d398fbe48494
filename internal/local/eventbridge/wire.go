package eventbridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"sluice/internal/local/awsjson"
	"sluice/internal/local/service"
)

// targetPrefix is what X-Amz-Target begins with for this service.
const targetPrefix = "AWSEvents."

// mostRequestBytes bounds a request body: 1 MB of entries, JSON-escaped.
const mostRequestBytes = 8 << 20

const contentType = "application/x-amz-json-1.1"

// operation decodes a request body, acts, and returns the answer's value.
type operation func(ctx context.Context, body []byte) (any, error)

// Handler speaks AWS JSON 1.1: POST with X-Amz-Target AWSEvents.<operation>.
// Refusals are answered 400 with __type and message, as the SDKs expect them.
func Handler(s *State) http.Handler {
	operations := s.operations()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Amzn-Requestid", service.NewID())
		name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
		act := operations[name]
		if !ok || act == nil {
			refuse(w, &Error{Code: "UnknownOperationException", Message: "The local EventBridge does not know the operation " + strconv.Quote(name) + "."})
			return
		}
		body, err := readBody(w, r)
		if err != nil {
			var tooLong *http.MaxBytesError
			if errors.As(err, &tooLong) {
				refuse(w, invalid("Total size of the entries in the request is over the limit."))
				return
			}
			refuse(w, &Error{Code: "SerializationException", Message: "The request could not be read."})
			return
		}
		answer, err := act(r.Context(), body)
		if err != nil {
			refuse(w, err)
			return
		}
		text, err := marshal(answer)
		if err != nil {
			refuse(w, err)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text) // a client that has gone needs no answer
	})
}

// readBody reads a request's body, into room for as much as it says to be.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), mostBytes)) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, mostRequestBytes))
	return body.Bytes(), err
}

func refuse(w http.ResponseWriter, err error) {
	told := service.Refusal(err, Error{Code: codeInternal, Message: "Service encountered unexpected problem. Please try again.", Status: http.StatusInternalServerError})
	text, err := marshal(map[string]string{"__type": told.Code, "message": told.Message})
	if err != nil {
		text = []byte(`{"__type":"InternalException"}`)
	}
	w.Header().Set("X-Amzn-Errortype", told.Code)
	w.WriteHeader(told.Status)
	_, _ = w.Write(text)
}

// op makes an operation of a function over its request and answer types.
func op[In, Out any](act func(ctx context.Context, in In) (Out, error)) operation {
	return func(ctx context.Context, body []byte) (any, error) {
		var in In
		if len(body) > 0 {
			if err := json.Unmarshal(body, &in); err != nil {
				return nil, serialization(err)
			}
		}
		return act(ctx, in)
	}
}

func serialization(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return &Error{Code: "SerializationException", Message: wrong.Field + " can not be converted from a " + wrong.Value +
			" to a " + kindName(wrong.Type)}
	}
	return &Error{Code: "SerializationException", Message: "The request is not valid JSON."}
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "String"
	case reflect.Slice:
		return "List"
	case reflect.Int:
		return "Integer"
	}
	return "Structure"
}

// when is a pointer to a time for an answer, nil if there is none.
func when(t time.Time) *awsjson.Time {
	if t.IsZero() {
		return nil
	}
	return &awsjson.Time{Time: t}
}

// tagList is tags as the wire has them.
type tagList []wireTag

type wireTag struct{ Key, Value string }

func (l tagList) asMap() map[string]string {
	if len(l) == 0 {
		return nil
	}
	tags := make(map[string]string, len(l))
	for _, t := range l {
		tags[t.Key] = t.Value
	}
	return tags
}

func tagsOf(tags map[string]string) tagList {
	list := tagList{}
	for _, key := range sortedKeys(tags) {
		list = append(list, wireTag{key, tags[key]})
	}
	return list
}

// none is an empty answer.
type none struct{}

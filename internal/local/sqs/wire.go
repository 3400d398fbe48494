package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// TargetPrefix begins the X-Amz-Target of SQS's JSON protocol.
const TargetPrefix = "AmazonSQS."

// maxRequest bounds a request: a batch of 1 MiB, escaped and with attributes.
const maxRequest = 8 << 20

// Handler speaks SQS's JSON 1.0 protocol over a state.
func Handler(s *State) http.Handler {
	w := wire{s}
	operations := map[string]func(request) (any, error){
		"CreateQueue": w.createQueue, "DeleteQueue": w.deleteQueue, "GetQueueUrl": w.getQueueURL, "ListQueues": w.listQueues,
		"GetQueueAttributes": w.getAttributes, "SetQueueAttributes": w.setAttributes, "PurgeQueue": w.purge,
		"TagQueue": w.tag, "UntagQueue": w.untag, "ListQueueTags": w.listTags, "ListDeadLetterSourceQueues": w.listSources,
		"SendMessage": w.send, "SendMessageBatch": w.sendBatch, "ReceiveMessage": w.receive,
		"DeleteMessage": w.delete, "DeleteMessageBatch": w.deleteBatch,
		"ChangeMessageVisibility": w.changeVisibility, "ChangeMessageVisibilityBatch": w.changeVisibilityBatch,
		"StartMessageMoveTask": w.startMove, "CancelMessageMoveTask": w.cancelMove, "ListMessageMoveTasks": w.listMoves,
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), TargetPrefix)
		operation, known := operations[name]
		if !known {
			refuse(rw, &Error{"InvalidAction", "InvalidAction", "The action " + name + " is not valid for this endpoint."})
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxRequest))
		if err != nil {
			refuse(rw, &Error{"InvalidParameterValue", "InvalidParameterValue", "The request could not be read or is too large."})
			return
		}
		answer, err := operation(request{r.Context(), r.Host, accessKey(r), body})
		if err != nil {
			if r.Context().Err() == nil {
				refuse(rw, err)
			}
			return
		}
		rw.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if answer == nil {
			answer = struct{}{}
		}
		_ = json.NewEncoder(rw).Encode(answer)
	})
}

// request is one call.
type request struct {
	ctx    context.Context
	host   string
	caller string
	body   []byte
}

// into decodes the request.
func (r request) into(v any) error {
	if len(r.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(r.body, v); err != nil {
		return &Error{"SerializationException", "", "The request is not valid JSON for this action."}
	}
	return nil
}

// url is the URL of a queue as the caller reaches it.
func (r request) url(s *State, name string) string {
	return "http://" + r.host + "/" + s.Account + "/" + name
}

// accessKey is who calls: the key in the signature's credential, "" without one.
func accessKey(r *http.Request) string {
	_, after, found := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !found {
		return ""
	}
	key, _, _ := strings.Cut(after, "/")
	return key
}

// refuse answers an error in the form that SDKs of the JSON and of the query
// protocol understand.
func refuse(rw http.ResponseWriter, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Code: "InternalError", Message: err.Error()}
	}
	rw.Header().Set("Content-Type", "application/x-amz-json-1.0")
	fault := "Sender"
	if e.status() >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	if e.Legacy != "" {
		rw.Header().Set("X-Amzn-Query-Error", e.Legacy+";"+fault)
	}
	rw.WriteHeader(e.status())
	_ = json.NewEncoder(rw).Encode(map[string]string{"__type": "com.amazonaws.sqs#" + e.Code, "message": e.Message})
}

type wire struct{ *State }

// batchError is an entry of a batch that failed.
type batchError struct {
	ID          string `json:"Id"`
	SenderFault bool   `json:"SenderFault"`
	Code        string `json:"Code"`
	Message     string `json:"Message"`
}

func entryError(id string, err error) batchError {
	var e *Error
	if errors.As(err, &e) {
		code := e.Legacy
		if code == "" {
			code = e.Code
		}
		return batchError{id, true, code, e.Message}
	}
	return batchError{id, false, "InternalError", err.Error()}
}

const maxBatch = 10

// checkIDs validates the ids of a batch's entries.
func checkIDs(ids []string) error {
	legacy := func(code, message string) error {
		return &Error{code, "AWS.SimpleQueueService." + code, message}
	}
	if len(ids) == 0 {
		return legacy("EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(ids) > maxBatch {
		return legacy("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.")
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !queueName.MatchString(id) {
			return legacy("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id] {
			return legacy("BatchEntryIdsNotDistinct", "Id "+id+" repeated.")
		}
		seen[id] = true
	}
	return nil
}

package sqs

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"sluice/internal/local/service"
)

// TargetPrefix begins the X-Amz-Target of every operation.
const TargetPrefix = "AmazonSQS."

// A request is 1 MiB of message at most; escapes make JSON longer.
const maxRequest = 8 << 20

// An operation decodes its input, does it, and gives what is to be encoded.
type operation func(ctx context.Context, by Caller, body []byte) (any, error)

func op[In, Out any](do func(context.Context, Caller, In) (Out, error)) operation {
	return func(ctx context.Context, by Caller, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, refuse("SerializationException", "The request is not a JSON object of this operation.").common()
		}
		return do(ctx, by, in)
	}
}

// Handler speaks SQS's protocol, AWS JSON 1.0: a POST with X-Amz-Target:
// AmazonSQS.<operation>. It checks no signature; of the Authorization header it
// takes only the access key; who must be asked is asked in front of it.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
func Handler(s *State) http.Handler {
	operations := map[string]operation{
		"CreateQueue": op(s.CreateQueue), "DeleteQueue": op(s.DeleteQueue), "PurgeQueue": op(s.PurgeQueue),
		"GetQueueUrl": op(s.GetQueueURL), "ListQueues": op(s.ListQueues), "ListDeadLetterSourceQueues": op(s.ListDeadLetterSourceQueues),
		"GetQueueAttributes": op(s.GetQueueAttributes), "SetQueueAttributes": op(s.SetQueueAttributes),
		"AddPermission": op(s.AddPermission), "RemovePermission": op(s.RemovePermission),
		"TagQueue": op(s.TagQueue), "UntagQueue": op(s.UntagQueue), "ListQueueTags": op(s.ListQueueTags),
		"SendMessage": op(s.SendMessage), "SendMessageBatch": op(s.SendMessageBatch), "ReceiveMessage": op(s.ReceiveMessage),
		"DeleteMessage": op(s.DeleteMessage), "DeleteMessageBatch": op(s.DeleteMessageBatch),
		"ChangeMessageVisibility": op(s.ChangeMessageVisibility), "ChangeMessageVisibilityBatch": op(s.ChangeMessageVisibilityBatch),
		"StartMessageMoveTask": op(s.StartMessageMoveTask), "CancelMessageMoveTask": op(s.CancelMessageMoveTask),
		"ListMessageMoveTasks": op(s.ListMessageMoveTasks),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := service.RandomID()
		w.Header().Set("X-Amzn-Requestid", hex.EncodeToString(id[:]))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		out, err := serve(operations, r)
		if err != nil {
			answerError(w, err)
			return
		}
		body, err := json.Marshal(out)
		if err != nil {
			answerError(w, err)
			return
		}
		_, _ = w.Write(body) // a client that went away needs no answer
	})
}

func serve(operations map[string]operation, r *http.Request) (any, error) {
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), TargetPrefix)
	do := operations[name]
	if do == nil || r.Method != http.MethodPost {
		return nil, refuse("UnknownOperationException", "SQS has no operation %q.", name).as("InvalidAction").common()
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequest))
	if err != nil {
		return nil, errValue("The request could not be read, or is longer than %d bytes.", maxRequest)
	}
	return do(r.Context(), Caller{Host: r.Host, AccessKey: accessKey(r)}, body)
}

// accessKey is the first part of the credential in a signature of version 4.
func accessKey(r *http.Request) string {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(credential, "/")
	return key
}

// answerError writes an error as both kinds of clients know it: today's by
// __type, older ones by the query protocol's code in a header.
func answerError(w http.ResponseWriter, err error) {
	var refused *Error
	if !errors.As(err, &refused) {
		refused = errInternal(err)
	}
	side, namespace := "Sender", "com.amazonaws.sqs#"
	if refused.Status >= http.StatusInternalServerError {
		side = "Receiver"
	}
	if refused.general {
		namespace = "com.amazon.coral.service#"
	}
	w.Header().Set("X-Amzn-Query-Error", refused.Legacy+";"+side)
	w.WriteHeader(refused.Status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": namespace + refused.Code, "message": refused.Message})
}

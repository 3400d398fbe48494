package sqs

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// call sends one request as a client without an SDK would.
func call(t *testing.T, s *State, operation, body string) (status int, queryError string, answer map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:4599/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", TargetPrefix+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=poller/20261124/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0")
	w := httptest.NewRecorder()
	Handler(s).ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %q: %v", operation, w.Body, err)
	}
	return w.Code, w.Header().Get("X-Amzn-Query-Error"), answer
}

// The answers are those that AWS was recorded to give.
func TestRefusalsAreThoseOfAWS(t *testing.T) {
	s := pure(t, "q", "q.fifo", "dlq")
	must(t, s, SetQueueAttributesInput{"dlq", map[string]string{"RedriveAllowPolicy": `{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:friend"]}`}})
	must(t, s, SetQueueAttributesInput{"q", map[string]string{"MaximumMessageSize": "1024"}})
	const url = `"QueueUrl":"http://sqs.us-east-1.amazonaws.com/000000000000/`
	const value, missing, name, worth = "InvalidParameterValue", "MissingParameter", "InvalidAttributeName", "InvalidAttributeValue"
	entries := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"Id":"%d","MessageBody":"m","ReceiptHandle":"h"}`, i))
		}
		return `"Entries":[` + strings.Join(all, ",") + `]`
	}
	tests := []struct {
		operation, body string
		status          int
		code, message   string
	}{
		{"SendMessage", `{` + url + `none","MessageBody":"m"}`, 400, legacy + "NonExistentQueue", "The specified queue does not exist."},
		{"SendMessage", `{"QueueUrl":"http://127.0.0.1/111111111111/q","MessageBody":"m"}`, 400, legacy + "NonExistentQueue", "The specified queue does not exist."},
		{"SendMessage", `{"MessageBody":"m"}`, 400, missing, "The request must contain the parameter QueueUrl."},
		{"SendMessage", `{` + url + `q"}`, 400, missing, "The request must contain the parameter MessageBody."},
		{"SendMessage", `{` + url + `q","MessageBody":"` + strings.Repeat("x", 1025) + `"}`, 400, value, "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."},
		{"SendMessage", `{` + url + `q","MessageBody":"\u0000"}`, 400, "InvalidMessageContents", "Invalid characters found."},
		{"SendMessage", `{` + url + `q","MessageBody":"m","DelaySeconds":901}`, 400, value, "Value 901 for parameter DelaySeconds is invalid."},
		{"SendMessage", `{` + url + `q","MessageBody":"m","MessageGroupId":"group 123"}`, 400, value, "Value group 123 for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."},
		{"SendMessage", `{` + url + `q","MessageBody":"m","MessageAttributes":{"ErrorDetails":{"DataType":"String","StringValue":""}}}`, 400, value, "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'."},
		{"SendMessage", `{` + url + `q","MessageBody":"m","MessageAttributes":{"AWS.x":{"DataType":"String","StringValue":"v"}}}`, 400, value, "Message (user) attribute name 'AWS.x' is invalid."},
		{"SendMessage", `{` + url + `q","MessageBody":"m","MessageAttributes":{"x":{"DataType":"Date","StringValue":"v"}}}`, 400, value, "The type of message (user) attribute 'x' is invalid."},
		{"SendMessage", `{` + url + `q","MessageBody":"m","MessageAttributes":{"x":{"DataType":"Number","StringValue":"v"}}}`, 400, value, "Can't cast the value of message (user) attribute 'x' to a number."},
		{"SendMessage", `{` + url + `q","MessageBody":"m","MessageSystemAttributes":{"x":{"DataType":"String","StringValue":"v"}}}`, 400, value, "Message system attribute name 'x' is invalid."},
		{"SendMessage", `{` + url + `q.fifo","MessageBody":"m"}`, 400, missing, "The request must contain the parameter MessageGroupId."},
		{"SendMessage", `{` + url + `q.fifo","MessageBody":"m","MessageGroupId":"g","DelaySeconds":2}`, 400, value, "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."},
		{"SendMessageBatch", `{` + url + `q.fifo","Entries":[{"Id":"a","MessageBody":"m"}]}`, 400, value, "The request must contain the parameter MessageGroupId."},
		{"SendMessageBatch", `{` + url + `q","Entries":[]}`, 400, legacy + "EmptyBatchRequest", ""},
		{"DeleteMessageBatch", `{` + url + `q",` + entries(20) + `}`, 400, legacy + "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 20."},
		{"ChangeMessageVisibilityBatch", `{` + url + `q","Entries":[{"Id":"invalid:id","ReceiptHandle":"h"}]}`, 400, legacy + "InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."},
		{"ReceiveMessage", `{` + url + `q","MaxNumberOfMessages":11}`, 400, value, "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."},
		{"ReceiveMessage", `{` + url + `q","WaitTimeSeconds":21}`, 400, value, "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."},
		{"ReceiveMessage", `{` + url + `q","AttributeNames":["Colour"]}`, 400, name, "Unknown Attribute Colour."},
		{"DeleteMessage", `{` + url + `q","ReceiptHandle":"garbage"}`, 400, "ReceiptHandleIsInvalid", `The input receipt handle "garbage" is not a valid receipt handle.`},
		{"ChangeMessageVisibility", `{` + url + `q","ReceiptHandle":"INVALID","VisibilityTimeout":60}`, 400, "ReceiptHandleIsInvalid", ""},
		{"CreateQueue", `{"QueueName":"q","Attributes":{"DelaySeconds":"7"}}`, 400, "QueueAlreadyExists", "A queue already exists with the same name and a different value for attribute DelaySeconds"},
		{"CreateQueue", `{"QueueName":"new","Attributes":{"FifoQueue":"false"}}`, 400, name, "Unknown Attribute FifoQueue."},
		{"CreateQueue", `{"QueueName":"new","Attributes":{"DeduplicationScope":"queue"}}`, 400, name, "You can specify the DeduplicationScope only when FifoQueue is set to true."},
		{"CreateQueue", `{"QueueName":"new","Attributes":{"FifoQueue":"true"}}`, 400, value, "The name of a FIFO queue can only include"},
		{"CreateQueue", `{"QueueName":"new","Attributes":{"VisibilityTimeout":"43201"}}`, 400, worth, "Invalid value for the parameter VisibilityTimeout."},
		{"CreateQueue", `{"QueueName":"new","Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\": \"dummy\", \"maxReceiveCount\": 42}"}}`, 400, value, `Value {"deadLetterTargetArn": "dummy", "maxReceiveCount": 42} for parameter RedrivePolicy is invalid. Reason: Invalid value for deadLetterTargetArn.`},
		{"CreateQueue", `{"QueueName":"new","Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\": \"arn:aws:sqs:us-east-1:000000000000:dlq\", \"maxReceiveCount\": 1}"}}`, 400, value, "Value"},
		{"SetQueueAttributes", `{` + url + `q.fifo","Attributes":{"FifoQueue":"false"}}`, 400, worth, "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."},
		{"SetQueueAttributes", `{` + url + `q","Attributes":{"QueueArn":"x"}}`, 400, name, "Unknown Attribute QueueArn."},
		{"SetQueueAttributes", `{` + url + `q","Attributes":{"SqsManagedSseEnabled":"true","KmsMasterKeyId":"k"}}`, 400, name, "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."},
		{"StartMessageMoveTask", `{"SourceArn":"arn:aws:sqs:us-east-1:000000000000:q"}`, 400, value, "Source queue must be configured as a Dead Letter Queue."},
		{"StartMessageMoveTask", `{"SourceArn":"arn:aws:sqs:us-east-1:000000000000:none"}`, 404, "ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist."},
		{"CancelMessageMoveTask", `{"TaskHandle":"foobared"}`, 400, value, "Value for parameter TaskHandle is invalid."},
		{"NoSuchThing", `{}`, 400, "InvalidAction", ""},
		{"ListQueues", `[1]`, 400, "SerializationException", ""},
		{"ListQueues", `{"MaxResults":"many"}`, 400, "SerializationException", ""},
		{"ListQueues", `{"MaxResults":1001}`, 400, value, ""},
	}
	for _, test := range tests {
		status, code, answer := call(t, s, test.operation, test.body)
		message, _ := answer["message"].(string)
		if status != test.status || code != test.code+";Sender" || !strings.HasPrefix(message, test.message) {
			t.Errorf("%s %.120s:\n got %d %s %s\nwant %d %s %s", test.operation, test.body, status, code, message, test.status, test.code, test.message)
		}
		if kind, _ := answer["__type"].(string); !strings.HasPrefix(kind, "com.amazon") || !strings.Contains(kind, "#") {
			t.Errorf("__type %q", kind)
		}
	}
}

func must(t *testing.T, s *State, in SetQueueAttributesInput) {
	t.Helper()
	if _, err := s.SetQueueAttributes(t.Context(), Caller{}, in); err != nil {
		t.Fatal(err)
	}
}

func TestAttributesOfAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q")
		get := func(names ...string) map[string]string {
			t.Helper()
			out, err := s.GetQueueAttributes(t.Context(), Caller{}, GetQueueAttributesInput{"q", names})
			if err != nil {
				t.Fatal(err)
			}
			return out.Attributes
		}
		mustSend(t, s, "q", Outgoing{Body: "a"}, Outgoing{Body: "b"}, Outgoing{Body: "c", Delay: p(5)})
		mustReceive(t, s, ReceiveMessageInput{QueueURL: "q"})
		want := map[string]string{
			"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q", "CreatedTimestamp": "946684800", "LastModifiedTimestamp": "946684800",
			"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "1", "ApproximateNumberOfMessagesDelayed": "1",
			"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
			"VisibilityTimeout": "30", "SqsManagedSseEnabled": "true",
		}
		if diff := cmp.Diff(want, get("All")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]string{}, get()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(time.Minute)
		must(t, s, SetQueueAttributesInput{"q", map[string]string{"KmsMasterKeyId": "k", "KmsDataKeyReusePeriodSeconds": "6000", "Policy": `{"Statement":[]}`}})
		if diff := cmp.Diff(map[string]string{"KmsMasterKeyId": "k", "KmsDataKeyReusePeriodSeconds": "6000", "SqsManagedSseEnabled": "false", "Policy": `{"Statement":[]}`,
			"LastModifiedTimestamp": "946684860", "ApproximateNumberOfMessages": "3"},
			get("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled", "Policy", "LastModifiedTimestamp", "ApproximateNumberOfMessages", "RedrivePolicy")); diff != "" {
			t.Error(diff)
		}
		must(t, s, SetQueueAttributesInput{"q", map[string]string{"KmsMasterKeyId": "", "KmsDataKeyReusePeriodSeconds": "300", "Policy": ""}})
		if diff := cmp.Diff(map[string]string{}, get("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "Policy")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTags(t *testing.T) {
	s := pure(t, "q")
	if _, err := s.TagQueue(t.Context(), Caller{}, TagQueueInput{"q", map[string]string{"a": "1", "b": "2"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.UntagQueue(t.Context(), Caller{}, UntagQueueInput{"q", []string{"a", "z"}}); err != nil {
		t.Fatal(err)
	}
	out, err := s.ListQueueTags(t.Context(), Caller{}, QueueInput{"q"})
	if diff := cmp.Diff(map[string]string{"b": "2"}, out.Tags); diff != "" || err != nil {
		t.Error(diff, err)
	}
	_, _, answer := call(t, s, "CreateQueue", `{"QueueName":"r","tags":{"k":"v"}}`)
	if answer["QueueUrl"] != "http://127.0.0.1:4599/000000000000/r" || s.queues["r"].tags["k"] != "v" {
		t.Errorf("%v %v", answer, s.queues["r"].tags)
	}
}

// An answer without messages has no member Messages at all, as with AWS.
func TestAnEmptyReceive(t *testing.T) {
	if _, _, answer := call(t, pure(t, "q"), "ReceiveMessage", `{"QueueUrl":"q"}`); len(answer) != 0 {
		t.Errorf("%v", answer)
	}
}

func TestWhichAttributesAMessageBrings(t *testing.T) {
	s := pure(t, "q")
	value := "There"
	mustSend(t, s, "q", Outgoing{Body: "msg", Attributes: map[string]Attribute{
		"Help.Me": {DataType: "String", StringValue: &value}, "Hello": {DataType: "String", StringValue: &value}, "General": {DataType: "String", StringValue: &value},
	}})
	for pattern, want := range map[string][]string{
		"": nil, "All": {"General", "Hello", "Help.Me"}, ".*": {"General", "Hello", "Help.Me"}, "Hel.*": {"Hello", "Help.Me"}, "Hello": {"Hello"}, "None": nil, "*": nil,
	} {
		m := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q", VisibilityTimeout: p(0), MessageAttributeNames: []string{pattern}})[0]
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(m.MessageAttributes))); diff != "" {
			t.Errorf("%s: %s", pattern, diff)
		}
		if (m.MD5OfMessageAttributes == "") != (want == nil) || m.Attributes != nil {
			t.Errorf("%s: %+v", pattern, m)
		}
	}
}

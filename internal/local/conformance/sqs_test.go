package conformance

import (
	"errors"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// Where AWS documents SQS.
const (
	sqsGuide = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
	sqsAPI   = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/"
)

func TestConformanceSQS(t *testing.T) {
	Conform(t, "SQS", slices.Concat(sqsTimes, sqsMessages, sqsBatches, sqsQueues, sqsDead, sqsMoves, sqsPermissionCases, sqsRefusals()), sqsMoto)
}

// queues is a case's client of SQS.
type queues struct {
	testing.TB
	*sqs.Client
	target Target
}

// onSQS makes a Case's Run of what a case does with queues.
func onSQS(run func(q queues)) func(testing.TB, Target) {
	return func(t testing.TB, target Target) { run(queues{t, sqs.NewFromConfig(target.Config), target}) }
}

// make creates a queue and answers its URL. Attributes are name, value, name, value.
func (q queues) make(attributes ...string) string {
	q.Helper()
	return q.named(name("queue"), attributes...)
}

func (q queues) named(queue string, attributes ...string) string {
	q.Helper()
	in := &sqs.CreateQueueInput{QueueName: &queue}
	if len(attributes) > 0 {
		in.Attributes = pairs(attributes)
	}
	out, err := q.CreateQueue(q.Context(), in)
	if err != nil {
		q.Fatalf("CreateQueue: %v", err)
	}
	return *out.QueueUrl
}

func pairs(list []string) map[string]string {
	all := map[string]string{}
	for i := 0; i < len(list); i += 2 {
		all[list[i]] = list[i+1]
	}
	return all
}

// arn is the ARN of the queue at a URL.
func (q queues) arn(url string) string { return q.target.ARN("sqs", path.Base(url)) }

// send sends a message and answers its id.
func (q queues) send(url, body string) string {
	q.Helper()
	out, err := q.SendMessage(q.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
	if err != nil {
		q.Fatalf("SendMessage: %v", err)
	}
	return *out.MessageId
}

// receive receives once, with all attributes, and waits so long for the first.
func (q queues) receive(url string, wait int32) []types.Message {
	q.Helper()
	out, err := q.ReceiveMessage(q.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: wait,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"}})
	if err != nil {
		q.Fatalf("ReceiveMessage: %v", err)
	}
	return out.Messages
}

// one waits for the only message of a queue.
func (q queues) one(url string) types.Message {
	q.Helper()
	got := q.receive(url, 10)
	if len(got) != 1 {
		q.Fatalf("received %d messages, want 1", len(got))
	}
	return got[0]
}

// none fails if the queue has a visible message.
func (q queues) none(url string) {
	q.Helper()
	if got := q.receive(url, 0); len(got) != 0 {
		q.Fatalf("received %q, want nothing", *got[0].Body)
	}
}

// change changes the visibility timeout of a received message.
func (q queues) change(url string, m types.Message, seconds int32) {
	q.Helper()
	_, err := q.ChangeMessageVisibility(q.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds})
	if err != nil {
		q.Fatalf("ChangeMessageVisibility: %v", err)
	}
}

func (q queues) delete(url string, m types.Message) {
	q.Helper()
	if _, err := q.DeleteMessage(q.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		q.Fatalf("DeleteMessage: %v", err)
	}
}

func (q queues) set(url string, attributes ...string) {
	q.Helper()
	if err := q.trySet(url, attributes...); err != nil {
		q.Fatalf("SetQueueAttributes: %v", err)
	}
}

func (q queues) trySet(url string, attributes ...string) error {
	_, err := q.SetQueueAttributes(q.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: pairs(attributes)})
	return err
}

// attribute reads one attribute of a queue, "" for none.
func (q queues) attribute(url, attribute string) string {
	q.Helper()
	out, err := q.GetQueueAttributes(q.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeName(attribute)}})
	if err != nil {
		q.Fatalf("GetQueueAttributes: %v", err)
	}
	return out.Attributes[attribute]
}

// waitFor looks every 50 ms until it is so, for 10 s at most.
func waitFor(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not seen in 10 s: %s", what)
		}
	}
}

// codeOf is an error's code as AWS's API reference spells it. The query protocol's
// names, by which the SDK reports some, are the same errors.
func codeOf(err error) string {
	var told smithy.APIError
	if !errors.As(err, &told) {
		if err == nil {
			return "no error"
		}
		return err.Error()
	}
	code := strings.TrimPrefix(told.ErrorCode(), "AWS.SimpleQueueService.")
	switch code {
	case "NonExistentQueue":
		return "QueueDoesNotExist"
	case "QueueAlreadyExists":
		return "QueueNameExists"
	case "InvalidParameterValueException", "MissingRequiredParameterException":
		return strings.Replace(strings.TrimSuffix(code, "Exception"), "Required", "", 1)
	}
	return code
}

// wantCode fails unless the error has the code.
func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Errorf("got %s (%v), want %s", got, err, code)
	}
}

// atLeast fails if less time has passed. (AWS promises no more than that.)
func atLeast(t testing.TB, since time.Time, want time.Duration) {
	t.Helper()
	// A clock of milliseconds may begin up to one earlier.
	if took := time.Since(since); took < want-5*time.Millisecond {
		t.Errorf("after %s, want %s at least", took, want)
	}
}

func seconds(n int32) *int32 { return aws.Int32(n) }

package machine

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/local/disk"
	"sluice/internal/local/lambdahost"
	"sluice/internal/local/sqs"
)

// queuesBothWays are the same queues as the SDK's client sees them, which signs
// as a poller, and as the machine's own pollers do.
func queuesBothWays(tb testing.TB) (wire *client.Client, own ownQueues) {
	tb.Helper()
	state, err := sqs.New(disk.Memory(), sqs.Config{Account: Account, Region: Region})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(state.Close)
	server := httptest.NewServer(sqs.Handler(state))
	tb.Cleanup(server.Close)
	wire = client.NewFromConfig(aws.Config{Region: Region, BaseEndpoint: &server.URL, Credentials: Keys{pollerKey, SecretKey}.Provider()})
	if _, err := wire.CreateQueue(tb.Context(), &client.CreateQueueInput{QueueName: aws.String("q")}); err != nil {
		tb.Fatal(err)
	}
	return wire, ownQueues{state}
}

func sendTo(tb testing.TB, wire *client.Client, n int, body string) {
	tb.Helper()
	for range n {
		_, err := wire.SendMessage(tb.Context(), &client.SendMessageInput{QueueUrl: aws.String("q"), MessageBody: &body,
			MessageAttributes: map[string]types.MessageAttributeValue{
				"text":  {DataType: aws.String("String"), StringValue: aws.String("chào")},
				"bytes": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1}},
			}})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

var everything = client.ReceiveMessageInput{
	QueueUrl: aws.String("q"), MaxNumberOfMessages: 10, VisibilityTimeout: 0,
	MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}, MessageAttributeNames: []string{"All"},
}

// What a poller is told is the same whether it asks the state or the wire.
func TestOwnQueuesAnswerAsTheWireDoes(t *testing.T) {
	wire, own := queuesBothWays(t)
	ignore := cmpopts.IgnoreTypes(middleware.Metadata{})
	unexported := cmpopts.IgnoreUnexported(types.Message{}, types.MessageAttributeValue{}, types.BatchResultErrorEntry{},
		types.DeleteMessageBatchResultEntry{}, types.ChangeMessageVisibilityBatchResultEntry{},
		client.DeleteMessageBatchOutput{}, client.ChangeMessageVisibilityBatchOutput{})
	var received [2]types.Message
	var removed [2]*client.DeleteMessageBatchOutput
	var shown [2]*client.ChangeMessageVisibilityBatchOutput
	for i, queues := range []lambdahost.Queues{wire, own} {
		sendTo(t, wire, 1, "body")
		got, err := queues.ReceiveMessage(t.Context(), &everything)
		if err != nil || len(got.Messages) != 1 {
			t.Fatalf("%v %v", got, err)
		}
		received[i] = got.Messages[0]
		handle, none := received[i].ReceiptHandle, aws.String("none")
		received[i].MessageId, received[i].ReceiptHandle = nil, nil
		for _, moment := range []string{"SentTimestamp", "ApproximateFirstReceiveTimestamp"} {
			if received[i].Attributes[moment] == "" {
				t.Errorf("no %s", moment)
			}
			delete(received[i].Attributes, moment)
		}
		if shown[i], err = queues.ChangeMessageVisibilityBatch(t.Context(), &client.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String("q"),
			Entries: []types.ChangeMessageVisibilityBatchRequestEntry{{Id: aws.String("0"), ReceiptHandle: handle, VisibilityTimeout: 100}, {Id: aws.String("1"), ReceiptHandle: none}}}); err != nil {
			t.Fatal(err)
		}
		if removed[i], err = queues.DeleteMessageBatch(t.Context(), &client.DeleteMessageBatchInput{QueueUrl: aws.String("q"),
			Entries: []types.DeleteMessageBatchRequestEntry{{Id: aws.String("0"), ReceiptHandle: handle}, {Id: aws.String("1"), ReceiptHandle: none}}}); err != nil {
			t.Fatal(err)
		}
		if len(removed[i].Successful) != 1 || len(removed[i].Failed) != 1 || len(shown[i].Successful) != 1 || len(shown[i].Failed) != 1 {
			t.Errorf("%+v %+v", removed[i], shown[i])
		}
	}
	for what, pair := range map[string][2]any{"received": {received[0], received[1]}, "removed": {removed[0], removed[1]}, "shown": {shown[0], shown[1]}} {
		if diff := cmp.Diff(pair[0], pair[1], ignore, unexported, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-wire +own):\n%s", what, diff)
		}
	}
	for _, queues := range []lambdahost.Queues{wire, own} {
		if _, err := queues.ReceiveMessage(t.Context(), &client.ReceiveMessageInput{QueueUrl: aws.String("nowhere"), MaxNumberOfMessages: 1}); err == nil {
			t.Error("a queue that is not there is received from")
		}
	}
}

// What a poller's two calls for ten messages take.
func BenchmarkPoller(b *testing.B) {
	wire, own := queuesBothWays(b)
	body := strings.Repeat("x", 1000)
	for b.Loop() {
		b.StopTimer()
		sendTo(b, wire, 10, body)
		b.StartTimer()
		got, err := own.ReceiveMessage(b.Context(), &everything)
		if err != nil || len(got.Messages) != 10 {
			b.Fatalf("%d %v", len(got.Messages), err)
		}
		entries := make([]types.DeleteMessageBatchRequestEntry, len(got.Messages))
		for i, m := range got.Messages {
			entries[i] = types.DeleteMessageBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle}
		}
		if _, err := own.DeleteMessageBatch(b.Context(), &client.DeleteMessageBatchInput{QueueUrl: aws.String("q"), Entries: entries}); err != nil {
			b.Fatal(err)
		}
	}
}

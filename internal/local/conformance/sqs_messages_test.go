package conformance

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// sqsTimes are the cases about time. They wait with long polls and judge only
// that nothing came too early, so that a slow machine does not fail them.
var sqsTimes = []Case{
	{"a received message is hidden", sqsGuide + "sqs-visibility-timeout.html", onSQS(func(q queues) {
		url := q.make()
		q.send(url, "one")
		q.one(url)
		q.none(url)
	})},
	{"the visibility timeout of the queue", sqsGuide + "sqs-visibility-timeout.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "1")
		q.send(url, "one")
		start := time.Now()
		first := q.one(url)
		second := q.one(url)
		atLeast(q, start, time.Second)
		if *first.MessageId != *second.MessageId || *first.ReceiptHandle == *second.ReceiptHandle {
			q.Errorf("ids %s and %s, the handles are the same: %t", *first.MessageId, *second.MessageId, *first.ReceiptHandle == *second.ReceiptHandle)
		}
	})},
	{"the visibility timeout of a receive", sqsAPI + "API_ReceiveMessage.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "600")
		q.send(url, "one")
		start := time.Now()
		if out, err := q.ReceiveMessage(q.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, VisibilityTimeout: 1}); err != nil || len(out.Messages) != 1 {
			q.Fatalf("%+v, %v", out, err)
		}
		q.one(url)
		atLeast(q, start, time.Second)
	})},
	{"visibility changed to a second", sqsAPI + "API_ChangeMessageVisibility.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "600")
		q.send(url, "one")
		m := q.one(url)
		start := time.Now()
		q.change(url, m, 1)
		q.one(url)
		atLeast(q, start, time.Second)
	})},
	{"visibility changed to 0 makes visible at once", sqsAPI + "API_ChangeMessageVisibility.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "600")
		q.send(url, "one")
		q.change(url, q.one(url), 0)
		if again := q.receive(url, 0); len(again) != 1 {
			q.Errorf("received %d messages", len(again))
		}
	})},
	{"visibility prolonged", sqsAPI + "API_ChangeMessageVisibility.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "30")
		q.send(url, "one")
		q.change(url, q.one(url), 43_000)
		q.none(url)
	})},
	{"a queue's new visibility timeout is for later receives", sqsAPI + "API_SetQueueAttributes.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "600")
		q.send(url, "one")
		q.one(url)
		q.set(url, "VisibilityTimeout", "0")
		q.none(url)
	})},
	{"a long poll is answered when a message comes", sqsGuide + "sqs-short-and-long-polling.html", onSQS(func(q queues) {
		url := q.make()
		got := make(chan int, 1)
		start := time.Now()
		go func() {
			out, err := q.ReceiveMessage(q.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20})
			if err != nil {
				got <- -1
				return
			}
			got <- len(out.Messages)
		}()
		time.Sleep(200 * time.Millisecond)
		q.send(url, "one")
		if n := <-got; n != 1 || time.Since(start) > 19*time.Second {
			q.Errorf("%d messages after %s", n, time.Since(start))
		}
	})},
	{"a long poll ends empty", sqsAPI + "API_ReceiveMessage.html", onSQS(func(q queues) {
		url := q.make()
		start := time.Now()
		if got := q.receive(url, 1); len(got) != 0 {
			q.Errorf("%d messages", len(got))
		}
		atLeast(q, start, time.Second)
	})},
	{"a queue's own wait", sqsAPI + "API_SetQueueAttributes.html", onSQS(func(q queues) {
		url := q.make("ReceiveMessageWaitTimeSeconds", "1")
		start := time.Now()
		if out, err := q.ReceiveMessage(q.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url}); err != nil || len(out.Messages) != 0 {
			q.Errorf("%+v, %v", out, err)
		}
		atLeast(q, start, time.Second)
	})},
	{"a message's delay", sqsGuide + "sqs-message-timers.html", onSQS(func(q queues) {
		url := q.make()
		start := time.Now()
		if _, err := q.SendMessage(q.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("later"), DelaySeconds: 1}); err != nil {
			q.Fatal(err)
		}
		q.one(url)
		atLeast(q, start, time.Second)
	})},
	{"a queue's delay, and a message's own in its place", sqsGuide + "sqs-delay-queues.html", onSQS(func(q queues) {
		url := q.make("DelaySeconds", "600")
		q.send(url, "later")
		if _, err := q.SendMessage(q.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("soon"), DelaySeconds: 1}); err != nil {
			q.Fatal(err)
		}
		if n := q.attribute(url, "ApproximateNumberOfMessagesDelayed"); n == "0" {
			q.Errorf("%s delayed", n)
		}
		if m := q.one(url); *m.Body != "soon" {
			q.Errorf("received %q", *m.Body)
		}
	})},
}

// sqsMessages are the cases about one message's content.
var sqsMessages = []Case{
	{"checksums and ids", sqsAPI + "API_SendMessage.html", onSQS(func(q queues) {
		url, body := q.make(), "Xin chào <b>&amp;</b> \t\r\n \U0001F600"
		sum := md5.Sum([]byte(body))
		want := hex.EncodeToString(sum[:])
		sent, err := q.SendMessage(q.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
		if err != nil {
			q.Fatal(err)
		}
		if m := q.one(url); *sent.MD5OfMessageBody != want || *m.MD5OfBody != want || *m.Body != body || *m.MessageId != *sent.MessageId {
			q.Errorf("sent %s %s, received %q %s %s, want %s", *sent.MessageId, *sent.MD5OfMessageBody, *m.Body, *m.MessageId, *m.MD5OfBody, want)
		}
	})},
	{"message attributes", sqsGuide + "sqs-message-metadata.html", onSQS(func(q queues) {
		url := q.make()
		attributes := map[string]types.MessageAttributeValue{
			"cause":  {DataType: aws.String("String"), StringValue: aws.String("sập")},
			"n":      {DataType: aws.String("Number"), StringValue: aws.String("3.5")},
			"raw":    {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 255}},
			"custom": {DataType: aws.String("String.json"), StringValue: aws.String("{}")},
		}
		sent, err := q.SendMessage(q.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("b"), MessageAttributes: attributes})
		if err != nil {
			q.Fatal(err)
		}
		m := q.one(url)
		want := md5OfAttributes(attributes)
		if *sent.MD5OfMessageAttributes != want || aws.ToString(m.MD5OfMessageAttributes) != want {
			q.Errorf("checksums %s and %s, want %s", *sent.MD5OfMessageAttributes, aws.ToString(m.MD5OfMessageAttributes), want)
		}
		for name, a := range attributes {
			got := m.MessageAttributes[name]
			if aws.ToString(got.DataType) != *a.DataType || aws.ToString(got.StringValue) != aws.ToString(a.StringValue) || !bytes.Equal(got.BinaryValue, a.BinaryValue) {
				q.Errorf("%s: %s %s %v", name, aws.ToString(got.DataType), aws.ToString(got.StringValue), got.BinaryValue)
			}
		}
	})},
	{"only the message attributes asked for", sqsAPI + "API_ReceiveMessage.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "0")
		attribute := types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("x")}
		if _, err := q.SendMessage(q.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("b"),
			MessageAttributes: map[string]types.MessageAttributeValue{"foo.a": attribute, "foo.b": attribute, "bar": attribute}}); err != nil {
			q.Fatal(err)
		}
		for _, test := range []struct{ ask, want string }{{"", ""}, {"bar", "bar"}, {"foo.*", "foo.a foo.b"}, {"All", "bar foo.a foo.b"}, {".*", "bar foo.a foo.b"}} {
			in := &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 5}
			if test.ask != "" {
				in.MessageAttributeNames = []string{test.ask}
			}
			out, err := q.ReceiveMessage(q.Context(), in)
			if err != nil || len(out.Messages) != 1 {
				q.Fatalf("%q: %+v, %v", test.ask, out, err)
			}
			if got := strings.Join(slices.Sorted(maps.Keys(out.Messages[0].MessageAttributes)), " "); got != test.want {
				q.Errorf("%q: got %q, want %q", test.ask, got, test.want)
			}
		}
	})},
	{"system attributes of a delivery", sqsAPI + "API_ReceiveMessage.html", onSQS(func(q queues) {
		url := q.make()
		before := time.Now().Add(-2 * time.Second).UnixMilli()
		q.send(url, "one")
		m := q.one(url)
		after := time.Now().Add(2 * time.Second).UnixMilli()
		for _, name := range []string{"SentTimestamp", "ApproximateFirstReceiveTimestamp"} {
			if at, err := strconv.ParseInt(m.Attributes[name], 10, 64); err != nil || at < before || at > after {
				q.Errorf("%s is %q", name, m.Attributes[name])
			}
		}
		if m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["SenderId"] == "" {
			q.Errorf("%v", m.Attributes)
		}
	})},
	{"no attributes unless asked for", sqsAPI + "API_ReceiveMessage.html", onSQS(func(q queues) {
		url := q.make()
		q.send(url, "one")
		out, err := q.ReceiveMessage(q.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 5})
		if err != nil || len(out.Messages) != 1 || len(out.Messages[0].Attributes) != 0 {
			q.Errorf("%+v, %v", out, err)
		}
	})},
	{"the X-Ray trace header", sqsAPI + "API_MessageSystemAttributeValue.html", onSQS(func(q queues) {
		url, trace := q.make(), "Root=1-5759e988-bd862e3fe1be46a994272793"
		sent, err := q.SendMessage(q.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("b"),
			MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: aws.String("String"), StringValue: &trace}}})
		if err != nil {
			q.Fatal(err)
		}
		if m := q.one(url); m.Attributes["AWSTraceHeader"] != trace || aws.ToString(sent.MD5OfMessageSystemAttributes) == "" {
			q.Errorf("%v, checksum %q", m.Attributes, aws.ToString(sent.MD5OfMessageSystemAttributes))
		}
	})},
	{"the receive count counts", sqsAPI + "API_ReceiveMessage.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "0")
		q.send(url, "one")
		for i := range 3 {
			if m := q.one(url); m.Attributes["ApproximateReceiveCount"] != strconv.Itoa(i+1) {
				q.Errorf("receive %d: %s", i+1, m.Attributes["ApproximateReceiveCount"])
			}
		}
	})},
	{"message groups on a standard queue", sqsGuide + "sqs-fair-queues.html", onSQS(func(q queues) {
		url := q.make()
		for i := range 4 {
			if _, err := q.SendMessage(q.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(fmt.Sprint(i)), MessageGroupId: aws.String(fmt.Sprint("tenant-", i%2))}); err != nil {
				q.Fatal(err)
			}
		}
		// A group in flight does not hold back its other messages, unlike in a FIFO queue.
		seen := map[string]string{}
		for tries := 0; len(seen) < 4 && tries < 4; tries++ {
			for _, m := range q.receive(url, 2) {
				seen[*m.Body] = m.Attributes["MessageGroupId"]
			}
		}
		if want := map[string]string{"0": "tenant-0", "1": "tenant-1", "2": "tenant-0", "3": "tenant-1"}; !maps.Equal(seen, want) {
			q.Errorf("got %v, want %v", seen, want)
		}
	})},
	{"1 MiB is taken", sqsGuide + "quotas-messages.html", onSQS(func(q queues) {
		url := q.make()
		q.send(url, strings.Repeat("x", 1<<20))
		if m := q.one(url); len(*m.Body) != 1<<20 {
			q.Errorf("%d bytes", len(*m.Body))
		}
	})},
	{"a deleted message does not come back", sqsAPI + "API_DeleteMessage.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "1")
		q.send(url, "one")
		m := q.one(url)
		q.delete(url, m)
		q.delete(url, m) // AWS: deleting again is no error
		if got := q.receive(url, 2); len(got) != 0 {
			q.Error("it came back")
		}
	})},
	{"a purged message is deleted by its handle", sqsAPI + "API_DeleteMessage.html", onSQS(func(q queues) {
		url := q.make()
		q.send(url, "one")
		m := q.one(url)
		if _, err := q.PurgeQueue(q.Context(), &sqs.PurgeQueueInput{QueueUrl: &url}); err != nil {
			q.Fatal(err)
		}
		q.delete(url, m) // AWS: a message that is not there any more is no error
	})},
	{"an older receipt handle deletes on a standard queue", sqsAPI + "API_DeleteMessage.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "600")
		q.send(url, "one")
		first := q.one(url)
		q.change(url, first, 0)
		q.one(url)
		if _, err := q.DeleteMessage(q.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: first.ReceiptHandle}); err != nil {
			q.Errorf("refused: %v", err)
		}
	})},
}

// md5OfAttributes is the checksum as the developer guide says how to take it.
func md5OfAttributes(attributes map[string]types.MessageAttributeValue) string {
	var b []byte
	add := func(value []byte) {
		b = append(b, byte(len(value)>>24), byte(len(value)>>16), byte(len(value)>>8), byte(len(value)))
		b = append(b, value...)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		add([]byte(name))
		add([]byte(*a.DataType))
		if a.StringValue != nil {
			b = append(b, 1)
			add([]byte(*a.StringValue))
		} else {
			b = append(b, 2)
			add(a.BinaryValue)
		}
	}
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

package sqs

import (
	"bytes"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/local/disk"
)

func TestAMessageIsHiddenUntilItsVisibilityTimeoutEnds(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", map[string]string{"VisibilityTimeout": "60"})
	b.send(url, "one")
	first := b.wants(url, "one")[0]
	b.wants(url)
	b.clock.move(59 * time.Second)
	b.wants(url)
	b.clock.move(time.Second)
	second := b.wants(url, "one")[0]
	if n := second.Attributes["ApproximateReceiveCount"]; n != "2" {
		t.Errorf("receive count %s", n)
	}
	// AWS was seen to take the handle of an earlier receive, too.
	if _, err := b.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: first.ReceiptHandle, VisibilityTimeout: 0}); err != nil {
		t.Error(err)
	}
	third := b.wants(url, "one")[0]
	if _, err := b.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: third.ReceiptHandle}); err != nil {
		t.Error(err)
	}
	b.clock.move(time.Hour)
	b.wants(url)
}

func TestVisibilityIsBounded(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", nil)
	b.send(url, "one")
	m := b.wants(url, "one")[0]
	change := func(seconds int32) string {
		_, err := b.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds})
		if err == nil {
			return ""
		}
		return code(err)
	}
	if got := change(43_201); got != "InvalidParameterValue" {
		t.Error(got)
	}
	if got := change(43_000); got != "" {
		t.Error(got)
	}
	b.clock.move(time.Hour)
	if got := change(40_000); got != "InvalidParameterValue" {
		t.Errorf("beyond 12 h in all: %s", got)
	}
	b.clock.move(12 * time.Hour)
	if got := change(10); got != "InvalidParameterValue" {
		t.Errorf("more than 12 h after the receive: %s", got)
	}
	if got := change(0); got != "" {
		t.Errorf("visible again: %s", got)
	}
	if _, err := b.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	if got := change(10); got != "InvalidParameterValue" {
		t.Errorf("deleted: %s", got)
	}
}

func TestDelay(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", map[string]string{"DelaySeconds": "10"})
	b.send(url, "queue's delay")
	if _, err := b.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("own delay"), DelaySeconds: 30}); err != nil {
		t.Fatal(err)
	}
	counts, _ := b.state.Counts(url)
	if counts.Delayed != 2 {
		t.Errorf("%+v", counts)
	}
	b.wants(url)
	b.clock.move(10 * time.Second)
	b.wants(url, "queue's delay")
	b.clock.move(20 * time.Second)
	b.wants(url, "own delay")
}

func TestAttributesAndChecksums(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", nil)
	in := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("Xin chào"), MessageGroupId: aws.String("tenant-1"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"cause": {DataType: aws.String("String"), StringValue: aws.String("crash")},
			"n":     {DataType: aws.String("Number"), StringValue: aws.String("3")},
			"raw":   {DataType: aws.String("Binary.x"), BinaryValue: []byte{0, 1, 2}},
		},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-5759e988-bd862e3fe1be46a994272793")}},
	}
	// The SDK checks the body's checksum itself, in both directions.
	if _, err := b.SendMessage(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	m := b.wants(url, "Xin chào")[0]
	if *m.MessageAttributes["cause"].StringValue != "crash" || !bytes.Equal(m.MessageAttributes["raw"].BinaryValue, []byte{0, 1, 2}) || m.MD5OfMessageAttributes == nil {
		t.Errorf("%+v", m.MessageAttributes)
	}
	for name, want := range map[string]string{"AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793", "MessageGroupId": "tenant-1", "SentTimestamp": "1795514400000"} {
		if got := m.Attributes[name]; got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
}

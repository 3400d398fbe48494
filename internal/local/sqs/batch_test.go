package sqs

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/local/disk"
)

func TestBatches(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", nil)
	entries := func(ids ...string) []types.SendMessageBatchRequestEntry {
		var all []types.SendMessageBatchRequestEntry
		for _, id := range ids {
			all = append(all, types.SendMessageBatchRequestEntry{Id: aws.String(id), MessageBody: aws.String("body " + id)})
		}
		return all
	}
	tests := []struct {
		name    string
		entries []types.SendMessageBatchRequestEntry
		want    string
	}{
		{"none", nil, "AWS.SimpleQueueService.EmptyBatchRequest"},
		{"eleven", entries("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"},
		{"twice", entries("1", "1"), "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"},
		{"bad id", entries("a b"), "AWS.SimpleQueueService.InvalidBatchEntryId"},
		{"too long", []types.SendMessageBatchRequestEntry{
			{Id: aws.String("1"), MessageBody: aws.String(strings.Repeat("x", 600<<10))}, {Id: aws.String("2"), MessageBody: aws.String(strings.Repeat("x", 600<<10))},
		}, "AWS.SimpleQueueService.BatchRequestTooLong"},
	}
	for _, test := range tests {
		_, err := b.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: test.entries})
		if err == nil || test.entries == nil {
			if test.entries != nil {
				t.Errorf("%s: no error", test.name)
			}
			continue
		}
		if got := code(err); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	mixed := entries("good", "bad")
	mixed[1].MessageBody = aws.String("\x01")
	out, err := b.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: mixed})
	if err != nil || len(out.Successful) != 1 || len(out.Failed) != 1 || *out.Failed[0].Code != "InvalidMessageContents" || !out.Failed[0].SenderFault {
		t.Fatalf("%+v %v", out, err)
	}
	m := b.wants(url, "body good")[0]
	deleted, err := b.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: m.ReceiptHandle}, {Id: aws.String("b"), ReceiptHandle: aws.String("nonsense")}}})
	if err != nil || len(deleted.Successful) != 1 || len(deleted.Failed) != 1 || *deleted.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Fatalf("%+v %v", deleted, err)
	}
}

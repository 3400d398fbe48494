package sqs

import (
	"errors"
	"path"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/disk"
)

func TestQueueErrors(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", map[string]string{"VisibilityTimeout": "60"})
	if again := b.queue("q", map[string]string{"VisibilityTimeout": "60"}); again != url {
		t.Error(again)
	}
	b.queue("q", nil)
	create := func(name string, attributes map[string]string) error {
		_, err := b.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
		return err
	}
	none := url + "-none"
	tests := map[string]struct {
		err  error
		want string
	}{
		"other attributes": {create("q", map[string]string{"VisibilityTimeout": "61"}), "QueueAlreadyExists"},
		"bad name":         {create("a b", nil), "InvalidParameterValue"},
		"bad value":        {create("x", map[string]string{"DelaySeconds": "901"}), "InvalidAttributeValue"},
		"bad attribute":    {create("x", map[string]string{"Speed": "1"}), "InvalidAttributeName"},
		"no dead letters":  {create("x", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none","maxReceiveCount":1}`}), "InvalidParameterValue"},
	}
	_, err := b.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &none, MessageBody: aws.String("x")})
	var notThere *types.QueueDoesNotExist
	if !errors.As(err, &notThere) || code(err) != "AWS.SimpleQueueService.NonExistentQueue" {
		t.Errorf("no queue: %v", err)
	}
	for name, test := range tests {
		if got := code(test.err); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestListingPages(t *testing.T) {
	b := open(t, disk.Memory())
	for _, name := range []string{"b-1", "a-1", "a-2", "a-3"} {
		b.queue(name, nil)
	}
	var got []string
	pages := sqs.NewListQueuesPaginator(b, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("a-"), MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, url := range page.QueueUrls {
			got = append(got, path.Base(url))
		}
	}
	if diff := cmp.Diff([]string{"a-1", "a-2", "a-3"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRetentionAndPurge(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", map[string]string{"MessageRetentionPeriod": "60"})
	b.send(url, "old")
	b.clock.move(time.Minute)
	b.send(url, "new")
	b.wants(url, "new")
	b.send(url, "more")
	if _, err := b.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &url}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &url}); code(err) != "AWS.SimpleQueueService.PurgeQueueInProgress" {
		t.Error(err)
	}
	b.wants(url)
	b.clock.move(time.Minute)
	if _, err := b.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &url}); err != nil {
		t.Error(err)
	}
}

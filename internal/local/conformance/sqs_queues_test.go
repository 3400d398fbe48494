package conformance

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// sqsBatches are the cases about batch calls: what is wrong with one entry is
// its own result.
var sqsBatches = []Case{
	{"a batch of ten is sent and received", sqsAPI + "API_SendMessageBatch.html", onSQS(func(q queues) {
		url := q.make()
		var entries []types.SendMessageBatchRequestEntry
		for i := range 10 {
			entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint("e", i)), MessageBody: aws.String(fmt.Sprint("m", i))})
		}
		out, err := q.SendMessageBatch(q.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
		if err != nil || len(out.Successful) != 10 || len(out.Failed) != 0 {
			q.Fatalf("%+v, %v", out, err)
		}
		var bodies []string
		for range 10 {
			for _, m := range q.receive(url, 1) {
				bodies = append(bodies, *m.Body)
			}
			if len(bodies) == 10 {
				break
			}
		}
		slices.Sort(bodies)
		if got := strings.Join(bodies, " "); got != "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9" {
			q.Error(got)
		}
	})},
	{"a bad entry of a send batch fails by itself", sqsAPI + "API_SendMessageBatch.html", onSQS(func(q queues) {
		url := q.make()
		out, err := q.SendMessageBatch(q.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{
			{Id: aws.String("good"), MessageBody: aws.String("m")},
			{Id: aws.String("bad"), MessageBody: aws.String("m"), DelaySeconds: 901},
		}})
		if err != nil || len(out.Successful) != 1 || *out.Successful[0].Id != "good" || len(out.Failed) != 1 || *out.Failed[0].Id != "bad" {
			q.Fatalf("%+v, %v", out, err)
		}
		if f := out.Failed[0]; *f.Code != "InvalidParameterValue" || !f.SenderFault {
			q.Errorf("%s, the sender's fault: %t", *f.Code, f.SenderFault)
		}
	})},
	{"a bad entry of a delete batch fails by itself", sqsAPI + "API_DeleteMessageBatch.html", onSQS(func(q queues) {
		url := q.make()
		q.send(url, "one")
		m := q.one(url)
		out, err := q.DeleteMessageBatch(q.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{
			{Id: aws.String("good"), ReceiptHandle: m.ReceiptHandle}, {Id: aws.String("bad"), ReceiptHandle: aws.String("garbage")},
		}})
		if err != nil || len(out.Successful) != 1 || *out.Successful[0].Id != "good" || len(out.Failed) != 1 || *out.Failed[0].Code != "ReceiptHandleIsInvalid" || !out.Failed[0].SenderFault {
			q.Errorf("%+v, %v", out, err)
		}
	})},
	{"a bad entry of a visibility batch fails by itself", sqsAPI + "API_ChangeMessageVisibilityBatch.html", onSQS(func(q queues) {
		url := q.make()
		q.send(url, "one")
		m := q.one(url)
		out, err := q.ChangeMessageVisibilityBatch(q.Context(), &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
			{Id: aws.String("good"), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0},
			{Id: aws.String("bad"), ReceiptHandle: aws.String("garbage"), VisibilityTimeout: 0},
		}})
		if err != nil || len(out.Successful) != 1 || *out.Successful[0].Id != "good" || len(out.Failed) != 1 || *out.Failed[0].Code != "ReceiptHandleIsInvalid" {
			q.Fatalf("%+v, %v", out, err)
		}
		q.one(url)
	})},
	{"a batch has 1 MiB in all", sqsGuide + "quotas-messages.html", onSQS(func(q queues) {
		url, half := q.make(), strings.Repeat("x", 1<<19)
		entry := func(id, body string) types.SendMessageBatchRequestEntry {
			return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body}
		}
		out, err := q.SendMessageBatch(q.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{entry("a", half), entry("b", half)}})
		if err != nil || len(out.Successful) != 2 {
			q.Errorf("1 MiB: %v", err)
		}
		_, err = q.SendMessageBatch(q.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{entry("a", half), entry("b", half+"x")}})
		wantCode(q, err, "BatchRequestTooLong")
	})},
}

// sqsQueues are the cases about queues as such.
var sqsQueues = []Case{
	{"a queue's attributes by default", sqsAPI + "API_SetQueueAttributes.html", onSQS(func(q queues) {
		url := q.make()
		for attribute, want := range map[string]string{"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
			"ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30", "QueueArn": q.arn(url), "SqsManagedSseEnabled": "true"} {
			if got := q.attribute(url, attribute); got != want {
				q.Errorf("%s is %q, want %q", attribute, got, want)
			}
		}
	})},
	{"attributes that are changed leave the others", sqsAPI + "API_SetQueueAttributes.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "77")
		q.set(url, "DelaySeconds", "5")
		if v, d := q.attribute(url, "VisibilityTimeout"), q.attribute(url, "DelaySeconds"); v != "77" || d != "5" {
			q.Errorf("visibility %s, delay %s", v, d)
		}
	})},
	{"the same queue again is the same queue", sqsAPI + "API_CreateQueue.html", onSQS(func(q queues) {
		queue := name("same")
		first := q.named(queue, "VisibilityTimeout", "60")
		if second := q.named(queue, "VisibilityTimeout", "60"); first != second {
			q.Errorf("%s and %s", first, second)
		}
		if third := q.named(queue); first != third {
			q.Errorf("without attributes: %s and %s", first, third)
		}
	})},
	{"a queue's URL by its name", sqsAPI + "API_GetQueueUrl.html", onSQS(func(q queues) {
		url := q.make()
		out, err := q.GetQueueUrl(q.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(path.Base(url))})
		if err != nil || *out.QueueUrl != url {
			q.Errorf("%+v, %v, want %s", out, err, url)
		}
	})},
	{"queues are listed by prefix", sqsAPI + "API_ListQueues.html", onSQS(func(q queues) {
		prefix := name("listed")
		want := []string{q.named(prefix + "-a"), q.named(prefix + "-b")}
		out, err := q.ListQueues(q.Context(), &sqs.ListQueuesInput{QueueNamePrefix: aws.String(prefix + "-")})
		if err != nil {
			q.Fatal(err)
		}
		slices.Sort(out.QueueUrls)
		if !slices.Equal(out.QueueUrls, want) {
			q.Errorf("%v, want %v", out.QueueUrls, want)
		}
	})},
	{"messages are counted", sqsAPI + "API_GetQueueAttributes.html", onSQS(func(q queues) {
		url := q.make()
		for i := range 3 {
			q.send(url, fmt.Sprint(i))
		}
		if out, err := q.ReceiveMessage(q.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 5}); err != nil || len(out.Messages) != 1 {
			q.Fatalf("%+v, %v", out, err)
		}
		waitFor(q, "2 visible, 1 in flight", func() bool {
			return q.attribute(url, "ApproximateNumberOfMessages") == "2" && q.attribute(url, "ApproximateNumberOfMessagesNotVisible") == "1"
		})
	})},
	{"a purge leaves nothing", sqsAPI + "API_PurgeQueue.html", onSQS(func(q queues) {
		url := q.make("VisibilityTimeout", "1")
		q.send(url, "in flight")
		q.one(url)
		q.send(url, "visible")
		if _, err := q.PurgeQueue(q.Context(), &sqs.PurgeQueueInput{QueueUrl: &url}); err != nil {
			q.Fatal(err)
		}
		if got := q.receive(url, 2); len(got) != 0 {
			q.Errorf("received %q", *got[0].Body)
		}
	})},
	{"a second purge within a minute", sqsAPI + "API_PurgeQueue.html", onSQS(func(q queues) {
		url := q.make()
		for _, want := range []string{"no error", "PurgeQueueInProgress"} {
			_, err := q.PurgeQueue(q.Context(), &sqs.PurgeQueueInput{QueueUrl: &url})
			wantCode(q, err, want)
		}
	})},
	{"a deleted queue is not there", sqsAPI + "API_DeleteQueue.html", onSQS(func(q queues) {
		url := q.make()
		if _, err := q.DeleteQueue(q.Context(), &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
			q.Fatal(err)
		}
		_, err := q.GetQueueUrl(q.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(path.Base(url))})
		wantCode(q, err, "QueueDoesNotExist")
	})},
	{"tags", sqsAPI + "API_TagQueue.html", onSQS(func(q queues) {
		url := q.make()
		if _, err := q.TagQueue(q.Context(), &sqs.TagQueueInput{QueueUrl: &url, Tags: map[string]string{"a": "1", "b": "2"}}); err != nil {
			q.Fatal(err)
		}
		if _, err := q.UntagQueue(q.Context(), &sqs.UntagQueueInput{QueueUrl: &url, TagKeys: []string{"a"}}); err != nil {
			q.Fatal(err)
		}
		if out, err := q.ListQueueTags(q.Context(), &sqs.ListQueueTagsInput{QueueUrl: &url}); err != nil || len(out.Tags) != 1 || out.Tags["b"] != "2" {
			q.Errorf("%+v, %v", out, err)
		}
	})},
	{"a FIFO queue keeps each group's order and sends nothing twice", sqsGuide + "FIFO-queues-understanding-logic.html", onSQS(func(q queues) {
		url := q.named(name("q")+".fifo", "FifoQueue", "true")
		for _, id := range []string{"1", "2", "2", "3"} {
			if _, err := q.SendMessage(q.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("m" + id), MessageGroupId: aws.String("g"), MessageDeduplicationId: aws.String(id)}); err != nil {
				q.Fatal(err)
			}
		}
		var got []string
		for _, m := range q.receive(url, 5) {
			got = append(got, *m.Body)
		}
		if strings.Join(got, " ") != "m1 m2 m3" {
			q.Errorf("%q", got)
		}
	})},
}

package conformance

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func redrive(arn string, most int) string {
	return fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, arn, most)
}

// withDead makes a queue whose messages are visible at once again, and its
// dead-letter queue.
func (q queues) withDead(most int) (url, dead string) {
	q.Helper()
	dead = q.make()
	return q.make("VisibilityTimeout", "0", "RedrivePolicy", redrive(q.arn(dead), most)), dead
}

// letter makes a dead letter.
func (q queues) letter(url, body string) {
	q.Helper()
	q.send(url, body)
	q.one(url)
	q.none(url)
}

// sqsDead are the cases about dead-letter queues.
var sqsDead = []Case{
	{"a message received too often goes to the dead-letter queue", sqsGuide + "sqs-dead-letter-queues.html", onSQS(func(q queues) {
		url, dead := q.withDead(2)
		id := q.send(url, "poison")
		q.one(url)
		q.one(url)
		q.none(url)
		letter := q.one(dead)
		if *letter.MessageId != id || *letter.Body != "poison" {
			q.Errorf("%s %q", *letter.MessageId, *letter.Body)
		}
	})},
	{"a dead letter names its source", sqsAPI + "API_ReceiveMessage.html", onSQS(func(q queues) {
		url, dead := q.withDead(1)
		q.letter(url, "poison")
		if source := q.one(dead).Attributes["DeadLetterQueueSourceArn"]; source != q.arn(url) {
			q.Errorf("source %q, want %q", source, q.arn(url))
		}
	})},
	{"maxReceiveCount may be written as text", sqsAPI + "API_SetQueueAttributes.html", onSQS(func(q queues) {
		dead := q.make()
		url := q.make("VisibilityTimeout", "0", "RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"1"}`, q.arn(dead)))
		q.letter(url, "poison")
		q.one(dead)
	})},
	{"an empty policy ends redrive", sqsAPI + "API_SetQueueAttributes.html", onSQS(func(q queues) {
		url, _ := q.withDead(1)
		q.set(url, "RedrivePolicy", "")
		q.send(url, "one")
		q.one(url)
		q.one(url)
		if policy := q.attribute(url, "RedrivePolicy"); policy != "" {
			q.Errorf("policy %s", policy)
		}
	})},
	{"the queues that send their dead letters here", sqsAPI + "API_ListDeadLetterSourceQueues.html", onSQS(func(q queues) {
		url, dead := q.withDead(1)
		out, err := q.ListDeadLetterSourceQueues(q.Context(), &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &dead})
		if err != nil || len(out.QueueUrls) != 1 || out.QueueUrls[0] != url {
			q.Errorf("%+v, %v, want %s", out, err, url)
		}
	})},
	{"redrive is refused by a queue that denies it", sqsGuide + "sqs-dead-letter-queues.html", onSQS(func(q queues) {
		dead := q.make("RedriveAllowPolicy", `{"redrivePermission":"denyAll"}`)
		wantCode(q, q.trySet(q.make(), "RedrivePolicy", redrive(q.arn(dead), 1)), "InvalidParameterValue")
	})},
	{"redrive from the queues that are named", sqsGuide + "sqs-dead-letter-queues.html", onSQS(func(q queues) {
		friend := q.make()
		dead := q.make("RedriveAllowPolicy", fmt.Sprintf(`{"redrivePermission":"byQueue","sourceQueueArns":[%q]}`, q.arn(friend)))
		wantCode(q, q.trySet(friend, "RedrivePolicy", redrive(q.arn(dead), 1)), "no error")
		wantCode(q, q.trySet(q.make(), "RedrivePolicy", redrive(q.arn(dead), 1)), "InvalidParameterValue")
	})},
	{"a dead-letter queue must be there", sqsAPI + "API_SetQueueAttributes.html", onSQS(func(q queues) {
		url := q.make()
		wantCode(q, q.trySet(url, "RedrivePolicy", redrive(q.arn(url+"-none"), 1)), "InvalidParameterValue")
	})},
	{"maxReceiveCount is 1 to 1,000", sqsAPI + "API_SetQueueAttributes.html", onSQS(func(q queues) {
		url, dead := q.make(), q.make()
		for _, most := range []int{0, 1001} {
			wantCode(q, q.trySet(url, "RedrivePolicy", redrive(q.arn(dead), most)), "InvalidParameterValue")
		}
	})},
	{"a redrive allow policy that is none", sqsAPI + "API_SetQueueAttributes.html", onSQS(func(q queues) {
		wantCode(q, q.trySet(q.make(), "RedriveAllowPolicy", `{"redrivePermission":"some"}`), "InvalidParameterValue")
	})},
}

// startMove starts a move task from a dead-letter queue, to a queue or "" for
// where each message came from.
func (q queues) startMove(dead, to string, perSecond *int32) string {
	q.Helper()
	in := &sqs.StartMessageMoveTaskInput{SourceArn: aws.String(q.arn(dead)), MaxNumberOfMessagesPerSecond: perSecond}
	if to != "" {
		in.DestinationArn = aws.String(q.arn(to))
	}
	out, err := q.StartMessageMoveTask(q.Context(), in)
	if err != nil {
		q.Fatalf("StartMessageMoveTask: %v", err)
	}
	return *out.TaskHandle
}

// sqsMoves are the cases about move tasks.
var sqsMoves = []Case{
	{"dead letters go back to where they came from", sqsAPI + "API_StartMessageMoveTask.html", onSQS(func(q queues) {
		url, dead := q.withDead(1)
		q.letter(url, "poison")
		q.set(url, "VisibilityTimeout", "600")
		q.startMove(dead, "", nil)
		if m := q.one(url); *m.Body != "poison" || m.Attributes["ApproximateReceiveCount"] != "1" {
			q.Errorf("%q %v", *m.Body, m.Attributes)
		}
	})},
	{"dead letters go to another queue, and the task tells", sqsAPI + "API_ListMessageMoveTasks.html", onSQS(func(q queues) {
		url, dead := q.withDead(1)
		q.letter(url, "poison")
		other := q.make()
		q.startMove(dead, other, nil)
		q.one(other)
		waitFor(q, "the task is completed", func() bool {
			out, err := q.ListMessageMoveTasks(q.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: aws.String(q.arn(dead))})
			if err != nil || len(out.Results) != 1 {
				q.Fatalf("%+v, %v", out, err)
			}
			task := out.Results[0]
			return *task.Status == "COMPLETED" && task.ApproximateNumberOfMessagesMoved == 1 && *task.DestinationArn == q.arn(other)
		})
	})},
	{"a running move task is cancelled, and only one runs", sqsAPI + "API_CancelMessageMoveTask.html", onSQS(func(q queues) {
		url, dead := q.withDead(1)
		for i := range 6 {
			q.letter(url, fmt.Sprint(i))
		}
		handle := q.startMove(dead, "", seconds(1))
		_, err := q.StartMessageMoveTask(q.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: aws.String(q.arn(dead))})
		wantCode(q, err, "InvalidParameterValue")
		out, err := q.CancelMessageMoveTask(q.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: &handle})
		if err != nil || out.ApproximateNumberOfMessagesMoved >= 6 {
			q.Errorf("%+v, %v", out, err)
		}
		waitFor(q, "the task is cancelled", func() bool {
			out, err := q.ListMessageMoveTasks(q.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: aws.String(q.arn(dead))})
			return err == nil && len(out.Results) == 1 && *out.Results[0].Status == "CANCELLED"
		})
	})},
	{"only a dead-letter queue's messages are moved", sqsAPI + "API_StartMessageMoveTask.html", onSQS(func(q queues) {
		_, err := q.StartMessageMoveTask(q.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: aws.String(q.arn(q.make()))})
		wantCode(q, err, "InvalidParameterValue")
	})},
	{"a move from a queue that is not there", sqsAPI + "API_StartMessageMoveTask.html", onSQS(func(q queues) {
		_, err := q.StartMessageMoveTask(q.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: aws.String(q.target.ARN("sqs", name("none")))})
		wantCode(q, err, "ResourceNotFoundException")
	})},
}

package sqs

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const arn = "arn:aws:sqs:us-east-1:000000000000:"

func redriveTo(dlq string, most int) map[string]string {
	return map[string]string{"VisibilityTimeout": "0", "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":"%s%s","maxReceiveCount":"%d"}`, arn, dlq, most)}
}

// letters makes n dead letters of q in dlq, and q's RedrivePolicy.
func letters(t *testing.T, s *State, q string, texts ...string) {
	t.Helper()
	must(t, s, SetQueueAttributesInput{q, redriveTo("dlq", 1)})
	for _, text := range texts {
		mustSend(t, s, q, Outgoing{Body: text})
	}
	for range texts {
		mustReceive(t, s, ReceiveMessageInput{QueueURL: q})
	}
	if got := mustReceive(t, s, ReceiveMessageInput{QueueURL: q, MaxNumberOfMessages: p(10)}); len(got) != 0 {
		t.Fatalf("%v", texts)
	}
}

func TestAMessageReceivedTooOftenGoesToTheDeadLetterQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q", "dlq")
		must(t, s, SetQueueAttributesInput{"q", redriveTo("dlq", 2)})
		mustSend(t, s, "q", Outgoing{Body: "poison"})
		first := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q"})[0]
		time.Sleep(time.Hour)
		mustReceive(t, s, ReceiveMessageInput{QueueURL: "q"})
		// Whoever waits at the dead-letter queue gets it at that moment.
		got := make(chan []ReceivedMessage)
		go func() {
			got <- mustReceive(t, s, ReceiveMessageInput{QueueURL: "dlq", WaitTimeSeconds: p(20), AttributeNames: []string{"All"}})
		}()
		synctest.Wait()
		if again := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q"}); len(again) != 0 {
			t.Fatalf("%v", again)
		}
		letter := (<-got)[0]
		want := map[string]string{"ApproximateReceiveCount": "3", "ApproximateFirstReceiveTimestamp": "946684800000", "SentTimestamp": "946684800000",
			"SenderId": senderID, "DeadLetterQueueSourceArn": arn + "q"}
		if diff := cmp.Diff(want, letter.Attributes); diff != "" || letter.MessageID != first.MessageID {
			t.Errorf("%s", diff)
		}
		// The old queue's handle does nothing to it.
		if _, err := s.DeleteMessage(t.Context(), Caller{}, DeleteMessageInput{"q", first.ReceiptHandle}); err != nil {
			t.Error(err)
		}
		if c, err := s.Counts("dlq"); err != nil || c != (Counts{InFlight: 1}) {
			t.Errorf("%+v %v", c, err)
		}
		// Its age counts from when it was sent.
		time.Sleep(345_600*time.Second - time.Hour)
		if c, err := s.Counts(arn + "dlq"); err != nil || c != (Counts{}) {
			t.Errorf("%+v %v", c, err)
		}
	})
}

func taskOf(t *testing.T, s *State) MoveTask {
	t.Helper()
	synctest.Wait()
	out, err := s.ListMessageMoveTasks(t.Context(), Caller{}, ListMessageMoveTasksInput{SourceArn: arn + "dlq"})
	if err != nil || len(out.Results) != 1 {
		t.Fatalf("%+v %v", out, err)
	}
	return out.Results[0]
}

func startMove(t *testing.T, s *State, destination string, rate *int) string {
	t.Helper()
	out, err := s.StartMessageMoveTask(t.Context(), Caller{}, StartMessageMoveTaskInput{arn + "dlq", destination, rate})
	if err != nil {
		t.Fatal(err)
	}
	return out.TaskHandle
}

func TestMovingBackToWhereEachCameFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q", "r", "dlq")
		letters(t, s, "q", "of q")
		letters(t, s, "r", "of r")
		must(t, s, SetQueueAttributesInput{"q", map[string]string{"RedrivePolicy": ""}})
		startMove(t, s, "", nil)
		want := MoveTask{Status: "COMPLETED", SourceArn: arn + "dlq", ApproximateNumberOfMessagesMoved: 2, ApproximateNumberOfMessagesToMove: 2, StartedTimestamp: 946684800000}
		time.Sleep(time.Second)
		if diff := cmp.Diff(want, taskOf(t, s)); diff != "" {
			t.Error(diff)
		}
		for _, q := range []string{"q", "r"} {
			got := mustReceive(t, s, ReceiveMessageInput{QueueURL: q, AttributeNames: []string{"All"}})
			if len(got) != 1 || got[0].Body != "of "+q || got[0].Attributes["ApproximateReceiveCount"] != "1" || got[0].Attributes["DeadLetterQueueSourceArn"] != "" {
				t.Errorf("%s: %+v", q, got)
			}
		}
	})
}

func TestMovingAtARateAndCancelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q", "other", "dlq")
		letters(t, s, "q", "1", "2", "3", "4", "5", "6")
		handle := startMove(t, s, arn+"other", p(1))
		if _, err := s.StartMessageMoveTask(t.Context(), Caller{}, StartMessageMoveTaskInput{SourceArn: arn + "dlq"}); err == nil || !strings.Contains(err.Error(), "already a task running") {
			t.Error(err)
		}
		time.Sleep(2500 * time.Millisecond)
		task := taskOf(t, s)
		if task.Status != "RUNNING" || task.TaskHandle != handle || task.ApproximateNumberOfMessagesMoved != 3 || task.ApproximateNumberOfMessagesToMove != 6 {
			t.Errorf("%+v", task)
		}
		if out, err := s.CancelMessageMoveTask(t.Context(), Caller{}, CancelMessageMoveTaskInput{handle}); err != nil || out.ApproximateNumberOfMessagesMoved != 3 {
			t.Errorf("%+v %v", out, err)
		}
		time.Sleep(10 * time.Second)
		if task := taskOf(t, s); task.Status != "CANCELLED" || task.ApproximateNumberOfMessagesMoved != 3 {
			t.Errorf("%+v", task)
		}
		if c := s.AllCounts(); c["other"].Visible != 3 || c["dlq"].Visible != 3 {
			t.Errorf("%+v", c)
		}
	})
}

func TestAMoveThatCannotGoOnFailsAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q", "other", "dlq")
		letters(t, s, "q", "1", "2")
		mustSend(t, s, "dlq", Outgoing{Body: "sent here by hand"})
		startMove(t, s, "", nil)
		time.Sleep(time.Second)
		if task := taskOf(t, s); task.Status != "FAILED" || task.FailureReason != "CouldNotDetermineMessageSource" {
			t.Errorf("%+v", task)
		}
		mustSend(t, s, "dlq", Outgoing{Body: "two"}, Outgoing{Body: "three"})
		startMove(t, s, arn+"other", p(1))
		synctest.Wait()
		s.DeleteQueue(t.Context(), Caller{}, QueueInput{"other"})
		time.Sleep(5 * time.Second)
		if task := taskOf(t, s); task.Status != "FAILED" || task.FailureReason != "AWS.SimpleQueueService.NonExistentQueue" {
			t.Errorf("%+v", task)
		}
		if c, _ := s.Counts("dlq"); c.Visible != 2 {
			t.Errorf("%+v", c)
		}
	})
}

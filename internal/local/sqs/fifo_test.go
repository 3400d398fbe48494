package sqs

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func fifoMessages(texts ...string) []Outgoing {
	var all []Outgoing
	for _, text := range texts {
		group, _, _ := strings.Cut(text, "-")
		all = append(all, Outgoing{Body: text, Group: group})
	}
	return all
}

func hideOne(t *testing.T, s *State, m ReceivedMessage, seconds int) {
	t.Helper()
	if _, err := s.ChangeMessageVisibility(t.Context(), Caller{}, ChangeMessageVisibilityInput{"q.fifo", m.ReceiptHandle, &seconds}); err != nil {
		t.Fatal(err)
	}
}

func TestAFIFOGroupKeepsItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q.fifo")
		mustSend(t, s, "q.fifo", fifoMessages("a-1", "a-2", "b-1", "a-3")...)
		receive := func(most int, want ...string) []ReceivedMessage {
			t.Helper()
			got := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q.fifo", MaxNumberOfMessages: &most})
			if diff := cmp.Diff(want, texts(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			return got
		}
		first := receive(2, "a-1", "a-2")
		receive(10, "b-1") // a-3 waits behind the two in flight
		// A message that comes back is delivered, those behind one in flight are not.
		hideOne(t, s, first[0], 0)
		again := receive(10, "a-1")
		if _, err := s.DeleteMessage(t.Context(), Caller{}, DeleteMessageInput{"q.fifo", again[0].ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
		receive(10)
		if _, err := s.DeleteMessage(t.Context(), Caller{}, DeleteMessageInput{"q.fifo", first[1].ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
		receive(10, "a-3")
	})
}

// As AWS was seen to do: the first invisible message holds up those behind it.
func TestAnExtendedFIFOMessageHoldsUpItsGroup(t *testing.T) {
	for extended, want := range [][]string{nil, {"a-1"}, {"a-1", "a-2"}} {
		synctest.Test(t, func(t *testing.T) {
			s := pure(t, "q.fifo")
			mustSend(t, s, "q.fifo", fifoMessages("a-1", "a-2", "a-3")...)
			got := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q.fifo", MaxNumberOfMessages: p(5), VisibilityTimeout: p(1)})
			hideOne(t, s, got[extended], 4)
			time.Sleep(2 * time.Second)
			again := texts(mustReceive(t, s, ReceiveMessageInput{QueueURL: "q.fifo", MaxNumberOfMessages: p(5)}))
			if diff := cmp.Diff(want, again); diff != "" {
				t.Errorf("message %d extended (-want +got):\n%s", extended, diff)
			}
		})
	}
}

func TestALongPollOfAFIFOQueueWaitsForItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q.fifo")
		mustSend(t, s, "q.fifo", fifoMessages("a-1", "a-2")...)
		first := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q.fifo"})
		began := time.Now()
		time.AfterFunc(5*time.Second, func() {
			s.DeleteMessage(t.Context(), Caller{}, DeleteMessageInput{"q.fifo", first[0].ReceiptHandle})
		})
		got := texts(mustReceive(t, s, ReceiveMessageInput{QueueURL: "q.fifo", WaitTimeSeconds: p(20)}))
		if diff := cmp.Diff([]string{"a-2"}, got); diff != "" || time.Since(began) != 5*time.Second {
			t.Errorf("%s after %s", diff, time.Since(began))
		}
	})
}

func TestAFIFOHandleExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q.fifo")
		mustSend(t, s, "q.fifo", fifoMessages("a-1")...)
		m := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q.fifo", VisibilityTimeout: p(1)})[0]
		time.Sleep(2 * time.Second)
		_, err := s.DeleteMessage(t.Context(), Caller{}, DeleteMessageInput{"q.fifo", m.ReceiptHandle})
		if err == nil || !strings.Contains(err.Error(), "The receipt handle has expired.") {
			t.Error(err)
		}
	})
}

func TestAFIFOQueueTakesAMessageOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q.fifo")
		send := func(text, id string) SentMessage {
			t.Helper()
			sent, errs := s.SendAll(t.Context(), []Addressed{{"q.fifo", Outgoing{Body: text, Group: "g", Deduplication: id}}})
			if errs[0] != nil {
				t.Fatal(errs[0])
			}
			return sent[0]
		}
		first := send("one", "x")
		if again := send("other words, same id", "x"); again.MessageID != first.MessageID || again.SequenceNumber != first.SequenceNumber {
			t.Errorf("%+v and %+v", first, again)
		}
		send("two", "")
		send("two", "") // by content
		if n := s.queues["q.fifo"].counts.Visible; n != 2 {
			t.Errorf("%d messages", n)
		}
		// Deleting does not make room for a repeat; five minutes do.
		for _, m := range mustReceive(t, s, ReceiveMessageInput{QueueURL: "q.fifo", MaxNumberOfMessages: p(10)}) {
			s.DeleteMessage(t.Context(), Caller{}, DeleteMessageInput{"q.fifo", m.ReceiptHandle})
		}
		again, err := New(s.store, Config{}) // the repeats survive a restart
		if err != nil {
			t.Fatal(err)
		}
		s = again
		if repeated := send("one", "x"); repeated.MessageID != first.MessageID || len(s.messages) != 0 {
			t.Errorf("%+v", repeated)
		}
		time.Sleep(repeatWindow)
		if fresh := send("one", "x"); fresh.MessageID == first.MessageID || len(s.messages) != 1 {
			t.Errorf("%+v", fresh)
		}
	})
}

package sqs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/disk"
)

func p[T any](v T) *T { return &v }

// pure is a state without a wire; its time is the bubble's.
func pure(t *testing.T, names ...string) *State {
	t.Helper()
	s, err := New(disk.Memory(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, name := range names {
		in := CreateQueueInput{QueueName: name}
		if strings.HasSuffix(name, ".fifo") {
			in.Attributes = map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}
		}
		if _, err := s.CreateQueue(t.Context(), Caller{}, in); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func mustSend(t *testing.T, s *State, queue string, messages ...Outgoing) {
	t.Helper()
	for _, m := range messages {
		if _, errs := s.SendAll(t.Context(), []Addressed{{queue, m}}); errs[0] != nil {
			t.Fatal(errs[0])
		}
	}
}

func mustReceive(t *testing.T, s *State, in ReceiveMessageInput) []ReceivedMessage {
	t.Helper()
	out, err := s.ReceiveMessage(t.Context(), Caller{AccessKey: "poller"}, in)
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

func texts(messages []ReceivedMessage) []string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Body)
	}
	return all
}

// Each way in which a message becomes visible ends a long poll at that moment.
func TestALongPollEndsWhenAMessageBecomesVisible(t *testing.T) {
	tests := map[string]struct {
		before func(t *testing.T, s *State)
		during func(t *testing.T, s *State) // after 3 s
		want   time.Duration
	}{
		"sent":              {nil, func(t *testing.T, s *State) { mustSend(t, s, "q", Outgoing{Body: "m"}) }, 3 * time.Second},
		"sent with a delay": {nil, func(t *testing.T, s *State) { mustSend(t, s, "q", Outgoing{Body: "m", Delay: p(2)}) }, 5 * time.Second},
		"a delay ends":      {func(t *testing.T, s *State) { mustSend(t, s, "q", Outgoing{Body: "m", Delay: p(7)}) }, nil, 7 * time.Second},
		"a visibility timeout ends": {func(t *testing.T, s *State) {
			mustSend(t, s, "q", Outgoing{Body: "m"})
			mustReceive(t, s, ReceiveMessageInput{QueueURL: "q", VisibilityTimeout: p(9)})
		}, nil, 9 * time.Second},
		"released": {func(t *testing.T, s *State) {
			mustSend(t, s, "q", Outgoing{Body: "m"})
			mustReceive(t, s, ReceiveMessageInput{QueueURL: "q"})
		}, func(t *testing.T, s *State) {
			if n, err := s.ReleaseHeldBy(t.Context(), "poller"); n != 1 || err != nil {
				t.Errorf("released %d, %v", n, err)
			}
		}, 3 * time.Second},
		"nothing comes": {nil, nil, 20 * time.Second},
		"closed":        {nil, func(_ *testing.T, s *State) { s.Close() }, 3 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := pure(t, "q")
				if test.before != nil {
					test.before(t, s)
				}
				began := time.Now()
				if test.during != nil {
					time.AfterFunc(3*time.Second, func() { test.during(t, s) })
				}
				got := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q", WaitTimeSeconds: p(20)})
				if took := time.Since(began); took != test.want {
					t.Errorf("took %s, want %s", took, test.want)
				}
				if empty := name == "nothing comes" || name == "closed"; empty != (len(got) == 0) {
					t.Errorf("got %v", texts(got))
				}
			})
		})
	}
}

func TestPollersAreServedInTurnAndNoMessageIsLostOnThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q")
		var served []int
		for i := range 3 {
			go func() {
				if got := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q", WaitTimeSeconds: p(20)}); len(got) == 1 {
					served = append(served, i)
				}
			}()
			synctest.Wait()
		}
		for range 3 {
			mustSend(t, s, "q", Outgoing{Body: "m"})
			synctest.Wait()
		}
		if diff := cmp.Diff([]int{0, 1, 2}, served); diff != "" {
			t.Error(diff)
		}
		// A poller that goes away at the moment it is woken passes the message on.
		gone, leave := context.WithCancel(t.Context())
		go s.ReceiveMessage(gone, Caller{}, ReceiveMessageInput{QueueURL: "q", WaitTimeSeconds: p(20)})
		synctest.Wait()
		got := make(chan []ReceivedMessage, 1)
		go func() { got <- mustReceive(t, s, ReceiveMessageInput{QueueURL: "q", WaitTimeSeconds: p(20)}) }()
		synctest.Wait()
		leave()
		mustSend(t, s, "q", Outgoing{Body: "late"})
		if messages := <-got; len(messages) != 1 {
			t.Errorf("got %v", messages)
		}
	})
}

func TestAQueueDeletedUnderALongPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q")
		time.AfterFunc(time.Second, func() { s.DeleteQueue(t.Context(), Caller{}, QueueInput{"q"}) })
		_, err := s.ReceiveMessage(t.Context(), Caller{}, ReceiveMessageInput{QueueURL: "q", WaitTimeSeconds: p(20)})
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != "QueueDoesNotExist" {
			t.Error(err)
		}
	})
}

// A noisy group does not starve a quiet one.
func TestGroupsOfAStandardQueueTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q")
		for range 20 {
			mustSend(t, s, "q", Outgoing{Body: "noisy", Group: "a"})
		}
		mustSend(t, s, "q", Outgoing{Body: "quiet", Group: "b"}, Outgoing{Body: "none"})
		got := texts(mustReceive(t, s, ReceiveMessageInput{QueueURL: "q", MaxNumberOfMessages: p(4)}))
		if diff := cmp.Diff([]string{"noisy", "quiet", "none", "noisy"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// What was left on the shelf as void places is swept away.
func TestDeletingVisibleMessagesLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pure(t, "q")
		for range 3000 {
			mustSend(t, s, "q", Outgoing{Body: "m"})
		}
		var handles []string
		for len(handles) < 3000 {
			for _, m := range mustReceive(t, s, ReceiveMessageInput{QueueURL: "q", MaxNumberOfMessages: p(10)}) {
				handles = append(handles, m.ReceiptHandle)
			}
		}
		time.Sleep(time.Minute) // all are visible again
		for _, handle := range handles {
			if _, err := s.DeleteMessage(t.Context(), Caller{}, DeleteMessageInput{"q", handle}); err != nil {
				t.Fatal(err)
			}
		}
		shelf := s.queues["q"].shelf.(*standard)
		if shelf.ready() != 0 || shelf.places > 1000 || len(s.messages) != 0 {
			t.Errorf("%d places, %d void, %d messages", shelf.places, shelf.voids, len(s.messages))
		}
		mustSend(t, s, "q", Outgoing{Body: "m"})
		if got := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q"}); len(got) != 1 {
			t.Errorf("got %v", got)
		}
	})
}

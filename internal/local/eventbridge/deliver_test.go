package eventbridge

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/local/disk"
)

func retries(n, age int) *RetryPolicy {
	return &RetryPolicy{MaximumRetryAttempts: &n, MaximumEventAgeInSeconds: &age}
}

func TestAFailedDeliveryIsRetriedUntilItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := newState(t, Config{})
		rule(t, s, "", "r", `{"source":["shop"]}`, Target{ARN: queue, Input: `{"x":1}`})
		q.set(queue, errors.New("busy"))
		running(t, s)
		putOne(t, s, entry(`{}`))
		if s.Pending() != 1 {
			t.Fatalf("%d pending, want 1", s.Pending())
		}
		time.Sleep(10 * time.Second)
		q.set(queue, nil)
		time.Sleep(time.Minute)
		if got := q.in(queue); len(got) != 1 || string(got[0].Body) != `{"x":1}` || s.Pending() != 0 {
			t.Errorf("%d delivered, %d pending", len(got), s.Pending())
		}
	})
}

func TestWhenRetriesEndTheEventGoesToTheDeadLetterQueue(t *testing.T) {
	busy := errors.New("busy")
	gone := &TargetError{Code: "NO_RESOURCE", Message: "The queue does not exist.", Permanent: true}
	for name, test := range map[string]struct {
		policy *RetryPolicy
		err    error
		want   map[string]string
	}{
		"attempts": {retries(2, 3600), busy, map[string]string{"ERROR_CODE": "ERROR_FROM_TARGET", "ERROR_MESSAGE": "busy",
			"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "2"}},
		"no retry": {retries(0, 3600), busy, map[string]string{"ERROR_CODE": "ERROR_FROM_TARGET", "ERROR_MESSAGE": "busy",
			"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "0"}},
		"age":       {retries(185, 60), busy, map[string]string{"EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds"}},
		"permanent": {nil, gone, map[string]string{"ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": "The queue does not exist.", "RETRY_ATTEMPTS": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, q := newState(t, Config{})
				rule(t, s, "", "r", `{"source":["shop"]}`, Target{ARN: queue, Input: `{"x":1}`, RetryPolicy: test.policy,
					DeadLetterConfig: &DeadLetterConfig{ARN: deadQueue}})
				q.set(queue, test.err)
				running(t, s)
				putOne(t, s, entry(`{"n":1}`))
				time.Sleep(time.Hour)
				got := q.in(deadQueue)
				if len(got) != 1 || s.Pending() != 0 {
					t.Fatalf("%d dead letters, %d pending", len(got), s.Pending())
				}
				if body := string(got[0].Body); body[:14] != `{"version":"0"` {
					t.Errorf("the dead letter is not the event: %s", body)
				}
				test.want["RULE_ARN"], test.want["TARGET_ARN"] = s.ruleARN("default", "r"), queue
				for name, want := range test.want {
					if got := got[0].Attributes[name]; got != want {
						t.Errorf("%s is %q, want %q", name, got, want)
					}
				}
			})
		})
	}
}

func TestAnEventForAMissingBusIsADeadLetter(t *testing.T) {
	s, q := newState(t, Config{})
	running(t, s)
	rule(t, s, "", "r", `{"source":["shop"]}`, Target{ARN: s.busARN("gone"), DeadLetterConfig: &DeadLetterConfig{ARN: deadQueue}})
	putOne(t, s, entry(`{}`))
	eventually(t, "the dead letter", func() bool { return len(q.in(deadQueue)) == 1 })
	if got := q.in(deadQueue)[0].Attributes["ERROR_CODE"]; got != "NO_RESOURCE" {
		t.Errorf("code %q", got)
	}
}

func TestWithoutADeadLetterQueueTheEventIsDropped(t *testing.T) {
	s, q := newState(t, Config{})
	rule(t, s, "", "r", `{"source":["shop"]}`, Target{ARN: queue})
	q.set(queue, &TargetError{Code: "NO_RESOURCE", Permanent: true})
	putOne(t, s, entry(`{}`))
	if s.Pending() != 0 {
		t.Errorf("%d pending", s.Pending())
	}
}

func TestPendingDeliveriesAndDefinitionsSurviveARestart(t *testing.T) {
	path := dataFile(t)
	store := open(t, path)
	q := newQueues()
	s, err := New(store, q, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateBus(t.Context(), Bus{Name: "own", Tags: map[string]string{"a": "b"}}); err != nil {
		t.Fatal(err)
	}
	rule(t, s, "own", "r", `{"source":["shop"]}`, Target{ARN: queue, DeadLetterConfig: &DeadLetterConfig{ARN: deadQueue}})
	if _, err := s.CreateArchive(t.Context(), Archive{Name: "all"}, s.busARN("own")); err != nil {
		t.Fatal(err)
	}
	q.set(queue, errors.New("busy"))
	e := entry(`{"n":1}`)
	e.EventBusName = "own"
	first := putOne(t, s, e)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	store = open(t, path)
	defer store.Close()
	q = newQueues()
	if s, err = New(store, q, Config{}); err != nil {
		t.Fatal(err)
	}
	if s.Pending() != 1 {
		t.Fatalf("%d pending, want 1", s.Pending())
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	eventually(t, "the pending delivery", func() bool { return len(q.in(queue)) == 1 && s.Pending() == 0 })
	second := putOne(t, s, e)
	if n := len(q.in(queue)); n != 2 {
		t.Errorf("%d deliveries, want 2", n)
	}
	a, err := s.Archive("all")
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := s.ArchiveSize(a); err != nil || n != 2 {
		t.Errorf("archive has %d events (%v), want %s and %s", n, err, first.EventID, second.EventID)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAStoreThatFailedIsTold(t *testing.T) {
	store := disk.Memory()
	s, err := New(store, newQueues(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	if _, err := s.CreateBus(t.Context(), Bus{Name: "own"}); err == nil {
		t.Error("a bus was made that nothing keeps")
	}
}

func TestArchiveAndReplay(t *testing.T) {
	s, q := newState(t, Config{})
	running(t, s)
	bus := s.busARN("default")
	a, err := s.CreateArchive(t.Context(), Archive{Name: "kept", Pattern: `{"detail":{"keep":[true]}}`}, bus)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(-time.Minute)
	for range 25 {
		putOne(t, s, entry(`{"keep":true}`))
	}
	putOne(t, s, entry(`{"keep":false}`))
	rule(t, s, "", "all", `{"source":["shop"]}`, Target{ARN: queue})
	rule(t, s, "", "other", `{"source":["shop"]}`, Target{ARN: otherQueue})
	rule(t, s, "", "fresh", `{"source":["shop"],"replay-name":[{"exists":false}]}`, Target{ARN: deadQueue})
	r := Replay{Name: "again", From: start, To: time.Now().Add(time.Minute), Rules: []string{s.ruleARN("default", "all"), s.ruleARN("default", "fresh")}}
	if _, err := s.StartReplay(t.Context(), r, s.ArchiveARN("kept"), bus); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the replay", func() bool {
		r, err := s.Replay("again")
		return err == nil && r.State == ReplayCompleted
	})
	if all, other, fresh := len(q.in(queue)), len(q.in(otherQueue)), len(q.in(deadQueue)); all != 25 || other != 0 || fresh != 0 {
		t.Errorf("replayed %d, %d, %d; want 25, 0, 0", all, other, fresh)
	}
	if n, _, err := s.ArchiveSize(a); err != nil || n != 25 {
		t.Errorf("the archive holds %d events (%v), want 25", n, err)
	}
	if err := s.DeleteArchive(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	if n, _, err := s.ArchiveSize(a); err != nil || n != 0 {
		t.Errorf("the deleted archive holds %d events (%v)", n, err)
	}
}

package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/local/disk"
)

const (
	role  = "arn:aws:iam::000000000000:role/wake"
	queue = "arn:aws:sqs:us-east-1:000000000000:q"
	dead  = "arn:aws:sqs:us-east-1:000000000000:dead"
)

// recorder is targets that keep what they get.
type recorder struct {
	mu      sync.Mutex
	updates []string
	sent    []Message
	at      []time.Time
	fail    func(try int) error // of updates
	tries   int
}

func (r *recorder) CheckMappingUpdate(input []byte) error {
	if !json.Valid(input) {
		return errors.New("no JSON")
	}
	return nil
}

func (r *recorder) UpdateMapping(_ context.Context, input []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	r.at = append(r.at, time.Now())
	if r.fail != nil {
		if err := r.fail(r.tries); err != nil {
			return err
		}
	}
	r.updates = append(r.updates, string(input))
	return nil
}

func (r *recorder) Send(_ context.Context, m Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, m)
	return nil
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.updates)
}

// at is an expression for so long from now.
func at(d time.Duration) string {
	return "at(" + time.Now().UTC().Add(d).Format("2006-01-02T15:04:05") + ")"
}

func wakeUp(name string, in time.Duration) Definition {
	return Definition{Name: name, Expression: at(in), State: enabled, After: remove,
		Target: Target{ARN: MappingUpdate, RoleARN: role, Input: `{"Uuid":"` + name + `","Enabled":true}`, MostTries: mostTries, MostAge: mostAge}}
}

// running is a state over the store whose Run ends with the test or with stop.
func running(t *testing.T, store disk.Store, targets Targets) (s *State, stop func()) {
	t.Helper()
	s, err := New(store, targets, Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() {
		if err := s.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	stop = func() { cancel(); ended.Wait() }
	t.Cleanup(stop)
	return s, stop
}

func mustCreate(t *testing.T, s *State, d Definition) {
	t.Helper()
	if _, err := s.Create(t.Context(), d, ""); err != nil {
		t.Fatal(err)
	}
}

func TestSchedulesAreCarriedOutInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := &recorder{}
		s, _ := running(t, disk.Memory(), targets)
		begin := time.Now()
		for _, minutes := range []int{50, 10, 30} { // each may change which one is next
			mustCreate(t, s, wakeUp(fmt.Sprint(minutes), time.Duration(minutes)*time.Minute))
		}
		pass(10*time.Minute - time.Millisecond)
		if targets.count() != 0 {
			t.Errorf("too early: %v", targets.updates)
		}
		pass(time.Hour)
		want := []string{`{"Uuid":"10","Enabled":true}`, `{"Uuid":"30","Enabled":true}`, `{"Uuid":"50","Enabled":true}`}
		if fmt.Sprint(targets.updates) != fmt.Sprint(want) {
			t.Errorf("%v", targets.updates)
		}
		for i, minutes := range []int{10, 30, 50} {
			if got := targets.at[i].Sub(begin); got != time.Duration(minutes)*time.Minute {
				t.Errorf("the one of minute %d after %s", minutes, got)
			}
		}
		if left := s.Schedules("", ""); len(left) != 0 {
			t.Errorf("left: %+v", left)
		}
	})
}

func TestAChangedScheduleHoldsAsItWasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := &recorder{}
		s, _ := running(t, disk.Memory(), targets)
		for _, name := range []string{"later", "sooner", "deleted", "disabled", "again"} {
			mustCreate(t, s, wakeUp(name, time.Hour))
		}
		change := func(name string, in time.Duration, state, after string) {
			t.Helper()
			d := wakeUp(name, in)
			d.State, d.After = state, after
			if _, err := s.Update(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		change("later", 3*time.Hour, enabled, remove)
		change("sooner", time.Minute, enabled, leave)
		change("disabled", time.Hour, disabled, remove)
		change("again", time.Minute, enabled, leave)
		if err := s.Delete(t.Context(), "default", "deleted"); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Minute)
		if targets.count() != 2 {
			t.Errorf("%v", targets.updates)
		}
		change("again", time.Minute, enabled, leave)
		pass(4 * time.Hour)
		if got := strings.Join(targets.updates, ""); targets.count() != 4 || strings.Count(got, `"again"`) != 2 || strings.Count(got, `"later"`) != 1 {
			t.Errorf("%v", targets.updates)
		}
		left := s.Schedules("", "")
		if len(left) != 3 || left[0].Name != "again" || left[1].Name != "disabled" || left[2].Name != "sooner" || !left[2].Done || left[1].Done {
			t.Errorf("left: %+v", left)
		}
	})
}

func TestWhatCameDueMeanwhileIsCarriedOutAtTheStart(t *testing.T) {
	folder := t.TempDir()
	reopen := func() disk.Store {
		store, err := disk.Open(filepath.Join(folder, "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	store := reopen()
	clock := time.Now()
	targets := &recorder{}
	s, err := New(store, targets, Config{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	mustCreate(t, s, wakeUp("w", time.Hour))
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(20 * time.Hour)
	for _, want := range []int{1, 1} { // and not once more at the next one
		store = reopen()
		if s, err = New(store, targets, Config{Now: func() time.Time { return clock }}); err != nil {
			t.Fatal(err)
		}
		s.fire(t.Context())
		if targets.count() != want {
			t.Errorf("%v", targets.updates)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAScheduleMadeBeforeARestartKeepsItsTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, targets := disk.Memory(), &recorder{fail: func(int) error { return errors.New("busy") }}
		s, stop := running(t, store, targets)
		d := wakeUp("w", time.Minute)
		d.Target.MostTries = 3
		mustCreate(t, s, d)
		pass(time.Minute + 1500*time.Millisecond) // two tries
		stop()
		if targets.tries != 2 {
			t.Fatalf("%d tries", targets.tries)
		}
		s, _ = running(t, store, targets)
		pass(time.Hour)
		if left := s.Schedules("", ""); targets.tries != 4 || len(left) != 0 {
			t.Errorf("%d tries, %+v", targets.tries, left)
		}
	})
}

type permanent struct{}

func (permanent) Error() string   { return "gone" }
func (permanent) Retryable() bool { return false }

func TestFailedCallsAreTriedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		tries int
		age   time.Duration
		fail  func(try int) error
		want  int    // calls
		dead  string // why it was given up
	}{
		"it passes":         {185, mostAge, func(try int) error { return map[bool]error{true: errors.New("busy")}[try < 10] }, 10, ""},
		"tries are over":    {2, mostAge, func(int) error { return errors.New("busy") }, 3, "MaximumRetryAttempts"},
		"no tries":          {0, mostAge, func(int) error { return errors.New("busy") }, 1, "MaximumRetryAttempts"},
		"time is over":      {185, time.Minute, func(int) error { return errors.New("busy") }, 6, "MaximumEventAgeInSeconds"},
		"it never will":     {185, mostAge, func(int) error { return fmt.Errorf("wrapped: %w", permanent{}) }, 1, "NotRetryable"},
		"every last of 185": {185, mostAge, func(int) error { return errors.New("busy") }, 186, "MaximumRetryAttempts"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				targets := &recorder{fail: test.fail}
				s, _ := running(t, disk.Memory(), targets)
				d := wakeUp("w", time.Minute)
				d.Target.MostTries, d.Target.MostAge, d.Target.DeadLetters = test.tries, test.age, dead
				mustCreate(t, s, d)
				pass(48 * time.Hour)
				if targets.tries != test.want || len(s.Schedules("", "")) != 0 {
					t.Errorf("%d calls, left %+v", targets.tries, s.Schedules("", ""))
				}
				switch {
				case test.dead == "" && len(targets.sent) == 0:
				case len(targets.sent) != 1 || targets.sent[0].QueueARN != dead || targets.sent[0].Body != d.Target.Input:
					t.Errorf("dead letters: %+v", targets.sent)
				case targets.sent[0].Attributes["EXHAUSTED_RETRY_CONDITION"] != test.dead || targets.sent[0].Attributes["RETRY_ATTEMPTS"] != fmt.Sprint(test.want-1):
					t.Errorf("dead letter's attributes: %+v", targets.sent[0].Attributes)
				}
			})
		})
	}
}

func TestAQueueGetsTheInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := &recorder{}
		s, _ := running(t, disk.Memory(), targets)
		d := wakeUp("a", time.Minute)
		d.Target.ARN, d.Target.Group, d.Target.Input = queue+".fifo", "g", "<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time> <aws.scheduler.attempt-number>"
		mustCreate(t, s, d)
		due := time.Now().UTC().Add(time.Minute).Truncate(time.Second).Format(time.RFC3339)
		d.Name, d.Target.ARN, d.Target.Group, d.Target.Input = "b", queue, "", ""
		mustCreate(t, s, d)
		pass(2 * time.Minute)
		if len(targets.sent) != 2 {
			t.Fatalf("%+v", targets.sent)
		}
		if m := targets.sent[0]; m.Body != s.ARN("a")+" "+due+" 1" || m.Group != "g" || m.QueueARN != queue+".fifo" {
			t.Errorf("%+v", m)
		}
		var event map[string]any
		if err := json.Unmarshal([]byte(targets.sent[1].Body), &event); err != nil || event["detail-type"] != "Scheduled Event" || event["time"] != due {
			t.Errorf("%s, %v", targets.sent[1].Body, err)
		}
	})
}

// pass lets time pass, and what is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

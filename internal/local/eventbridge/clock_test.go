package eventbridge

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/disk"
)

// clock makes a rule with a schedule, and a pattern where one is given.
func clock(t testing.TB, s *State, schedule, pattern string, targets ...Target) {
	t.Helper()
	if _, err := s.PutRule(t.Context(), Rule{Name: "clock", Schedule: schedule, Pattern: pattern}); err != nil {
		t.Fatal(err)
	}
	for i := range targets {
		targets[i].ID = string(rune('1' + i))
	}
	if err := s.PutTargets(t.Context(), "", "clock", targets); err != nil {
		t.Fatal(err)
	}
}

// ticking runs a test on a bus whose clock goes by the bubble's time.
func ticking(t *testing.T, test func(*testing.T, *State, *queues)) {
	synctest.Test(t, func(t *testing.T) {
		s, q := newState(t, Config{})
		running(t, s)
		test(t, s, q)
	})
}

// times are those of the events in a queue.
func (q *queues) times(t testing.TB, target string) (all []string) {
	t.Helper()
	for _, d := range q.in(target) {
		var e envelope
		if err := json.Unmarshal(d.Body, &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Time)
	}
	return all
}

// synctest begins at midnight, 1 January 2000, a Saturday.
func TestAScheduleSaysItsEvent(t *testing.T) {
	ticking(t, func(t *testing.T, s *State, q *queues) {
		time.Sleep(7 * time.Second)
		clock(t, s, "rate(1 hour)", "", Target{ARN: queue})
		time.Sleep(time.Hour - time.Second)
		if got := q.times(t, queue); got != nil {
			t.Fatalf("before its time: %v", got)
		}
		time.Sleep(2*time.Hour + time.Minute)
		if got, want := q.times(t, queue), []string{"2000-01-01T01:00:07Z", "2000-01-01T02:00:07Z", "2000-01-01T03:00:07Z"}; !slices.Equal(got, want) {
			t.Fatalf("%v", got)
		}
		var got map[string]any
		if err := json.Unmarshal(q.in(queue)[0].Body, &got); err != nil {
			t.Fatal(err)
		}
		if id, _ := got["id"].(string); len(id) != 36 {
			t.Errorf("id %q", id)
		}
		delete(got, "id")
		if diff := cmp.Diff(map[string]any{"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "account": "000000000000",
			"time": "2000-01-01T01:00:07Z", "region": "us-east-1", "resources": []any{s.ruleARN("default", "clock")}, "detail": map[string]any{}}, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestACronIsDueByUTC(t *testing.T) {
	ticking(t, func(t *testing.T, s *State, q *queues) {
		clock(t, s, "cron(30 6 ? * MON *)", "", Target{ARN: queue})
		time.Sleep(15 * 24 * time.Hour)
		if got, want := q.times(t, queue), []string{"2000-01-03T06:30:00Z", "2000-01-10T06:30:00Z"}; !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
		clock(t, s, "cron(0 0 31 2 ? *)", "", Target{ARN: queue})
		if r, wait := s.nextDue(time.Now().AddDate(200, 0, 0)); r != nil || wait != longestSleep {
			t.Errorf("on 31 February: %+v in %s", r, wait)
		}
	})
}

// The pattern and the clock trigger the one rule; what the clock says is on no bus.
func TestARuleWithAPatternAndASchedule(t *testing.T) {
	ticking(t, func(t *testing.T, s *State, q *queues) {
		rule(t, s, "", "all", `{"source":[{"prefix":""}]}`, Target{ARN: otherQueue})
		if _, err := s.CreateArchive(t.Context(), Archive{Name: "a"}, s.busARN(defaultBus)); err != nil {
			t.Fatal(err)
		}
		clock(t, s, "rate(1 day)", `{"source":["shop"]}`, Target{ARN: queue})
		putOne(t, s, entry(`{}`))
		time.Sleep(25 * time.Hour)
		if got := q.times(t, queue); !slices.Equal(got, []string{"2000-01-01T00:00:00Z", "2000-01-02T00:00:00Z"}) {
			t.Errorf("%v", got)
		}
		if got := q.in(otherQueue); len(got) != 1 {
			t.Errorf("another rule heard %d events", len(got))
		}
		a, err := s.Archive("a")
		if err != nil {
			t.Fatal(err)
		}
		if n, _, err := s.ArchiveSize(a); n != 1 || err != nil {
			t.Errorf("%d events archived, %v", n, err)
		}
	})
}

// What a target makes of the event, other buses, retries and dead letters are as
// for any event.
func TestAScheduledEventIsDeliveredAsAnyOther(t *testing.T) {
	ticking(t, func(t *testing.T, s *State, q *queues) {
		if _, err := s.CreateBus(t.Context(), Bus{Name: "own"}); err != nil {
			t.Fatal(err)
		}
		rule(t, s, "own", "r", `{"detail-type":["Scheduled Event"]}`, Target{ARN: otherQueue, InputPath: "$.source"})
		const busy = "arn:aws:sqs:us-east-1:000000000000:busy"
		q.set(busy, errors.New("busy"))
		clock(t, s, "rate(1 day)", "", Target{ARN: queue, Input: `{"x":1}`},
			Target{ARN: queue, InputTransformer: &InputTransformer{InputTemplate: `{"rule":"<aws.events.rule-name>"}`}},
			Target{ARN: s.busARN("own")}, Target{ARN: busy, RetryPolicy: retries(2, 3600), DeadLetterConfig: &DeadLetterConfig{ARN: deadQueue}})
		time.Sleep(25 * time.Hour)
		var got []string
		for _, d := range append(q.in(queue), q.in(otherQueue)...) {
			got = append(got, string(d.Body))
		}
		if want := []string{`{"x":1}`, `{"rule":"clock"}`, `"aws.events"`}; !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
		dead := q.in(deadQueue)
		if len(dead) != 1 || dead[0].Attributes["RULE_ARN"] != s.ruleARN(defaultBus, "clock") || dead[0].Attributes["EXHAUSTED_RETRY_CONDITION"] != "MaximumRetryAttempts" {
			t.Errorf("%+v", dead)
		}
	})
}

func TestADisabledRuleHasNoClock(t *testing.T) {
	ticking(t, func(t *testing.T, s *State, q *queues) {
		clock(t, s, "rate(1 hour)", "", Target{ARN: queue})
		time.Sleep(90 * time.Minute)
		for _, state := range []string{StateDisabled, StateEnabled} {
			if err := s.SetRuleState(t.Context(), "", "clock", state); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Hour)
		}
		// Of the hours from 1:30 to 4:30 nothing, and then the next one in its phase.
		if got, want := q.times(t, queue), []string{"2000-01-01T01:00:00Z", "2000-01-01T05:00:00Z", "2000-01-01T06:00:00Z", "2000-01-01T07:00:00Z"}; !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
	})
}

// A rule that is put again with its schedule goes on; another schedule begins
// anew; none, or no rule, ends it.
func TestARuleThatIsPutAgain(t *testing.T) {
	ticking(t, func(t *testing.T, s *State, q *queues) {
		clock(t, s, "rate(1 hour)", "", Target{ARN: queue})
		for range 4 {
			time.Sleep(40 * time.Minute)
			clock(t, s, "rate(1 hour)", `{"source":["shop"]}`, Target{ARN: queue})
		}
		if got, want := q.times(t, queue), []string{"2000-01-01T01:00:00Z", "2000-01-01T02:00:00Z"}; !slices.Equal(got, want) {
			t.Fatalf("%v", got)
		}
		clock(t, s, "rate(2 hours)", "", Target{ARN: queue})
		time.Sleep(150 * time.Minute)
		if got := q.times(t, queue); got[len(got)-1] != "2000-01-01T04:40:00Z" || len(got) != 3 {
			t.Fatalf("%v", got)
		}
		clock(t, s, "", `{"source":["shop"]}`, Target{ARN: queue})
		time.Sleep(24 * time.Hour)
		clock(t, s, "rate(1 hour)", "", Target{ARN: queue})
		if err := s.RemoveTargets(t.Context(), "", "clock", []string{"1"}); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteRule(t.Context(), "", "clock"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if got := q.times(t, queue); len(got) != 3 {
			t.Errorf("%v", got)
		}
	})
}

// What came due while the machine was off is said once, and then the schedule goes
// on in its phase.
func TestAScheduleOutlivesTheMachine(t *testing.T) {
	path, at := dataFile(t), time.Date(2026, 11, 24, 10, 20, 0, 0, time.UTC)
	q := newQueues()
	on := func(do func(*State)) {
		t.Helper()
		store := open(t, path)
		defer store.Close()
		cfg := Config{}
		cfg.Now = func() time.Time { return at }
		s, err := New(store, q, cfg)
		if err != nil {
			t.Fatal(err)
		}
		do(s)
	}
	ticks := func(s *State) {
		for r, _ := s.nextDue(at); r != nil; r, _ = s.nextDue(at) {
			if err := s.tick(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	on(func(s *State) { clock(t, s, "rate(1 hour)", `{"source":["shop"]}`, Target{ARN: queue}); ticks(s) })
	at = at.Add(59 * time.Minute)
	on(ticks)
	at = at.Add(24 * time.Hour)
	on(func(s *State) {
		clock(t, s, "rate(1 hour)", `{"source":["shop"]}`, Target{ARN: queue}) // as every start does
		ticks(s)
	})
	on(ticks)
	at = at.Add(2 * time.Minute)
	on(ticks)
	if got, want := q.times(t, queue), []string{"2026-11-24T11:20:00Z", "2026-11-25T11:20:00Z"}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// The monotonic clock stands still while a machine is asleep, and a schedule must
// not.
func TestAScheduleGoesByTheWallClock(t *testing.T) {
	s, _ := newState(t, Config{})
	clock(t, s, "rate(1 hour)", "", Target{ARN: queue})
	r, err := s.Rule("", "clock")
	if err != nil || strings.Contains(r.Since.String()+r.Next.String(), "m=") {
		t.Errorf("since %s, due %s, %v", r.Since, r.Next, err)
	}
}

// broken is a store of which a write has failed.
type broken struct{ disk.Store }

var errBroken = errors.New("the disk is full")

func (broken) Err() error { return errBroken }

func (broken) Failed() <-chan struct{} {
	failed := make(chan struct{})
	close(failed)
	return failed
}

func TestTheClockEndsWithTheStore(t *testing.T) {
	s, _ := newState(t, Config{})
	s.store = broken{s.store}
	if err := s.runClock(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
}

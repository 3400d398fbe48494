package suppression

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"sluice/internal/fault"
	"sluice/internal/objects/objectstest"
)

func (w *world) sweep(s Source) Swept {
	w.t.Helper()
	found, err := w.SweepIfDue(w.t.Context(), s)
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// nextDay is when a sweep is due again.
func (w *world) nextDay() { w.clock = w.clock.Add(SweepEvery) }

func TestTheSweepTakesOverSESsList(t *testing.T) {
	w, s := newWorld(t), full()
	if found := w.sweep(s); found != (Swept{Taken: 5, Whole: true}) || len(s.asked) != 3 {
		t.Errorf("%+v in %d pages", found, len(s.asked))
	}
	if w.reason("a@example.com") != Bounce || w.reason("b@example.com") != Complaint || w.reason(canary) != Bounce {
		t.Error("the list was not taken over")
	}
	for _, later := range []time.Duration{time.Minute, abandoned, SweepEvery - time.Minute} {
		w.clock = at.Add(later)
		if found := w.sweep(s); found != (Swept{}) || len(s.asked) != 3 {
			t.Errorf("swept again after %s", later)
		}
	}
	w.clock = at.Add(SweepEvery)
	s.add("new@example.com", types.SuppressionListReasonBounce, w.clock)
	s.add("nameless@example.com", types.SuppressionListReasonComplaint, w.clock)
	s.list[6].LastUpdateTime = nil
	if found := w.sweep(s); found != (Swept{Taken: 2, Whole: true}) || w.reason("new@example.com") != Bounce || w.reason("nameless@example.com") != Complaint {
		t.Errorf("%+v on the next day", found)
	}
	for _, key := range w.memory.Keys(Prefix) {
		if strings.Contains(string(w.memory.Body(key)), "@") {
			t.Errorf("%s tells an address", key)
		}
	}
}

// What is gone from SES's list is free again, if nothing else is known of it.
func TestWhatIsGoneFromSESsList(t *testing.T) {
	for name, c := range map[string]struct {
		reason types.SuppressionListReason
		also   func(w *world)
		want   Reason
	}{
		"a bounce":                      {types.SuppressionListReasonBounce, nil, ""},
		"a complaint stays":             {types.SuppressionListReasonComplaint, nil, Complaint},
		"a bounce that was told too":    {types.SuppressionListReasonBounce, func(w *world) { w.suppress(Bounce, at.Add(-3*time.Hour)) }, Bounce},
		"an operator's wish":            {types.SuppressionListReasonBounce, func(w *world) { w.suppress(Manual, at) }, Manual},
		"a bounce that is told later":   {types.SuppressionListReasonBounce, func(w *world) { w.suppress(Bounce, at.AddDate(0, 0, 3)) }, Bounce},
		"transient bounces":             {types.SuppressionListReasonBounce, func(w *world) { w.transient(-2, -1, 0) }, Bounce},
		"a complaint that was told too": {types.SuppressionListReasonBounce, func(w *world) { w.suppress(Complaint, at) }, Complaint},
	} {
		t.Run(name, func(t *testing.T) {
			for _, first := range []bool{true, false} {
				w, s := newWorld(t), full()
				s.remove("Canary.Person@example.com")
				s.add("Canary.Person@example.com", c.reason, at.Add(-2*time.Hour))
				if c.also != nil && first {
					c.also(w)
				}
				w.sweep(s)
				if w.reason(canary) == "" {
					t.Fatal("not taken over")
				}
				s.remove("Canary.Person@example.com")
				w.nextDay()
				if found := w.sweep(s); found != (Swept{Gone: 1, Whole: true}) {
					t.Errorf("%+v", found)
				}
				if c.also != nil && !first {
					c.also(w)
				}
				if got := w.reason(canary); got != c.want {
					t.Errorf("suppressed for %q, want %q", got, c.want)
				}
				w.nextDay()
				if found := w.sweep(s); found != (Swept{Whole: true}) || w.reason(canary) != c.want || w.reason("a@example.com") != Bounce {
					t.Errorf("another day: %+v, %q", found, w.reason(canary))
				}
				w.nextDay()
				s.add(canary, types.SuppressionListReasonBounce, w.clock)
				if w.sweep(s); w.reason(canary) == "" {
					t.Error("it came to the list again, and is free")
				}
			}
		})
	}
}

// Who was lifted here is on SES's list no longer, and stays lifted.
func TestASweepAfterALift(t *testing.T) {
	w, s := newWorld(t), full()
	w.sweep(s)
	w.clock = at.Add(time.Hour)
	s.remove("Canary.Person@example.com")
	if err := w.Lift(t.Context(), w.Key(canary)); err != nil {
		t.Fatal(err)
	}
	w.clock = at.Add(SweepEvery)
	if found := w.sweep(s); found.Gone != 1 || w.reason(canary) != "" {
		t.Errorf("%+v, %q", found, w.reason(canary))
	}
}

func TestASweepThatBrokeOffGoesOn(t *testing.T) {
	w, s := newWorld(t), full()
	w.sweep(s)
	s.remove("a@example.com")
	s.add("e@example.com", types.SuppressionListReasonBounce, at.Add(time.Hour))
	w.nextDay()
	s.fail = func(n int) error {
		if n == 5 {
			return objectstest.Error(500, "InternalFailure")
		}
		return nil
	}
	if found, err := w.SweepIfDue(t.Context(), s); err == nil || found != (Swept{}) {
		t.Fatalf("%+v, %v", found, err)
	}
	if found := w.sweep(s); found != (Swept{}) || len(s.asked) != 5 {
		t.Errorf("swept at once: %+v", found)
	}
	w.clock = w.clock.Add(abandoned)
	if found := w.sweep(s); found != (Swept{Taken: 1, Gone: 1, Whole: true}) || aws.ToString(s.asked[5].NextToken) != "3" || w.reason("a@example.com") != "" || w.reason("b@example.com") == "" {
		t.Errorf("%+v, from page %q", found, aws.ToString(s.asked[5].NextToken))
	}
	// What came to the list while the sweep lay still is not left out the next day.
	s.add("late@example.com", types.SuppressionListReasonBounce, at.Add(SweepEvery+time.Minute))
	w.clock = at.Add(2 * SweepEvery)
	if found := w.sweep(s); found.Taken != 1 || w.reason("late@example.com") != Bounce {
		t.Errorf("%+v", found)
	}
}

// A process that died has kept neither its token nor what it saw: the next one
// begins where the last one stopped.
func TestASweepThatDied(t *testing.T) {
	w, s := newWorld(t), full()
	w.sweep(s)
	s.remove("a@example.com")
	w.nextDay()
	dead := errors.New("dead")
	s.fail = func(n int) error {
		if n == 5 {
			w.memory.Fault = func(string, string) error { return dead }
			return dead
		}
		return nil
	}
	if _, err := w.SweepIfDue(t.Context(), s); err == nil {
		t.Fatal("it lives")
	}
	w.memory.Fault = nil
	w.clock = w.clock.Add(abandoned)
	if found := w.sweep(s); found.Gone != 1 || s.asked[5].NextToken != nil || w.reason("b@example.com") == "" {
		t.Errorf("%+v", found)
	}
}

// SES left an address out of a page and shows it again, with the time that it had.
func TestWhoWasLeftOut(t *testing.T) {
	w, s := newWorld(t), full()
	w.sweep(s)
	whole := slices.Clone(s.list)
	s.remove("a@example.com")
	w.nextDay()
	if found := w.sweep(s); found.Gone != 1 || w.reason("a@example.com") != "" {
		t.Errorf("%+v", found)
	}
	w.nextDay()
	s.list = whole
	if found := w.sweep(s); found != (Swept{Taken: 1, Whole: true}) || w.reason("a@example.com") != Bounce {
		t.Errorf("%+v, %q", found, w.reason("a@example.com"))
	}
}

// A listing of another token than the mark's does not tell who is gone.
func TestAListingOfAnotherPage(t *testing.T) {
	w, s := newWorld(t), full()
	w.sweep(s)
	w.nextDay()
	s.fail = func(n int) error {
		if n == 5 {
			return objectstest.Error(500, "InternalFailure")
		}
		return nil
	}
	if _, err := w.SweepIfDue(t.Context(), s); err == nil {
		t.Fatal("no error")
	}
	w.memory.Set(underWayKey, []byte(`{"token":"4","keys":""}`))
	w.clock = w.clock.Add(abandoned)
	if found := w.sweep(s); found != (Swept{Whole: true}) || s.asked[5].NextToken != nil {
		t.Errorf("%+v", found)
	}
}

func TestASweepThatRunsOutOfTime(t *testing.T) {
	w, s := newWorld(t), full()
	short, cancel := context.WithTimeout(t.Context(), pageTime-time.Second)
	defer cancel()
	found, err := w.SweepIfDue(short, s)
	if class, after := fault.Of(err); !errors.Is(err, ErrUnfinished) || class != fault.Defer || after != soon || found != (Swept{}) || len(s.asked) != 0 {
		t.Fatalf("%+v, %v", found, err)
	}
	// The invocation ends during the first page.
	slow, end := context.WithCancel(t.Context())
	s.fail = func(int) error { end(); return slow.Err() }
	if _, err := w.SweepIfDue(slow, s); err == nil {
		t.Fatal("no error")
	}
	s.fail = nil
	w.clock = w.clock.Add(abandoned)
	if found := w.sweep(s); found.Taken != 5 {
		t.Errorf("%+v", found)
	}
}

// Two pages fit into the time, then the next sweep goes on at once.
func TestALongListTakesSeveralInvocations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), full()
		s.fail = func(int) error { time.Sleep(15 * time.Second); return nil }
		var all Swept
		passes := 0
		for ; !all.Whole && passes < 10; passes++ {
			ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
			found, err := w.SweepIfDue(ctx, s)
			cancel()
			if !found.Whole && !errors.Is(err, ErrUnfinished) || found.Whole && err != nil {
				t.Fatalf("%+v, %v", found, err)
			}
			all.Taken, all.Whole = all.Taken+found.Taken, found.Whole
		}
		if passes != 2 || all.Taken != 5 || len(s.asked) != 3 {
			t.Errorf("%+v in %d passes and %d pages", all, passes, len(s.asked))
		}
	})
}

// SES takes few such calls a second: who is throttled waits, but not for ever.
func TestASweepThatIsThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), full()
		s.fail = func(n int) error {
			if n%3 != 0 {
				return objectstest.Error(429, "TooManyRequestsException")
			}
			return nil
		}
		began := time.Now()
		if found := w.sweep(s); found != (Swept{Taken: 5, Whole: true}) || time.Since(began) != 6*soon {
			t.Errorf("%+v after %s", found, time.Since(began))
		}
		w.nextDay()
		s.asked = nil
		s.fail = func(int) error { return objectstest.Error(429, "TooManyRequestsException") }
		_, err := w.SweepIfDue(t.Context(), s)
		if class, _ := fault.Of(err); err == nil || class != fault.Defer || len(s.asked) != mostThrottles+1 {
			t.Errorf("%v after %d calls", err, len(s.asked))
		}
		w.clock = w.clock.Add(abandoned)
		ctx, cancel := context.WithTimeout(t.Context(), pageTime+5*time.Second)
		defer cancel()
		if _, err := w.SweepIfDue(ctx, s); !errors.Is(err, ErrUnfinished) {
			t.Errorf("at the end of its time: %v", err)
		}
	})
}

func TestATokenThatSESForgot(t *testing.T) {
	w, s := newWorld(t), full()
	forgets := false
	s.fail = func(n int) error {
		switch {
		case n == 2:
			return objectstest.Error(500, "InternalFailure")
		case n == 3, forgets && s.asked[n-1].NextToken != nil:
			return objectstest.Error(400, "InvalidNextTokenException")
		}
		return nil
	}
	if _, err := w.SweepIfDue(t.Context(), s); err == nil {
		t.Fatal("no error")
	}
	w.clock = at.Add(abandoned + time.Second)
	if found := w.sweep(s); !found.Whole || w.reason(canary) != Bounce {
		t.Errorf("%+v", found)
	}
	w.nextDay()
	forgets = true
	if _, err := w.SweepIfDue(t.Context(), s); err == nil || len(s.asked) > 12 {
		t.Errorf("%d pages, %v", len(s.asked), err)
	}
}

func TestOneOfManySweeps(t *testing.T) {
	w, s := newWorld(t), full()
	other := New(w.store, secret, func() time.Time { return at })
	s.fail = func(int) error {
		if found, err := other.SweepIfDue(t.Context(), full()); found != (Swept{}) || err != nil {
			t.Errorf("another swept at the same time: %+v, %v", found, err)
		}
		return nil
	}
	if found := w.sweep(s); found.Taken != 5 {
		t.Errorf("%+v", found)
	}
}

func TestAnErrorOfSESTellsNoAddress(t *testing.T) {
	w, s := newWorld(t), full()
	s.fail = func(int) error { return objectstest.Error(400, "BadRequestException") }
	if _, err := w.SweepIfDue(t.Context(), s); err == nil || strings.Contains(err.Error(), "@") || !strings.Contains(err.Error(), "BadRequestException") {
		t.Error(err)
	}
}

func TestWhatTheSweepCannotRead(t *testing.T) {
	for key, bodies := range map[string][]string{markKey: {`[]`, `{"through":1}`}, listedKey: {`[]`, `{"keys":"!"}`, `{"keys":"AAAA"}`}} {
		for _, body := range bodies {
			w := newWorld(t)
			w.memory.Set(key, []byte(body))
			_, err := w.SweepIfDue(t.Context(), full())
			if class, _ := fault.Of(err); err == nil || class != fault.Park {
				t.Errorf("%s %s: %v", key, body, err)
			}
		}
	}
	_, err := New(newWorld(t).store, "", time.Now).SweepIfDue(t.Context(), full())
	if class, _ := fault.Of(err); err == nil || class != fault.Park {
		t.Errorf("without a secret: %v", err)
	}
}

// More than a function's memory holds: what came to the list is taken over, and
// nobody is said to be gone.
func TestAListThatIsTooLong(t *testing.T) {
	w, s := newWorld(t), full()
	w.sweep(s)
	s.remove("Canary.Person@example.com")
	w.nextDay()
	m, etag, err := w.readMark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	one := sweep{List: w.List, ses: s, mark: m, etag: etag}
	if err := one.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	one.seen.digests = make([]digest, mostListed)
	for one.mark.Open {
		if err := one.page(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if one.swept != (Swept{TooLong: true, Whole: true}) || len(one.seen.digests) != mostListed+1 || w.reason(canary) != Bounce {
		t.Errorf("%+v with %d", one.swept, len(one.seen.digests))
	}
}

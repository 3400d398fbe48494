package reputation

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

var at = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

type world struct {
	*Book
	memory *objectstest.Memory
	clock  time.Time
	t      *testing.T
}

func newWorld(t *testing.T) *world {
	w := &world{memory: objectstest.NewMemory(), clock: at, t: t}
	w.Book = New(objects.New(w.memory, "b"), func() time.Time { return w.clock })
	return w
}

// mails makes reports of n mails sent at a time.
func mails(kind Kind, n int, sent time.Time) []Report {
	reports := make([]Report, n)
	for i := range reports {
		reports[i] = Report{kind, sent, fmt.Sprint(kind, i)}
	}
	return reports
}

func (w *world) add(reports ...Report) Standing {
	w.t.Helper()
	s, err := w.Add(w.t.Context(), reports)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) standing() Standing {
	w.t.Helper()
	s, err := w.Standing(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestWhenSendingStops(t *testing.T) {
	tests := map[string]struct {
		sends, bounces, complaints int
		stopped                    bool
	}{
		"nothing was sent":              {0, 0, 0, false},
		"all is well":                   {5000, 0, 0, false},
		"few mails, all bounced":        {999, 999, 999, false},
		"just below the bounces":        {1000, 39, 0, false},
		"as many bounces as may not be": {1000, 40, 0, true},
		"just below the complaints":     {10_000, 0, 7, false},
		"complaints":                    {10_000, 0, 8, true},
		"one complaint of a thousand":   {1000, 0, 1, true},
	}
	for name, test := range tests {
		w := newWorld(t)
		w.add(mails(Send, test.sends, at)...)
		w.add(append(mails(Bounce, test.bounces, at), mails(Complaint, test.complaints, at)...)...)
		got := w.standing()
		if got.Stopped != test.stopped || (got.Why != "") != test.stopped || got.Count != (Count{test.sends, test.bounces, test.complaints}) {
			t.Errorf("%s: %+v", name, got)
		}
		if body := string(w.memory.Body(Key)); strings.Contains(body, `"stopped"`) != test.stopped {
			t.Errorf("%s: the object says %s", name, body)
		}
	}
}

func TestItEndsWithTheWindow(t *testing.T) {
	w := newWorld(t)
	w.add(mails(Send, 1000, at)...)
	if s := w.add(mails(Bounce, 100, at)...); !s.Stopped {
		t.Fatalf("%+v", s)
	}
	w.clock = at.Add(Window - 24*time.Hour)
	if !w.standing().Stopped {
		t.Error("it ended before its time")
	}
	w.clock = at.Add(Window)
	if s := w.standing(); s.Stopped || s.Sends != 0 {
		t.Errorf("%+v after the window", s)
	}
	w.add(mails(Bounce, 100, at)...) // told late, of mails that count no more
	if s := w.add(mails(Send, 1, w.clock)...); s.Count != (Count{Sends: 1}) || strings.Contains(string(w.memory.Body(Key)), day(at)) {
		t.Errorf("%+v", s)
	}
}

func TestItEndsWhenTheRatesFall(t *testing.T) {
	w := newWorld(t)
	w.add(mails(Send, 1000, at)...)
	w.add(mails(Bounce, 40, at)...)
	if s := w.add(mails(Send, 1, at)...); s.Stopped || strings.Contains(string(w.memory.Body(Key)), `"stopped"`) {
		t.Errorf("%+v", s)
	}
}

func TestReset(t *testing.T) {
	w := newWorld(t)
	w.add(mails(Send, 1000, at)...)
	w.add(mails(Bounce, 100, at)...)
	w.clock = at.Add(time.Hour)
	if err := w.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := w.standing(); s != (Standing{}) {
		t.Errorf("%+v", s)
	}
	w.add(mails(Bounce, 50, at.Add(time.Minute))...) // of mails from before
	w.add(mails(Send, 1000, w.clock.Add(time.Minute))...)
	if s := w.standing(); s.Count != (Count{Sends: 1000}) {
		t.Errorf("%+v", s)
	}
}

func TestBouncesAndComplaintsCountOnce(t *testing.T) {
	w := newWorld(t)
	w.add(mails(Send, 1000, at)...)
	for range 3 {
		w.add(append(mails(Bounce, 5, at), mails(Complaint, 5, at)...)...)
	}
	if s := w.standing(); s.Count != (Count{1000, 5, 5}) {
		t.Errorf("%+v", s)
	}
}

func TestALostAnswerIsNotCountedTwice(t *testing.T) {
	w := newWorld(t)
	w.add(mails(Send, 1, at)...)
	lossy := &lossy{Memory: w.memory, lose: 1}
	w.store = objects.New(lossy, "b")
	if s := w.add(mails(Send, 10, at)...); s.Sends != 11 || lossy.lose != 0 {
		t.Errorf("%+v", s)
	}
}

func TestManyAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := w.Add(context.Background(), mails(Send, 10, at)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if s := w.standing(); s.Sends != 80 {
		t.Errorf("%+v", s)
	}
}

// A mail must not cost a read of the counts.
func TestAStandingIsBelievedForAWhile(t *testing.T) {
	w := newWorld(t)
	for range 100 {
		w.standing()
	}
	if n := w.memory.Counts()["GetObject"]; n != 1 {
		t.Errorf("%d reads", n)
	}
	other := New(w.store, func() time.Time { return at })
	if _, err := other.Add(t.Context(), append(mails(Send, 1000, at), mails(Bounce, 100, at)...)); err != nil {
		t.Fatal(err)
	}
	w.clock = at.Add(Fresh)
	if !w.standing().Stopped {
		t.Error("what another process counted is not seen")
	}
}

func TestADamagedObject(t *testing.T) {
	w := newWorld(t)
	w.memory.Set(Key, []byte("[]"))
	_, err := w.Standing(t.Context())
	if class, _ := fault.Of(err); err == nil || class != fault.Park {
		t.Error(err)
	}
}

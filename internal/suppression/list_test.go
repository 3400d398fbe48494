package suppression

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

const (
	secret = "0123456789abcdef0123456789abcdef"
	canary = "canary.person@example.com"
)

var at = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

type world struct {
	*List
	memory *objectstest.Memory
	clock  time.Time
	t      *testing.T
}

func newWorld(t *testing.T) *world {
	w := &world{memory: objectstest.NewMemory(), clock: at, t: t}
	w.List = New(objects.New(w.memory, "b"), secret, func() time.Time { return w.clock })
	return w
}

// reason is why the address is suppressed, "" if it is not.
func (w *world) reason(address string) Reason {
	w.t.Helper()
	found, err := w.Check(w.t.Context(), address)
	if err != nil {
		w.t.Fatal(err)
	}
	return found[address].Reason
}

func (w *world) suppress(reason Reason, when time.Time) {
	w.t.Helper()
	if err := w.Suppress(w.t.Context(), w.Key(canary), Entry{Reason: reason, Time: when}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) transient(days ...int) bool {
	w.t.Helper()
	suppressed := false
	for _, d := range days {
		var err error
		if suppressed, err = w.Transient(w.t.Context(), w.Key(canary), at.AddDate(0, 0, d)); err != nil {
			w.t.Fatal(err)
		}
	}
	return suppressed
}

func (w *world) delivered(d int) {
	w.t.Helper()
	if err := w.Delivered(w.t.Context(), w.Key(canary), at.AddDate(0, 0, d)); err != nil {
		w.t.Fatal(err)
	}
}

func TestTheStrongestReasonIsTold(t *testing.T) {
	for i, strong := range strongest {
		for _, weak := range strongest[i:] {
			for _, order := range [][2]Reason{{strong, weak}, {weak, strong}} {
				w := newWorld(t)
				w.suppress(order[0], at)
				w.suppress(order[1], at.Add(time.Hour))
				if got := w.reason(canary); got != strong {
					t.Errorf("%v: %s", order, got)
				}
			}
		}
	}
}

func TestWhoIsNotReportedIsFree(t *testing.T) {
	w := newWorld(t)
	w.suppress(Bounce, at)
	found, err := w.Check(t.Context(), "other@example.com", canary, "Canary.Person@Example.com ", "Person <canary.person@example.com>", "canary.person+x@example.com")
	if err != nil || len(found) != 3 {
		t.Errorf("%v, %v", found, err)
	}
	if e := found[canary]; e.Reason != Bounce || !e.Time.Equal(at) {
		t.Errorf("%+v", e)
	}
}

func TestARowOfTransientBounces(t *testing.T) {
	tests := map[string]struct {
		days      []int
		delivered []int
		want      Reason
	}{
		"two days":                       {[]int{0, 1}, nil, ""},
		"three days":                     {[]int{0, 1, 2}, nil, Bounce},
		"three mails of a day":           {[]int{0, 0, 0}, nil, ""},
		"late and in another order":      {[]int{9, 0, 3}, nil, Bounce},
		"too far from each other":        {[]int{0, 7, 14}, nil, ""},
		"just near enough":               {[]int{0, 7, 13}, nil, Bounce},
		"three of many near each other":  {[]int{0, 30, 60, 61, 62}, nil, Bounce},
		"delivered before":               {[]int{1, 2, 3}, []int{0}, Bounce},
		"delivered between":              {[]int{0, 1, 3}, []int{2}, ""},
		"delivered since":                {[]int{0, 1, 2}, []int{3}, ""},
		"delivered on the last day":      {[]int{0, 1, 2}, []int{2}, ""},
		"an absence note for every mail": {[]int{0, 1, 2, 3, 4}, []int{0, 1, 2, 3, 4}, ""},
		"a row after a delivery":         {[]int{0, 1, 3, 4, 5}, []int{2}, Bounce},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			suppressed := w.transient(test.days...)
			for _, d := range test.delivered {
				w.delivered(d)
			}
			if got := w.reason(canary); got != test.want || len(test.delivered) == 0 && suppressed != (test.want != "") {
				t.Errorf("%q, told %t", got, suppressed)
			}
			other := newWorld(t)
			for _, d := range test.delivered {
				other.delivered(d)
			}
			if other.transient(test.days...); other.reason(canary) != test.want {
				t.Errorf("%q when the deliveries are told first", other.reason(canary))
			}
		})
	}
}

func TestLift(t *testing.T) {
	w := newWorld(t)
	w.suppress(Complaint, at)
	w.transient(-3, -2, -1)
	w.clock = at.Add(time.Hour)
	if err := w.Lift(t.Context(), w.Key(canary)); err != nil {
		t.Fatal(err)
	}
	if got := w.reason(canary); got != "" {
		t.Errorf("lifted, and suppressed for %s", got)
	}
	w.suppress(Bounce, at.Add(time.Minute)) // happened before, told late
	w.transient(-4, 0)
	if got := w.reason(canary); got != "" {
		t.Errorf("an old report suppresses: %s", got)
	}
	w.suppress(Bounce, at.Add(2*time.Hour))
	if got := w.reason(canary); got != Bounce {
		t.Errorf("a new report gives %q", got)
	}
}

func TestNothingTellsTheAddress(t *testing.T) {
	w := newWorld(t)
	w.suppress(Bounce, at)
	w.delivered(0)
	for _, key := range w.memory.Keys("") {
		if body := string(w.memory.Body(key)); strings.Contains(key+body, "canary") || strings.Contains(key+body, "@") {
			t.Errorf("%s: %s", key, body)
		}
	}
	if Key(secret, canary) == Key(strings.ToUpper(secret), canary) {
		t.Error("the key does not depend on the secret")
	}
}

func TestWhatAddsNothingIsNotWritten(t *testing.T) {
	w := newWorld(t)
	w.suppress(Bounce, at)
	w.delivered(0)
	before := w.memory.Counts()["PutObject suppressions"]
	if before != 2 {
		t.Fatalf("counts %v", w.memory.Counts())
	}
	reads := w.memory.Counts()["GetObject suppressions"]
	for range 10 {
		w.delivered(0)
		w.delivered(-1)
	}
	if got := w.memory.Counts()["GetObject suppressions"]; got != reads {
		t.Errorf("%d reads for a delivery that is known", got-reads)
	}
	w.suppress(Bounce, at)
	w.suppress(Bounce, at.Add(-time.Hour))
	if got := w.memory.Counts()["PutObject suppressions"]; got != before {
		t.Errorf("%d writes of nothing new", got-before)
	}
}

// Many reports at once: none is lost.
func TestReportsAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			var err error
			if i%2 == 0 {
				_, err = w.Transient(context.Background(), w.Key(canary), at.AddDate(0, 0, i))
			} else {
				err = w.Suppress(context.Background(), w.Key(canary), Entry{Reason: strongest[i/2], Time: at})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	k, _, err := w.read(t.Context(), w.Key(canary))
	if err != nil || len(k.Facts) != 4 || len(k.Transient) != 4 {
		t.Errorf("%+v, %v", k, err)
	}
}

func TestEach(t *testing.T) {
	w := newWorld(t)
	w.suppress(Manual, at)
	if err := w.Delivered(t.Context(), w.Key("fine@example.com"), at); err != nil {
		t.Fatal(err)
	}
	found := map[string]Reason{}
	if err := w.Each(t.Context(), func(key string, e Entry) bool { found[key] = e.Reason; return true }); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[w.Key(canary)] != Manual {
		t.Errorf("%v", found)
	}
}

func TestWhatCannotBe(t *testing.T) {
	w := newWorld(t)
	park := func(name string, err error) {
		t.Helper()
		if class, _ := fault.Of(err); err == nil || class != fault.Park || strings.Contains(err.Error(), "@") {
			t.Errorf("%s: %v", name, err)
		}
	}
	park("no reason", w.Suppress(t.Context(), w.Key(canary), Entry{Reason: "dislike"}))
	park("no key", w.Suppress(t.Context(), "../"+canary, Entry{Reason: Manual}))
	_, err := New(w.store, "", time.Now).Check(t.Context(), canary)
	park("no secret", err)
	w.memory.Set(object(w.Key(canary)), []byte("[]"))
	_, err = w.Check(t.Context(), "free@example.com", canary)
	park("damaged", err)
}

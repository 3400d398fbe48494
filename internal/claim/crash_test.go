package claim

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"sluice/internal/fault"
	"sluice/internal/objects/objectstest"
)

type crash struct{}

// once runs one delivery, which may crash; crashed tells that it did.
func (w *world) once(c Claim, do func(context.Context) (string, error)) (err error, crashed bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, ours := p.(crash); !ours {
				panic(p)
			}
			crashed = true
		}
	}()
	_, _, err = Once(context.Background(), w.keeper(), c, do)
	return err, false
}

// TestEveryFault runs deliveries that crash, lose answers and meet rivals at
// every step, and checks after each story: at the end the claim is SENT, there
// never were two at it, and there are no more sends than excuses. An excuse is
// an owner that was lost after the effect and before its mark was seen.
func TestEveryFault(t *testing.T) {
	for range 30 { // of a hundred stories each: a second owner needs several faults at once
		everyStory(t)
	}
}

func everyStory(t *testing.T) {
	t.Helper()
	// The pauses between tries pass at once; a test in a bubble may not be asked
	// for its deadline, so the wrapper hides that method.
	synctest.Test(t, func(t *testing.T) { rapid.Check(struct{ rapid.TB }{t}, everyFault) })
}

func everyFault(t *rapid.T) {
	w := newWorld()
	what := mail
	what.Promise = rapid.SampledFrom([]Promise{AtLeastOnce, AtMostOnce}).Draw(t, "promise")
	var live, excuses, depth int
	var quiet bool
	var deliver func()
	step := func(operation string, after bool) error {
		if quiet {
			return nil
		}
		switch rapid.IntRange(0, 11).Draw(t, "fault") {
		case 0:
			panic(crash{})
		case 1:
			if after {
				return errors.New("the answer was lost")
			}
			return objectstest.Error(503, "SlowDown")
		case 2:
			if operation == "PutObject" && !after {
				return objectstest.Error(409, "ConditionalRequestConflict")
			}
		case 3:
			if depth < 3 {
				deliver()
			}
		}
		return nil
	}
	w.memory.Fault = func(operation, _ string) error { return step(operation, false) }
	w.memory.After = func(operation, _ string) error { return step(operation, true) }

	deliver = func() {
		depth++
		defer func() { depth-- }()
		begun, sent := false, false
		err, crashed := w.once(what, func(context.Context) (string, error) {
			live, begun = live+1, true
			if live > 1 {
				t.Fatalf("%d at it at the same time", live)
			}
			if !quiet && rapid.IntRange(0, 4).Draw(t, "refused") == 0 {
				live, begun = live-1, false // it is at it no more, and may free the claim
				return "", NotDone(fault.As(fault.Defer, errors.New("throttled")))
			}
			w.sends, sent = w.sends+1, true
			if !quiet && rapid.IntRange(0, 4).Draw(t, "lost") == 0 {
				return "", errors.New("the answer of the effect was lost")
			}
			return "message-1", nil
		})
		if begun {
			live--
		}
		if sent && (crashed || err != nil) {
			excuses++
		}
	}
	for range rapid.IntRange(1, 6).Draw(t, "deliveries") {
		deliver()
		if rapid.Bool().Draw(t, "later") {
			w.clock = w.clock.Add(longest + grace + time.Second)
		}
	}
	quiet = true
	for range 3 { // healed: whoever comes now finds an end
		deliver()
		w.clock = w.clock.Add(longest + grace + time.Second)
	}
	err, _ := w.once(what, w.send)
	switch {
	case what.Promise == AtMostOnce && w.sends > 1:
		t.Fatalf("%d sends at most once", w.sends)
	case w.sends > 1+excuses:
		t.Fatalf("%d sends, %d excuses", w.sends, excuses)
	case err != nil && !(what.Promise == AtMostOnce && errors.Is(err, ErrUnknown)):
		t.Fatalf("no end: %v", err)
	case err == nil && w.sends == 0:
		t.Fatal("SENT without a send")
	}
}

package claim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

var mail = Claim{Kind: "mail", ID: "r1/1/someone", Fingerprint: "f1"}

// world is one bucket, one clock and the effects that happened.
type world struct {
	memory *objectstest.Memory
	clock  time.Time
	sends  int
}

func newWorld() *world {
	return &world{memory: objectstest.NewMemory(), clock: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
}

func (w *world) keeper() *Keeper { return w.keeperOver(w.memory) }

func (w *world) keeperOver(api objects.API) *Keeper {
	return New(objects.New(api, "b"), func() time.Time { return w.clock })
}

func (w *world) send(context.Context) (string, error) { w.sends++; return "message-1", nil }

func (w *world) state(t *testing.T, c Claim) record {
	t.Helper()
	var r record
	if err := json.Unmarshal(w.memory.Body(c.Key()), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func class(err error) fault.Class { c, _ := fault.Of(err); return c }

func TestOnceThenFound(t *testing.T) {
	w := newWorld()
	for round := range 3 {
		got, before, err := Once(t.Context(), w.keeper(), mail, w.send)
		if err != nil || got != "message-1" || before != (round > 0) || w.sends != 1 {
			t.Fatalf("round %d: %q, before %t, %v, %d sends", round, got, before, err, w.sends)
		}
	}
	if r := w.state(t, mail); r.State != stateSent || r.Sent == nil {
		t.Errorf("%+v", r)
	}
	if puts := w.memory.Counts()["PutObject"]; puts != 4 { // INTENT, SENT, and two that found it
		t.Errorf("%d PUTs", puts)
	}
}

func TestConflict(t *testing.T) {
	for _, state := range []string{stateIntent, stateFree, stateSent} {
		w := newWorld()
		body, _ := json.Marshal(record{State: state, Owner: "other", Fingerprint: "f2", Expires: w.clock.Add(-time.Hour), Outcome: json.RawMessage(`"x"`)})
		w.memory.Set(mail.Key(), body)
		_, _, err := Once(t.Context(), w.keeper(), mail, w.send)
		if !errors.Is(err, ErrConflict) || class(err) != fault.Park || w.sends != 0 {
			t.Errorf("%s: %v, %d sends", state, err, w.sends)
		}
		if string(w.memory.Body(mail.Key())) != string(body) {
			t.Errorf("%s: the other claim was touched", state)
		}
	}
}

func TestHeldByARival(t *testing.T) {
	w := newWorld()
	_, _, err := Once(t.Context(), w.keeper(), mail, func(ctx context.Context) (string, error) {
		_, _, err := Once(ctx, w.keeper(), mail, w.send)
		if !errors.Is(err, ErrHeld) || class(err) != fault.Defer {
			t.Errorf("the rival got %v", err)
		}
		if _, after := fault.Of(err); after < longest {
			t.Errorf("the rival comes back after %s, while the owner may be at it", after)
		}
		return w.send(ctx)
	})
	if err != nil || w.sends != 1 {
		t.Errorf("%v, %d sends", err, w.sends)
	}
}

func TestExpiryIsAfterTheDeadline(t *testing.T) {
	w := newWorld()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, _, err := Once(ctx, w.keeper(), mail, w.send); err != nil {
		t.Fatal(err)
	}
	left := w.state(t, mail).Expires.Sub(w.clock)
	if left < time.Minute+20*time.Second || left > time.Minute+grace {
		t.Errorf("expires after %s", left)
	}
}

func TestOwnerLostBeforeTheMark(t *testing.T) {
	cases := []struct {
		promise Promise
		later   time.Duration
		is      error
		class   fault.Class
		sends   int
	}{
		{AtLeastOnce, 0, ErrHeld, fault.Defer, 1},
		{AtLeastOnce, longest + grace, ErrHeld, fault.Defer, 1}, // at the very moment it still holds
		{AtLeastOnce, longest + grace + time.Second, nil, "", 2},
		{AtMostOnce, 0, ErrHeld, fault.Defer, 1},
		{AtMostOnce, longest + grace + time.Second, ErrUnknown, fault.Park, 1},
	}
	for _, c := range cases {
		w, what := newWorld(), mail
		what.Promise = c.promise
		w.memory.Fault = func(operation, _ string) error {
			if operation == "PutObject" && w.sends == 1 {
				return objectstest.Error(403, "AccessDenied") // a process that dies marks nothing
			}
			return nil
		}
		if _, _, err := Once(context.Background(), w.keeper(), what, w.send); err == nil {
			t.Fatal("marked")
		}
		w.memory.Fault = nil
		w.clock = w.clock.Add(c.later)
		_, _, err := Once(context.Background(), w.keeper(), what, w.send)
		if !errors.Is(err, c.is) || (c.is != nil && class(err) != c.class) || w.sends != c.sends {
			t.Errorf("%s after %s: %v, %d sends", c.promise, c.later, err, w.sends)
		}
	}
}

func TestErrorsOfTheEffect(t *testing.T) {
	failure := errors.New("time-out")
	t.Run("not done frees the claim", func(t *testing.T) {
		for _, promise := range []Promise{AtLeastOnce, AtMostOnce} {
			w, what := newWorld(), mail
			what.Promise = promise
			_, _, err := Once(t.Context(), w.keeper(), what, func(context.Context) (string, error) {
				return "", NotDone(fault.As(fault.Defer, failure))
			})
			if !errors.Is(err, failure) || class(err) != fault.Defer || w.state(t, what).State != stateFree {
				t.Errorf("%s: %v", promise, err)
			}
			if got, before, err := Once(t.Context(), w.keeper(), what, w.send); err != nil || before || got != "message-1" || w.sends != 1 {
				t.Errorf("%s: then %v", promise, err)
			}
		}
	})
	t.Run("unknown keeps the claim", func(t *testing.T) {
		w := newWorld()
		_, _, err := Once(t.Context(), w.keeper(), mail, func(context.Context) (string, error) { return "", failure })
		if !errors.Is(err, failure) || class(err) != fault.Retry || w.state(t, mail).State != stateIntent {
			t.Error(err)
		}
	})
	t.Run("unknown at most once is for a person", func(t *testing.T) {
		w, what := newWorld(), mail
		what.Promise = AtMostOnce
		_, _, err := Once(t.Context(), w.keeper(), what, func(context.Context) (string, error) { return "", failure })
		if !errors.Is(err, failure) || !errors.Is(err, ErrUnknown) || class(err) != fault.Park {
			t.Error(err)
		}
	})
}

// twice is the SDK that retries a PUT whose answer was lost: the write takes
// effect, and the second try sees its own object.
type twice struct {
	*objectstest.Memory
	on int
	n  int
}

func (d *twice) PutObject(ctx context.Context, in *s3.PutObjectInput, o ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	d.n++
	if d.n == d.on {
		if _, err := d.Memory.PutObject(ctx, in, o...); err != nil {
			return nil, err
		}
		if _, err := in.Body.(io.Seeker).Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
	}
	return d.Memory.PutObject(ctx, in, o...)
}

func TestOwnLostResponseIsRecognised(t *testing.T) {
	for on, what := range map[int]string{1: "INTENT", 2: "SENT"} {
		w := newWorld()
		got, before, err := Once(t.Context(), w.keeperOver(&twice{Memory: w.memory, on: on}), mail, w.send)
		if err != nil || before || got != "message-1" || w.sends != 1 || w.state(t, mail).State != stateSent {
			t.Errorf("%s: %q, before %t, %v, %d sends", what, got, before, err, w.sends)
		}
	}
	t.Run("takeover", func(t *testing.T) {
		w := newWorld()
		body, _ := json.Marshal(record{State: stateIntent, Owner: "gone", Fingerprint: "f1", Expires: w.clock.Add(-time.Second)})
		w.memory.Set(mail.Key(), body)
		_, _, err := Once(t.Context(), w.keeperOver(&twice{Memory: w.memory, on: 2}), mail, w.send)
		if r := w.state(t, mail); err != nil || w.sends != 1 || r.State != stateSent || r.Takeovers != 1 {
			t.Errorf("%v, %d sends, %+v", err, w.sends, r)
		}
	})
}

func TestTakeoverOnlyOfWhatWasRead(t *testing.T) {
	w := newWorld()
	stale, _ := json.Marshal(record{State: stateIntent, Owner: "gone", Fingerprint: "f1", Expires: w.clock.Add(-time.Second)})
	done, _ := json.Marshal(record{State: stateSent, Owner: "slow", Fingerprint: "f1", Outcome: json.RawMessage(`"message-0"`)})
	w.memory.Set(mail.Key(), stale)
	puts := 0
	w.memory.Fault = func(operation, key string) error {
		if operation == "PutObject" {
			if puts++; puts == 2 { // just before the takeover the slow owner finishes
				w.memory.Set(key, done)
			}
		}
		return nil
	}
	got, before, err := Once(t.Context(), w.keeper(), mail, w.send)
	if err != nil || !before || got != "message-0" || w.sends != 0 {
		t.Errorf("%q, before %t, %v, %d sends", got, before, err, w.sends)
	}
}

func TestSlowOwnerFindsTheRivalsMark(t *testing.T) {
	w := newWorld()
	slow := func(ctx context.Context) (string, error) {
		w.clock = w.clock.Add(longest + grace + time.Second) // longer than it may take
		if _, _, err := Once(ctx, w.keeper(), mail, func(context.Context) (string, error) { w.sends++; return "rival", nil }); err != nil {
			t.Error(err)
		}
		return w.send(ctx)
	}
	got, before, err := Once(context.Background(), w.keeper(), mail, slow)
	if err != nil || !before || got != "rival" {
		t.Errorf("%q, before %t, %v: one outcome must stand", got, before, err)
	}
}

func TestKeyIsAHash(t *testing.T) {
	for _, id := range []string{"../x", "a/b", "", "%2f"} {
		key := Claim{Kind: "mail", ID: id}.Key()
		if len(key) != len("claims/mail/")+26 {
			t.Errorf("%q: %s", id, key)
		}
	}
}

package claim

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
)

// Promise says what holds when it cannot be known whether an effect happened.
type Promise string

// The promises.
const (
	// AtLeastOnce does it again: the default.
	AtLeastOnce Promise = "at-least-once"
	// AtMostOnce leaves it to a person.
	AtMostOnce Promise = "at-most-once"
)

// Claim names an effect.
type Claim struct {
	// Kind is the folder under claims/: "mail".
	Kind string
	// ID names the effect: equal ids are the same effect.
	ID string
	// Fingerprint names its content: two effects with one id and different
	// fingerprints are a conflict.
	Fingerprint string
	// Promise is AtLeastOnce if empty.
	Promise Promise
}

// Key is the claim's object.
func (c Claim) Key() string { return "claims/" + c.Kind + "/" + events.ID(c.Kind, c.ID) }

// Errors that callers decide on.
var (
	// ErrConflict: the claim is about something else. Class Park.
	ErrConflict = errors.New("the claim belongs to another effect")
	// ErrHeld: somebody else is at it. Class Defer, until it expires.
	ErrHeld = errors.New("somebody else holds the claim")
	// ErrUnknown: whether the effect happened is unknown, and it must not happen
	// twice. Class Park.
	ErrUnknown = errors.New("it is unknown whether the effect happened")
)

// notDone marks errors after which the effect surely did not happen.
type notDone struct{ err error }

func (n notDone) Error() string { return n.err.Error() }
func (n notDone) Unwrap() error { return n.err }

// NotDone tells [Once] that the effect surely did not happen, so that the next
// try need not wait for the claim to expire.
func NotDone(err error) error { return notDone{err} }

// Keeper keeps claims.
type Keeper struct {
	store *objects.Store
	now   func() time.Time
}

// New keeps claims in the store.
func New(store *objects.Store, now func() time.Time) *Keeper { return &Keeper{store, now} }

// The states of a claim.
const (
	stateIntent = "INTENT"
	stateFree   = "FREE"
	stateSent   = "SENT"
)

// record is a claim's object. Its body is unlike every other one: the nonce is
// new for each owner, and an owner writes each state once.
type record struct {
	State       string          `json:"state"`
	Owner       string          `json:"owner"`
	ID          string          `json:"id"`
	Fingerprint string          `json:"fingerprint"`
	Promise     Promise         `json:"promise"`
	Begun       time.Time       `json:"begun"`
	Expires     time.Time       `json:"expires"`
	Sent        *time.Time      `json:"sent,omitempty"`
	Takeovers   int             `json:"takeovers,omitempty"`
	Outcome     json.RawMessage `json:"outcome,omitempty"`
}

const (
	// grace is what a claim outlives its owner's deadline: the margin that
	// internal/consume keeps, clocks that differ, and a call still on its way.
	grace = 30 * time.Second
	// longest is how long a function may run where the context does not say.
	longest = 15 * time.Minute
	// maxBytes bounds what is read.
	maxBytes = 256 << 10
	// tries bounds the races for one claim, and the writes of one mark.
	tries = 10
)

// Once does the effect if it was not done, and returns its outcome; done before
// tells that the outcome was found. An error of do leaves the claim as it is, to
// expire, because the effect may have happened; wrapped by [NotDone] it frees
// the claim. The error of do is passed on. Other errors: [ErrConflict],
// [ErrHeld], [ErrUnknown], or what S3 answered (Retry: the claim may be held
// until it expires).
func Once[T any](ctx context.Context, k *Keeper, c Claim, do func(context.Context) (T, error)) (outcome T, before bool, err error) {
	if c.Promise == "" {
		c.Promise = AtLeastOnce
	}
	held, etag, err := k.acquire(ctx, c)
	if err != nil {
		return outcome, false, err
	}
	if held.State == stateSent {
		return outcome, true, decode(c, held, &outcome)
	}
	outcome, err = do(ctx)
	if err != nil {
		var not notDone
		if errors.As(err, &not) {
			k.free(ctx, c, held, etag)
			return outcome, false, err
		}
		if c.Promise == AtMostOnce {
			return outcome, false, fault.As(fault.Park, fmt.Errorf("%w: %w", ErrUnknown, err))
		}
		return outcome, false, err
	}
	stands, err := k.mark(ctx, c, held, etag, outcome)
	if err != nil {
		return outcome, false, err
	}
	if stands.Owner != held.Owner {
		return outcome, true, decode(c, stands, &outcome)
	}
	return outcome, false, nil
}

func decode[T any](c Claim, r record, into *T) error {
	if err := json.Unmarshal(r.Outcome, into); err != nil {
		return fault.Errorf(fault.Park, "the outcome in %s does not fit", c.Key())
	}
	return nil
}

// acquire returns the claim as ours (INTENT, with its ETag), or as somebody
// marked it SENT.
func (k *Keeper) acquire(ctx context.Context, c Claim) (record, string, error) {
	now := k.now().UTC()
	mine := record{State: stateIntent, Owner: rand.Text(), ID: c.ID, Fingerprint: c.Fingerprint, Promise: c.Promise,
		Begun: now, Expires: expiry(ctx, now)}
	etag, err := k.create(ctx, c, mine)
	for try := 0; errors.Is(err, objects.ErrExists) || errors.Is(err, objects.ErrChanged); try++ {
		if try == tries {
			return record{}, "", fault.As(fault.Retry, err)
		}
		var found record
		found, etag, err = k.read(ctx, c)
		if err != nil {
			break
		}
		if found.Owner == mine.Owner || found.State == stateSent && found.Fingerprint == c.Fingerprint {
			return found, etag, nil
		}
		if err := k.mayTake(c, found); err != nil {
			return record{}, "", err
		}
		mine.Takeovers = found.Takeovers + 1
		etag, err = k.replace(ctx, c, mine, etag)
	}
	if err != nil {
		return record{}, "", fmt.Errorf("claim %s: %w", c.Key(), err)
	}
	return mine, etag, nil
}

// mayTake is nil if the claim that was found may be taken over.
func (k *Keeper) mayTake(c Claim, found record) error {
	if found.Fingerprint != c.Fingerprint {
		return fault.As(fault.Park, fmt.Errorf("%w: %s", ErrConflict, c.Key()))
	}
	if found.State == stateFree {
		return nil
	}
	if left := found.Expires.Sub(k.now()); left >= 0 {
		return fault.DeferFor(left+time.Second, fmt.Errorf("%w: %s", ErrHeld, c.Key()))
	}
	if c.Promise == AtMostOnce || found.Promise == AtMostOnce {
		return fault.As(fault.Park, fmt.Errorf("%w: %s", ErrUnknown, c.Key()))
	}
	return nil
}

// expiry is later than any moment at which the owner may still be at work.
func expiry(ctx context.Context, now time.Time) time.Time {
	if deadline, set := ctx.Deadline(); set {
		// The deadline is told by the clock of this process; what is left of it is
		// added to the clock that the claims are judged by.
		return now.Add(time.Until(deadline) + grace)
	}
	return now.Add(longest + grace)
}

// mark writes SENT. The record that stands is returned: ours, or that of a rival
// who took over and finished (then ours took longer than the claim lasted). Since
// the effect has happened, it tries hard.
func (k *Keeper) mark(ctx context.Context, c Claim, held record, etag string, outcome any) (record, error) {
	raw, err := json.Marshal(outcome)
	if err != nil {
		return record{}, fault.Errorf(fault.Park, "encode the outcome of %s: %w", c.Key(), err)
	}
	sent := k.now().UTC()
	held.State, held.Outcome, held.Sent = stateSent, raw, &sent
	for try := 1; ; try++ {
		_, err = k.replace(ctx, c, held, etag)
		if err == nil {
			return held, nil
		}
		if errors.Is(err, objects.ErrChanged) {
			found, _, readErr := k.read(ctx, c)
			switch {
			case readErr == nil && found.State == stateSent && found.Fingerprint == c.Fingerprint:
				return found, nil
			case readErr == nil && found.Owner != held.Owner:
				return record{}, fault.DeferFor(max(found.Expires.Sub(k.now()), 0)+time.Second, fmt.Errorf("%w: %s", ErrHeld, c.Key()))
			}
		}
		class, _ := fault.Of(err)
		if try == tries || class == fault.Park || ctx.Err() != nil {
			return record{}, fmt.Errorf("mark %s: %w", c.Key(), err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond << min(try, 5)):
		}
	}
}

// free gives the claim back; if that fails it expires.
func (k *Keeper) free(ctx context.Context, c Claim, held record, etag string) {
	held.State, held.Expires = stateFree, k.now().UTC()
	_, _ = k.replace(ctx, c, held, etag)
}

func (k *Keeper) create(ctx context.Context, c Claim, r record) (string, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return "", fault.As(fault.Park, err)
	}
	return k.store.Create(ctx, c.Key(), objects.JSON, body)
}

func (k *Keeper) replace(ctx context.Context, c Claim, r record, etag string) (string, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return "", fault.As(fault.Park, err)
	}
	return k.store.Replace(ctx, c.Key(), objects.JSON, body, etag)
}

func (k *Keeper) read(ctx context.Context, c Claim) (record, string, error) {
	object, err := k.store.Get(ctx, c.Key(), maxBytes)
	if errors.Is(err, objects.ErrNotFound) {
		// It was there a moment ago: a clean-up took it, so the race is open again.
		return record{}, "", fault.As(fault.Retry, err)
	}
	if err != nil {
		return record{}, "", err
	}
	var r record
	if err := json.Unmarshal(object.Body, &r); err != nil {
		return record{}, "", fault.Errorf(fault.Park, "%s is not a claim", c.Key())
	}
	return r, object.ETag, nil
}

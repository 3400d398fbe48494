package reputation

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/objects"
)

// Key is the object that holds the counts.
const Key = "reputation/state.json"

// Fresh is how long a standing that was read is believed: how long mails may go
// on after sending was stopped.
const Fresh = 10 * time.Second

// Book keeps the counts of an environment. It is safe for concurrent use.
type Book struct {
	store *objects.Store
	now   func() time.Time

	mu   sync.Mutex
	seen state
	at   time.Time // when seen was read; zero: never
}

// New gives the book that lies in the store.
func New(store *objects.Store, now func() time.Time) *Book { return &Book{store: store, now: now} }

// Standing tells how we stand, as it was at most [Fresh] ago. The error is what
// S3 answered, or of class Park for an object that cannot be read.
func (b *Book) Standing(ctx context.Context) (Standing, error) {
	now := b.now()
	b.mu.Lock()
	seen, at := b.seen, b.at
	b.mu.Unlock()
	if at.IsZero() || now.Sub(at) >= Fresh || now.Before(at) {
		var err error
		if seen, _, err = b.read(ctx); err != nil {
			return Standing{}, err
		}
		b.remember(seen, now)
	}
	return seen.standing(now), nil
}

// Add counts what became of mails and tells how we stand now. Errors as for
// Standing.
func (b *Book) Add(ctx context.Context, reports []Report) (Standing, error) {
	if len(reports) == 0 {
		return Standing{}, nil
	}
	s, err := b.change(ctx, func(s state) state { return s.add(b.now(), reports) })
	return s.standing(b.now()), err
}

// Reset lets mails go again: what became of mails that were sent until now counts
// no more. Errors as for Standing.
func (b *Book) Reset(ctx context.Context) error {
	_, err := b.change(ctx, func(s state) state {
		now := b.now().UTC()
		return state{Days: map[string]today{}, Reset: now, Batches: s.Batches}
	})
	return err
}

const (
	// maxBytes bounds what is read.
	maxBytes = 4 << 20
	// tries bounds the races for the object.
	tries = 20
	pause = 10 * time.Millisecond
	// keptBatches is how many changes are known by name.
	keptBatches = 32
)

// change replaces the counts by changed ones. A change whose answer was lost is
// known by its name, and is not made twice.
func (b *Book) change(ctx context.Context, with func(state) state) (state, error) {
	name := rand.Text()[:12]
	for try := range tries {
		have, etag, err := b.read(ctx)
		if err != nil {
			return state{}, err
		}
		if slices.Contains(have.Batches, name) {
			return have, nil
		}
		next := with(have)
		next.Batches = append(slices.Clone(have.Batches[max(len(have.Batches)-keptBatches+1, 0):]), name)
		err = b.write(ctx, next, etag)
		if err == nil {
			b.remember(next, b.now())
			return next, nil
		}
		if !errors.Is(err, objects.ErrExists) && !errors.Is(err, objects.ErrChanged) {
			return state{}, err
		}
		select {
		case <-ctx.Done():
			return state{}, ctx.Err()
		case <-time.After(mathrand.N(pause << min(try, 6))):
		}
	}
	return state{}, fault.Errorf(fault.Retry, "too many write %s at the same time", Key)
}

func (b *Book) remember(s state, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen, b.at = s, at
}

func (b *Book) read(ctx context.Context) (state, string, error) {
	found, err := b.store.Get(ctx, Key, maxBytes)
	if errors.Is(err, objects.ErrNotFound) {
		return state{}, "", nil
	}
	if err != nil {
		return state{}, "", fmt.Errorf("reputation: %w", err)
	}
	var s state
	if json.Unmarshal(found.Body, &s) != nil {
		return state{}, "", fault.Errorf(fault.Park, "%s does not hold counts", Key)
	}
	return s, found.ETag, nil
}

func (b *Book) write(ctx context.Context, s state, etag string) error {
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("reputation: %w", err)
	}
	if etag == "" {
		_, err = b.store.Create(ctx, Key, objects.JSON, body)
	} else {
		_, err = b.store.Replace(ctx, Key, objects.JSON, body, etag)
	}
	return err
}

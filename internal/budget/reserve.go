package budget

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"sluice/internal/fault"
	"sluice/internal/objects"
)

// Whoever writes a scope's day at the same time as others begins anew, after a
// pause that grows.
const (
	tries      = 40
	firstPause = 5 * time.Millisecond
	pauseShift = 7
	// failures is how often S3 may fail before it is taken to be away; its client
	// has tried each of these several times.
	failures = 3
)

// reserve sets aside up to most in one scope, and tells how much.
func (b *Budget) reserve(ctx context.Context, l *Lease, s scope, least, most amount) (amount, error) {
	var got amount
	err := b.swap(ctx, s.key(l.day), func(d *ledgerDay) (bool, error) {
		if standing, is := d.Leases[l.id]; is { // this very write, whose response was lost
			got = standing.USD
			return false, nil
		}
		d.expire(b.now())
		free := s.limit - d.Spent - d.aside()
		if free < least {
			return false, &Exceeded{Scope: s.name, Resets: l.day.AddDate(0, 0, 1),
				Held: d.Spent+least <= s.limit, Never: least > s.limit}
		}
		got = min(most, free)
		d.Leases[l.id] = setAside{USD: got, Expires: l.expires}
		return true, nil
	})
	if err != nil {
		return 0, fmt.Errorf("budget of the %s: %w", s.name, err)
	}
	return got, nil
}

// settle turns the lease into what was spent, in every scope.
func (l *Lease) settle(ctx context.Context, spent amount) error {
	var errs []error
	for _, s := range l.held {
		err := l.budget.swap(ctx, s.key(l.day), func(d *ledgerDay) (bool, error) {
			if _, is := d.Leases[l.id]; !is {
				return false, nil // settled before, or expired and spent
			}
			delete(d.Leases, l.id)
			d.Spent += spent
			d.expire(l.budget.now())
			return true, nil
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("settle with the budget of the %s: %w", s.name, err))
		}
	}
	return errors.Join(errs...)
}

// swap lets change alter a scope's day and writes it, if change says that it
// did. When the write did not happen, or seems not to have, change is called
// again with what is there now. Errors: that of change, and those of S3; of class
// Retry when others kept coming first.
func (b *Budget) swap(ctx context.Context, key string, change func(*ledgerDay) (bool, error)) error {
	failed := 0
	for try := range tries {
		err := b.swapOnce(ctx, key, change)
		if err == nil {
			return nil
		}
		if decided(err) || ctx.Err() != nil {
			return err
		}
		if !errors.Is(err, objects.ErrChanged) && !errors.Is(err, objects.ErrExists) {
			if failed++; failed == failures {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(firstPause << min(try, pauseShift))):
		}
	}
	return fault.Errorf(fault.Retry, "%s: others kept writing", key)
}

func (b *Budget) swapOnce(ctx context.Context, key string, change func(*ledgerDay) (bool, error)) error {
	day, etag, err := load(ctx, b.store, key)
	if err != nil {
		return err
	}
	changed, err := change(&day)
	if err != nil || !changed {
		return err
	}
	return save(ctx, b.store, key, day, etag)
}

// decided tells whether trying again is of no use.
func decided(err error) bool {
	var exceeded *Exceeded
	if errors.As(err, &exceeded) {
		return true
	}
	class, _ := fault.Of(err)
	return class == fault.Park && !errors.Is(err, objects.ErrChanged) && !errors.Is(err, objects.ErrExists)
}

package budget

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"sluice/internal/objects"
)

// Budget keeps the limits. It is safe for concurrent use, and any number of them
// may work on one bucket.
type Budget struct {
	store  *objects.Store
	limits Limits
	now    func() time.Time
}

// New keeps the limits, which were checked, in the store, under budgets/.
func New(store *objects.Store, limits Limits, now func() time.Time) *Budget {
	return &Budget{store, limits, now}
}

// Past is what becomes of a request that does not fit.
func (b *Budget) Past() Action {
	if b.limits.Past == "" {
		return Defer
	}
	return b.limits.Past
}

// Bounds tells whether what the tenant spends is bounded at all.
func (b *Budget) Bounds(tenant string) bool { return len(b.scopes(tenant)) > 0 }

// Exceeded says that an amount does not fit into what is left of a day.
type Exceeded struct {
	// Scope is "environment" or "tenant <name>".
	Scope string
	// Resets is when the next day begins.
	Resets time.Time
	// Held: it would fit if everything that others have set aside came back, so
	// it may fit before Resets. Come again in a minute or so.
	Held bool
	// Never: it is more than the limit of a whole day, so it does not fit after
	// Resets either.
	Never bool
}

// Error implements error.
func (e *Exceeded) Error() string {
	switch {
	case e.Never:
		return fmt.Sprintf("one call may cost more than the %s may spend in a day", e.Scope)
	case e.Held:
		return fmt.Sprintf("the rest of the day's budget of the %s is set aside for calls under way", e.Scope)
	}
	return fmt.Sprintf("the day's budget of the %s is spent until %s", e.Scope, e.Resets.Format(time.RFC3339))
}

// leaseTime is how long a lease is held for its taker. An invocation is over
// after 15 minutes; the rest is for clocks that differ.
const leaseTime = 20 * time.Minute

// giveBackTime bounds what is done after an error.
const giveBackTime = 5 * time.Second

// Lease is an amount that is set aside.
type Lease struct {
	budget *Budget
	id     string
	// usd is the least that is set aside in any of the scopes held.
	usd     amount
	day     time.Time
	expires time.Time
	held    []scope
}

// USD is how much may be spent on the lease.
func (l *Lease) USD() float64 { return l.usd.dollars() }

// Take sets aside what may be spent at most, for the environment and the tenant.
// The error is an [*Exceeded], of class Park if what is stored is not a budget,
// or what S3 answered (Retry): nothing may be spent then. What was set aside
// before an error counts as spent when it expires, if it cannot be given back.
func (b *Budget) Take(ctx context.Context, tenant string, usd float64) (*Lease, error) {
	return b.take(ctx, tenant, ceil(usd), ceil(usd))
}

// take sets aside as much as there is, but not below least nor above most.
func (b *Budget) take(ctx context.Context, tenant string, least, most amount) (*Lease, error) {
	now := b.now().UTC()
	l := &Lease{budget: b, id: rand.Text(), usd: most, day: dayOf(now), expires: now.Add(leaseTime)}
	for _, s := range b.scopes(tenant) {
		// Held from here on: a write that seems to have failed may have happened.
		l.held = append(l.held, s)
		got, err := b.reserve(ctx, l, s, least, l.usd)
		if err != nil {
			// What cannot be given back counts as spent once it expires.
			back, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTime)
			_ = l.settle(back, 0)
			cancel()
			return nil, err
		}
		l.usd = got
	}
	return l, nil
}

// Settle says what was spent, and gives the rest back. Until it is called, and
// if it fails, the whole lease counts; it may be called again then. The error is
// what S3 answered.
func (l *Lease) Settle(ctx context.Context, usd float64) error { return l.settle(ctx, ceil(usd)) }

package budget

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// Purse pays the calls of one invocation, out of leases that it takes in chunks.
// It is safe for concurrent use. Close it when the last call has come back.
type Purse struct {
	budget *Budget

	mu      sync.Mutex
	pockets map[pocketKey]*pocket
	closed  bool
}

// pocketKey: tenants without a limit of their own share a pocket. Another day
// is another pocket, as what is left of yesterday is not today's to spend.
type pocketKey struct {
	tenant string
	day    time.Time
}

// pocket is the money for one tenant. Its members are guarded by the purse's
// lock, but for filling.
type pocket struct {
	// filling is held by who takes the next lease, so that many who find the
	// pocket empty take one.
	filling chan struct{}
	leases  []*Lease
	// left is what can be given away. It is below zero when calls cost more than
	// what was taken for them.
	left amount
	// denied is what was answered last to deniedUSD and up to deniedUntil.
	denied      error
	deniedUSD   amount
	deniedUntil time.Time
}

// Piece is what one call may cost.
type Piece struct {
	purse   *Purse
	pocket  *pocket
	usd     amount
	settled bool
}

// ErrClosed says that the purse was closed.
var ErrClosed = errors.New("the purse is closed")

// Purse makes an empty purse.
func (b *Budget) Purse() *Purse { return &Purse{budget: b, pockets: map[pocketKey]*pocket{}} }

const (
	// chunkShare is the part of a day's limit that is set aside at once, chunkCalls
	// how many calls as dear as the first at least.
	chunkShare = 100
	chunkCalls = 4
	// denial is how long a refusal is repeated without asking S3 again.
	denial = 10 * time.Second
)

// Take gives money for one call that costs at most usd. Mostly it does not ask
// S3. Errors are those of [Budget.Take], and [ErrClosed]; nothing may be spent
// then.
func (p *Purse) Take(ctx context.Context, tenant string, usd float64) (*Piece, error) {
	scopes := p.budget.scopes(tenant)
	if len(scopes) == 0 {
		return &Piece{}, nil
	}
	pocket, want := p.pocket(tenant, scopes), ceil(usd)
	if piece, err := p.give(pocket, want); piece != nil || err != nil {
		return piece, err
	}
	select {
	case pocket.filling <- struct{}{}:
		defer func() { <-pocket.filling }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		// Somebody may have filled it meanwhile, or overdrawn it.
		if piece, err := p.give(pocket, want); piece != nil || err != nil {
			return piece, err
		}
		if err := p.fill(ctx, pocket, tenant, want, chunk(scopes, want)); err != nil {
			return nil, err
		}
	}
}

func (p *Purse) pocket(tenant string, scopes []scope) *pocket {
	key := pocketKey{day: dayOf(p.budget.now())}
	if len(scopes) > 1 || p.budget.limits.EnvironmentUSD == 0 {
		key.tenant = tenant
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.pockets[key]
	if found == nil {
		found = &pocket{filling: make(chan struct{}, 1)}
		p.pockets[key] = found
	}
	return found
}

// chunk is how much is best taken when want is needed.
func chunk(scopes []scope, want amount) amount {
	least := scopes[0].limit
	for _, s := range scopes {
		least = min(least, s.limit)
	}
	return max(chunkCalls*want, least/chunkShare)
}

// give gives what is there; nil if it is too little.
func (p *Purse) give(from *pocket, want amount) (*Piece, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, ErrClosed
	case from.left >= want:
		from.left -= want
		return &Piece{purse: p, pocket: from, usd: want}, nil
	case from.denied != nil && want-from.left >= from.deniedUSD && p.budget.now().Before(from.deniedUntil):
		return nil, from.denied
	}
	return nil, nil
}

// fill takes one more lease, so that want can be given.
func (p *Purse) fill(ctx context.Context, into *pocket, tenant string, want, most amount) error {
	p.mu.Lock()
	least := want - into.left
	p.mu.Unlock()
	lease, err := p.budget.take(ctx, tenant, least, max(most, least))
	p.mu.Lock()
	defer p.mu.Unlock()
	var exceeded *Exceeded
	switch {
	case errors.As(err, &exceeded):
		into.denied, into.deniedUSD, into.deniedUntil = err, least, p.budget.now().Add(denial)
		return err
	case err != nil:
		return err
	}
	into.leases = append(into.leases, lease)
	into.left += lease.usd
	return nil
}

// Settle says what the call cost; the rest can be taken by others. A piece that
// is not settled before the purse is closed is spent as a whole. Only the first
// call counts.
func (c *Piece) Settle(usd float64) {
	if c.purse == nil {
		return
	}
	c.purse.mu.Lock()
	defer c.purse.mu.Unlock()
	if c.settled || c.purse.closed {
		return
	}
	c.settled = true
	c.pocket.left += c.usd - ceil(usd)
}

// Close settles all leases: what was not given away, and what pieces gave back,
// returns to the budget. The error is what S3 answered; until Close is called
// again and succeeds, the leases count as a whole.
func (p *Purse) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	pockets := slices.Collect(maps.Values(p.pockets))
	p.mu.Unlock()
	var errs []error
	for _, pocket := range pockets {
		pocket.filling <- struct{}{} // whoever fills it puts its lease in first
		left := pocket.left
		for _, lease := range pocket.leases {
			back := min(left, lease.usd) // below zero where too little was taken
			left -= back
			errs = append(errs, lease.settle(ctx, lease.usd-back))
		}
		<-pocket.filling
	}
	return errors.Join(errs...)
}

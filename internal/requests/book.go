package requests

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
)

// ErrConflict says that the id belongs to a request with another fingerprint.
// Trying again does not help; the newcomer is rejected under an id of its own.
var ErrConflict = errors.New("the request id belongs to another request")

// maxStatusBytes bounds what is read: 50 addresses, 100 problems and a timeline
// need far less.
const maxStatusBytes = 1 << 20

// Book keeps the status of every single request.
type Book struct{ store *objects.Store }

// New keeps the book in the store, under requests/.
func New(store *objects.Store) *Book { return &Book{store} }

// Admit writes the status of a request that was never seen, in state Received.
// If its id was seen before, the status that is there is returned: with no error
// when the fingerprint is the same (a second delivery), with ErrConflict when it
// is another one. The second case leaves the first request untouched.
//
// A request that was parked before anybody admitted it is known only by that: it is
// admitted now, and begins anew.
func (b *Book) Admit(ctx context.Context, s Status) (Status, error) {
	if s.State == "" {
		s.State = Received
	}
	s.Attempt = max(s.Attempt, 1)
	s.stamp()
	key := Key(s.Tenant, s.RequestID)
	err := b.create(ctx, key, s)
	if !errors.Is(err, objects.ErrExists) {
		return s, err
	}
	standing, _, err := b.read(ctx, key)
	if err == nil && !standing.Admitted() {
		standing, err = b.Update(ctx, s.Tenant, s.RequestID, func(known *Status) bool { return known.admit(s) })
	}
	if err != nil {
		return Status{}, err
	}
	return standing, standing.is(s)
}

// Find gives the status that stands under a request's id, and whether there is one
// that was admitted; ErrConflict if that is of another request. It is what Admit
// answers when the id was seen before, without the write in vain.
func (b *Book) Find(ctx context.Context, s Status) (standing Status, found bool, err error) {
	standing, _, err = b.read(ctx, Key(s.Tenant, s.RequestID))
	switch {
	case errors.Is(err, objects.ErrNotFound), err == nil && !standing.Admitted():
		return Status{}, false, nil
	case err != nil:
		return Status{}, false, err
	}
	return standing, true, standing.is(s)
}

// is nil if both are of one request.
func (s Status) is(other Status) error {
	if s.Fingerprint != other.Fingerprint {
		return fmt.Errorf("admit %s: %w", s.RequestID, ErrConflict)
	}
	return nil
}

// admit makes of what was heard of a request that nobody admitted the status of one
// that was, and tells whether it did.
func (s *Status) admit(as Status) bool {
	if s.Admitted() {
		return false
	}
	as.Attempt, as.Parked, as.Timeline, as.Generation = max(s.Attempt, as.Attempt), s.Parked, s.Timeline, s.Generation
	*s = as
	return true
}

// Get reads a status. The error wraps objects.ErrNotFound if there is none.
func (b *Book) Get(ctx context.Context, tenant, id string) (Status, error) {
	s, _, err := b.read(ctx, Key(tenant, id))
	return s, err
}

// Update lets change alter the status and writes it if change says that it did.
// When somebody else wrote in between, change is called again with what is there
// now, so it must depend on nothing but its argument. A request that nobody
// admitted is given to it with its tenant and id only (Generation 0) and is
// created. It returns the status that stands. The error is of class Retry when
// others kept coming first.
func (b *Book) Update(ctx context.Context, tenant, id string, change func(*Status) bool) (Status, error) {
	key := Key(tenant, id)
	var stands Status
	err := swap(ctx, func() error {
		s, etag, err := b.read(ctx, key)
		if errors.Is(err, objects.ErrNotFound) {
			s, etag, err = Status{Tenant: tenant, RequestID: id}, "", nil
		}
		if err != nil {
			return err
		}
		if !change(&s) {
			stands = s
			return nil
		}
		s.stamp()
		stands = s
		if etag == "" {
			return b.create(ctx, key, s)
		}
		body, err := json.Marshal(s)
		if err != nil {
			return fault.Errorf(fault.Park, "encode %s: %w", key, err)
		}
		_, err = b.store.Replace(ctx, key, objects.JSON, body, etag)
		return err
	})
	if err != nil {
		return Status{}, fmt.Errorf("update %s: %w", key, err)
	}
	return stands, nil
}

func (b *Book) create(ctx context.Context, key string, s Status) error {
	body, err := json.Marshal(s)
	if err != nil {
		return fault.Errorf(fault.Park, "encode %s: %w", key, err)
	}
	_, err = b.store.Create(ctx, key, objects.JSON, body)
	return err
}

func (b *Book) read(ctx context.Context, key string) (Status, string, error) {
	object, err := b.store.Get(ctx, key, maxStatusBytes)
	if err != nil {
		return Status{}, "", err
	}
	var s Status
	if err := json.Unmarshal(object.Body, &s); err != nil {
		return Status{}, "", fault.Errorf(fault.Park, "%s is not a status", key)
	}
	return s, object.ETag, nil
}

// stamp makes the body unlike every other one.
func (s *Status) stamp() { s.Generation, s.Nonce = s.Generation+1, rand.Text() }

// A compare-and-swap that loses is begun anew, after a pause that grows, so that
// rivals spread out.
const (
	swapTries = 24
	swapPause = 5 * time.Millisecond
	swapShift = 7
)

// swap calls once until it neither found something changed nor something
// created in between.
func swap(ctx context.Context, once func() error) error {
	for try := 1; ; try++ {
		err := once()
		if !errors.Is(err, objects.ErrChanged) && !errors.Is(err, objects.ErrExists) {
			return err
		}
		if try == swapTries {
			return fault.As(fault.Retry, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(mathrand.N(swapPause << min(try, swapShift))):
		}
	}
}

// hashes names addresses in an order of their own.
func hashes(addresses []string) []string {
	named := make([]string, len(addresses))
	for i, address := range addresses {
		named[i] = events.AddressHash(address)
	}
	slices.Sort(named)
	return slices.Compact(named)
}

package suppression

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/objects"
)

// Where the addresses lie that SES's list held: at the end of the last sweep, and
// on the pages of the one that is under way.
const (
	listedKey   = Prefix + "listed.json"
	underWayKey = Prefix + "listing.json"
)

const (
	// mostListed bounds a listing, for the memory of a function: half a million are
	// 16 MB.
	mostListed = 500_000
	// listingBytes is more than such a listing has as JSON.
	listingBytes = 32 << 20
)

// digest is a key of an address in binary.
type digest [32]byte

var digits = base32.StdEncoding.WithPadding(base32.NoPadding)

// listing is who is on SES's list, by key.
type listing struct {
	// token is the page of SES's that it ends before, "" for a whole list.
	token   string
	digests []digest
}

// listingWire is a listing as JSON: the digests one after the other.
type listingWire struct {
	Token string `json:"token,omitempty"`
	Keys  []byte `json:"keys"`
}

func (l *listing) full() bool { return len(l.digests) > mostListed }

// add notes a key and returns its digest; one more than the most makes the listing
// full.
func (l *listing) add(key string) (d digest) {
	_, _ = digits.Decode(d[:], []byte(strings.ToUpper(key))) // [Key] has this form
	if !l.full() {
		l.digests = append(l.digests, d)
	}
	return d
}

func (l *listing) set() map[digest]struct{} {
	all := make(map[digest]struct{}, len(l.digests))
	for _, d := range l.digests {
		all[d] = struct{}{}
	}
	return all
}

// tidy puts the keys in order, each once.
func (l *listing) tidy() {
	slices.SortFunc(l.digests, func(a, b digest) int { return bytes.Compare(a[:], b[:]) })
	l.digests = slices.Compact(l.digests)
}

// without gives the keys that are not among others.
func (l *listing) without(others map[digest]struct{}) map[string]struct{} {
	left := map[string]struct{}{}
	for _, d := range l.digests {
		if _, found := others[d]; !found {
			left[strings.ToLower(digits.EncodeToString(d[:]))] = struct{}{}
		}
	}
	return left
}

// readListing reads a listing; there is nobody on one that is not there.
func (l *List) readListing(ctx context.Context, key string) (listing, error) {
	found, err := l.store.Get(ctx, key, listingBytes)
	if errors.Is(err, objects.ErrNotFound) {
		return listing{}, nil
	}
	if err != nil {
		return listing{}, fmt.Errorf("sweep: %w", err)
	}
	var wire listingWire
	if json.Unmarshal(found.Body, &wire) != nil || len(wire.Keys)%len(digest{}) != 0 {
		return listing{}, fault.Errorf(fault.Park, "%s is not a list", key)
	}
	read := listing{token: wire.Token, digests: make([]digest, 0, len(wire.Keys)/len(digest{}))}
	for raw := wire.Keys; len(raw) > 0; raw = raw[len(digest{}):] {
		read.digests = append(read.digests, digest(raw))
	}
	return read, nil
}

func (l *List) writeListing(ctx context.Context, key string, all listing) error {
	wire := listingWire{Token: all.token, Keys: make([]byte, 0, len(all.digests)*len(digest{}))}
	for _, d := range all.digests {
		wire.Keys = append(wire.Keys, d[:]...)
	}
	body, err := json.Marshal(wire)
	if err == nil {
		_, err = l.store.Put(ctx, key, objects.JSON, bytes.NewReader(body))
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

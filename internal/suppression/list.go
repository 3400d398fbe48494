package suppression

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/objects"
)

// List is the suppressions of an environment. It is safe for concurrent use.
type List struct {
	store  *objects.Store
	secret string
	now    func() time.Time
	// noted are the newest days that are known to be written, by key.
	mu    sync.Mutex
	noted map[string]string
}

// New gives the list that lies in the store. Secret is the environment's, of at
// least [MinSecret] characters, the same for every function; with "" only what
// takes a key works.
func New(store *objects.Store, secret string, now func() time.Time) *List {
	return &List{store: store, secret: secret, now: now, noted: map[string]string{}}
}

// errSecret: without a secret an address has no key. Class Park.
var errSecret = errors.New("suppressions are looked up by address, and there is no secret for it")

// Key names an address; see the function [Key].
func (l *List) Key(address string) string { return Key(l.secret, address) }

// atOnce is how many addresses are looked up at the same time.
const atOnce = 8

// Check gives those of the addresses that may not be mailed, as they were given,
// and why. It reads one object per address; what was suppressed before it is
// called is found. Errors are of S3, or of class Park if there is no secret or an
// object that cannot be read: then nobody is known to be free.
func (l *List) Check(ctx context.Context, addresses ...string) (map[string]Entry, error) {
	if l.secret == "" {
		return nil, fault.As(fault.Park, errSecret)
	}
	entries, errs := make([]*Entry, len(addresses)), make([]error, len(addresses))
	slots := make(chan struct{}, atOnce)
	var looking sync.WaitGroup
	for i, address := range addresses {
		slots <- struct{}{}
		looking.Go(func() {
			defer func() { <-slots }()
			k, _, err := l.read(ctx, l.Key(address))
			if e, suppressed := k.entry(); suppressed {
				entries[i] = &e
			}
			errs[i] = err
		})
	}
	looking.Wait()
	found := map[string]Entry{}
	for i, e := range entries {
		if e != nil {
			found[addresses[i]] = *e
		}
	}
	return found, errors.Join(errs...)
}

// Get tells whether the address of a key is suppressed, and why. Errors as for
// [List.Check].
func (l *List) Get(ctx context.Context, key string) (Entry, bool, error) {
	k, _, err := l.read(ctx, key)
	if err != nil {
		return Entry{}, false, err
	}
	e, suppressed := k.entry()
	return e, suppressed, nil
}

// Suppress notes that the address of the key may not be mailed. It is in force
// when the call returns. A report without a time is one of now. Errors: Park for
// a reason or a key that is none, else what S3 answered.
func (l *List) Suppress(ctx context.Context, key string, e Entry) error {
	if !slices.Contains(strongest, e.Reason) {
		return fault.Errorf(fault.Park, "%q is no reason for a suppression", e.Reason)
	}
	if e.Time.IsZero() {
		e.Time = l.now()
	}
	e.Time = e.Time.UTC().Truncate(time.Millisecond)
	_, err := l.add(ctx, key, known{Facts: map[Reason]Entry{e.Reason: e}})
	return err
}

// Transient notes a bounce that may pass, and tells whether the address is
// suppressed now. Errors as for Suppress.
func (l *List) Transient(ctx context.Context, key string, at time.Time) (bool, error) {
	k, err := l.add(ctx, key, known{Transient: []string{day(at)}})
	_, suppressed := k.entry()
	return suppressed, err
}

// remembered bounds how many keys a process remembers to have noted.
const remembered = 10_000

// Delivered notes that a mail was delivered: it ends a row of transient bounces.
// It costs nothing where this process noted that day already. Errors as for
// Suppress.
func (l *List) Delivered(ctx context.Context, key string, at time.Time) error {
	l.mu.Lock()
	noted := l.noted[key]
	l.mu.Unlock()
	if noted >= day(at) {
		return nil
	}
	k, err := l.add(ctx, key, known{Delivered: day(at)})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.noted) >= remembered {
		clear(l.noted)
	}
	l.noted[key] = k.Delivered
	return nil
}

// Lift lets the address be mailed again: what is known of it until now counts no
// more, even if it is reported only later. Errors as for Suppress.
func (l *List) Lift(ctx context.Context, key string) error {
	_, err := l.add(ctx, key, known{Lifted: l.now().UTC().Truncate(time.Millisecond)})
	return err
}

// Each yields the keys of those who are suppressed, and why, until it is told to
// stop. It reads every object.
func (l *List) Each(ctx context.Context, yield func(key string, e Entry) bool) error {
	for info, err := range l.store.List(ctx, Prefix) {
		if err != nil {
			return err
		}
		key := strings.TrimSuffix(strings.TrimPrefix(info.Key, Prefix), ".json")
		if !ValidKey(key) {
			continue
		}
		e, suppressed, err := l.Get(ctx, key)
		if err != nil {
			return err
		}
		if suppressed && !yield(key, e) {
			return nil
		}
	}
	return nil
}

const (
	// maxBytes bounds what is read of an object.
	maxBytes = 64 << 10
	// tries bounds the races for one object.
	tries = 20
	pause = 5 * time.Millisecond
)

// add merges news into what is known of a key, and returns all of it.
func (l *List) add(ctx context.Context, key string, news known) (known, error) {
	if !ValidKey(key) {
		return known{}, fault.Errorf(fault.Park, "this is not the key of a suppression")
	}
	for try := range tries {
		have, etag, err := l.read(ctx, key)
		if err != nil {
			return known{}, err
		}
		merged := have.merge(news)
		if etag != "" && reflect.DeepEqual(merged, have.merge(known{})) {
			return merged, nil
		}
		err = l.write(ctx, key, merged, etag)
		if err == nil {
			return merged, nil
		}
		if !errors.Is(err, objects.ErrExists) && !errors.Is(err, objects.ErrChanged) {
			return known{}, err
		}
		if err := pauseFor(ctx, rand.N(pause<<min(try, 6))); err != nil {
			return known{}, err
		}
	}
	return known{}, fault.Errorf(fault.Retry, "too many write %s at the same time", object(key))
}

// read gives what is known of a key; its ETag is "" if that is nothing.
func (l *List) read(ctx context.Context, key string) (known, string, error) {
	found, err := l.store.Get(ctx, object(key), maxBytes)
	if errors.Is(err, objects.ErrNotFound) {
		return known{}, "", nil
	}
	if err != nil {
		return known{}, "", fmt.Errorf("suppression: %w", err)
	}
	var k known
	if json.Unmarshal(found.Body, &k) != nil {
		return known{}, "", fault.Errorf(fault.Park, "%s is not a suppression", object(key))
	}
	return k, found.ETag, nil
}

func (l *List) write(ctx context.Context, key string, k known, etag string) error {
	body, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("suppression: %w", err)
	}
	if etag == "" {
		_, err = l.store.Create(ctx, object(key), objects.JSON, body)
	} else {
		_, err = l.store.Replace(ctx, object(key), objects.JSON, body, etag)
	}
	return err
}

package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// ErrClosed is what a ticket answers for changes enqueued after Close.
var ErrClosed = errors.New("disk: closed")

// lockPatience is how long Open waits for another process to let go of the file.
const lockPatience = time.Second

// Open opens or makes the file at path. The error names the file; it is clear
// about another process that holds it, and about damage.
func Open(path string) (store Store, err error) {
	defer func() {
		// bbolt panics on some kinds of damage.
		if p := recover(); p != nil {
			store, err = nil, fmt.Errorf("disk: %s is damaged: %v", path, p)
		}
	}()
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockPatience, FreelistType: bolt.FreelistMapType, NoFreelistSync: true})
	switch {
	case err == nil:
	case errors.Is(err, bolt.ErrTimeout):
		return nil, fmt.Errorf("disk: %s is in use by another process", path)
	case errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("disk: %w", err)
	default:
		return nil, fmt.Errorf("disk: %s is damaged or not a data file: %w", path, err)
	}
	return newKeeper(boltFile{db, path}), nil
}

// Memory is a store that keeps nothing beyond the process.
func Memory() Store { return newKeeper(&memoryFile{buckets: map[string]map[string][]byte{}}) }

// file is what a keeper writes to.
type file interface {
	write(changes []Change) error
	get(bucket string, key []byte) ([]byte, bool, error)
	scan(bucket string, prefix []byte, fn func(key, value []byte) error) error
	close() error
}

// keeper implements Store over a file: it gathers changes into groups.
type keeper struct {
	file file

	mu      sync.Mutex
	waiting *group
	overlay map[slot]*pending // enqueued, not durable yet
	err     error
	closed  bool

	wake   chan struct{}
	failed chan struct{}
	ended  chan struct{}
}

type slot struct{ bucket, key string }

// pending is the newest enqueued value of a key, and the group it is in.
type pending struct {
	value []byte
	in    *group
}

// group is what becomes durable together.
type group struct {
	changes []Change
	done    chan struct{}
	err     error
}

func newGroup() *group { return &group{done: make(chan struct{})} }

func newKeeper(f file) *keeper {
	k := &keeper{file: f, waiting: newGroup(), overlay: map[slot]*pending{},
		wake: make(chan struct{}, 1), failed: make(chan struct{}), ended: make(chan struct{})}
	go k.commit()
	return k
}

// Enqueue implements Store.
func (k *keeper) Enqueue(changes ...Change) Ticket {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.err
	if err == nil && k.closed {
		err = ErrClosed
	}
	if err != nil {
		done := make(chan struct{})
		close(done)
		return Ticket{done: done, err: func() error { return err }}
	}
	g := k.waiting
	g.changes = append(g.changes, changes...)
	for _, c := range changes {
		k.overlay[slot{c.Bucket, string(c.Key)}] = &pending{c.Value, g}
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
	return Ticket{done: g.done, err: func() error { return g.err }}
}

// commit writes one group after the other until the store is closed.
func (k *keeper) commit() {
	defer close(k.ended)
	for range k.wake {
		for {
			k.mu.Lock()
			g := k.waiting
			if len(g.changes) == 0 {
				k.mu.Unlock()
				break
			}
			k.waiting = newGroup()
			err := k.err
			k.mu.Unlock()
			if err == nil {
				err = k.file.write(g.changes)
			}
			k.settle(g, err)
		}
	}
}

// settle answers the tickets of a group and forgets what the file knows now.
func (k *keeper) settle(g *group, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil && k.err == nil {
		k.err = fmt.Errorf("disk: write: %w", err)
		close(k.failed)
	}
	if k.err == nil {
		for _, c := range g.changes {
			at := slot{c.Bucket, string(c.Key)}
			if p := k.overlay[at]; p != nil && p.in == g {
				delete(k.overlay, at)
			}
		}
	}
	g.err = k.err
	close(g.done)
}

// Get implements Store.
func (k *keeper) Get(bucket string, key []byte) ([]byte, bool, error) {
	k.mu.Lock()
	if p, found := k.overlay[slot{bucket, string(key)}]; found {
		defer k.mu.Unlock()
		return bytes.Clone(p.value), p.value != nil, nil
	}
	k.mu.Unlock()
	return k.file.get(bucket, key)
}

// Scan implements Store.
func (k *keeper) Scan(bucket string, prefix []byte, fn func(key, value []byte) error) error {
	return k.file.scan(bucket, prefix, fn)
}

// Err implements Store.
func (k *keeper) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

// Failed implements Store.
func (k *keeper) Failed() <-chan struct{} { return k.failed }

// Close implements Store.
func (k *keeper) Close() error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		<-k.ended
		return nil
	}
	k.closed = true
	last := k.waiting
	pending := len(last.changes) > 0
	k.mu.Unlock()
	close(k.wake)
	<-k.ended
	if pending {
		if err := (Ticket{last.done, func() error { return last.err }}).Wait(context.Background()); err != nil {
			return errors.Join(err, k.file.close())
		}
	}
	return k.file.close()
}

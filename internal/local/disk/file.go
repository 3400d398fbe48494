package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// ErrInUse says that another process has the file open.
var ErrInUse = errors.New("in use by another process")

// ErrClosed is answered by every ticket enqueued after Close.
var ErrClosed = errors.New("disk: the store is closed")

// file is the store over bbolt. Groups that arrive while a commit runs gather
// in waiting; the committing goroutine takes them all at once.
type file struct {
	path string
	db   *bolt.DB
	// commit writes one batch; a field, so that tests can make it fail.
	commit func(*batch) error
	// Of the goroutine that commits: how many groups the last commit held, and how
	// long it took.
	groups int
	took   time.Duration
	// released is when the goroutine that settles let pages go.
	released time.Time

	mu         sync.Mutex
	waiting    *batch   // gathers, nil if nothing waits
	committing *batch   // is being written to the journal, nil if none
	journal    *journal // where that goes
	settlement          // from the journals into the file
	err        error
	closed     bool

	wake   chan struct{}
	failed chan struct{}
	ended  chan struct{}
}

// Open opens or creates the file and its folder (readable by its owner only), and
// settles what its journals hold. It answers [ErrInUse] when another process has
// it, [ErrDamaged] when it or a journal is not what was written, both wrapped with
// the path.
func Open(path string) (Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db, err := openBolt(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	f := &file{path: path, db: db, wake: make(chan struct{}, 1), failed: make(chan struct{}), ended: make(chan struct{}), settlement: newSettlement()}
	if err := guarded(f.replayAll); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	f.commit = func(b *batch) error { return f.journal.append(b) }
	go f.commitAll()
	go f.settleAll()
	return f, nil
}

func (f *file) Enqueue(changes ...Change) Ticket {
	if err := check(changes); err != nil {
		return settled(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.err != nil:
		return settled(f.err)
	case f.closed:
		return settled(ErrClosed)
	case len(changes) == 0:
		return settled(nil)
	}
	if f.waiting == nil {
		f.waiting = newBatch()
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
	f.waiting.add(changes)
	return Ticket{f.waiting}
}

// commitAll is the one goroutine that writes.
func (f *file) commitAll() {
	defer close(f.ended)
	for range f.wake {
		for f.commitNext() {
		}
	}
}

// longestGathering bounds how long a group waits for company.
const longestGathering = 2 * time.Millisecond

// gather waits for as long as the last commit took, if that one had several
// groups: where many write at once, more of them then share the next one, and
// processors and disk have half as many to make. Who writes alone waits for nobody.
func (f *file) gather() {
	if f.groups > 1 {
		time.Sleep(min(f.took, longestGathering))
	}
}

// commitNext writes what waits and reports whether there was anything.
func (f *file) commitNext() bool {
	f.gather()
	f.letSettle()
	began := time.Now()
	f.mu.Lock()
	b := f.waiting
	f.waiting, f.committing = nil, b
	failed := f.err
	f.mu.Unlock()
	if f.groups = 0; b == nil {
		return false
	}
	err := failed
	if err == nil {
		if err = f.commit(b); err != nil {
			err = fmt.Errorf("write %s: %w", f.path, err)
		}
	}
	f.mu.Lock()
	if err == nil {
		f.committing = nil
		f.written(b)
	} else {
		f.fail(err)
	}
	f.mu.Unlock()
	f.groups, f.took = b.groups, time.Since(began)
	b.finish(err)
	return true
}

func (f *file) Get(bucket string, key []byte) ([]byte, bool, error) {
	f.mu.Lock()
	var value []byte
	var known bool
	for _, b := range []*batch{f.waiting, f.committing, f.pending, f.settling} {
		if value, known = b.get(bucket, key); known {
			break
		}
	}
	f.mu.Unlock()
	if known {
		return bytes.Clone(value), value != nil, nil
	}
	found := false
	err := guarded(func() error {
		return f.db.View(func(tx *bolt.Tx) error {
			keys := tx.Bucket([]byte(bucket))
			if keys == nil {
				return nil
			}
			sealed := keys.Get(key)
			if sealed == nil {
				return nil
			}
			inside, err := unseal(key, sealed)
			value, found = append([]byte{}, inside...), true
			return err
		})
	})
	if err != nil {
		return nil, false, fmt.Errorf("read %s: %w", f.path, err)
	}
	return value, found, nil
}

func (f *file) Scan(bucket string, prefix []byte, fn func(key, value []byte) error) error {
	if err := f.flush(); err != nil {
		return err
	}
	var told error // the caller's own error goes back as it is
	err := guarded(func() error {
		return f.db.View(func(tx *bolt.Tx) error {
			keys := tx.Bucket([]byte(bucket))
			if keys == nil {
				return nil
			}
			cursor := keys.Cursor()
			for key, sealed := cursor.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix); key, sealed = cursor.Next() {
				value, err := unseal(key, sealed)
				if err != nil {
					return err
				}
				if told = fn(key, value); told != nil {
					return nil //nolint:nilerr // fn ended the scan; its error is told below, and is not the file's
				}
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", f.path, err)
	}
	return told
}

// flush waits until everything enqueued so far is in the file.
func (f *file) flush() error {
	f.mu.Lock()
	b, err := f.waiting, f.err
	if b == nil {
		b = f.committing
	}
	f.mu.Unlock()
	if err != nil {
		return err
	}
	if b != nil {
		if <-b.done; b.err != nil {
			return b.err
		}
	}
	return f.settleNow()
}

// fail ends the store; the lock is held.
func (f *file) fail(err error) {
	if f.err == nil {
		f.err = err
		close(f.failed)
	}
}

func (f *file) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *file) Failed() <-chan struct{} { return f.failed }

func (f *file) Close() error {
	f.mu.Lock()
	closed := f.closed
	f.closed = true
	f.mu.Unlock()
	if closed {
		return nil
	}
	err := f.flush()
	close(f.wake)
	<-f.ended
	err = errors.Join(err, f.stopSettling())
	if closing := guarded(f.db.Close); closing != nil {
		err = errors.Join(err, fmt.Errorf("close %s: %w", f.path, closing))
	}
	return err
}

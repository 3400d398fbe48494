package disk

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// A batch is in the file so long after it was written to the journal, or earlier
// if the journal is as large as this. Many changes undo each other within that
// time, such as a message that is sent and deleted, and never cost a page.
const (
	settleEvery = 10 * time.Second
	settleAt    = 8 << 20
	// A piece of so many keys is settled at a time, and then as long is waited as it
	// took, but not longer than this: an fsync of the journal waits for what the disk
	// has to do for the file.
	pieceKeys    = 512
	longestPause = 50 * time.Millisecond
	// settleBehind is how large a journal becomes at most while the one before is
	// being settled: then commits wait.
	settleBehind = 64 << 20
)

// settlement is the way from the journals into the file. One goroutine goes it,
// while the next batches go into the next journal.
type settlement struct {
	// pending is what the journal holds, settling what the one before holds and is
	// on its way into the file; nil if there is nothing.
	pending, settling *batch
	// next is the journal to turn to as soon as no batch is being written, before
	// the one that was turned from.
	next, before *journal
	// turns counts the journals that were turned from, settled those that are in
	// the file.
	turns, settled int
	// hurried counts those who wait until everything is settled.
	hurried int
	// filled is how large the journal is; the goroutine that commits knows its size
	// without the lock.
	filled int64
	moved  chan struct{} // closed and replaced at every turn, and when one is settled
	timer  *time.Timer

	due, quit, stopped chan struct{}
}

func newSettlement() settlement {
	return settlement{moved: make(chan struct{}), due: make(chan struct{}, 1), quit: make(chan struct{}), stopped: make(chan struct{})}
}

// replayAll settles what was written before the process ended, and makes the first
// journal.
func (f *file) replayAll() error {
	numbers, err := journals(f.path)
	if err != nil {
		return err
	}
	left, next, torn := newBatch(), 1, false
	for _, number := range numbers {
		batches, err := replay(journalPath(f.path, number), left)
		switch {
		case err != nil && !errors.Is(err, errTorn):
			return fmt.Errorf("journal %d: %w", number, err)
		case torn && batches > 0:
			return fmt.Errorf("journal %d: %w: %w", number-1, ErrDamaged, errTorn)
		}
		torn, next = torn || err != nil, number+1
	}
	if len(left.buckets) > 0 {
		if err := f.db.Update(left.write); err != nil {
			return err
		}
	}
	if f.journal, err = newJournal(f.path, next); err != nil {
		return err
	}
	return forget(f.path, numbers)
}

// written notes a batch that is in the journal; the lock is held.
func (f *file) written(b *batch) {
	if f.pending == nil {
		f.pending = newBatch()
		f.timer = time.AfterFunc(settleEvery, f.wantSettled)
	}
	f.pending.take(b)
	if f.filled = f.journal.size; f.filled >= settleAt {
		f.wantSettled()
	}
	f.turn()
}

func (f *file) wantSettled() {
	select {
	case f.due <- struct{}{}:
	default:
	}
}

// turn goes to the next journal, if there is one and no batch is being written;
// the lock is held.
func (f *file) turn() {
	if f.next == nil || f.committing != nil {
		return
	}
	f.before, f.journal, f.next = f.journal, f.next, nil
	f.settling, f.pending, f.filled = f.pending, nil, 0
	f.turns++
	f.move()
}

func (f *file) move() {
	close(f.moved)
	f.moved = make(chan struct{})
}

// await waits until done, which is asked with the lock held, or until the store has
// failed, which is the error.
func (f *file) await(done func() bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.err == nil && !done() {
		moved := f.moved
		f.mu.Unlock()
		select {
		case <-moved:
		case <-f.failed:
		}
		f.mu.Lock()
	}
	return f.err
}

// letSettle holds commits up while too much waits to be settled.
func (f *file) letSettle() {
	_ = f.await(func() bool { return f.settling == nil || f.journal.size < settleBehind })
}

// settleNow waits until everything that is in a journal now is in the file.
func (f *file) settleNow() error {
	f.mu.Lock()
	until := f.turns
	if f.pending != nil {
		until++
	}
	f.hurried++
	f.mu.Unlock()
	f.wantSettled()
	err := f.await(func() bool { return f.settled >= until })
	f.mu.Lock()
	f.hurried--
	f.mu.Unlock()
	return err
}

// settleAll is the one goroutine that settles.
func (f *file) settleAll() {
	defer close(f.stopped)
	for {
		select {
		case <-f.due:
		case <-f.quit:
			return
		}
		if err := guarded(f.settle); err != nil {
			f.mu.Lock()
			f.fail(fmt.Errorf("write %s: %w", f.path, err))
			f.mu.Unlock()
		}
	}
}

// settle turns to a new journal and writes what the one before holds into the file.
// What cannot be settled stays in its journal.
func (f *file) settle() error {
	f.mu.Lock()
	nothing, number := f.pending == nil || f.err != nil, f.journal.number
	f.mu.Unlock()
	if nothing {
		return nil
	}
	next, err := newJournal(f.path, number+1)
	if err != nil {
		return err
	}
	f.mu.Lock()
	turns := f.turns
	f.next = next
	f.turn()
	f.mu.Unlock()
	if f.await(func() bool { return f.turns > turns }) != nil {
		return nil //nolint:nilerr // a commit failed, and said so
	}
	began := time.Now()
	if err := f.settling.inPieces(f.db, pieceKeys, func() { began = f.rest(began) }); err != nil {
		return err
	}
	f.release()
	if err := f.before.remove(); err != nil {
		return err
	}
	f.mu.Lock()
	f.settling, f.before = nil, nil
	f.settled++
	f.move()
	f.mu.Unlock()
	return nil
}

// rest waits after a piece that began at a time, unless somebody is in a hurry or the
// next journal is full. It returns when the next piece begins.
func (f *file) rest(began time.Time) time.Time {
	f.mu.Lock()
	hurry := f.hurried > 0 || f.filled >= settleAt
	f.mu.Unlock()
	if !hurry {
		time.Sleep(min(time.Since(began), longestPause))
	}
	return time.Now()
}

// stopSettling ends it when nothing is committed any more. The journal goes if all
// of it is in the file.
func (f *file) stopSettling() error {
	close(f.quit)
	<-f.stopped
	if f.timer != nil {
		f.timer.Stop()
	}
	var errs []error
	for _, j := range []*journal{f.next, f.before, f.journal} {
		switch {
		case j == nil:
		case j == f.journal && f.err == nil && f.pending == nil:
			errs = append(errs, j.remove())
		default:
			_ = j.file.Close() // it may be closed
		}
	}
	return errors.Join(errs...)
}

// The file's pages leave the resident memory so often, once it is larger than
// this: a process then shows what it works with, and not all that it ever wrote.
const (
	releaseEvery = 2 * time.Second
	releaseFrom  = 64 << 20
)

// release lets go of the pages, if it is time; for the goroutine that settles.
func (f *file) release() {
	if time.Since(f.released) < releaseEvery {
		return
	}
	f.released = time.Now()
	_ = f.db.View(func(tx *bolt.Tx) error {
		if tx.Size() > releaseFrom {
			letGo(tx)
		}
		return nil
	})
}

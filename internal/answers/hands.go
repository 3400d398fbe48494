package answers

import (
	"sync"

	"sluice/internal/fault"
)

// hands read and write objects for the records of a batch. A goroutine's stack
// grows to what a call of the SDK needs, which costs more than the goroutine: so
// a few of them work for all records, which only wait. What was begun is ended
// first: an answer is kept before the next record is looked up, or the last record
// of the batch would be looked up before the first one's answer is kept.
type hands struct {
	first, work chan func()

	mu    sync.Mutex
	count int
}

// mostHands is how many objects are read and written at the same time.
const mostHands = 24

func newHands() hands { return hands{first: make(chan func()), work: make(chan func())} }

// do has f done, and gives its error. A panic in f is an error.
func (h *hands) do(f func() error) error { return h.give(h.work, f) }

// doFirst is do, before all that waits there.
func (h *hands) doFirst(f func() error) error { return h.give(h.first, f) }

func (h *hands) give(to chan<- func(), f func() error) error {
	done := make(chan error, 1)
	task := func() { done <- fault.Guard(f) }
	select {
	case to <- task:
	default:
		h.hire()
		to <- task
	}
	return <-done
}

// hire adds a hand, if there may be one more.
func (h *hands) hire() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count == mostHands {
		return
	}
	h.count++
	go func() {
		for task := h.next(); task != nil; task = h.next() {
			task()
		}
	}()
}

// next waits for something to do; nil if there will be nothing any more.
func (h *hands) next() func() {
	select {
	case task := <-h.first:
		return task
	default:
	}
	select {
	case task := <-h.first:
		return task
	case task := <-h.work:
		return task
	}
}

// end sends the hands home; nothing may be done any more.
func (h *hands) end() {
	close(h.first)
	close(h.work)
}

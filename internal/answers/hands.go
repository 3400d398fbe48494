package answers

import (
	"sync"

	"sluice/internal/fault"
)

// hands read and write objects for the records of a batch. A goroutine's stack
// grows to what a call of the SDK needs, which costs more than the goroutine: so
// a few of them work for all records, which only wait.
type hands struct {
	work chan func()

	mu    sync.Mutex
	count int
}

// mostHands is how many objects are read and written at the same time.
const mostHands = 24

// do has f done, and gives its error. A panic in f is an error.
func (h *hands) do(f func() error) error {
	done := make(chan error, 1)
	task := func() { done <- fault.Guard(f) }
	select {
	case h.work <- task:
	default:
		h.hire()
		h.work <- task
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
		for task := range h.work {
			task()
		}
	}()
}

// end sends the hands home; nothing may be done any more.
func (h *hands) end() { close(h.work) }

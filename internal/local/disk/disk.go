package disk

import "context"

// Change is one write: Value under Key in Bucket, or its removal when Value is
// nil. An empty, non-nil Value is a value.
type Change struct {
	Bucket string
	Key    []byte
	Value  []byte
}

// Store is the durable ground under every state of the local machine.
type Store interface {
	// Enqueue takes an atomic group of changes and returns at once. Groups reach
	// the disk in the order of the Enqueue calls, many to one transaction; the
	// ticket tells when this one is durable. The caller must not change the
	// slices afterwards.
	Enqueue(changes ...Change) Ticket
	// Get reads one value, enqueued writes that are not durable yet among them.
	// The returned slice is the caller's own.
	Get(bucket string, key []byte) (value []byte, found bool, err error)
	// Scan calls fn for every key with the prefix, in byte order, until fn
	// returns an error, which it passes on. It first waits until what was
	// enqueued before is durable. The slices are valid only during the call; fn
	// may enqueue, but must not wait for a ticket.
	Scan(bucket string, prefix []byte, fn func(key, value []byte) error) error
	// Err is the first failed write, or nil. After it nothing is written any
	// more, and every ticket answers it.
	Err() error
	// Failed is closed when a write has failed.
	Failed() <-chan struct{}
	// Close writes what is enqueued and releases the file.
	Close() error
}

// Ticket stands for one enqueued group of changes; the zero one for what is
// durable. It is small, but keeps a little alive: who keeps many for long sets
// them to zero once they are settled.
type Ticket struct{ of *batch }

// Wait returns nil once the group is durable, the store's error if it never
// will be, or the context's error if that ends first (the group may still
// become durable).
func (t Ticket) Wait(ctx context.Context) error {
	if t.of == nil {
		return nil
	}
	select {
	case <-t.of.done:
		return t.of.err
	case <-ctx.Done():
	}
	select {
	case <-t.of.done: // both at once: what happened counts more than who waited
		return t.of.err
	default:
		return ctx.Err()
	}
}

package disk

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// A batch is what one commit will hold: by bucket and key, the value last
// written, or nil for a removal.
type batch struct {
	buckets map[string]map[string][]byte
	groups  int // that are in it
	done    chan struct{}
	err     error // set before done is closed
}

func newBatch() *batch {
	return &batch{buckets: map[string]map[string][]byte{}, done: make(chan struct{})}
}

func (b *batch) add(changes []Change) {
	b.groups++
	for _, c := range changes {
		keys := b.buckets[c.Bucket]
		if keys == nil {
			keys = map[string][]byte{}
			b.buckets[c.Bucket] = keys
		}
		keys[string(c.Key)] = c.Value
	}
}

// take adds what another batch holds, which must not be changed any more.
func (b *batch) take(later *batch) {
	if len(b.buckets) == 0 {
		b.buckets = later.buckets
		return
	}
	for name, keys := range later.buckets {
		if b.buckets[name] == nil {
			b.buckets[name] = keys
			continue
		}
		maps.Copy(b.buckets[name], keys)
	}
}

// get finds what the batch says about a key: known is false if it says nothing,
// a nil value is a removal.
func (b *batch) get(bucket string, key []byte) (value []byte, known bool) {
	if b == nil {
		return nil, false
	}
	value, known = b.buckets[bucket][string(key)]
	return value, known
}

// finish answers every ticket. What is durable is let go of: tickets are kept
// for as long as their callers like, and must not keep everybody's values alive.
func (b *batch) finish(err error) {
	b.err = err
	if err == nil {
		b.buckets = nil
	}
	close(b.done)
}

// write puts the batch into a transaction. Keys go in sorted, so that
// neighbours on a page are touched together.
func (b *batch) write(tx *bolt.Tx) error {
	for _, name := range slices.Sorted(maps.Keys(b.buckets)) {
		if err := writeKeys(tx, name, b.buckets[name], slices.Sorted(maps.Keys(b.buckets[name]))); err != nil {
			return err
		}
	}
	return nil
}

// inPieces puts the batch into transactions of a bucket's neighbouring keys, most of
// them in each, and is done after each.
func (b *batch) inPieces(db *bolt.DB, most int, done func()) error {
	for _, name := range slices.Sorted(maps.Keys(b.buckets)) {
		keys := b.buckets[name]
		for piece := range slices.Chunk(slices.Sorted(maps.Keys(keys)), most) {
			if err := db.Update(func(tx *bolt.Tx) error { return writeKeys(tx, name, keys, piece) }); err != nil {
				return err
			}
			done()
		}
	}
	return nil
}

func writeKeys(tx *bolt.Tx, name string, values map[string][]byte, keys []string) error {
	bucket, err := tx.CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return fmt.Errorf("bucket %s: %w", name, err)
	}
	// Most keys are numbers that only grow: a full page stays full.
	bucket.FillPercent = 0.9
	var raw []byte // the key at hand, of which bbolt keeps a copy
	for _, key := range keys {
		raw = append(raw[:0], key...)
		if value := values[key]; value == nil {
			err = bucket.Delete(raw)
		} else {
			err = bucket.Put(raw, seal(raw, value))
		}
		if err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
	}
	return nil
}

// A change that no file could hold is the caller's fault and harms nobody else.
var errBadChange = errors.New("disk: a change needs a bucket and a key of 1 to 32,768 bytes")

func check(changes []Change) error {
	for _, c := range changes {
		if c.Bucket == "" || c.Bucket == formatBucket || len(c.Key) == 0 || len(c.Key) > bolt.MaxKeySize {
			return errBadChange
		}
	}
	return nil
}

// settled is a ticket whose answer is known already.
func settled(err error) Ticket {
	if err == nil {
		return Ticket{}
	}
	b := &batch{done: make(chan struct{}), err: err}
	close(b.done)
	return Ticket{b}
}

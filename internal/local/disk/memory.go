package disk

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync"
)

// memory keeps everything until the process ends: a ticket is settled as soon
// as it is handed out.
type memory struct {
	mu      sync.Mutex
	buckets map[string]map[string][]byte
	closed  bool
	failed  chan struct{}
}

// Memory is a store without a file, for tests and for a machine that need not
// remember. Its writes cannot fail.
func Memory() Store {
	return &memory{buckets: map[string]map[string][]byte{}, failed: make(chan struct{})}
}

func (m *memory) Enqueue(changes ...Change) Ticket {
	if err := check(changes); err != nil {
		return settled(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return settled(ErrClosed)
	}
	for _, c := range changes {
		keys := m.buckets[c.Bucket]
		switch {
		case c.Value == nil:
			delete(keys, string(c.Key))
		case keys == nil:
			m.buckets[c.Bucket] = map[string][]byte{string(c.Key): c.Value}
		default:
			keys[string(c.Key)] = c.Value
		}
	}
	return settled(nil)
}

func (m *memory) Get(bucket string, key []byte) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, found := m.buckets[bucket][string(key)]
	return bytes.Clone(value), found, nil
}

// Scan works on the keys as they are at its start; fn may use the store.
func (m *memory) Scan(bucket string, prefix []byte, fn func(key, value []byte) error) error {
	m.mu.Lock()
	keys := maps.Clone(m.buckets[bucket])
	m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !strings.HasPrefix(key, string(prefix)) {
			continue
		}
		if err := fn([]byte(key), keys[key]); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Err() error              { return nil }
func (m *memory) Failed() <-chan struct{} { return m.failed }

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

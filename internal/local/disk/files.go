package disk

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	bolt "go.etcd.io/bbolt"
)

// boltFile is a file of bbolt; each bucket of ours is one of its.
type boltFile struct {
	db   *bolt.DB
	path string
}

func (f boltFile) write(changes []Change) error {
	return f.guard(func() error {
		return f.db.Update(func(tx *bolt.Tx) error {
			buckets := map[string]*bolt.Bucket{}
			for _, c := range changes {
				b := buckets[c.Bucket]
				if b == nil {
					var err error
					if b, err = tx.CreateBucketIfNotExists([]byte(c.Bucket)); err != nil {
						return err
					}
					buckets[c.Bucket] = b
				}
				if err := apply(b, c); err != nil {
					return fmt.Errorf("bucket %s: %w", c.Bucket, err)
				}
			}
			return nil
		})
	})
}

func apply(b *bolt.Bucket, c Change) error {
	if c.Value == nil {
		return b.Delete(c.Key)
	}
	return b.Put(c.Key, c.Value)
}

func (f boltFile) get(bucket string, key []byte) (value []byte, found bool, err error) {
	err = f.guard(func() error {
		return f.db.View(func(tx *bolt.Tx) error {
			if b := tx.Bucket([]byte(bucket)); b != nil {
				if v := b.Get(key); v != nil {
					value, found = append([]byte{}, v...), true
				}
			}
			return nil
		})
	})
	return value, found, err
}

func (f boltFile) scan(bucket string, prefix []byte, fn func(key, value []byte) error) error {
	return f.guard(func() error {
		return f.db.View(func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			if b == nil {
				return nil
			}
			cursor := b.Cursor()
			for k, v := cursor.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = cursor.Next() {
				if err := fn(k, v); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (f boltFile) close() error { return f.db.Close() }

// guard tells damage that bbolt answers with a panic as an error.
func (f boltFile) guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s is damaged: %v", f.path, p)
		}
	}()
	return do()
}

// memoryFile keeps the values in maps.
type memoryFile struct {
	mu      sync.RWMutex
	buckets map[string]map[string][]byte
}

func (f *memoryFile) write(changes []Change) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range changes {
		b := f.buckets[c.Bucket]
		if b == nil {
			b = map[string][]byte{}
			f.buckets[c.Bucket] = b
		}
		if c.Value == nil {
			delete(b, string(c.Key))
		} else {
			b[string(c.Key)] = c.Value
		}
	}
	return nil
}

func (f *memoryFile) get(bucket string, key []byte) ([]byte, bool, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	v, found := f.buckets[bucket][string(key)]
	return bytes.Clone(v), found, nil
}

func (f *memoryFile) scan(bucket string, prefix []byte, fn func(key, value []byte) error) error {
	f.mu.RLock()
	b := maps.Clone(f.buckets[bucket])
	f.mu.RUnlock()
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if strings.HasPrefix(key, string(prefix)) {
			if err := fn([]byte(key), b[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *memoryFile) close() error { return nil }

package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"sluice/internal/local/disk"
	"sluice/internal/local/service"
)

// Config is the ground a State stands on. Zero values are made into defaults.
type Config struct {
	service.Config
	// Events hears of objects; nil if nobody does.
	Events Events
}

// State is one account's S3 in one region. Its methods may be called by many
// goroutines at once; those that change something return when the change is
// durable. Errors are *Error, or say that the store or the folder has failed.
type State struct {
	cfg    Config
	store  disk.Store
	bodies *bodies
	outbox *outbox

	mu       sync.RWMutex
	buckets  map[string]*bucket
	uploads  map[string]*upload
	contests map[string]map[*contest]bool // by bucket, NUL, key
	sequence uint64                       // of the newest write; grows over restarts too

	countsMu sync.Mutex
	counts   map[string]int64
}

// bucket is a bucket with its index.
type bucket struct {
	Created time.Time `json:"created"`
	// Configs holds the documents of the bucket's configurations by their query
	// name ("notification", "lifecycle", …), as they were put.
	Configs map[string]string `json:"configs,omitempty"`

	objects btree.Map[string, *entry]
}

// Disk buckets. Records are JSON; bodies are bytes.
const (
	bucketBuckets = "s3/buckets" // by name
	bucketObjects = "s3/objects" // by bucket, NUL, key
	bucketBodies  = "s3/bodies"  // small bodies by id
	bucketUploads = "s3/uploads" // by id
	bucketParts   = "s3/parts"   // by upload id, NUL, five digits
	bucketEvents  = "s3/events"  // pending events by sequence
)

// New loads the state from the store and the folder of large bodies, and sweeps
// from the folder what no object refers to. With folder "" large bodies are in a
// temporary folder that Close removes. The error tells which record could not be
// read.
func New(store disk.Store, folder string, cfg Config) (*State, error) {
	cfg.Config = cfg.WithDefaults()
	s := &State{
		cfg: cfg, store: store, bodies: newBodies(store, folder), outbox: newOutbox(),
		buckets: map[string]*bucket{}, uploads: map[string]*upload{}, contests: map[string]map[*contest]bool{}, counts: map[string]int64{},
	}
	loads := []struct {
		bucket string
		take   func(key, value []byte) error
	}{
		{bucketBuckets, s.loadBucket}, {bucketObjects, s.loadObject},
		{bucketUploads, s.loadUpload}, {bucketParts, s.loadPart}, {bucketEvents, s.loadEvent},
	}
	for _, l := range loads {
		err := store.Scan(l.bucket, nil, func(key, value []byte) error {
			if err := l.take(key, value); err != nil {
				return fmt.Errorf("record %q: %w", key, err)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("s3: load %s: %w", l.bucket, err)
		}
	}
	if err := s.bodies.sweep(s.referred()); err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	return s, nil
}

// Close removes the temporary folder, if there is one. The store is its owner's
// to close, afterwards.
func (s *State) Close() error { return s.bodies.close() }

func (s *State) loadBucket(key, value []byte) error {
	b := &bucket{}
	s.buckets[string(key)] = b
	return json.Unmarshal(value, b)
}

func (s *State) loadObject(key, value []byte) error {
	name, objectKey, ok := bytes.Cut(key, []byte{0})
	b := s.buckets[string(name)]
	if !ok || b == nil {
		return fmt.Errorf("there is no bucket %q", name)
	}
	o := &Object{Bucket: string(name), Key: string(objectKey)}
	if err := json.Unmarshal(value, o); err != nil {
		return err
	}
	s.sequence = max(s.sequence, o.Sequence)
	b.objects.Set(o.Key, pack(o))
	return nil
}

// referred is every large body that something refers to.
func (s *State) referred() map[string]bool {
	all := map[string]bool{}
	for _, b := range s.buckets {
		b.objects.Scan(func(key string, e *entry) bool {
			for _, p := range e.object("", key).Pieces {
				if !p.InStore {
					all[p.ID] = true
				}
			}
			return true
		})
	}
	for _, u := range s.uploads {
		for _, p := range u.parts {
			all[p.Piece.ID] = true
		}
	}
	return all
}

// nextSequence orders writes; the caller holds the lock. It follows the clock, so
// that it grows even if the newest object was deleted before a restart.
func (s *State) nextSequence() uint64 {
	s.sequence = max(s.sequence+1, uint64(max(s.cfg.Now().UnixNano(), 0)))
	return s.sequence
}

// Count counts a request of an operation.
func (s *State) Count(operation string) {
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	s.counts[operation]++
}

// Counts is how many requests of each operation ("PutObject", "GetObject", …)
// came since the start, refused ones among them.
func (s *State) Counts() map[string]int64 {
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	return maps.Clone(s.counts)
}

// durable waits for a ticket whatever becomes of the caller: the change is made,
// and what follows from it must be done too.
func durable(ctx context.Context, t disk.Ticket) error {
	if err := t.Wait(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("s3: the store has failed: %w", err)
	}
	return nil
}

// record marshals one of our own records, which cannot fail.
func record(bucket string, key []byte, v any) disk.Change {
	value, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("s3: record of %s: %v", bucket, err))
	}
	return disk.Change{Bucket: bucket, Key: key, Value: value}
}

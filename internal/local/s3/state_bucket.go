package s3

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"sluice/internal/local/disk"
)

// BucketInfo is one bucket of a list.
type BucketInfo struct {
	Name    string
	Created time.Time
}

// CreateBucket makes a bucket. One that is there already is no error, as in
// us-east-1 for its owner.
func (s *State) CreateBucket(ctx context.Context, name string) error {
	s.mu.Lock()
	if s.buckets[name] != nil {
		s.mu.Unlock()
		return nil
	}
	b := &bucket{Created: s.cfg.Now().UTC().Truncate(time.Second)}
	s.buckets[name] = b
	ticket := s.store.Enqueue(record(bucketBuckets, []byte(name), b))
	s.mu.Unlock()
	return durable(ctx, ticket)
}

// DeleteBucket removes an empty bucket with its configurations and unfinished
// uploads. Errors: NoSuchBucket, BucketNotEmpty.
func (s *State) DeleteBucket(ctx context.Context, name string) error {
	s.mu.Lock()
	b := s.buckets[name]
	if b == nil {
		s.mu.Unlock()
		return noSuchBucket()
	}
	if b.objects.Len() > 0 {
		s.mu.Unlock()
		return refuse(http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty")
	}
	delete(s.buckets, name)
	changes := []disk.Change{{Bucket: bucketBuckets, Key: []byte(name)}}
	var gone []piece
	for _, u := range s.uploads {
		if u.Bucket == name {
			delete(s.uploads, u.ID)
			changes = append(changes, u.removal(nil)...)
			gone = append(gone, u.pieces()...)
		}
	}
	ticket := s.store.Enqueue(changes...)
	s.mu.Unlock()
	if err := durable(ctx, ticket); err != nil {
		return err
	}
	s.bodies.discard(gone)
	return nil
}

// Buckets lists the buckets by name.
func (s *State) Buckets() []BucketInfo {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []BucketInfo
	for _, name := range slices.Sorted(maps.Keys(s.buckets)) {
		all = append(all, BucketInfo{name, s.buckets[name].Created})
	}
	return all
}

// HasBucket tells whether the bucket is there.
func (s *State) HasBucket(name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.buckets[name] != nil
}

// SetConfig keeps a configuration document of a bucket; "" removes it. Errors:
// NoSuchBucket.
func (s *State) SetConfig(ctx context.Context, name, config, document string) error {
	s.mu.Lock()
	b := s.buckets[name]
	if b == nil {
		s.mu.Unlock()
		return noSuchBucket()
	}
	configs := maps.Clone(b.Configs)
	if configs == nil {
		configs = map[string]string{}
	}
	configs[config] = document
	if document == "" {
		delete(configs, config)
	}
	b.Configs = configs
	ticket := s.store.Enqueue(record(bucketBuckets, []byte(name), b))
	s.mu.Unlock()
	return durable(ctx, ticket)
}

// Config is a configuration document of a bucket, "" if there is none. Errors:
// NoSuchBucket.
func (s *State) Config(name, config string) (string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[name]
	if b == nil {
		return "", noSuchBucket()
	}
	return b.Configs[config], nil
}

// notification is the name of the configuration that says who hears of objects.
const notification = "notification"

// tells tells whether the bucket sends its events to EventBridge.
func (s *State) tells(name string) bool {
	document, err := s.Config(name, notification)
	return err == nil && strings.Contains(document, "EventBridgeConfiguration")
}

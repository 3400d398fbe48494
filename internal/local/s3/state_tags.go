package s3

import (
	"context"
	"maps"

	"sluice/internal/local/disk"
)

// SetTags replaces an object's tags, a query string, "" for none. Nothing else of
// the object changes, nor is a write told. Errors: NoSuchBucket, NoSuchKey.
func (s *State) SetTags(ctx context.Context, bucket, key, tags string) error {
	s.mu.Lock()
	there, err := s.find(bucket, key)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	o := *there
	o.Headers = maps.Clone(there.Headers)
	if o.Headers == nil {
		o.Headers = map[string]string{}
	}
	o.Headers[tagging] = tags
	if tags == "" {
		delete(o.Headers, tagging)
	}
	o.ticket = s.store.Enqueue(record(bucketObjects, objectKey(bucket, key), &o))
	e := pack(&o)
	s.buckets[bucket].objects.Set(key, e)
	s.mu.Unlock()
	if err := durable(ctx, o.ticket); err != nil {
		return err
	}
	s.mu.Lock()
	e.ticket = disk.Ticket{}
	s.mu.Unlock()
	return nil
}

// retagged are a copy's headers with its tags: the given ones, or the source's.
func retagged(headers map[string]string, from *Object, tags *string) map[string]string {
	kept := from.Headers[tagging]
	if tags != nil {
		kept = *tags
	}
	if headers == nil {
		headers = map[string]string{}
	}
	if headers[tagging] = kept; kept == "" {
		delete(headers, tagging)
	}
	return headers
}

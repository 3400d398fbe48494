package s3

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/internal/local/disk"
)

// Object is an object's metadata. It is never changed once it is written.
type Object struct {
	Bucket string `json:"-"`
	Key    string `json:"-"`
	Size   int64  `json:"size"`
	// ETag is without quotes: the MD5 in hex, for an object of a multipart
	// upload the MD5 of the parts' MD5s and "-" and their number.
	ETag     string    `json:"etag"`
	Modified time.Time `json:"modified"` // whole seconds, UTC
	// Headers are those that the object is given back with, in lower case:
	// content-type, cache-control, x-amz-meta-…
	Headers  map[string]string `json:"headers,omitempty"`
	Checksum *Checksum         `json:"checksum,omitempty"`
	// Sequence orders the writes of one key.
	Sequence uint64 `json:"sequence"`
	// Upload is the multipart upload it came of, or "".
	Upload string  `json:"upload,omitempty"`
	Pieces []piece `json:"pieces,omitempty"`

	ticket disk.Ticket
}

func objectKey(bucket, key string) []byte { return []byte(bucket + "\x00" + key) }

// Origin is who asks, for the events that follow from it.
type Origin struct{ RequestID, SourceIP string }

// Write is an object to be written.
type Write struct {
	Bucket, Key string
	Headers     map[string]string
	// Body is read to its end and must have Size bytes.
	Body io.Reader
	Size int64
	If   Conditions
	// Checksum, if set, is asked after the body was read.
	Checksum func() *Checksum
	Origin   Origin
}

const mostKeyBytes = 1024

func checkKey(key string) error {
	if len(key) > mostKeyBytes {
		return refuse(http.StatusBadRequest, "KeyTooLongError", "Your key is too long")
	}
	if key == "" || !utf8.ValidString(key) {
		return refuse(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	}
	return nil
}

// Put writes an object. Errors: NoSuchBucket, KeyTooLongError, IncompleteBody,
// what reading the body gave, what the conditions say, and
// ConditionalRequestConflict if the key was deleted meanwhile.
func (s *State) Put(ctx context.Context, w Write) (*Object, error) {
	return s.write(ctx, w, "PutObject")
}

func (s *State) write(ctx context.Context, w Write, reason string) (*Object, error) {
	if err := checkKey(w.Key); err != nil {
		return nil, err
	}
	if !s.HasBucket(w.Bucket) {
		return nil, noSuchBucket()
	}
	conditions, done := s.contested(w.Bucket, w.Key, w.If)
	defer done()
	body, err := s.bodies.receive(w.Body, w.Size)
	if err != nil {
		return nil, err
	}
	o := &Object{Bucket: w.Bucket, Key: w.Key, Size: body.Size, ETag: hex.EncodeToString(body.md5), Headers: w.Headers, Pieces: body.pieces()}
	if w.Checksum != nil {
		o.Checksum = w.Checksum()
	}
	changes := func() ([]disk.Change, error) { return body.changes(), nil }
	if err := s.keep(ctx, o, conditions, reason, w.Origin, changes); err != nil {
		s.bodies.discard(body.pieces())
		return nil, err
	}
	return o, nil
}

// keep judges the conditions, puts the object into the index and makes it
// durable together with its event and what changes else, which is asked for
// under the lock once the conditions hold.
func (s *State) keep(ctx context.Context, o *Object, conditions Conditions, reason string, by Origin, also func() ([]disk.Change, error)) error {
	event := s.wanted(Event{Type: ObjectCreated, Bucket: o.Bucket, Key: o.Key, Size: o.Size, ETag: o.ETag, Reason: reason}, by)
	s.mu.Lock()
	b := s.buckets[o.Bucket]
	if b == nil {
		s.mu.Unlock()
		return noSuchBucket()
	}
	old, _ := b.objects.Get(o.Key)
	there := old.object(o.Bucket, o.Key)
	if err := conditions.check(there); err != nil {
		s.mu.Unlock()
		return seen(ctx, there, err)
	}
	changes, err := also()
	if err != nil {
		s.mu.Unlock()
		return err
	}
	o.Sequence = s.nextSequence()
	o.Modified = s.cfg.Now().UTC().Truncate(time.Second)
	changes = append(changes, record(bucketObjects, objectKey(o.Bucket, o.Key), o))
	changes = append(changes, there.bodyRemoval()...)
	if event != nil {
		changes = append(changes, event.complete(o.Sequence, s.cfg.Now()))
	}
	o.ticket = s.store.Enqueue(changes...)
	o.Key = strings.Clone(o.Key) // it is a part of its request
	e := pack(o)
	b.objects.Set(o.Key, e)
	s.mu.Unlock()
	if err := durable(ctx, o.ticket); err != nil {
		return err
	}
	s.mu.Lock()
	e.ticket = disk.Ticket{}
	s.mu.Unlock()
	s.bodies.discard(there.pieces())
	s.outbox.add(event)
	return nil
}

// seen answers an error that tells of an object, once that object is durable:
// nobody must hear of what a crash could still undo.
func seen(ctx context.Context, there *Object, err error) error {
	if there != nil {
		if lost := there.ticket.Wait(ctx); lost != nil {
			return lost
		}
	}
	return err
}

func (o *Object) pieces() []piece {
	if o == nil {
		return nil
	}
	return o.Pieces
}

func (o *Object) bodyRemoval() []disk.Change { return removals(o.pieces()) }

// find is the object under the lock that the caller holds.
func (s *State) find(bucket, key string) (*Object, error) {
	b := s.buckets[bucket]
	if b == nil {
		return nil, noSuchBucket()
	}
	e, found := b.objects.Get(key)
	if !found {
		return nil, noSuchKey()
	}
	return e.object(bucket, key), nil
}

// Stat is an object's metadata. Errors: NoSuchBucket, NoSuchKey.
func (s *State) Stat(ctx context.Context, bucket, key string) (*Object, error) {
	s.mu.RLock()
	o, err := s.find(bucket, key)
	s.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	return o, seen(ctx, o, nil)
}

// Open is an object's metadata and a reader of its whole content, which can
// also be read in part. Errors: NoSuchBucket, NoSuchKey.
func (s *State) Open(ctx context.Context, bucket, key string) (*Object, *Content, error) {
	s.mu.RLock()
	o, err := s.find(bucket, key)
	var content *Content
	if err == nil {
		content, err = s.bodies.open(o.Pieces)
	}
	s.mu.RUnlock()
	if err != nil {
		return nil, nil, err
	}
	if err := seen(ctx, o, nil); err != nil {
		content.Close()
		return nil, nil, err
	}
	return o, content, nil
}

// Delete removes an object; one that is not there is no error without a
// condition. Errors: NoSuchBucket, and what the conditions say.
func (s *State) Delete(ctx context.Context, bucket, key string, conditions Conditions, reason string, by Origin) error {
	event := s.wanted(Event{Type: ObjectDeleted, Bucket: bucket, Key: key, Reason: reason, DeletionType: "Permanently Deleted"}, by)
	s.mu.Lock()
	b := s.buckets[bucket]
	if b == nil {
		s.mu.Unlock()
		return noSuchBucket()
	}
	e, found := b.objects.Get(key)
	there := e.object(bucket, key)
	if err := conditions.check(there); err != nil {
		s.mu.Unlock()
		return seen(ctx, there, err)
	}
	s.decide(bucket, key)
	if !found {
		s.mu.Unlock()
		return nil
	}
	b.objects.Delete(key)
	changes := append(there.bodyRemoval(), disk.Change{Bucket: bucketObjects, Key: objectKey(bucket, key)})
	if event != nil {
		changes = append(changes, event.complete(s.nextSequence(), s.cfg.Now()))
	}
	ticket := s.store.Enqueue(changes...)
	s.mu.Unlock()
	if err := durable(ctx, ticket); err != nil {
		return err
	}
	s.bodies.discard(there.Pieces)
	s.outbox.add(event)
	return nil
}

// Copying is an object to be copied.
type Copying struct {
	FromBucket, FromKey string
	FromIf              ReadConditions
	Bucket, Key         string
	If                  Conditions
	// Headers replace those of the source, if set, and Tags its tags. Those in Over
	// replace single ones.
	Headers, Over map[string]string
	Tags          *string
	// Algorithm is that of the copy's checksum; "": the one that the source has.
	Algorithm string
	Origin    Origin
}

// Copy copies an object; the copy has an ETag of its own content. Errors:
// NoSuchBucket, NoSuchKey, PreconditionFailed, InvalidRequest for a copy onto
// itself that changes nothing.
func (s *State) Copy(ctx context.Context, c Copying) (*Object, error) {
	from, content, err := s.Open(ctx, c.FromBucket, c.FromKey)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	if failed := c.FromIf.failed(from); failed != "" {
		return nil, preconditionFailed("x-amz-copy-source-" + failed)
	}
	headers := c.Headers
	if headers == nil {
		if c.FromBucket == c.Bucket && c.FromKey == c.Key && len(c.Over) == 0 {
			return nil, invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
		}
		headers = maps.Clone(from.Headers)
	}
	headers = retagged(headers, from, c.Tags)
	maps.Copy(headers, c.Over)
	if headers[storageClass] == "STANDARD" {
		delete(headers, storageClass)
	}
	body := content.Range(0, from.Size)
	defer body.Close()
	w := Write{Bucket: c.Bucket, Key: c.Key, Headers: headers, Body: body, Size: from.Size, If: c.If, Origin: c.Origin}
	w.summed(c.algorithm(from))
	return s.write(ctx, w, "CopyObject")
}

// algorithm is that of the copy's checksum, "" for none.
func (c *Copying) algorithm(from *Object) string {
	if c.Algorithm == "" && from.Checksum != nil {
		return from.Checksum.Algorithm
	}
	return c.Algorithm
}

// summed lets the checksum of the body be computed while it is read, if there is
// an algorithm.
func (w *Write) summed(algorithm string) {
	sum := newChecksum(algorithm)
	if sum == nil {
		return
	}
	w.Body = io.TeeReader(w.Body, sum)
	w.Checksum = func() *Checksum { return &Checksum{algorithm, base64.StdEncoding.EncodeToString(sum.Sum(nil))} }
}

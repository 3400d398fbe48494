package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/internal/local/disk"
)

// upload is a multipart upload that is not finished.
type upload struct {
	ID        string            `json:"-"`
	Bucket    string            `json:"bucket"`
	Key       string            `json:"key"`
	Headers   map[string]string `json:"headers,omitempty"`
	Initiated time.Time         `json:"initiated"`
	// Algorithm is that of the object's checksum, "" for none.
	Algorithm string `json:"algorithm,omitempty"`
	// Whole: the checksum is to be of the content, not of the parts' checksums.
	Whole bool `json:"whole,omitempty"`

	parts map[int]*part
}

// part is one part of an upload. It is never changed.
type part struct {
	Number   int       `json:"number"` // 1 to 10,000
	ETag     string    `json:"etag"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Checksum *Checksum `json:"checksum,omitempty"`
	Piece    piece     `json:"piece"`
}

const (
	mostParts     = 10_000
	leastPartSize = 5 << 20 // but for the last one
)

func partKey(upload string, number int) []byte { return fmt.Appendf(nil, "%s\x00%05d", upload, number) }

func (u *upload) pieces() []piece {
	var all []piece
	for _, p := range u.parts {
		all = append(all, p.Piece)
	}
	return all
}

// removal are the changes that forget the upload and its parts, but the bodies of
// the kept ones.
func (u *upload) removal(kept map[string]bool) []disk.Change {
	changes := []disk.Change{{Bucket: bucketUploads, Key: []byte(u.ID)}}
	for _, p := range u.parts {
		changes = append(changes, disk.Change{Bucket: bucketParts, Key: partKey(u.ID, p.Number)})
		if !kept[p.Piece.ID] {
			changes = append(changes, removals([]piece{p.Piece})...)
		}
	}
	return changes
}

func (s *State) loadUpload(key, value []byte) error {
	u := &upload{ID: string(key), parts: map[int]*part{}}
	s.uploads[u.ID] = u
	return json.Unmarshal(value, u)
}

func (s *State) loadPart(key, value []byte) error {
	id, _, _ := bytes.Cut(key, []byte{0})
	u := s.uploads[string(id)]
	if u == nil {
		return fmt.Errorf("there is no upload %q", id)
	}
	p := &part{}
	if err := json.Unmarshal(value, p); err != nil {
		return err
	}
	u.parts[p.Number] = p
	return nil
}

// CreateUpload begins a multipart upload and answers its id. The algorithm is
// that of the object's checksum ("" for none), of its whole content or of its
// parts' checksums. Errors: NoSuchBucket, KeyTooLongError.
func (s *State) CreateUpload(ctx context.Context, bucket, key string, headers map[string]string, algorithm string, whole bool) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	u := &upload{ID: rand.Text() + rand.Text(), Bucket: bucket, Key: key, Headers: headers,
		Initiated: s.cfg.Now().UTC().Truncate(time.Millisecond), Algorithm: algorithm, Whole: whole, parts: map[int]*part{}}
	s.mu.Lock()
	if s.buckets[bucket] == nil {
		s.mu.Unlock()
		return "", noSuchBucket()
	}
	s.uploads[u.ID] = u
	ticket := s.store.Enqueue(record(bucketUploads, []byte(u.ID), u))
	s.mu.Unlock()
	return u.ID, durable(ctx, ticket)
}

// upload is an upload under the lock that the caller holds.
func (s *State) upload(bucket, key, id string) (*upload, error) {
	u := s.uploads[id]
	if u == nil || u.Bucket != bucket || u.Key != key {
		return nil, noSuchUpload()
	}
	return u, nil
}

// AbortUpload forgets an upload and its parts. Errors: NoSuchUpload.
func (s *State) AbortUpload(ctx context.Context, bucket, key, id string) error {
	s.mu.Lock()
	u, err := s.upload(bucket, key, id)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	delete(s.uploads, id)
	ticket := s.store.Enqueue(u.removal(nil)...)
	s.mu.Unlock()
	if err := durable(ctx, ticket); err != nil {
		return err
	}
	s.bodies.discard(u.pieces())
	return nil
}

// PartRef names a part that was uploaded; its ETag may be quoted. The checksum
// is nil for none.
type PartRef struct {
	Number   int
	ETag     string
	Checksum *Checksum
}

// Completion finishes an upload.
type Completion struct {
	Bucket, Key, ID string
	Parts           []PartRef
	If              Conditions
	// Whole is the checksum that the content must have, if set.
	Whole *Checksum
	// Size is how many bytes it must have, if set.
	Size   *int64
	Origin Origin
}

// CompleteUpload makes the object of the listed parts; no byte is copied. Asked
// again for the same upload it answers the same object. Errors: NoSuchUpload,
// InvalidPart, InvalidPartOrder, InvalidRequest for a part without its checksum or
// for another size, EntityTooSmall, BadDigest, and what the conditions say; the upload is still there after each.
func (s *State) CompleteUpload(ctx context.Context, c Completion) (*Object, error) {
	var done func()
	c.If, done = s.contested(c.Bucket, c.Key, c.If)
	defer done()
	s.mu.RLock()
	u, err := s.upload(c.Bucket, c.Key, c.ID)
	if err != nil {
		there, _ := s.find(c.Bucket, c.Key)
		s.mu.RUnlock()
		if there != nil && there.Upload == c.ID {
			return there, seen(ctx, there, nil)
		}
		return nil, err
	}
	parts, err := u.listed(c.Parts)
	s.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	o := u.object(parts)
	if c.Size != nil && *c.Size != o.Size {
		return nil, invalidRequest("The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d", *c.Size, o.Size)
	}
	if err := s.checkWhole(o, u, c.Whole); err != nil {
		return nil, err
	}
	return s.finish(ctx, c, o)
}

// finish puts the object in the place of the upload.
func (s *State) finish(ctx context.Context, c Completion, o *Object) (*Object, error) {
	kept := map[string]bool{}
	for _, p := range o.Pieces {
		kept[p.ID] = true
	}
	var u *upload
	err := s.keep(ctx, o, c.If, "CompleteMultipartUpload", c.Origin, func() ([]disk.Change, error) {
		var err error
		if u, err = s.upload(c.Bucket, c.Key, c.ID); err != nil {
			return nil, err
		}
		// Parts may have been replaced since they were looked at.
		parts, err := u.listed(c.Parts)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(u.object(parts).Pieces, o.Pieces) {
			return nil, invalidPart()
		}
		delete(s.uploads, c.ID)
		return u.removal(kept), nil
	})
	if err != nil {
		return nil, err
	}
	s.bodies.discard(slices.DeleteFunc(u.pieces(), func(p piece) bool { return kept[p.ID] }))
	return o, nil
}

// listed are the parts that a completion names, checked as S3 does.
func (u *upload) listed(refs []PartRef) ([]*part, error) {
	if len(refs) == 0 {
		return nil, malformedXML()
	}
	for i, ref := range refs[1:] {
		if ref.Number <= refs[i].Number {
			return nil, refuse(http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
		}
	}
	var parts []*part
	for i, ref := range refs {
		p := u.parts[ref.Number]
		if p == nil || strings.Trim(ref.ETag, `"`) != p.ETag || ref.Checksum != nil && p.Checksum != nil && *ref.Checksum != *p.Checksum {
			return nil, invalidPart()
		}
		if ref.Checksum == nil && u.Algorithm != "" && !u.Whole {
			return nil, invalidRequest("The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.",
				strings.ToLower(u.Algorithm), ref.Number)
		}
		if i < len(refs)-1 && p.Size < leastPartSize {
			return nil, refuse(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// object is the object that the parts make.
func (u *upload) object(parts []*part) *Object {
	o := &Object{Bucket: u.Bucket, Key: u.Key, Headers: u.Headers, Upload: u.ID}
	sum := md5.New()
	for _, p := range parts {
		raw, _ := hex.DecodeString(p.ETag) // ours
		sum.Write(raw)
		o.Size += p.Size
		if p.Size > 0 {
			o.Pieces = append(o.Pieces, p.Piece)
		}
	}
	o.ETag = hex.EncodeToString(sum.Sum(nil)) + "-" + strconv.Itoa(len(parts))
	if !u.Whole {
		o.Checksum = composite(u.Algorithm, parts)
	}
	return o
}

// checkWhole computes the checksum of the whole content where one was asked for,
// and compares it with what the client says it is.
func (s *State) checkWhole(o *Object, u *upload, want *Checksum) error {
	algorithm := u.Algorithm
	if want != nil {
		algorithm = cmp.Or(algorithm, want.Algorithm)
	}
	if !u.Whole || algorithm == "" {
		if want != nil && o.Checksum != nil && *want != *o.Checksum && want.Value+"-"+strconv.Itoa(len(o.Pieces)) != o.Checksum.Value {
			return badDigest(want.Algorithm)
		}
		return nil
	}
	content, err := s.bodies.open(o.Pieces)
	if err != nil {
		return err
	}
	defer content.Close()
	body := content.Range(0, o.Size)
	defer body.Close()
	sum := newChecksum(algorithm)
	if _, err := io.Copy(sum, body); err != nil {
		return err
	}
	o.Checksum = &Checksum{algorithm, base64.StdEncoding.EncodeToString(sum.Sum(nil))}
	if want != nil && *want != *o.Checksum {
		return badDigest(algorithm)
	}
	return nil
}

// Parts lists an upload's parts by number, those behind after. Errors:
// NoSuchUpload.
func (s *State) Parts(bucket, key, id string, after int) (*upload, []*part, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	u, err := s.upload(bucket, key, id)
	if err != nil {
		return nil, nil, err
	}
	var all []*part
	for _, number := range slices.Sorted(maps.Keys(u.parts)) {
		if number > after {
			all = append(all, u.parts[number])
		}
	}
	return u, all, nil
}

// Uploads lists a bucket's unfinished uploads by key and time. Errors:
// NoSuchBucket.
func (s *State) Uploads(bucket string) ([]*upload, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.buckets[bucket] == nil {
		return nil, noSuchBucket()
	}
	var all []*upload
	for _, u := range s.uploads {
		if u.Bucket == bucket {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b *upload) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), a.Initiated.Compare(b.Initiated), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

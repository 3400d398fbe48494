package s3

import (
	"context"
	"encoding/hex"
	"strings"
	"time"
)

// CopyPart is PutPart of a content that is here already: S3 computes the checksum
// that the upload asks for itself.
func (s *State) CopyPart(ctx context.Context, id string, number int, w Write) (*part, error) {
	s.mu.RLock()
	u, err := s.upload(w.Bucket, w.Key, id)
	s.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	w.summed(u.Algorithm)
	return s.PutPart(ctx, id, number, w)
}

// PutPart writes a part, over one of the same number; w is as for Put, without
// headers and conditions. Errors: NoSuchUpload, InvalidRequest for a part that has
// not the checksum that the upload has announced, and those of the body.
func (s *State) PutPart(ctx context.Context, id string, number int, w Write) (*part, error) {
	if number < 1 || number > mostParts {
		return nil, invalidPartNumber()
	}
	s.mu.RLock()
	upload, err := s.upload(w.Bucket, w.Key, id)
	s.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	body, err := s.bodies.receive(w.Body, w.Size)
	if err != nil {
		return nil, err
	}
	p := &part{Number: number, ETag: hex.EncodeToString(body.md5), Size: body.Size, Modified: s.cfg.Now().UTC().Truncate(time.Second), Piece: body.piece}
	if w.Checksum != nil {
		p.Checksum = w.Checksum()
	}
	if err := upload.announced(p.Checksum); err != nil {
		s.bodies.discard(body.pieces())
		return nil, err
	}
	s.mu.Lock()
	u, err := s.upload(w.Bucket, w.Key, id)
	if err != nil {
		s.mu.Unlock()
		s.bodies.discard(body.pieces())
		return nil, err
	}
	var old []piece
	if before := u.parts[number]; before != nil {
		old = []piece{before.Piece}
	}
	u.parts[number] = p
	changes := append(body.changes(), record(bucketParts, partKey(id, number), p))
	ticket := s.store.Enqueue(append(changes, removals(old)...)...)
	s.mu.Unlock()
	if err := durable(ctx, ticket); err != nil {
		return nil, err
	}
	s.bodies.discard(old)
	return p, nil
}

// announced refuses a part's checksum that is not of the upload's algorithm. If
// the object's is to be of its parts' checksums, each must have one; of the whole
// content S3 computes it itself.
func (u *upload) announced(c *Checksum) error {
	given := "null"
	switch {
	case u.Algorithm == "", c == nil && u.Whole, c != nil && c.Algorithm == u.Algorithm:
		return nil
	case c != nil:
		given = strings.ToLower(c.Algorithm)
	}
	return invalidRequest("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s", strings.ToLower(u.Algorithm), given)
}

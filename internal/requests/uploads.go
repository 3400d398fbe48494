package requests

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"sluice/internal/fault"
	"sluice/internal/objects"
)

// ProgressKey is the key of an upload's progress.
func ProgressKey(uploadID string) string { return "progress/" + uploadID + "/track.json" }

// ProblemsPrefix is where the problems of an upload's records lie, as NDJSON.
func ProblemsPrefix(uploadID string) string { return "progress/" + uploadID + "/problems/" }

// maxProgressBytes bounds what is read: a hundred sets of a million positions in
// the worst order.
const maxProgressBytes = 64 << 20

// LoadProgress reads an upload's progress. The error wraps objects.ErrNotFound
// if nothing of it was heard yet.
func LoadProgress(ctx context.Context, store *objects.Store, uploadID string) (Progress, error) {
	p, _, err := readProgress(ctx, store, uploadID)
	return p, err
}

// UpdateProgress lets change alter an upload's progress and writes it if change
// says that it did, as [Book.Update] does. An upload that nothing was heard of
// is given to it with its id only.
func UpdateProgress(ctx context.Context, store *objects.Store, uploadID string, change func(*Progress) bool) (Progress, error) {
	key := ProgressKey(uploadID)
	var stands Progress
	err := swap(ctx, func() error {
		p, etag, err := readProgress(ctx, store, uploadID)
		if errors.Is(err, objects.ErrNotFound) {
			p, etag, err = Progress{UploadID: uploadID}, "", nil
		}
		if err != nil {
			return err
		}
		changed := change(&p)
		if changed {
			p.Generation, p.Nonce = p.Generation+1, rand.Text()
		}
		stands = p
		if !changed {
			return nil
		}
		body, err := json.Marshal(p)
		if err != nil {
			return fault.Errorf(fault.Park, "encode %s: %w", key, err)
		}
		if etag == "" {
			_, err = store.Create(ctx, key, objects.JSON, body)
		} else {
			_, err = store.Replace(ctx, key, objects.JSON, body, etag)
		}
		return err
	})
	if err != nil {
		return Progress{}, fmt.Errorf("update %s: %w", key, err)
	}
	return stands, nil
}

func readProgress(ctx context.Context, store *objects.Store, uploadID string) (Progress, string, error) {
	key := ProgressKey(uploadID)
	object, err := store.Get(ctx, key, maxProgressBytes)
	if err != nil {
		return Progress{}, "", err
	}
	var p Progress
	if err := json.Unmarshal(object.Body, &p); err != nil {
		return Progress{}, "", fault.Errorf(fault.Park, "%s is not an upload's progress", key)
	}
	return p, object.ETag, nil
}

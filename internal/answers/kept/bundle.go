package kept

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"sluice/internal/fault"
	"sluice/internal/objects"
)

// BundlePrefix is the folder of all bundles.
const BundlePrefix = Prefix + "bundles/"

// Told is an answer as one request was told it: a line of a bundle.
type Told struct {
	RequestID   string `json:"requestId"`
	Tenant      string `json:"tenant"`
	Task        string `json:"task"`
	TaskVersion string `json:"taskVersion"`
	// Key is that of the kept answer, which is the same.
	Key    string          `json:"key"`
	Answer json.RawMessage `json:"answer"`
}

// Bounds of a bundle. A PutObject costs as much as 12.5 GetObjects, so fewer
// answers are cheaper read one by one.
// https://aws.amazon.com/s3/pricing/
const (
	LeastBundle = 13
	MostBundle  = 100
	// BundleBytes is how long all answers of a bundle may be together.
	BundleBytes = 1 << 20
)

// mostBundleBytes bounds what is read: a bundle's answers and what else its lines
// say.
const mostBundleBytes = 2 * BundleBytes

// SaveBundle writes answers into one object, a line each, and returns its key. It
// is named by what it holds, so writing it again changes nothing. Nobody depends on
// it: each answer is kept under its own key as well. The error is S3's.
func SaveBundle(ctx context.Context, store *objects.Store, all []Told) (string, error) {
	var body bytes.Buffer
	lines := json.NewEncoder(&body)
	lines.SetEscapeHTML(false)
	for _, t := range all {
		if err := lines.Encode(t); err != nil {
			return "", fault.Errorf(fault.Park, "encode %s: %w", t.Key, err)
		}
	}
	name := sha256.Sum256(body.Bytes())
	key := BundlePrefix + hex.EncodeToString(name[:]) + ".ndjson"
	if _, err := store.Put(ctx, key, objects.NDJSON, bytes.NewReader(body.Bytes())); err != nil {
		return "", fmt.Errorf("write a bundle of answers: %w", err)
	}
	return key, nil
}

// Bundle is the answers of a bundle by who was told them.
type Bundle map[teller]Told

type teller struct{ tenant, request, key string }

// LoadBundle reads a bundle. The error wraps objects.ErrNotFound if there is none
// (any more), and is of class Park if it is not what SaveBundle wrote.
func LoadBundle(ctx context.Context, store *objects.Store, key string) (Bundle, error) {
	object, err := store.Get(ctx, key, mostBundleBytes)
	if err != nil {
		return nil, err
	}
	all := Bundle{}
	for line := range bytes.Lines(object.Body) {
		var t Told
		if err := json.Unmarshal(line, &t); err != nil {
			return nil, fault.Errorf(fault.Park, "%s is not a bundle of answers", key)
		}
		all[teller{t.Tenant, t.RequestID, t.Key}] = t
	}
	return all, nil
}

// Find is the answer with a key that a tenant's request was told, if the bundle
// has it.
func (b Bundle) Find(tenant, requestID, key string) (Told, bool) {
	t, found := b[teller{tenant, requestID, key}]
	return t, found
}

package upload

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sluice/events"
	"sluice/internal/objects"
)

// Intake is how far an upload was taken in, and what was asked for it. It lies
// under progress/<uploadId>/ingest.json from before the first record is said.
type Intake struct {
	ID     string            `json:"id"`
	File   events.UploadFile `json:"file"`
	Tenant string            `json:"tenant"`
	// Definition is pinned: what lies beside the file later changes nothing. Its
	// Task is always filled.
	Definition Definition `json:"definition"`
	// Submitted is when the upload was made; its results are filed under that date.
	Submitted time.Time `json:"submitted"`
	// Cause is the id of S3's event.
	Cause string `json:"cause"`
	// Position is after the last record that is known to be said, with all before
	// it.
	Position Position `json:"position"`
	// Records counts the records up to Position, Rejected those among them that
	// were rejected on reading.
	Records  int `json:"records"`
	Rejected int `json:"rejected"`
	// Problems reject the upload as a whole, as its only record.
	Problems []events.Problem `json:"problems,omitempty"`
	// Done: the file was read to its end.
	Done bool `json:"done"`
	// Tries counts the receives of S3's event since the last one that got
	// further, the present one included.
	Tries int `json:"tries"`
	// Failures counts those among them that said what went wrong.
	Failures int `json:"failures,omitempty"`
	// Writer and Generation tell whose write this is: a writer whose answer was
	// lost knows its own by them.
	Writer     string    `json:"writer"`
	Generation int       `json:"generation"`
	Updated    time.Time `json:"updated"`
}

// DefaultDeadline is how long after its submission an upload is reported, if its
// definition does not say.
const DefaultDeadline = 24 * time.Hour

// Deadline is when the upload is reported even if records are missing.
func (i Intake) Deadline() time.Time {
	if !i.Definition.Deadline.IsZero() {
		return i.Definition.Deadline
	}
	return i.Submitted.Add(DefaultDeadline)
}

// WantsReport tells whether somebody is to be mailed the report.
func (i Intake) WantsReport() bool { return len(i.Definition.Notify) > 0 }

// IntakeKey is where the upload's intake lies.
func IntakeKey(uploadID string) string { return "progress/" + uploadID + "/ingest.json" }

// maxIntake is far above what a definition and a header can take.
const maxIntake = 4 << 20

// LoadIntake reads the upload's intake and its ETag. The error wraps
// objects.ErrNotFound where there is none.
func LoadIntake(ctx context.Context, store *objects.Store, uploadID string) (Intake, string, error) {
	key := IntakeKey(uploadID)
	object, err := store.Get(ctx, key, maxIntake)
	if err != nil {
		return Intake{}, "", fmt.Errorf("load intake: %w", err)
	}
	var i Intake
	if err := json.Unmarshal(object.Body, &i); err != nil {
		return Intake{}, "", fmt.Errorf("load intake: %s does not decode: %w", key, err)
	}
	return i, object.ETag, nil
}

// SaveIntake writes the intake, one generation further, only if what lies there
// has the ETag (""; only if nothing does), and returns the new ETag. The error
// wraps objects.ErrChanged or objects.ErrExists where another writer was faster.
func SaveIntake(ctx context.Context, store *objects.Store, i *Intake, etag string) (string, error) {
	next := *i
	next.Generation++
	body, err := json.Marshal(next)
	if err != nil {
		return "", fmt.Errorf("save intake: %w", err)
	}
	var saved string
	if etag == "" {
		saved, err = store.Create(ctx, IntakeKey(i.ID), objects.JSON, body)
	} else {
		saved, err = store.Replace(ctx, IntakeKey(i.ID), objects.JSON, body, etag)
	}
	if err != nil {
		return "", fmt.Errorf("save intake: %w", err)
	}
	*i = next
	return saved, nil
}

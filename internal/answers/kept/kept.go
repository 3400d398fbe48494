package kept

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
)

// Prefix is the folder of all kept answers.
const Prefix = "answers/"

// Answer is what was said about one input of one tenant.
type Answer struct {
	// Key is the object's key, answers/<64 hex digits>.
	Key         string `json:"key"`
	Tenant      string `json:"tenant"`
	Task        string `json:"task"`
	TaskVersion string `json:"taskVersion"`
	// Answer fits the task's output schema. It is empty while every request that
	// asked has failed.
	Answer json.RawMessage `json:"answer,omitempty"`
	// Spend is what the request paid that asked first.
	events.Spend
	// RequestID is that request, Time when its answer came.
	RequestID string    `json:"requestId,omitempty"`
	Time      time.Time `json:"time"`
	// Failures are the requests that the model could not answer, by id: a second
	// delivery of one must end as the first did, whatever came later.
	Failures map[string]Failure `json:"failures,omitempty"`
	// Nonce tells this write from every other one.
	Nonce string `json:"nonce"`

	etag string
}

// Failure is how a request ended that the model could not answer.
type Failure struct {
	Class   events.FailureClass `json:"class"`
	Message string              `json:"message"`
	events.Spend
}

// Answered tells whether an answer is there.
func (a Answer) Answered() bool { return len(a.Answer) > 0 }

// manyFailures is how many requests about one input may fail by themselves.
const manyFailures = 1000

// Shared is the failure that every other request about the same input ends in:
// one that asking again would not change, or that has come too often to ask yet
// again.
func (a Answer) Shared() (Failure, bool) {
	for _, id := range slices.Sorted(maps.Keys(a.Failures)) {
		f := a.Failures[id]
		if f.Class == events.FailureRefused || f.Class == events.FailureTooLong || len(a.Failures) >= manyFailures {
			return f, true
		}
	}
	return Failure{}, false
}

// maxBytes bounds what is read: the longest answer a task may ask for, and the
// failures of many requests, stay far below.
const maxBytes = 8 << 20

// Load reads what is kept under a key. The error wraps objects.ErrNotFound if
// nothing is, and is of class Park if it is not what Save wrote.
func Load(ctx context.Context, store *objects.Store, key string) (Answer, error) {
	object, err := store.Get(ctx, key, maxBytes)
	if err != nil {
		return Answer{}, err
	}
	var a Answer
	if err := json.Unmarshal(object.Body, &a); err != nil {
		return Answer{}, fault.Errorf(fault.Park, "%s is not a kept answer", key)
	}
	a.etag = object.ETag
	return a, nil
}

// ErrOvertaken says that somebody else has written under the key since it was read, or
// before it was ever there. Load it again.
var ErrOvertaken = errors.New("somebody kept an answer in between")

// Save writes a: as a new object, or in place of the very one that it was
// loaded from. The error wraps ErrOvertaken, also when it was this very write
// whose response was lost: compare the nonce to know.
func Save(ctx context.Context, store *objects.Store, a Answer) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fault.Errorf(fault.Park, "encode %s: %w", a.Key, err)
	}
	if a.etag == "" {
		_, err = store.Create(ctx, a.Key, objects.JSON, body)
	} else {
		_, err = store.Replace(ctx, a.Key, objects.JSON, body, a.etag)
	}
	if errors.Is(err, objects.ErrExists) || errors.Is(err, objects.ErrChanged) {
		return fmt.Errorf("keep %s: %w", a.Key, ErrOvertaken)
	}
	return err
}

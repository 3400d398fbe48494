package events

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// MaxHop is the longest chain of events that one request may cause. An event
// with a higher hop is a loop, and is parked instead of handled: EventBridge is
// not covered by Lambda's own recursion stop.
const MaxHop = 12

// Event is the data of one event type. The type owns its name and version.
type Event interface {
	// Type is the EventBridge detail-type.
	Type() string
	// Version counts incompatible changes of the data, from 1. Type and version
	// name the JSON Schema in schemas/.
	Version() int
}

// Outcome says how a request ended. It is set on terminal events only.
type Outcome string

// The outcomes of a request.
const (
	Completed Outcome = "completed" // answered and stored
	Rejected  Outcome = "rejected"  // can never be answered
	Failed    Outcome = "failed"    // the model could not answer it
	Parked    Outcome = "parked"    // kept for a person
	Skipped   Outcome = "skipped"   // not answered, as nobody could be told
)

// Envelope is the detail of every event: who and what it is about, where it
// comes from, and the event's own data.
type Envelope struct {
	// ID is deterministic: the same cause says the same id, so copies on the bus
	// can be told.
	ID string `json:"id"`
	// Subject is the request's id or, for UploadReceived and UploadCompleted and
	// the mail about them, the upload's id.
	Subject string `json:"subject"`
	// RequestID is [A-Za-z0-9_-]{1,64}, unique within the tenant.
	RequestID string `json:"requestId"`
	Tenant    string `json:"tenant"`
	// CorrelationID joins everything that one upload or one request caused.
	CorrelationID string `json:"correlationId"`
	// CausationID is the id of the event that caused this one.
	CausationID string  `json:"causationId,omitempty"`
	Request     Request `json:"request"`
	// Attempt is 1, and one more for every redrive of a parked request.
	Attempt int `json:"attempt"`
	// Hop counts the events from the first one; see [MaxHop].
	Hop int `json:"hop"`
	// Terminal marks the one event that ends the request (for this attempt).
	Terminal bool      `json:"terminal"`
	Outcome  Outcome   `json:"outcome,omitempty"`
	Time     time.Time `json:"time"`
	// Version is that of the data.
	Version int `json:"version"`
	// Execution is the workflow execution that runs the request, if one does.
	Execution string          `json:"execution,omitempty"`
	Timeline  []Step          `json:"timeline,omitempty"`
	Data      json.RawMessage `json:"data"`

	kind string // the detail-type; travels beside the detail, not in it
}

// Request is what every event of a request carries unchanged. It holds no
// address and none of the input.
type Request struct {
	Task string `json:"task"`
	// Upload is nil for a request that did not come in a file.
	Upload *UploadRecord `json:"upload,omitempty"`
	// Submitted is when the request was made; results are filed under its date.
	Submitted time.Time `json:"submitted"`
	// WantsMail: somebody is to be mailed about this very request. For an upload
	// record that is set only where a mail per record was asked for.
	WantsMail bool `json:"wantsMail"`
	// Audit: the request asked for an execution history; see [Envelope.Audited].
	Audit bool `json:"audit,omitempty"`
}

// UploadRecord names a record of an upload.
type UploadRecord struct {
	ID string `json:"id"`
	// Record is the position in the file, from 1. It is 0 in events about the
	// upload as a whole.
	Record int `json:"record"`
}

// Step is one function's part in a request.
type Step struct {
	Name  string    `json:"name"`
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended"`
}

// Audit says who keeps the history of a request that asked for one.
type Audit string

// The kinds of audit.
const (
	AuditWorkflow     Audit = "workflow"     // Step Functions runs the request, and keeps its history
	AuditChoreography Audit = "choreography" // there is no workflow here: the timeline is all there is
)

// Audited is how the request is audited, "" if it did not ask for it.
func (e Envelope) Audited() Audit {
	switch {
	case e.Execution != "":
		return AuditWorkflow
	case e.Request.Audit:
		return AuditChoreography
	}
	return ""
}

// Type is the detail-type that the envelope travels under.
func (e Envelope) Type() string { return e.kind }

// New builds the first event of a request: hop 0, attempt 1, its own cause.
// RequestID, Tenant and Request are taken from about; Subject, CorrelationID
// and ID are filled where they are empty.
func New(about Envelope, now time.Time, data Event) (Envelope, error) {
	e := about
	e.Attempt = max(e.Attempt, 1)
	if e.Subject == "" {
		e.Subject = e.RequestID
	}
	if e.CorrelationID == "" {
		e.CorrelationID = e.Subject
	}
	if e.ID == "" {
		e.ID = ID(data.Type(), e.Tenant, e.Subject, fmt.Sprint(e.Attempt))
	}
	return e.with(now, data)
}

// Next builds an event that follows from e: the same request, one hop further.
// Began is when the saying function took e up; it goes into the timeline.
func (e Envelope) Next(step string, began, now time.Time, data Event) (Envelope, error) {
	n := e
	n.ID = ID(data.Type(), e.Tenant, e.ID, fmt.Sprint(e.Attempt))
	n.CausationID = e.ID
	n.Hop = e.Hop + 1
	n.Terminal, n.Outcome = false, ""
	n.Timeline = append(append([]Step(nil), e.Timeline...), Step{Name: step, Began: began.UTC(), Ended: now.UTC()})
	return n.with(now, data)
}

// Ends marks e as the terminal event of its request.
func (e Envelope) Ends(o Outcome) Envelope {
	e.Terminal, e.Outcome = true, o
	return e
}

func (e Envelope) with(now time.Time, data Event) (Envelope, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Envelope{}, fmt.Errorf("encode %s: %w", data.Type(), err)
	}
	e.kind, e.Version, e.Data, e.Time = data.Type(), data.Version(), raw, now.UTC()
	return e, nil
}

// ID is the deterministic id of what the parts name together: 26 characters of
// [a-z2-7]. Equal parts give equal ids, and no two lists of parts are the same
// to it ("a","bc" and "ab","c" differ).
func ID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:16]))
}

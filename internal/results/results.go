package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sluice/events"
)

// Result is what a request came to: the content of a result's object, and of a
// line of a segment.
type Result struct {
	RequestID string `json:"requestId"`
	Tenant    string `json:"tenant"`
	Task      string `json:"task"`
	// Upload is nil for a single request.
	Upload    *events.UploadRecord `json:"upload,omitempty"`
	Attempt   int                  `json:"attempt"`
	Submitted time.Time            `json:"submitted"`
	// Completed is when the answer was there.
	Completed time.Time `json:"completed"`
	// Answer is what the model said; it fits the task's output schema.
	Answer json.RawMessage `json:"answer"`
	// AnswerKey is the kept answer under answers/, TaskVersion the version of the
	// task that was asked.
	AnswerKey   string `json:"answerKey"`
	TaskVersion string `json:"taskVersion,omitempty"`
	events.Spend
	Timeline []events.Step `json:"timeline,omitempty"`
	// Audit says who keeps the history, where the request asked for one: a request
	// that wanted the workflow and finds none here is told "choreography".
	Audit events.Audit `json:"audit,omitempty"`
	// Execution is the ARN of the workflow's execution.
	Execution string `json:"execution,omitempty"`
}

// Position is the record's position in its upload, 0 for a single request.
func (r Result) Position() int {
	if r.Upload == nil {
		return 0
	}
	return r.Upload.Record
}

// Date is the day under which results of a request are filed.
func Date(submitted time.Time) string { return submitted.UTC().Format(time.DateOnly) }

// Key is the object of a single request's result.
func Key(submitted time.Time, tenant, requestID string) string {
	if !events.ValidTenant(tenant) {
		tenant = "x" + events.ID("tenant", tenant)
	}
	if !events.ValidRequestID(requestID) {
		requestID = "x" + events.ID("request", requestID)
	}
	return "results/dt=" + Date(submitted) + "/" + tenant + "/" + requestID + ".json"
}

// SegmentPrefix is where the segments of an upload lie.
func SegmentPrefix(submitted time.Time, uploadID string) string {
	if !events.ValidRequestID(uploadID) {
		uploadID = "x" + events.ID("upload", uploadID)
	}
	return "results/dt=" + Date(submitted) + "/upload=" + uploadID + "/"
}

// SegmentKey is the object of the results that the given events led to: the same
// events, in any order, give the same key.
func SegmentKey(submitted time.Time, uploadID string, eventIDs ...string) string {
	sorted := slices.Sorted(slices.Values(eventIDs))
	return SegmentPrefix(submitted, uploadID) + events.ID(slices.Compact(sorted)...) + ".ndjson"
}

// Lines writes results as a segment: one a line, by position.
func Lines(results []Result) ([]byte, error) {
	sorted := slices.SortedStableFunc(slices.Values(results), func(a, b Result) int { return a.Position() - b.Position() })
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, r := range sorted {
		if err := encoder.Encode(r); err != nil {
			return nil, fmt.Errorf("encode the result of %s: %w", r.RequestID, err)
		}
	}
	return b.Bytes(), nil
}

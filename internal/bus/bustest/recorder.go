// Package bustest is an event bus for tests: it keeps what is put on it.
package bustest

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"sluice/events"
)

// Recorder implements bus.API.
type Recorder struct {
	// Refuse, if set, is asked for every entry: an error code other than ""
	// refuses it. Fault, if set, is asked for every call.
	Refuse func(types.PutEventsRequestEntry) string
	Fault  func() error

	mu    sync.Mutex
	put   []events.Record
	calls int
}

// PutEvents implements bus.API.
func (r *Recorder) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	if r.Fault != nil {
		if err := r.Fault(); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	out := &eventbridge.PutEventsOutput{}
	for _, entry := range in.Entries {
		if r.Refuse != nil {
			if code := r.Refuse(entry); code != "" {
				out.FailedEntryCount++
				out.Entries = append(out.Entries, types.PutEventsResultEntry{ErrorCode: &code, ErrorMessage: &code})
				continue
			}
		}
		id := "event-" + strconv.Itoa(len(r.put)+1)
		r.put = append(r.put, events.Record{
			ID: id, Source: aws.ToString(entry.Source), DetailType: aws.ToString(entry.DetailType), Account: "000000000000",
			Region: "us-east-1", Time: aws.ToTime(entry.Time), Detail: json.RawMessage(aws.ToString(entry.Detail)),
		})
		out.Entries = append(out.Entries, types.PutEventsResultEntry{EventId: &id})
	}
	return out, nil
}

// Records are the events that were put, in order.
func (r *Recorder) Records() []events.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.put)
}

// Of are the records of one detail-type.
func (r *Recorder) Of(kind string) []events.Record {
	return slices.DeleteFunc(r.Records(), func(e events.Record) bool { return e.DetailType != kind })
}

// Calls counts the calls that were answered.
func (r *Recorder) Calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls
}

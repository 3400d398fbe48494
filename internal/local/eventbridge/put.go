package eventbridge

import (
	"context"
	"strings"
	"time"

	"sluice/internal/local/service"
)

// Entry is one event to put on a bus.
type Entry struct {
	// ID is the event's id; a new one if "". A source that puts the same event
	// again after a crash may keep it. Not settable over the wire.
	ID           string
	Time         time.Time // now if zero
	Source       string
	DetailType   string
	Detail       string // one JSON object
	Resources    []string
	EventBusName string // name or ARN; "" is the default bus
	TraceHeader  string
}

// Result is what became of an entry: an id, or a code and a message.
type Result struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

const (
	mostEntries   = 10
	mostBytes     = 1 << 20 // of all entries of a call, less than
	timeBytes     = 14      // what an entry's time counts for
	reservedFirst = "aws."  // sources of this prefix are AWS's own
)

// PutEvents is the public operation: 1 to 10 entries below 1 MB in all, and no
// source of AWS's own. Errors for the whole call: ValidationException, and
// InternalException when the store has failed (retryable).
func (s *State) PutEvents(ctx context.Context, entries []Entry) ([]Result, error) {
	if len(entries) == 0 {
		return nil, invalid("1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: " +
			"Member must have length greater than or equal to 1")
	}
	if len(entries) > mostEntries {
		return nil, invalid("1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", mostEntries)
	}
	total := 0
	for _, e := range entries {
		total += e.size()
	}
	if total >= mostBytes {
		return nil, invalid("Total size of the entries in the request is over the limit.")
	}
	return s.put(ctx, entries, false)
}

// Put puts events from inside the machine, of any source: S3 and SES say
// theirs here. The results are in the order of the entries. The error is
// InternalException: the store has failed.
func (s *State) Put(ctx context.Context, entries []Entry) ([]Result, error) {
	return s.put(ctx, entries, true)
}

// size counts an entry as AWS does.
func (e Entry) size() int {
	n := len(e.Source) + len(e.DetailType) + len(e.Detail)
	if !e.Time.IsZero() {
		n += timeBytes
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

func (s *State) put(ctx context.Context, entries []Entry, trusted bool) ([]Result, error) {
	results := make([]Result, len(entries))
	routed := make([]routedEvent, 0, len(entries))
	for i, entry := range entries {
		e, refused := s.accept(entry, trusted)
		if refused != nil {
			results[i] = *refused
			continue
		}
		results[i].EventID = e.ID
		routed = append(routed, routedEvent{event: e, bus: busName(entry.EventBusName)})
	}
	if err := s.route(ctx, routed, nil); err != nil {
		return nil, err
	}
	for _, r := range routed {
		s.tap.count(r.event)
	}
	return results, nil
}

// accept checks one entry and makes its event, or tells what is wrong with it.
func (s *State) accept(entry Entry, trusted bool) (*event, *Result) {
	for _, required := range []struct{ name, value string }{
		{"Source", entry.Source}, {"DetailType", entry.DetailType}, {"Detail", entry.Detail},
	} {
		if required.value == "" {
			return nil, &Result{ErrorCode: "InvalidArgument", ErrorMessage: "Parameter " + required.name +
				" is not valid. Reason: " + required.name + " is a required argument."}
		}
	}
	if !trusted && strings.HasPrefix(strings.ToLower(entry.Source), reservedFirst) {
		return nil, &Result{ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source."}
	}
	now := s.cfg.Now().UTC()
	if entry.Time.IsZero() {
		entry.Time = now
	}
	if entry.ID == "" {
		entry.ID = service.NewID()
	}
	e, err := newEvent(head{
		Version: "0", ID: entry.ID, DetailType: entry.DetailType, Source: entry.Source, Account: s.cfg.Account,
		Time: entry.Time.UTC().Format(time.RFC3339), Region: s.cfg.Region, Resources: entry.Resources,
	}, entry.Detail)
	if err != nil {
		return nil, &Result{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed."}
	}
	e.trace, e.ingested = entry.TraceHeader, now
	return e, nil
}

package park

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/upload"
)

// subject is whom a parked message is about: the envelope that RequestParked
// follows from.
type subject struct {
	events.Envelope
	// ends: the request ends with this; see the package's table.
	ends bool
	// unsaid: nothing is said about it.
	unsaid bool
}

// nobody is the tenant of what cannot be read.
const nobody = "unknown"

// about finds out whom the message is about. It always finds somebody.
func (h *Handler) about(m consume.Message) subject {
	var s subject
	switch r := m.Record; {
	case r.DetailType == (events.RequestReceived{}).Type():
		s.Envelope, _, _ = events.DecodeRequest(r, h.config.Tenants)
	case r.Own():
		s.Envelope = own(r)
	case r.Source == "aws.s3":
		s.Envelope = ofUpload(r)
	}
	if !events.ValidTenant(s.Tenant) || !events.ValidRequestID(s.RequestID) {
		s.Envelope = ofNobody(m)
	}
	// Whatever ran it has given up: what follows goes by the choreography.
	s.Execution = ""
	s.fill(m)
	s.ends = h.ends(m, s.Envelope)
	s.unsaid = m.Record.Own() && m.Record.DetailType == (events.RequestParked{}).Type()
	return s
}

// kind is the detail-type, "" for what no rule of ours lets in: it could say
// anything.
func kind(r events.Record) string {
	if r.Own() || strings.HasPrefix(r.Source, "aws.") || r.DetailType == (events.RequestReceived{}).Type() {
		return r.DetailType[:min(len(r.DetailType), maxID)]
	}
	return ""
}

// ends tells whether the parked message stood between the request and its end.
func (h *Handler) ends(m consume.Message, e events.Envelope) bool {
	if events.SourceQueueName(m.Queue) == events.QueueName(h.config.Environment, "track") {
		return false
	}
	switch kind(m.Record) {
	case events.RequestReceived{}.Type(), events.AiCompleted{}.Type(), "":
		return true
	case events.Stored{}.Type():
		return e.Request.WantsMail
	}
	return false
}

// own reads one of our events. What does not fit its schema is read as far as it
// goes.
func own(r events.Record) events.Envelope {
	e, err := events.Decode(r)
	if err == nil || errors.Is(err, events.ErrMalformed) && e.RequestID != "" {
		return e
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(r.Detail, &fields) != nil {
		return events.Envelope{}
	}
	var loose events.Envelope
	for name, to := range map[string]any{
		"id": &loose.ID, "subject": &loose.Subject, "requestId": &loose.RequestID, "tenant": &loose.Tenant, "correlationId": &loose.CorrelationID,
		"request": &loose.Request, "attempt": &loose.Attempt, "hop": &loose.Hop,
	} {
		_ = json.Unmarshal(fields[name], to) // what is wrong with it is why it is here
	}
	return loose
}

// ofUpload reads S3's event about an upload: it is about the upload as a whole.
func ofUpload(r events.Record) events.Envelope {
	var d struct {
		Bucket struct{ Name string }
		Object struct {
			Key  string
			ETag string
		}
	}
	if json.Unmarshal(r.Detail, &d) != nil || d.Object.Key == "" {
		return events.Envelope{}
	}
	place, err := upload.ParseKey(d.Object.Key)
	if err != nil && place.Tenant == "" {
		place.Tenant = events.NoTenant
	}
	id := upload.ID(d.Bucket.Name, d.Object.Key, d.Object.ETag)
	return events.Envelope{ID: r.ID, Subject: id, RequestID: id, Tenant: place.Tenant, CorrelationID: id,
		Request: events.Request{Task: place.Task, Upload: &events.UploadRecord{ID: id}, Submitted: r.Time}}
}

// ofNobody is about a message that tells nothing; its id is the body's hash.
func ofNobody(m consume.Message) events.Envelope {
	id := events.ID("parked", string(m.Body))
	return events.Envelope{ID: id, Subject: id, RequestID: id, Tenant: nobody, CorrelationID: id}
}

const (
	maxID       = 128
	maxTimeline = 24
)

// fill makes the envelope one that every function can read.
func (s *subject) fill(m consume.Message) {
	if !events.ValidRequestID(s.Subject) {
		s.Subject = s.RequestID
	}
	if s.CorrelationID == "" || len(s.CorrelationID) > maxID {
		s.CorrelationID = s.RequestID
	}
	if s.ID == "" || len(s.ID) > maxID {
		s.ID = events.ID("parked", string(m.Body))
	}
	if !events.ValidRequestID(s.Request.Task) {
		s.Request.Task = nobody
	}
	if u := s.Request.Upload; u != nil && (!events.ValidRequestID(u.ID) || u.Record < 0) {
		s.Request.Upload = nil
	}
	if s.Request.Submitted.IsZero() {
		s.Request.Submitted = firstTime(m.Record.Time, m.Sent)
	}
	s.Attempt = max(s.Attempt, 1)
	// What ran in a circle is parked for that; what is said about it must still be
	// heard.
	s.Hop = min(max(s.Hop, 0), events.MaxHop-3)
	s.Timeline = s.Timeline[:min(len(s.Timeline), maxTimeline)]
}

func firstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t.UTC()
		}
	}
	return time.Unix(0, 0).UTC()
}

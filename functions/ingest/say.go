package ingest

import (
	"context"
	"fmt"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/upload"
)

// say puts the records on the bus. Nil means that every one is there; otherwise
// some may be, and saying them again says them with the same ids.
func (h *Handler) say(ctx context.Context, i upload.Intake, records []upload.Record) error {
	all := make([]events.Envelope, 0, len(records))
	for _, r := range records {
		e, err := h.event(ctx, i, r)
		if err != nil {
			return err
		}
		all = append(all, e)
	}
	var worst error
	for k, err := range h.bus.PublishAll(ctx, all...) {
		if err == nil {
			continue
		}
		// A throttle is the mildest of what may have happened to a batch.
		if class, _ := fault.Of(err); worst == nil || class != fault.Defer {
			worst = fmt.Errorf("say record %d: %w", records[k].Position, err)
		}
	}
	return worst
}

// event is what is said about a record.
func (h *Handler) event(ctx context.Context, i upload.Intake, r upload.Record) (events.Envelope, error) {
	about := envelopeOf(i, r)
	if len(r.Problems) > 0 {
		e, err := events.New(about, h.now(), rejection(i, r))
		return e.Ends(events.Rejected), err
	}
	data := request(i, r)
	about.Request.Task = data.Task
	if data.Input.Text != "" {
		in, err := h.payloads.CheckIn(ctx, i.Tenant, data.Input)
		if err != nil {
			return events.Envelope{}, fmt.Errorf("keep the text of record %d: %w", r.Position, err)
		}
		data.Input = in
	}
	return events.New(about, h.now(), data)
}

func envelopeOf(i upload.Intake, r upload.Record) events.Envelope {
	own := r.Request != nil && r.Request.Notify != nil && len(r.Request.Notify.Email) > 0
	return events.Envelope{
		RequestID: upload.RequestID(i.ID, r.Position), Tenant: i.Tenant, CorrelationID: i.ID, CausationID: i.Cause,
		Request: events.Request{
			Task: i.Definition.Task, Upload: &events.UploadRecord{ID: i.ID, Record: r.Position},
			Submitted: i.Submitted, WantsMail: own || mailsEach(i.Definition),
		},
	}
}

func mailsEach(d upload.Definition) bool { return d.MailEach && len(d.Notify) > 0 }

// rejection lists what is wrong with a record. In a zip the line is the member's,
// so the member is named.
func rejection(i upload.Intake, r upload.Record) events.RequestRejected {
	reasons := make([]events.Problem, len(r.Problems))
	for k, p := range r.Problems {
		if r.File != "" {
			p.Message += " (in " + r.File + ")"
		}
		reasons[k] = p
	}
	return events.RequestRejected{Reasons: reasons, File: i.File.Key, Line: r.Line}
}

// request is what is asked for a record: what it says itself, and what the
// definition says where it says nothing.
func request(i upload.Intake, r upload.Record) events.RequestReceived {
	d := i.Definition
	data := events.RequestReceived{Input: events.Input{Text: r.Text}}
	if r.Request != nil {
		data = *r.Request
	}
	data.Upload = &events.UploadRecord{ID: i.ID, Record: r.Position}
	data.Task = orString(data.Task, d.Task)
	data.Audit = data.Audit || d.Audit
	if data.Params == nil {
		data.Params = d.Params
	}
	if data.Deadline == nil && !d.Deadline.IsZero() {
		data.Deadline = &d.Deadline
	}
	if (data.Notify == nil || len(data.Notify.Email) == 0) && mailsEach(d) {
		data.Notify = &events.Notify{Email: d.Notify}
	}
	return data
}

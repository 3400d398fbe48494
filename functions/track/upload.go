package track

import (
	"context"
	"reflect"

	"sluice/events"
	"sluice/internal/requests"
)

// noteUpload brings an upload's progress up to date with what was heard of it:
// one compare-and-swap for the whole group.
func (h *Handler) noteUpload(ctx context.Context, id string, group []*heard) error {
	var changes []func(*requests.Progress) bool
	var problems []problem
	understand(group, func(one *heard, data any) {
		changes = append(changes, func(p *requests.Progress) bool { return note(p, one, data) })
		if found, is := problemOf(one, data); is {
			problems = append(problems, found)
		}
	})
	if len(changes) == 0 {
		return nil
	}
	// Problems are written first: a bit that is set says that they lie there.
	if err := h.writeProblems(ctx, id, problems); err != nil {
		return err
	}
	_, err := requests.UpdateProgress(ctx, h.store, id, func(p *requests.Progress) bool {
		changed, revision := false, p.Revision
		for _, change := range changes {
			changed = change(p) || changed
		}
		now := h.now().UTC()
		if p.Revision != revision {
			p.Revised = now
		}
		if changed {
			p.Updated = now
		}
		return changed
	})
	return err
}

// note notes one event in the upload's progress, and tells whether that changed
// anything.
func note(p *requests.Progress, one *heard, data any) bool {
	e := one.Envelope
	changed := identify(p, e)
	if one.record() == 0 {
		return noteWhole(p, e, data) || changed
	}
	return noteRecord(p, one.record(), e, data) || changed
}

// identify fills what the events of an upload have in common.
func identify(p *requests.Progress, e events.Envelope) bool {
	if p.Tenant != "" {
		return false
	}
	p.Tenant, p.CorrelationID, p.Submitted = e.Tenant, e.CorrelationID, e.Request.Submitted
	return true
}

func noteRecord(p *requests.Progress, record int, e events.Envelope, data any) bool {
	switch d := data.(type) {
	case events.RequestRejected:
		return p.Ends(record, events.Rejected, nil, codesOf(d.Reasons)...)
	case events.AiFailed:
		return p.Ends(record, events.Failed, &d.Spend, string(d.Class))
	case events.Stored:
		ended := p.Ends(record, events.Completed, &d.Spend)
		waits := !e.Terminal && p.AwaitsMail(record)
		return ended || waits
	case events.Notified, events.NotificationSkipped:
		return e.Terminal && p.HasMail(record)
	case events.RequestParked:
		if !e.Terminal {
			return false
		}
		ended := p.Ends(record, events.Parked, nil, d.Class)
		// The mail of a stored record was given up: nothing more is to come.
		mailed := d.Event == (events.Stored{}).Type() && p.HasMail(record)
		return ended || mailed
	}
	return false
}

// noteWhole notes an event about the upload as a whole.
func noteWhole(p *requests.Progress, e events.Envelope, data any) bool {
	before := *p
	switch d := data.(type) {
	case events.UploadReceived:
		if p.Received == nil {
			p.Received, p.Task, p.Cause, p.Hop = &d, e.Request.Task, e.ID, e.Hop
			p.Revision++
		}
	case events.RequestRejected:
		p.Problems = d.Reasons
	case events.Notified:
		p.Reported, p.Mail, p.MailSkipped = true, d.Recipients, ""
	case events.NotificationSkipped:
		p.Reported, p.Mail, p.MailSkipped = true, d.Recipients, d.Reason
	case events.RequestParked:
		switch {
		case d.Event == events.UploadCompleted{}.Type():
			if !p.Reported { // the mail was given up: nothing more is to come
				p.Reported, p.MailSkipped = true, d.Cause
			}
		case p.Done == nil:
			p.Parked = d.Key
		}
	}
	return !reflect.DeepEqual(before, *p)
}

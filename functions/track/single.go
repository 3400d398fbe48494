package track

import (
	"context"
	"reflect"
	"strings"

	"sluice/events"
	"sluice/internal/requests"
)

// noteRequest brings the status of a single request up to date with what was
// heard of it.
func (h *Handler) noteRequest(ctx context.Context, group []*heard) error {
	var changes []func(*requests.Status)
	understand(group, func(one *heard, data any) {
		changes = append(changes, func(s *requests.Status) { apply(s, one.Envelope, data) })
	})
	if len(changes) == 0 {
		return nil
	}
	about := group[0]
	_, err := h.book.Update(ctx, about.Tenant, about.RequestID, func(s *requests.Status) bool {
		before := *s
		for _, change := range changes {
			change(s)
		}
		if reflect.DeepEqual(before, *s) {
			return false
		}
		s.Updated = h.now().UTC()
		return true
	})
	return err
}

// apply notes one event. Hearing it again, or after a later one, changes
// nothing.
func apply(s *requests.Status, e events.Envelope, data any) {
	if d, is := delivery(data); is {
		if s.Task != "" { // else nobody keeps this request's status: its recipients are its upload's
			s.Deliver(d)
		}
		return
	}
	if s.Generation == 0 && s.Task == "" { // it was rejected or parked before anybody admitted it
		s.Task, s.CorrelationID, s.Submitted, s.State = e.Request.Task, e.CorrelationID, e.Request.Submitted, requests.Received
	}
	newer := e.Attempt > s.Attempt
	s.Attempt = max(s.Attempt, e.Attempt)
	if len(e.Timeline) > len(s.Timeline) {
		s.Timeline = e.Timeline
	}
	// What was parked has left its workflow, and what follows is the choreography's.
	if s.Audit == "" || newer {
		s.Audit, s.Execution = e.Audited(), e.Execution
	}
	switch d := data.(type) {
	case events.RequestRejected:
		if advance(s, requests.Rejected, events.Rejected) {
			s.Reasons, s.ConflictsWith = d.Reasons, d.ConflictsWith
		}
	case events.AiFailed:
		if advance(s, requests.Failed, events.Failed) {
			s.Reasons, s.Spend = []events.Problem{{Code: string(d.Class), Message: d.Message}}, &d.Spend
		}
	case events.Stored:
		if s.Result == "" || newer { // it may be heard after the mail about it
			s.Result, s.Answer, s.Spend = d.Key, d.Answer, &d.Spend
		}
		if advance(s, requests.Stored, e.Outcome) {
			s.Reasons = nil
		}
	case events.Notified:
		mailed(s, e, d.Recipients, "")
	case events.NotificationSkipped:
		mailed(s, e, d.Recipients, d.Reason)
	case events.RequestParked:
		if s.Parked == "" || newer {
			s.Parked = d.Key
		}
		if e.Terminal {
			better(s, events.Parked)
			if advance(s, requests.Parked, "") || s.State == requests.Parked && newer {
				s.Reasons = []events.Problem{{Code: d.Class, Message: d.Cause}}
			}
		}
	}
}

// delivery is what became of a mail after it was sent, if that is what was heard.
func delivery(data any) (requests.Delivery, bool) {
	of := func(m events.Mailed, became requests.Became, reason string) (requests.Delivery, bool) {
		return requests.Delivery{MessageID: m.MessageID, Became: became, Reason: reason, At: m.At}, true
	}
	switch d := data.(type) {
	case events.EmailDelivered:
		return of(d.Mailed, requests.Delivered, "")
	case events.EmailBounced:
		return of(d.Mailed, requests.Bounced, strings.TrimSpace(string(d.Kind)+" "+d.SubType))
	case events.EmailComplained:
		return of(d.Mailed, requests.Complained, d.FeedbackType)
	}
	return requests.Delivery{}, false
}

// mailed notes what became of a mail. The one about a result ends the request, and
// so does one that was skipped before there was a result; one about anything else
// ends nothing, and does not replace that.
func mailed(s *requests.Status, e events.Envelope, outcomes []events.Recipient, skipped string) {
	if e.Terminal || s.State != requests.Notified {
		s.Mail, s.MailSkipped = outcomes, skipped
	}
	to := requests.Notified
	if e.Outcome == events.Skipped {
		to = requests.Skipped
	}
	if e.Terminal && advance(s, to, e.Outcome) {
		s.Reasons = nil
	}
}

// advance moves the status to a later state, and tells whether it did.
func advance(s *requests.Status, to requests.State, outcome events.Outcome) bool {
	if !s.State.Before(to) {
		return false
	}
	s.State = to
	better(s, outcome)
	return true
}

// better takes the outcome unless the one that is there is as good: only what is
// parked is ever tried again.
func better(s *requests.Status, outcome events.Outcome) {
	if outcome != "" && (s.Outcome == "" || s.Outcome == events.Parked) {
		s.Outcome = outcome
	}
}

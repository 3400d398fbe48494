package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"sluice/events"
)

// Said counts an event that is on the bus now, and notes it with the message
// that caused it.
func Said(ctx context.Context, e events.Envelope) {
	s := spanOf(ctx)
	if s == nil {
		return
	}
	v := s.invocation
	about := v.flow(s, e)
	if !s.ofMessage() {
		s = v.causedBy(e)
	}
	if s != nil {
		s.hear(e, about)
		return
	}
	v.recorder.log.LogAttrs(With(ctx, IDs{e.RequestID, e.CorrelationID, e.Type()}), slog.LevelInfo, "said",
		slog.String("eventId", e.ID), slog.String("outcome", string(e.Outcome)))
}

// enters tells whether a request came in with an event of its own, as nobody says
// RequestReceived about it: a file's bad record, and what the API answers at once.
func enters(s *Span, e events.Envelope) bool {
	switch e.Type() {
	case events.RequestRejected{}.Type():
		return e.Hop == 0
	case events.AiCompleted{}.Type(), events.AiFailed{}.Type():
		return s.ofMessage() && s.source.MessageID == ""
	}
	return false
}

// flow adds an event to the metrics, and gives the ids of the mails that it is
// about.
func (v *Invocation) flow(s *Span, e events.Envelope) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e.Terminal {
		v.ended(e)
	}
	if enters(s, e) {
		v.sums.add(all, "", received, 1)
	}
	switch e.Type() {
	case events.Notified{}.Type():
		if d, err := events.DataOf[events.Notified](e); err == nil {
			return v.notified(e, d)
		}
	case events.EmailDelivered{}.Type():
		if d, err := events.DataOf[events.EmailDelivered](e); err == nil {
			v.sums.add(all, "", delivered, 1)
			return []string{d.MessageID}
		}
	case events.EmailComplained{}.Type():
		if d, err := events.DataOf[events.EmailComplained](e); err == nil {
			v.sums.add(all, "", complaints, 1)
			return []string{d.MessageID}
		}
	case events.EmailBounced{}.Type():
		if d, err := events.DataOf[events.EmailBounced](e); err == nil {
			v.sums.add(all, "", bounceOf(d.Kind), 1)
			return []string{d.MessageID}
		}
	}
	return nil
}

func bounceOf(kind events.BounceKind) metric {
	if kind == events.BouncePermanent {
		return bounces
	}
	return softBounces
}

// ended counts how a request ended.
func (v *Invocation) ended(e events.Envelope) {
	v.took(e, endedAfter)
	switch e.Outcome {
	case events.Completed:
		v.sums.add(byTask, e.Request.Task, completed, 1)
	case events.Failed:
		v.sums.add(byTask, e.Request.Task, failed, 1)
	case events.Rejected:
		v.sums.add(all, "", rejected, 1)
	case events.Parked:
		v.sums.add(all, "", parked, 1)
	case events.Skipped:
		v.sums.add(all, "", skipped, 1)
	}
	if why := class(e); why != "" {
		v.sums.add(byClass, word(why), unanswered, 1)
	}
}

// word keeps whatever is no word of ours out of a dimension.
func word(class string) string {
	odd := func(c rune) bool { return !(c == '_' || c == '$' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') }
	if len(class) > 32 || strings.IndexFunc(class, odd) >= 0 {
		return "other"
	}
	return class
}

// class is why a request has no answer, in one word of ours.
func class(e events.Envelope) string {
	switch e.Type() {
	case events.RequestRejected{}.Type():
		if d, err := events.DataOf[events.RequestRejected](e); err == nil && len(d.Reasons) > 0 {
			return d.Reasons[0].Code
		}
	case events.AiFailed{}.Type():
		if d, err := events.DataOf[events.AiFailed](e); err == nil {
			return string(d.Class)
		}
	case events.RequestParked{}.Type():
		if d, err := events.DataOf[events.RequestParked](e); err == nil {
			return "parked_" + d.Class
		}
	}
	return ""
}

func (v *Invocation) notified(e events.Envelope, d events.Notified) []string {
	v.took(e, notifiedAfter)
	var ids []string
	for _, r := range d.Recipients {
		if r.Outcome == events.MailSent {
			v.sums.add(all, "", mails, 1)
		}
		if r.MessageID != "" {
			ids = append(ids, r.MessageID)
		}
	}
	return ids
}

// longest is the longest that a request may have taken. Who was submitted before
// that, or tomorrow, has a submission time that says nothing.
const longest = 15 * 24 * time.Hour

// took adds how long it has been since the request was made.
func (v *Invocation) took(e events.Envelope, m metric) {
	if took := e.Time.Sub(e.Request.Submitted); took >= 0 && took < longest {
		v.sums.add(all, "", m, float64(took.Milliseconds()))
	}
}

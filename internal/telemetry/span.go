package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sluice/events"
)

// Span is what is told of one message, or of one request of the API, when it was
// handled. It is safe for concurrent use; a nil Span tells nothing.
type Span struct {
	invocation *Invocation
	source     Source

	mu           sync.Mutex
	ids          IDs
	began, ended time.Time
	said         map[string]int
	end          events.Outcome
	mails, calls []string
}

// Source is what a span is about.
type Source struct {
	IDs
	// EventID is the id of the event's envelope, "" if it has none; what was said
	// because of it names it.
	EventID string
	// MessageID is the queue's name of the message, Sent when it came into the
	// queue, Receives how often it was received. All are zero for a request.
	MessageID string
	Sent      time.Time
	Receives  int
	// Trace is the X-Ray header that came with it, "" if none did.
	Trace string
}

type spanKey struct{}

// spanOf is the span of a context; that of the invocation has no message.
func spanOf(ctx context.Context) *Span {
	s, _ := ctx.Value(spanKey{}).(*Span)
	return s
}

// ofMessage tells it from an invocation's own.
func (s *Span) ofMessage() bool { return s != nil && s != s.invocation.own }

// In is a context of the span: what is logged, called and said with it belongs to
// the span.
func (s *Span) In(ctx context.Context) context.Context {
	if s == nil {
		return ctx
	}
	return context.WithValue(ctx, spanKey{}, s)
}

// Start begins the span's time, and gives a context of the span.
func (s *Span) Start(ctx context.Context) context.Context {
	if s == nil {
		return ctx
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began = s.invocation.recorder.now()
	return s.In(ctx)
}

// Stop ends the span's time. Without it, and without Start, the span took as long
// as its invocation.
func (s *Span) Stop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = s.invocation.recorder.now()
}

func (s *Span) know(ids IDs) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = ids
}

func (s *Span) known() IDs {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids
}

// Called notes that the message of the context was answered by model calls, by
// the ids under which the ledger has them.
func Called(ctx context.Context, ids ...string) {
	if s := spanOf(ctx); s.ofMessage() && len(ids) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls = append(s.calls, ids...)
	}
}

// hear notes an event that was said because of the span.
func (s *Span) hear(e events.Envelope, mails []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.said == nil {
		s.said = make(map[string]int, 1)
	}
	s.said[e.Type()]++
	if e.Terminal && e.RequestID == s.ids.RequestID {
		s.end = e.Outcome
	}
	s.mails = append(s.mails, mails...)
	if s.ids.RequestID == "" && s.ids.CorrelationID == "" {
		// A report of SES's names nobody, nor does a request of the API; what was said
		// because of it does.
		s.ids.RequestID, s.ids.CorrelationID = e.RequestID, e.CorrelationID
	}
}

// Done prints the span's line, with more about it: "handled" at the level INFO
// where the outcome is Done, Refused or Unbegun, else "not handled" at WARN.
func (s *Span) Done(ctx context.Context, outcome string, more ...slog.Attr) {
	if s == nil {
		return
	}
	s.invocation.count(outcome)
	level, msg := slog.LevelWarn, "not handled"
	if outcome == Done || outcome == Refused || outcome == Unbegun {
		level, msg = slog.LevelInfo, "handled"
	}
	log := s.invocation.recorder.log
	if log.Enabled(ctx, level) {
		log.LogAttrs(s.In(ctx), level, msg, append(s.attrs(outcome), more...)...)
	}
}

func (s *Span) attrs(outcome string) []slog.Attr {
	v := s.invocation
	s.mu.Lock()
	defer s.mu.Unlock()
	began, ended := s.began, s.ended
	if began.IsZero() {
		began = v.began
	}
	if ended.IsZero() {
		ended = v.recorder.now()
	}
	all := append(make([]slog.Attr, 0, 16), slog.String("outcome", outcome), slog.Bool("coldStart", v.cold),
		slog.Float64("durationMs", milliseconds(ended.Sub(began))))
	if s.source.MessageID != "" {
		all = append(all, slog.String("messageId", s.source.MessageID), slog.Int("receives", s.source.Receives),
			slog.Int64("waitMs", s.waited().Milliseconds()))
	}
	for _, text := range []struct{ name, value string }{
		{"eventId", s.source.EventID}, {"ended", string(s.end)}, {"trace", root(s.trace())}, {"invocation", v.id},
	} {
		if text.value != "" {
			all = append(all, slog.String(text.name, text.value))
		}
	}
	if len(s.said) > 0 {
		all = append(all, slog.Any("said", s.said))
	}
	for _, list := range []struct {
		name   string
		values []string
	}{{"calls", s.calls}, {"mails", s.mails}} {
		if len(list.values) > 0 {
			all = append(all, slog.Any(list.name, list.values))
		}
	}
	return all
}

// waited is how long the message was in its queue before this invocation.
func (s *Span) waited() time.Duration {
	if s.source.Sent.Unix() <= 0 { // the queue did not tell
		return 0
	}
	return max(s.invocation.began.Sub(s.source.Sent), 0)
}

// milliseconds has microseconds after its point.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

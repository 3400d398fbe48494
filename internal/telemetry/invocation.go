package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"sluice/events"
)

// Recorder makes the spans and sums of one function's process. A nil Recorder
// records nothing.
type Recorder struct {
	log  *slog.Logger
	now  func() time.Time
	warm atomic.Bool
}

// NewRecorder prints to log, whose lines bear the names of environment and
// function; see [NewLogger].
func NewRecorder(log *slog.Logger, now func() time.Time) *Recorder {
	return &Recorder{log: log, now: now}
}

// Invocation sums up what one invocation does. It is safe for concurrent use; a
// nil Invocation records nothing.
type Invocation struct {
	recorder *Recorder
	// own is the span of what belongs to no message.
	own       *Span
	cold      bool
	began     time.Time
	id, trace string

	mu    sync.Mutex
	spans []*Span
	sums  sums
	// caused finds spans by their event, made when it is first needed.
	caused map[string]*Span
}

// Begin opens an invocation. It is nil where nobody would see its lines.
func (r *Recorder) Begin(ctx context.Context) (context.Context, *Invocation) {
	if r == nil || !r.log.Enabled(ctx, slog.LevelWarn) {
		return ctx, nil
	}
	v := &Invocation{recorder: r, cold: !r.warm.Swap(true), began: r.now()}
	v.own = &Span{invocation: v}
	v.trace, _ = ctx.Value(lambdaTrace).(string)
	if in, is := lambdacontext.FromContext(ctx); is {
		v.id = in.AwsRequestID
	}
	return context.WithValue(ctx, spanKey{}, v.own), v
}

// Span opens the span of a message or a request of the invocation.
func (v *Invocation) Span(about Source) *Span {
	if v == nil {
		return nil
	}
	s := &Span{invocation: v, source: about, ids: about.IDs}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.spans = append(v.spans, s)
	v.caused = nil
	if about.Event == (events.RequestReceived{}).Type() && about.Receives <= 1 {
		v.sums.add(all, "", received, 1)
	}
	return s
}

// causedBy is the span of the message that caused an event, nil if none did.
func (v *Invocation) causedBy(e events.Envelope) *Span {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.caused == nil {
		v.caused = make(map[string]*Span, len(v.spans))
		for _, s := range v.spans {
			if id := s.source.EventID; id != "" && v.caused[id] == nil {
				v.caused[id] = s
			}
		}
	}
	return v.caused[e.CausationID]
}

// The outcomes of a span beside the classes of faults.
const (
	Done    = "done"
	Unbegun = "unbegun" // the time was over before its turn came
	Refused = "refused" // a request of the API that was wrong
	Failed  = "failed"  // a request of the API that was right
)

// count adds a span to the function's metrics.
func (v *Invocation) count(outcome string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sums.add(function, "", messages, 1)
	switch outcome {
	case "retry":
		v.sums.add(function, "", retried, 1)
	case "defer", Unbegun:
		v.sums.add(function, "", deferred, 1)
	case "park", "reject":
		v.sums.add(function, "", givenUp, 1)
	}
}

// End prints the metrics.
func (v *Invocation) End(ctx context.Context) {
	if v == nil || !v.recorder.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	oldest := time.Duration(-1)
	for _, s := range v.spans {
		if s.source.MessageID != "" {
			oldest = max(oldest, s.waited())
		}
	}
	if oldest >= 0 {
		v.sums.add(function, "", queueAge, float64(oldest.Milliseconds()))
	}
	if v.cold {
		v.sums.add(function, "", coldStarts, 1)
	}
	v.sums.print(ctx, v.recorder.log, v.recorder.now())
}

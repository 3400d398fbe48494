package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Ledger writes the account. It is safe for concurrent use.
type Ledger struct {
	environment string
	// writer tells this process's lines from every other's.
	writer string
	now    func() time.Time

	mu    sync.Mutex
	w     io.Writer
	lines int
	free  []byte
}

// New writes lines to w, which is os.Stdout in a function: a file that is
// written to without a buffer, so that a line is out of the process once it is
// written. The environment is a dimension of every metric.
func New(w io.Writer, environment string, now func() time.Time) *Ledger {
	return &Ledger{environment: environment, writer: rand.Text()[:10], now: now, w: w}
}

// NewID makes a call's id.
func NewID() string { return rand.Text() }

// Begin writes that a call is about to go out. With an error nothing was
// written, or not the whole line, and the call must not go out; trying again is
// of no use, as it is the process's own output that is broken.
func (l *Ledger) Begin(ctx context.Context, c Call) error {
	return l.write(ctx, Begun, func(b []byte, _ time.Time) []byte { return appendCall(b, c) })
}

// End writes how it came back. What cannot be written is found as unfinished.
func (l *Ledger) End(ctx context.Context, e Ended) {
	_ = l.write(ctx, Over, func(b []byte, now time.Time) []byte {
		b = appendCall(b, e.Call)
		b = text(b, "status", string(e.Status))
		if e.AnsweredBy != "" {
			b = text(b, "answeredBy", e.AnsweredBy)
		}
		b = flag(b, "priced", e.Priced)
		b = number(b, "latencyMs", int(e.Latency.Milliseconds()))
		b = number(b, "answered", e.Answered)
		b = number(b, "missing", e.Missing)
		b = money(b, "packingSavedUSD", e.PackingSavedUSD)
		b = money(b, "laneSavedUSD", e.LaneSavedUSD)
		b = money(b, "cacheSavedUSD", e.CacheSavedUSD)
		b = number(b, "ModelCalls", 1)
		b = number(b, "Throttles", e.throttles())
		b = usage(b, e.Usage)
		b = money(b, "CostUSD", e.USD)
		b = number(b, "ReclaimedTokens", e.ReclaimedTokens)
		if e.throttles() > 0 {
			return metrics(b, now, throttleMetrics)
		}
		b = number(b, "RecordsPerCall", e.Records)
		return metrics(b, now, callMetrics)
	})
}

func (e Ended) throttles() int {
	if e.Status == Throttled {
		return 1
	}
	return 0
}

// Reused writes that answers lay there already, and what they had cost.
func (l *Ledger) Reused(ctx context.Context, p Paid) {
	l.paid(ctx, Reuse, p, func(b []byte, now time.Time) []byte {
		b = number(b, "ReusedAnswers", max(p.Answers, 1))
		b = money(b, "savedUSD", p.Spend.CostUSD)
		return metrics(b, now, reuseMetrics)
	})
}

// Duplicate writes that an answer was paid for that somebody had already got.
func (l *Ledger) Duplicate(ctx context.Context, p Paid) {
	l.paid(ctx, Double, p, func(b []byte, now time.Time) []byte {
		return metrics(money(b, "DuplicateUSD", p.Spend.CostUSD), now, duplicateMetrics)
	})
}

// Orphan writes that an answer was paid for and lost before it was kept.
func (l *Ledger) Orphan(ctx context.Context, p Paid) {
	l.paid(ctx, Orphaned, p, func(b []byte, now time.Time) []byte {
		return metrics(money(b, "OrphanUSD", p.Spend.CostUSD), now, orphanMetrics)
	})
}

func (l *Ledger) paid(ctx context.Context, kind Kind, p Paid, rest func([]byte, time.Time) []byte) {
	_ = l.write(ctx, kind, func(b []byte, now time.Time) []byte {
		if p.RequestID != "" {
			b = text(b, "requestId", p.RequestID)
		}
		b = who(b, p.Spend.Model, p.Task, p.Tenant, p.Lane)
		b = number(b, "answers", max(p.Answers, 1))
		return rest(usage(b, p.Spend.Usage), now)
	})
}

// write writes one line with one call of Write.
func (l *Ledger) write(ctx context.Context, kind Kind, rest func([]byte, time.Time) []byte) error {
	now := l.now().UTC()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines++
	b := append(l.free[:0], opening...)
	b = append(b, kind...)
	b = append(b, `","line":"`...)
	b = append(b, l.writer...)
	b = append(b, '-')
	b = strconv.AppendInt(b, int64(l.lines), 10)
	b = append(b, `","time":"`...)
	b = now.AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	b = text(b, "environment", orNone(l.environment))
	if invocation, in := lambdacontext.FromContext(ctx); in {
		b = text(b, "invocation", invocation.AwsRequestID)
	}
	b = rest(b, now)
	b = append(b, '}', '\n')
	l.free = b
	if _, err := l.w.Write(b); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

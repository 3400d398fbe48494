package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"
)

// NewLogger writes JSON lines to w, each with the names of the environment
// (SLUICE_ENVIRONMENT) and the function. AWS_LAMBDA_LOG_LEVEL, which Lambda sets,
// is the least level that is written; INFO unless told.
func NewLogger(w io.Writer, function string) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(os.Getenv("AWS_LAMBDA_LOG_LEVEL"))) != nil {
		level = slog.LevelInfo
	}
	environment := os.Getenv("SLUICE_ENVIRONMENT")
	if environment == "" {
		environment = "none" // CloudWatch drops a metric with an empty dimension
	}
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	return slog.New(withIDs{handler}).With("environment", environment, "function", function)
}

// ExitIf ends a program that cannot start, with one line that says why.
func ExitIf(log *slog.Logger, err error) {
	if err != nil {
		log.Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
}

// IDs are what a line is found by.
type IDs struct {
	RequestID     string
	CorrelationID string
	// Event is the detail-type being handled.
	Event string
}

type idsKey struct{}

// With puts the ids on every line that is logged with the returned context. In a
// message's context they become the message's own.
func With(ctx context.Context, ids IDs) context.Context {
	if s := spanOf(ctx); s.ofMessage() {
		s.know(ids)
		return ctx
	}
	return context.WithValue(ctx, idsKey{}, ids)
}

func idsOf(ctx context.Context) (IDs, bool) {
	if s := spanOf(ctx); s.ofMessage() {
		return s.known(), true
	}
	ids, found := ctx.Value(idsKey{}).(IDs)
	return ids, found
}

// withIDs adds the context's ids to each record.
type withIDs struct{ slog.Handler }

func (h withIDs) Handle(ctx context.Context, r slog.Record) error {
	if ids, found := idsOf(ctx); found {
		r.AddAttrs(slog.String("requestId", ids.RequestID), slog.String("correlationId", ids.CorrelationID), slog.String("event", ids.Event))
	}
	return h.Handler.Handle(ctx, r)
}

func (h withIDs) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withIDs{h.Handler.WithAttrs(attrs)}
}
func (h withIDs) WithGroup(name string) slog.Handler { return withIDs{h.Handler.WithGroup(name)} }

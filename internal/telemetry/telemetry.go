// Package telemetry is how functions speak to the operator: JSON lines through
// log/slog with the request's id on every one. A line holds ids, counts,
// classes and durations, never a request's text or an address.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"
)

// NewLogger writes JSON lines to w, each with the function's name.
func NewLogger(w io.Writer, function string) *slog.Logger {
	return slog.New(withIDs{slog.NewJSONHandler(w, nil)}).With("function", function)
}

// ExitIf ends a program that cannot start, with one line that says why.
func ExitIf(log *slog.Logger, err error) {
	if err != nil {
		log.Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
}

type idsKey struct{}

// IDs are what a line is found by.
type IDs struct {
	RequestID     string
	CorrelationID string
	// Event is the detail-type being handled.
	Event string
}

// With puts the ids on every line that is logged with the returned context.
func With(ctx context.Context, ids IDs) context.Context { return context.WithValue(ctx, idsKey{}, ids) }

// withIDs adds the context's ids to each record.
type withIDs struct{ slog.Handler }

func (h withIDs) Handle(ctx context.Context, r slog.Record) error {
	if ids, found := ctx.Value(idsKey{}).(IDs); found {
		r.AddAttrs(slog.String("requestId", ids.RequestID), slog.String("correlationId", ids.CorrelationID), slog.String("event", ids.Event))
	}
	return h.Handler.Handle(ctx, r)
}

func (h withIDs) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withIDs{h.Handler.WithAttrs(attrs)}
}
func (h withIDs) WithGroup(name string) slog.Handler { return withIDs{h.Handler.WithGroup(name)} }

package track

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sluice/events"
	"sluice/internal/objects"
	"sluice/internal/requests"
)

// problem is a line under progress/<uploadId>/problems/: why a record was not
// completed. It holds nothing of the record.
type problem struct {
	Record    int            `json:"record"`
	Line      int            `json:"line,omitempty"`
	RequestID string         `json:"requestId"`
	Event     string         `json:"event"`
	Outcome   events.Outcome `json:"outcome"`
	Attempt   int            `json:"attempt"`
	Codes     []string       `json:"codes"`
	Message   string         `json:"message"`
	// Parked is the key under parked/ of the message, Model what was asked, CostUSD
	// what that cost.
	Parked  string  `json:"parked,omitempty"`
	Model   string  `json:"model,omitempty"`
	CostUSD float64 `json:"costUSD,omitempty"`
}

// problemOf is the problem that an event tells of a record, if it does.
func problemOf(one *heard, data any) (problem, bool) {
	if one.record() == 0 {
		return problem{}, false
	}
	p := problem{Record: one.record(), RequestID: one.RequestID, Event: one.Type(), Attempt: one.Attempt}
	switch d := data.(type) {
	case events.RequestRejected:
		p.Outcome, p.Line, p.Codes = events.Rejected, d.Line, codesOf(d.Reasons)
		p.Message = sentence(d.Reasons)
	case events.AiFailed:
		p.Outcome, p.Codes, p.Message = events.Failed, []string{string(d.Class)}, d.Message
		p.Model, p.CostUSD = d.Model, d.CostUSD
	case events.RequestParked:
		p.Outcome, p.Codes, p.Message, p.Parked = events.Parked, []string{d.Class}, d.Cause, d.Key
		return p, one.Terminal
	default:
		return problem{}, false
	}
	return p, true
}

// worth ranks problems of one record as requests.Progress ranks outcomes: the
// latest attempt of the best outcome.
func (p problem) worth() int {
	best := slices.Index([]events.Outcome{events.Parked, events.Rejected, events.Failed}, p.Outcome)
	return best<<16 + min(p.Attempt, 1<<16-1)
}

func codesOf(reasons []events.Problem) []string {
	var codes []string
	for _, r := range reasons {
		if !slices.Contains(codes, r.Code) {
			codes = append(codes, r.Code)
		}
	}
	return codes
}

// sentence joins reasons for people.
func sentence(reasons []events.Problem) string {
	parts := make([]string, len(reasons))
	for i, r := range reasons {
		parts[i] = r.Message
		if r.Field != "" {
			parts[i] = r.Field + ": " + r.Message
		}
	}
	return strings.Join(parts, "; ")
}

// writeProblems puts the problems of a batch into one object, if there are any.
// Its name follows from them, so that the same batch writes the same object.
func (h *Handler) writeProblems(ctx context.Context, uploadID string, problems []problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b problem) int { return a.Record - b.Record })
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	for _, p := range problems {
		if err := encoder.Encode(p); err != nil {
			return fmt.Errorf("encode a problem: %w", err)
		}
	}
	key := requests.ProblemsPrefix(uploadID) + events.ID("problems", body.String()) + ".ndjson"
	if _, err := h.store.Put(ctx, key, objects.NDJSON, bytes.NewReader(body.Bytes())); err != nil {
		return fmt.Errorf("write problems: %w", err)
	}
	return nil
}

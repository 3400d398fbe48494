package analyze

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sluice/events"
	"sluice/internal/requests"
)

// validate finds everything that is wrong with the request, beside what decoding
// found, and what asking needs. An error says that it could not be found out.
func (h *Handler) validate(ctx context.Context, r *request) error {
	r.malformed = len(r.problems) > 0
	if wrongAt(r.problems, "/data/task") || r.data.Task == "" {
		// The schema has told it already.
	} else if err := h.validateTask(ctx, r); err != nil {
		return err
	}
	if wrongAt(r.problems, "/data/input") || r.data.Input == (events.Input{}) {
		return nil
	}
	text, problem, err := h.Payloads.CheckOut(ctx, r.Tenant, r.data.Input)
	switch {
	case err != nil:
		return fmt.Errorf("input: %w", err)
	case problem != nil:
		r.problems = append(r.problems, *problem)
	case strings.TrimSpace(text) == "":
		r.problems = append(r.problems, events.Problem{Field: "/data/input", Code: events.CodeEmpty, Message: "the input is empty"})
	}
	r.text = text
	return nil
}

func (h *Handler) validateTask(ctx context.Context, r *request) error {
	t, problems, err := h.Tasks.Get(ctx, r.data.Task)
	if err != nil {
		return err
	}
	if len(problems) == 0 && !wrongAt(r.problems, "/data/params") {
		r.question, problems = t.Ask(r.data.Params)
	}
	r.problems = append(r.problems, problems...)
	return nil
}

// wrongAt tells whether there is a problem with a field, or with the whole
// around it.
func wrongAt(problems []events.Problem, field string) bool {
	for _, p := range problems {
		if strings.HasPrefix(p.Field, field) || p.Field == "/data" && p.Code == "type" || p.Field == "" && p.Code != "additionalProperties" {
			return true
		}
	}
	return false
}

// claim admits a single request under its id. It tells whether the request is
// over already, so that nothing is left to say.
func (h *Handler) claim(ctx context.Context, r *request, detail json.RawMessage) (bool, error) {
	if r.Request.Upload != nil && !r.Request.WantsMail {
		return false, nil // a record's progress is its upload's; only its own recipients need a place
	}
	status := requests.Status{
		RequestID: r.RequestID, Tenant: r.Tenant, Task: r.Request.Task, CorrelationID: r.CorrelationID, Attempt: r.Attempt,
		Fingerprint: fingerprint(r, detail), Submitted: r.Request.Submitted, Notify: addresses(r.data.Notify),
	}
	standing, err := h.Book.Admit(ctx, status)
	if errors.Is(err, requests.ErrConflict) {
		return h.conflict(ctx, r, status)
	}
	if err != nil {
		return false, fmt.Errorf("admit: %w", err)
	}
	return ended(r, standing), nil
}

// fingerprint tells the request from another one with its id. What could not be
// decoded counts as it was written: it must not be taken for a good request that
// has the rest in common with it.
func fingerprint(r *request, detail json.RawMessage) string {
	if r.malformed {
		return events.ID("malformed", string(detail))
	}
	return requests.Fingerprint(r.data)
}

// conflict gives the request an id of its own, which follows from what it asks,
// and rejects it under that. The request that has the id is not disturbed.
func (h *Handler) conflict(ctx context.Context, r *request, status requests.Status) (bool, error) {
	r.conflictsWith = r.RequestID
	id := events.ID("conflict", r.Tenant, r.RequestID, status.Fingerprint)
	if r.CorrelationID == r.RequestID {
		r.CorrelationID = id
	}
	r.RequestID, r.Subject = id, id
	r.ID = events.ID(r.Type(), r.Tenant, id, fmt.Sprint(r.Attempt))
	r.problems = append([]events.Problem{{Field: "/requestId", Code: events.CodeConflict,
		Message: "another request has this id, with other content"}}, r.problems...)
	status.RequestID, status.CorrelationID, status.ConflictsWith = id, r.CorrelationID, r.conflictsWith
	standing, err := h.Book.Admit(ctx, status)
	if err != nil {
		return false, fmt.Errorf("admit: %w", err)
	}
	return ended(r, standing), nil
}

// ended tells whether a request that is wrong now was answered before: its task
// may have been taken away since. Its one end stands.
func ended(r *request, standing requests.Status) bool {
	return len(r.problems) > 0 && standing.Terminal() && standing.Outcome != events.Rejected && standing.Attempt >= r.Attempt
}

// Bounds of what is kept of a list of addresses that nobody has checked.
const (
	mostAddresses = 50
	mostBytes     = 254
)

// addresses are who is to be mailed, those left out that cannot be addresses.
func addresses(n *events.Notify) []string {
	if n == nil {
		return nil
	}
	var kept []string
	for _, address := range n.Email {
		if len(address) <= mostBytes && strings.Contains(address, "@") && strings.IndexFunc(address, isControl) < 0 && len(kept) < mostAddresses {
			kept = append(kept, address)
		}
	}
	return kept
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

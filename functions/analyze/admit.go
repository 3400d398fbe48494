package analyze

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"sluice/events"
	"sluice/internal/admission"
	"sluice/internal/requests"
)

// validate finds everything that is wrong with the request, beside what decoding
// found, and what asking needs. An error says that it could not be found out.
func (h *Handler) validate(ctx context.Context, r *request) error {
	r.malformed = len(r.problems) > 0
	checked, err := admission.Checker{Payloads: h.Payloads, Tasks: h.Tasks}.Check(ctx, r.Tenant, r.data, r.problems)
	if err != nil {
		return err
	}
	r.question, r.text = checked.Question, checked.Text
	r.problems = append(r.problems, checked.Problems...)
	return nil
}

// claim admits a single request under its id. It tells whether the request is
// over already, so that nothing is left to say. What a workflow runs was admitted
// by whoever started it.
func (h *Handler) claim(ctx context.Context, r *request, detail json.RawMessage) (bool, error) {
	if r.Execution != "" {
		return false, h.decided(ctx, r)
	}
	r.fingerprint = fingerprint(r, detail)
	if r.Request.Upload != nil && !r.Request.WantsMail {
		return false, nil // a record's progress is its upload's; only its own recipients need a place
	}
	status := admission.Status(r.Envelope, r.data, r.fingerprint)
	status.Audit = r.Audited()
	if len(r.problems) == 0 && h.audits(r) {
		status.Audit, status.Execution = events.AuditWorkflow, h.Workflow.Execution(r.Tenant, r.RequestID, r.Attempt)
	}
	standing, err := h.admit(ctx, r, status)
	if errors.Is(err, requests.ErrConflict) {
		return h.conflict(ctx, r, status)
	}
	if err != nil {
		return false, fmt.Errorf("admit: %w", err)
	}
	r.skip = standing.Skip
	return ended(r, standing), nil
}

// admit gives the status that stands under the request's id. What one of us said was
// admitted by whoever said it, so that is looked for before it is written in vain; so
// is whatever has its end decided with its admission.
func (h *Handler) admit(ctx context.Context, r *request, status requests.Status) (requests.Status, error) {
	decides := len(r.problems) == 0 && admission.WantsMailOnly(r.data)
	if decides || r.message.Record.Own() && r.Request.Upload == nil {
		if standing, found, err := h.Book.Find(ctx, status); found || err != nil {
			return standing, err
		}
	}
	if decides {
		var err error
		if status.Skip, err = admission.Skip(ctx, h.Permit, r.data); err != nil {
			return requests.Status{}, err
		}
	}
	return h.Book.Admit(ctx, status)
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
	status.Audit, status.Execution, status.Skip = r.Audited(), "", nil
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

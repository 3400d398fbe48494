package analyze

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sluice/events"
	"sluice/internal/admission"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/workflow"
)

// audits tells whether the request is one that the workflow has to run, and does
// not run yet.
func (h *Handler) audits(r *request) bool {
	return h.Workflow != nil && r.data.Audit && r.Execution == ""
}

// start lets the workflow run a good request. Once it runs, nothing is left to
// do: its steps come back through the queues.
func (h *Handler) start(ctx context.Context, r *request) error {
	in, err := h.executionInput(ctx, r)
	if err != nil {
		return err
	}
	err = h.Workflow.Start(ctx, r.Execution, in)
	if errors.Is(err, workflow.ErrConflict) {
		// Its status is gone, and the execution's memory is longer.
		r.Execution = ""
		over, err := h.conflict(ctx, r, admission.Status(r.Envelope, r.data, r.fingerprint))
		if over || err != nil {
			return err
		}
		return h.reject(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("start the workflow: %w", err)
	}
	h.Log.InfoContext(ctx, "the workflow runs it", "execution", r.Execution)
	return nil
}

// executionInput is the request as an execution holds it, where many may read
// it: the text lies under payloads/, and the addresses in the request's status.
func (h *Handler) executionInput(ctx context.Context, r *request) (workflow.Input, error) {
	data := r.data
	var err error
	if data.Input, err = h.Payloads.Keep(ctx, r.Tenant, data.Input); err != nil {
		return workflow.Input{}, fmt.Errorf("keep the input: %w", err)
	}
	data.Notify = nil
	r.Execution = h.Workflow.Execution(r.Tenant, r.RequestID, r.Attempt)
	e := r.Envelope
	if e.Data, err = json.Marshal(data); err != nil {
		return workflow.Input{}, fault.As(fault.Park, fmt.Errorf("encode the request: %w", err))
	}
	record, err := events.RecordOf(Name, r.message.Record.Account, r.message.Record.Region, e)
	if err != nil {
		return workflow.Input{}, fault.As(fault.Park, err)
	}
	raw, err := json.Marshal(record)
	if err != nil {
		return workflow.Input{}, fault.As(fault.Park, fmt.Errorf("encode the record: %w", err))
	}
	return workflow.Input{Fingerprint: r.fingerprint, Record: raw}, nil
}

// Steps are what the workflow calls directly: validate, its first step; delivery,
// after mails were sent; and fail, its last one when it gives up.
func (h *Handler) Steps() consume.Steps {
	return consume.Steps{"validate": h.check, "delivery": h.delivery, "fail": h.fail}
}

// check rejects a request that cannot be answered, as it is now: it may have been
// good when the execution was started, or be started by hand.
func (h *Handler) check(ctx context.Context, m consume.Message, _ consume.Failure) error {
	ctx, r, err := h.read(ctx, m)
	if err != nil || len(r.problems) == 0 {
		return err
	}
	return h.reject(ctx, r)
}

// fail says AiFailed for a request whose workflow gave up before there was an
// answer.
func (h *Handler) fail(ctx context.Context, m consume.Message, caught consume.Failure) error {
	r, err := h.decode(m)
	if err != nil {
		return err
	}
	h.Log.WarnContext(ctx, "the workflow gave up", "error", caught.Error, "execution", r.Execution)
	return h.say(ctx, r, events.AiFailed{Class: events.FailureWorkflow, Message: gaveUp(caught)}, events.Failed)
}

// gaveUp is one sentence about what the workflow caught. Its cause is ours where
// one of our steps told it; a service's may quote anything.
func gaveUp(caught consume.Failure) string {
	name := strings.Map(printable, caught.Error)
	why := "the workflow gave up: " + name[:min(len(name), 100)]
	if strings.HasPrefix(name, consume.StepError) && caught.Cause != "" {
		why += ": " + strings.ToValidUTF8(caught.Cause[:min(len(caught.Cause), 900)], "")
	}
	return why
}

// printable keeps of an error's name only what names are made of.
func printable(c rune) rune {
	if c == '.' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
		return c
	}
	return -1
}

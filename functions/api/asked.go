package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"sluice/events"
	"sluice/internal/admission"
	"sluice/internal/answers"
	"sluice/internal/fault"
	"sluice/internal/requests"
	"sluice/internal/task"
)

// asked is one request for an answer.
type asked struct {
	id       string
	tenant   string
	data     events.RequestReceived
	question *task.Question
	text     string
	// skip is how the request ends instead of being answered, if it is not to be.
	skip *events.NotificationSkipped
	// own: the caller gave the id.
	own bool
}

// read reads one request of a body, which is the data of a RequestReceived and may
// have a requestId beside. Everything that is wrong with it is listed; at is where
// in the body it stands. Otherwise is the task of a request that names none.
func (h *Handler) read(ctx context.Context, c *call, item json.RawMessage, id, at, otherwise string) (asked, []fieldError, error) {
	a := asked{id: id, tenant: c.tenant}
	fields := members(item)
	if fields == nil {
		return a, []fieldError{{Pointer: fragment(at), Code: "type", Detail: "must be an object"}}, nil
	}
	var errs []fieldError
	if given, has := fields["requestId"]; has {
		delete(fields, "requestId")
		if name := text(given); events.ValidRequestID(name) {
			a.id, a.own = name, true
		} else {
			errs = append(errs, fieldError{Pointer: fragment(at + "/requestId"), Code: "pattern", Detail: "must be 1 to 64 of [A-Za-z0-9_-]"})
		}
	}
	if _, has := fields["upload"]; has {
		delete(fields, "upload")
		errs = append(errs, fieldError{Pointer: fragment(at + "/upload"), Code: events.CodeUnsupported, Detail: "only a file under uploads/ makes upload records"})
	}
	if _, has := fields["task"]; !has && otherwise != "" {
		fields["task"], _ = json.Marshal(otherwise)
	}
	problems, err := h.judge(ctx, &a, fields)
	return a, append(errs, errorsOf(at, problems)...), err
}

// judge decodes the data strictly, as that of any RequestReceived, and checks it.
func (h *Handler) judge(ctx context.Context, a *asked, fields map[string]json.RawMessage) ([]events.Problem, error) {
	detail, err := json.Marshal(map[string]any{"requestId": a.id, "tenant": a.tenant, "data": fields})
	if err != nil {
		return nil, fault.As(fault.Park, err)
	}
	record := events.Record{ID: a.id, Source: events.SourcePrefix + Name, DetailType: events.RequestReceived{}.Type(), Time: h.Now(), Detail: detail}
	var problems []events.Problem
	_, a.data, problems = events.DecodeRequest(record, h.Config.Tenants)
	checked, err := admission.Checker{Payloads: h.Payloads, Tasks: h.Tasks}.Check(ctx, a.tenant, a.data, problems)
	if err != nil {
		return nil, err
	}
	a.question, a.text = checked.Question, checked.Text
	return append(problems, checked.Problems...), nil
}

// prepare does what comes before the request is written down, beside what else is to
// be done first. Nobody sees anything of it until then, so all of it is done at the
// same time. Of several errors the first is returned.
func (h *Handler) prepare(ctx context.Context, a *asked, first ...func() error) error {
	data := a.data
	return together(append(first,
		func() error { return h.lay(ctx, a) },
		func() (err error) { a.skip, err = admission.Skip(ctx, h.Permit, data); return err },
	)...)
}

// lay puts an input that is too large for an event where it travels as a reference.
func (h *Handler) lay(ctx context.Context, a *asked) error {
	if a.data.Input.Text == "" {
		return nil
	}
	in, err := h.Payloads.CheckIn(ctx, a.tenant, a.data.Input)
	if err != nil {
		return fmt.Errorf("keep the input: %w", err)
	}
	a.data.Input = in
	return nil
}

// admit writes the request down, so that whoever is told its id finds it. It gives
// the status that stands: of this request, or of the same one that came before.
func (h *Handler) admit(ctx context.Context, a asked, hold *requests.Hold) (requests.Status, error) {
	e, err := a.event(requests.Status{Submitted: h.Now().UTC()}, h)
	if err != nil {
		return requests.Status{}, err
	}
	status := admission.Status(e, a.data, requests.Fingerprint(a.data))
	status.Skip, status.Hold, status.Updated = a.skip, hold, h.Now().UTC()
	standing, err := h.book.Admit(ctx, status)
	switch {
	case errors.Is(err, requests.ErrConflict) && a.own:
		return standing, refuse(conflict, "another request has this requestId, with other content").about(a.id)
	case errors.Is(err, requests.ErrConflict):
		return standing, refuse(keyReused, "this Idempotency-Key came with another body before; use a new one for a new request")
	case err != nil:
		return standing, fmt.Errorf("admit: %w", err)
	}
	return standing, nil
}

// event is the RequestReceived of a request that stands.
func (a asked) event(standing requests.Status, h *Handler) (events.Envelope, error) {
	about := events.Envelope{RequestID: a.id, Tenant: a.tenant, Request: events.Request{
		Task: a.data.Task, Submitted: standing.Submitted, WantsMail: a.data.Notify != nil && len(a.data.Notify.Email) > 0,
	}}
	e, err := events.New(about, h.Now(), a.data)
	return e, fault.As(fault.Park, err)
}

// hand says RequestReceived: from here on the queue has the request.
func (h *Handler) hand(ctx context.Context, a asked, standing requests.Status) error {
	e, err := a.event(standing, h)
	if err != nil {
		return err
	}
	return h.say(ctx, e)
}

func (h *Handler) say(ctx context.Context, e events.Envelope) error {
	if err := h.Bus.PublishAll(ctx, e)[0]; err != nil {
		return fmt.Errorf("say %s: %w", e.Type(), err)
	}
	return nil
}

// accept admits a request that is prepared, and hands it to the queue. One that came
// before and has got further is not said again.
func (h *Handler) accept(ctx context.Context, a asked) error {
	standing, err := h.admit(ctx, a, nil)
	if err != nil || standing.State != requests.Received {
		return err
	}
	return h.hand(ctx, a, standing)
}

// question is what the model is asked.
func (a asked) request() answers.Request {
	r := answers.Request{RequestID: a.id, Tenant: a.tenant, Question: a.question, Text: a.text}
	if a.data.Deadline != nil {
		r.Deadline = *a.data.Deadline
	}
	return r
}

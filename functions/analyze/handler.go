package analyze

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"sluice/events"
	"sluice/internal/answers"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/requests"
	"sluice/internal/task"
	"sluice/internal/telemetry"
)

// Name is the function's name.
const Name = "analyze"

// Payloads gives the text of an input; see internal/bus.
type Payloads interface {
	CheckOut(ctx context.Context, tenant string, in events.Input) (string, *events.Problem, error)
}

// Tasks finds tasks by name; see internal/task.
type Tasks interface {
	Get(ctx context.Context, name string) (*task.Task, []events.Problem, error)
}

// Book admits single requests; see internal/requests.
type Book interface {
	Admit(context.Context, requests.Status) (requests.Status, error)
}

// Answers asks the model; see internal/answers.
type Answers interface {
	Ask(context.Context, answers.Request) (answers.Outcome, error)
}

// Publisher says events; see internal/bus.
type Publisher interface {
	Publish(context.Context, events.Envelope) error
}

// Parts are what the handler works with.
type Parts struct {
	Tenants  events.Tenants
	Payloads Payloads
	Tasks    Tasks
	Book     Book
	Answers  Answers
	Bus      Publisher
	Log      *slog.Logger
	Now      func() time.Time
}

// Handler answers requests.
type Handler struct{ Parts }

// New makes the handler.
func New(p Parts) *Handler { return &Handler{p} }

// request is one message on its way.
type request struct {
	events.Envelope
	data     events.RequestReceived
	question *task.Question
	text     string
	problems []events.Problem
	// malformed: the schema or the sender is wrong, so the data may not be what
	// was meant.
	malformed bool
	// conflictsWith is the id that the request asked for, if another one has it.
	conflictsWith string
	began         time.Time
}

// Handle answers one request and says how it ended. It returns what stood in the
// way: Defer for a throttled model, Park for what needs a person, and S3's, the
// model's or the bus's own error otherwise.
func (h *Handler) Handle(ctx context.Context, m consume.Message) error {
	r, err := h.decode(m.Record)
	if err != nil {
		return err
	}
	ctx = telemetry.With(ctx, telemetry.IDs{RequestID: r.RequestID, CorrelationID: r.CorrelationID, Event: r.Type()})
	if err := h.validate(ctx, r); err != nil {
		return err
	}
	over, err := h.claim(ctx, r, m.Record.Detail)
	if over || err != nil {
		return err
	}
	if len(r.problems) > 0 {
		return h.reject(ctx, r)
	}
	outcome, err := h.ask(ctx, r)
	if err != nil {
		return err
	}
	return h.tell(ctx, r, outcome)
}

func (h *Handler) decode(record events.Record) (*request, error) {
	e, data, problems := events.DecodeRequest(record, h.Tenants)
	if e.Hop > events.MaxHop {
		return nil, fault.Errorf(fault.Park, "the request is %d hops from its first event, more than %d: a loop", e.Hop, events.MaxHop)
	}
	return &request{Envelope: e, data: data, problems: problems, began: h.Now()}, nil
}

// reject says that the request can never be answered.
func (h *Handler) reject(ctx context.Context, r *request) error {
	h.Log.InfoContext(ctx, "rejected", "problems", len(r.problems), "code", r.problems[0].Code, "conflictsWith", r.conflictsWith)
	return h.say(ctx, r, events.RequestRejected{Reasons: atMost(r.problems, mostReasons), ConflictsWith: r.conflictsWith}, events.Rejected)
}

// mostReasons is how many reasons an event holds: a long list of wrong values
// could make it larger than an event may be.
const mostReasons = 100

func atMost(problems []events.Problem, most int) []events.Problem {
	if len(problems) <= most {
		return problems
	}
	more := events.Problem{Code: "more", Message: fmt.Sprintf("and %d more problems", len(problems)-most+1)}
	return append(slices.Clone(problems[:most-1]), more)
}

// ask gets the answer; what was paid for nothing is counted.
func (h *Handler) ask(ctx context.Context, r *request) (answers.Outcome, error) {
	outcome, err := h.Answers.Ask(ctx, answers.Request{RequestID: r.RequestID, Tenant: r.Tenant, Question: r.question, Text: r.text})
	var orphan *answers.Orphan
	if errors.As(err, &orphan) {
		h.spent(ctx, "orphan spend", orphan.Spend)
	}
	if err != nil {
		return answers.Outcome{}, fmt.Errorf("answer: %w", err)
	}
	if outcome.Unpriced {
		h.Log.WarnContext(ctx, "the model's price is not known, its cost counts as 0", "model", outcome.Spend.Model)
	}
	if outcome.Duplicate != nil {
		h.spent(ctx, "duplicate spend", *outcome.Duplicate)
	}
	return outcome, nil
}

// tell says how the model's part ended.
func (h *Handler) tell(ctx context.Context, r *request, o answers.Outcome) error {
	if o.Failure != nil {
		h.Log.InfoContext(ctx, "failed", "class", o.Failure.Class, "reused", o.Spend.Reused, "costUSD", o.Spend.CostUSD)
		return h.say(ctx, r, events.AiFailed{Class: o.Failure.Class, Message: o.Failure.Message, Spend: o.Spend}, events.Failed)
	}
	h.spent(ctx, "answered", o.Spend)
	return h.say(ctx, r, events.AiCompleted{Answer: o.Key, Spend: o.Spend}, "")
}

// say publishes what follows from the request; with an outcome, as its end.
func (h *Handler) say(ctx context.Context, r *request, data events.Event, end events.Outcome) error {
	e, err := r.Next(Name, r.began, h.Now(), data)
	if err != nil {
		return fault.As(fault.Park, err)
	}
	if end != "" {
		e = e.Ends(end)
	}
	if err := h.Bus.Publish(ctx, e); err != nil {
		return fmt.Errorf("say %s: %w", data.Type(), err)
	}
	return nil
}

func (h *Handler) spent(ctx context.Context, what string, s events.Spend) {
	h.Log.InfoContext(ctx, what, "model", s.Model, "inputTokens", s.Usage.Input, "outputTokens", s.Usage.Output,
		"costUSD", s.CostUSD, "reused", s.Reused)
}

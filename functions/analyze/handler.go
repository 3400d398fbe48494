package analyze

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"sluice/events"
	"sluice/internal/admission"
	"sluice/internal/answers"
	"sluice/internal/answers/kept"
	"sluice/internal/bedrock"
	"sluice/internal/budget"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/task"
	"sluice/internal/telemetry"
	"sluice/internal/workflow"
)

// Name is the function's name.
const Name = "analyze"

// Payloads gives the text of an input, and keeps it where no text may lie; see
// internal/bus.
type Payloads interface {
	admission.Payloads
	Keep(ctx context.Context, tenant string, in events.Input) (events.Input, error)
}

// Book admits single requests; see internal/requests.
type Book interface {
	Admit(context.Context, requests.Status) (requests.Status, error)
	Find(context.Context, requests.Status) (requests.Status, bool, error)
	Get(ctx context.Context, tenant, id string) (requests.Status, error)
}

// Answers asks the model; see internal/answers.
type Answers interface {
	Begin(ctx context.Context, n int) *answers.Batch
}

// Publisher says events; see internal/bus.
type Publisher interface {
	Publish(context.Context, events.Envelope) error
}

// Mappings pauses the function's source; see internal/mappings.
type Mappings interface {
	Pause(ctx context.Context, queueARN string, until time.Time) error
}

// Workflow runs requests that ask for an audit; see internal/workflow.
type Workflow interface {
	Execution(tenant, request string, attempt int) string
	Start(ctx context.Context, execution string, in workflow.Input) error
}

// Parts are what the handler works with.
type Parts struct {
	Tenants  events.Tenants
	Payloads Payloads
	Tasks    admission.Tasks
	Book     Book
	Answers  Answers
	// Permit decides who may be mailed, before the model is asked.
	Permit admission.Permit
	// Store is where bundles of answers lie.
	Store *objects.Store
	Bus   Publisher
	// Mappings is nil where nothing may be paused.
	Mappings Mappings
	// Workflow is nil where there is none: then requests that ask for an audit go by
	// the choreography.
	Workflow Workflow
	// PastBudget is what becomes of requests that there is no money for.
	PastBudget budget.Action
	Log        *slog.Logger
	Now        func() time.Time
}

// Handler answers requests.
type Handler struct{ Parts }

// New makes the handler.
func New(p Parts) *Handler { return &Handler{p} }

// request is one message on its way.
type request struct {
	events.Envelope
	message  consume.Message
	data     events.RequestReceived
	question *task.Question
	text     string
	problems []events.Problem
	// malformed: the schema or the sender is wrong, so the data may not be what
	// was meant.
	malformed bool
	// fingerprint tells the request from another one with its id.
	fingerprint string
	// conflictsWith is the id that the request asked for, if another one has it.
	conflictsWith string
	// skip is what is said instead of asking the model, if it is not to be asked.
	skip  *events.NotificationSkipped
	began time.Time
}

// Handle answers a batch of requests, all at the same time, since those that
// ask the same thing share a call. It returns one error per message, in order.
func (h *Handler) Handle(ctx context.Context, messages []consume.Message) []error {
	batch := h.Answers.Begin(ctx, len(messages))
	bundles := newBundles(ctx, h.Store, h.Log, len(messages))
	errs := consume.Many(ctx, messages, len(messages), func(ctx context.Context, m consume.Message) error {
		seat, place := batch.Seat(), bundles.place()
		defer seat.Leave()
		defer place.leave()
		return h.handle(ctx, m, seat, place)
	})
	if err := batch.End(ctx); err != nil {
		h.Log.WarnContext(ctx, "what is left of the budget was not given back; it counts as spent", "error", err.Error())
	}
	h.pause(ctx, messages, errs)
	return errs
}

// handle answers one request and says how it ended. It returns what stood in the
// way: Defer for a throttled model, Park for what needs a person, and S3's, the
// model's or the bus's own error otherwise.
func (h *Handler) handle(ctx context.Context, m consume.Message, seat *answers.Seat, place *place) error {
	ctx, r, err := h.read(ctx, m)
	if err != nil {
		return err
	}
	over, err := h.claim(ctx, r, m.Record.Detail)
	if over || err != nil {
		return err
	}
	if len(r.problems) > 0 {
		return h.reject(ctx, r)
	}
	if h.audits(r) {
		return h.start(ctx, r)
	}
	if r.skip != nil {
		return h.skip(ctx, r)
	}
	outcome, err := h.ask(ctx, r, m.Receives, seat)
	if len(r.problems) > 0 {
		return h.reject(ctx, r)
	}
	if err != nil {
		return err
	}
	return h.tell(ctx, r, outcome, place)
}

// read decodes the request and finds everything that is wrong with it.
func (h *Handler) read(ctx context.Context, m consume.Message) (context.Context, *request, error) {
	r, err := h.decode(m)
	if err != nil {
		return ctx, nil, err
	}
	ctx = telemetry.With(ctx, telemetry.IDs{RequestID: r.RequestID, CorrelationID: r.CorrelationID, Event: r.Type()})
	return ctx, r, h.validate(ctx, r)
}

func (h *Handler) decode(m consume.Message) (*request, error) {
	e, data, problems := events.DecodeRequest(m.Record, h.Tenants)
	if e.Hop > events.MaxHop {
		return nil, fault.Errorf(fault.Park, "the request is %d hops from its first event, more than %d: a loop", e.Hop, events.MaxHop)
	}
	return &request{Envelope: e, message: m, data: data, problems: problems, began: h.Now()}, nil
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

// ask gets the answer. A request for which there is no money is told so, where
// that is what becomes of them; else it waits for the next day.
func (h *Handler) ask(ctx context.Context, r *request, receives int, seat *answers.Seat) (answers.Outcome, error) {
	ask := answers.Request{RequestID: r.RequestID, Tenant: r.Tenant, Question: r.question, Text: r.text, Receives: receives}
	if r.data.Deadline != nil {
		ask.Deadline = *r.data.Deadline
	}
	outcome, err := seat.Ask(ctx, ask)
	telemetry.Called(ctx, outcome.Calls...)
	var exceeded *budget.Exceeded
	if errors.As(err, &exceeded) {
		return answers.Outcome{}, h.exceeded(r, exceeded)
	}
	if err != nil {
		return answers.Outcome{}, fmt.Errorf("answer: %w", err)
	}
	if outcome.Unpriced {
		h.Log.WarnContext(ctx, "the model's price is not known, its cost counts as 0", "model", outcome.Spend.Model)
	}
	return outcome, nil
}

// exceeded decides about a request that the budget has no money for.
func (h *Handler) exceeded(r *request, e *budget.Exceeded) error {
	switch {
	case e.Held:
		return fault.DeferFor(time.Minute, e)
	case h.PastBudget == budget.Reject || e.Never:
		r.problems = []events.Problem{{Code: events.CodeBudget, Message: e.Error()}}
		return nil
	}
	// All that wait come back during the first hour of the next day, not at once.
	return fault.DeferFor(e.Resets.Sub(h.Now())+rand.N(time.Hour), e)
}

// pause stops the whole queue where a quota of tokens per day is used up: until
// it resets there is nothing to do but to receive the same messages over and
// over. If that fails, each message waits by itself.
func (h *Handler) pause(ctx context.Context, messages []consume.Message, errs []error) {
	for i, err := range errs {
		var refused *bedrock.Refused
		if h.Mappings == nil || !errors.As(err, &refused) || refused.Reason != bedrock.DayQuota {
			continue
		}
		until := nextReset(h.Now())
		if err := h.Mappings.Pause(ctx, messages[i].QueueARN, until); err != nil {
			h.Log.WarnContext(ctx, "the queue could not be paused", "error", err.Error())
			return
		}
		h.Log.WarnContext(ctx, "the model's quota of the day is used up: the queue is paused", "until", until)
		return
	}
}

// nextReset is when to try again after a quota of the day was used up: at the
// next midnight, UTC, by which AWS counts; in the hours after it, hourly, as the
// reset is not documented to the minute.
func nextReset(now time.Time) time.Time {
	now = now.UTC()
	if now.Hour() < 2 {
		return now.Add(time.Hour).Truncate(time.Second)
	}
	return now.Truncate(24 * time.Hour).Add(24*time.Hour + time.Minute)
}

// tell says how the model's part ended.
func (h *Handler) tell(ctx context.Context, r *request, o answers.Outcome, place *place) error {
	if o.Failure != nil {
		h.Log.InfoContext(ctx, "failed", "class", o.Failure.Class, "reused", o.Spend.Reused, "costUSD", o.Spend.CostUSD)
		return h.say(ctx, r, events.AiFailed{Class: o.Failure.Class, Message: o.Failure.Message, Spend: o.Spend}, events.Failed)
	}
	h.Log.InfoContext(ctx, "answered", "model", o.Spend.Model, "inputTokens", o.Spend.Usage.Input, "outputTokens", o.Spend.Usage.Output,
		"costUSD", o.Spend.CostUSD, "reused", o.Spend.Reused)
	return h.say(ctx, r, events.AiCompleted{Answer: o.Key, Bundle: h.bundle(r, o, place), Spend: o.Spend}, "")
}

// bundle puts an upload's answer with others. Nobody waits for it alone.
func (h *Handler) bundle(r *request, o answers.Outcome, place *place) string {
	if r.Request.Upload == nil {
		return ""
	}
	return place.add(kept.Told{RequestID: r.RequestID, Tenant: r.Tenant, Task: r.question.Task.Name, TaskVersion: r.question.Task.Version(), Key: o.Key, Answer: o.Answer})
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
	r.message.Said(e)
	return nil
}

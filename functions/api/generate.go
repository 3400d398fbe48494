package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sluice/events"
	"sluice/internal/answers"
	"sluice/internal/budget"
	"sluice/internal/fault"
	"sluice/internal/requests"
	"sluice/internal/telemetry"
)

const (
	// mostWait is how long a caller may wait for the model: what cannot be over by
	// then in the worst case goes through the queue. The gateway waits 30 s.
	mostWait = 20 * time.Second
	// afterwards is what is left for saying what came of it.
	afterwards = 3 * time.Second
	// held is how long a request is kept for the invocation that answers it: longer
	// than the invocation may take.
	held = 30 * time.Second
	// generateTask is asked of those who name no task.
	generateTask = "generate"
)

// answered is an answer of the model.
type answered struct {
	RequestID string `json:"requestId"`
	Task      string `json:"task"`
	// State is "answered".
	State string `json:"state"`
	// Answer fits the task's output schema.
	Answer json.RawMessage `json:"answer"`
	events.Spend
	Location string `json:"location"`
}

// generate answers POST /ai/generate: at once if it can, and through the queue if
// not. Whatever happens after the request was admitted, its next try with the same
// Idempotency-Key or requestId goes on from there.
func (h *Handler) generate(ctx context.Context, c *call) (response, error) {
	body, err := c.document()
	if err != nil {
		return response{}, err
	}
	n, err := c.namesOf()
	if err != nil {
		return response{}, err
	}
	a, errs, err := h.read(ctx, c, body, n.of(-1), "", generateTask)
	if err == nil {
		err = invalidBody(errs)
	}
	if err == nil {
		if a.data.Notify != nil {
			a.data.Notify.AnswerAnyway = true // whoever calls wants more than the mail
		}
		err = h.prepare(ctx, &a, func() error { return h.once(ctx, c, body) })
	}
	if err != nil {
		return response{}, err
	}
	telemetry.With(ctx, telemetry.IDs{RequestID: a.id, CorrelationID: a.id, Event: c.route.key})
	wait, preferred := c.patience()
	r, err := h.respond(ctx, c, a, wait)
	if preferred && err == nil && r.status == http.StatusAccepted {
		r = r.with("preference-applied", "respond-async")
	}
	return r, err
}

// patience is how long the caller wants to wait for an answer, and whether it
// prefers not to (RFC 7240): "respond-async" is not at all, "respond-async, wait=5"
// at most five seconds.
func (c *call) patience() (wait time.Duration, preferred bool) {
	wait, told := mostWait, false
	for one := range strings.SplitSeq(c.header("prefer"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(one), "=")
		name, _, _ = strings.Cut(name, ";")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "respond-async":
			preferred = true
		case "wait":
			if seconds, err := strconv.Atoi(strings.Trim(value, ` "`)); err == nil && seconds >= 0 {
				wait, told = min(time.Duration(min(seconds, 1000))*time.Second, mostWait), true
			}
		}
	}
	if preferred && !told {
		wait = 0
	}
	return wait, preferred
}

// respond answers a good request. Audited work is a workflow's, which nobody waits
// for.
func (h *Handler) respond(ctx context.Context, c *call, a asked, wait time.Duration) (response, error) {
	var hold *requests.Hold
	if wait > 0 && !a.data.Audit {
		hold = &requests.Hold{By: rand.Text(), Until: h.Now().Add(held).UTC()}
	}
	standing, err := h.admit(ctx, a, hold)
	switch {
	case err != nil:
		return response{}, err
	case standing.State != requests.Received:
		return h.ended(ctx, a, standing)
	case hold == nil && standing.Hold == nil:
		return h.queue(ctx, a, standing)
	case hold != nil && mine(standing, hold):
		return h.ask(ctx, c, a, standing, wait)
	}
	return h.again(ctx, c, a, standing, hold, wait)
}

func mine(s requests.Status, hold *requests.Hold) bool { return s.Hold != nil && s.Hold.By == hold.By }

// again answers a request that came before and has no end that is known: its answer
// may lie there, or be on its way.
func (h *Handler) again(ctx context.Context, c *call, a asked, standing requests.Status, hold *requests.Hold, wait time.Duration) (response, error) {
	outcome, known, err := h.Answers.Find(ctx, a.request())
	switch now := h.Now(); {
	case err != nil:
		return response{}, err
	case known:
		return h.tell(ctx, c, a, standing, outcome)
	case standing.Hold == nil:
		return h.queue(ctx, a, standing)
	case now.Before(standing.Hold.Until):
		return response{}, refuse(inProgress, "the same request is being answered; try again").about(a.id).after(retrySoon)
	case hold == nil:
		return h.queue(ctx, a, standing)
	}
	// Whoever held it is gone.
	standing, err = h.book.Update(ctx, a.tenant, a.id, func(s *requests.Status) bool {
		if s.State != requests.Received || s.Hold == nil || h.Now().Before(s.Hold.Until) {
			return false
		}
		s.Hold, s.Updated = hold, h.Now().UTC()
		return true
	})
	switch {
	case err != nil:
		return response{}, err
	case mine(standing, hold):
		return h.ask(ctx, c, a, standing, wait)
	}
	return response{}, refuse(inProgress, "the same request is being answered; try again").about(a.id).after(retrySoon)
}

// ask asks the model for somebody who waits. What it cannot do in time, or at all,
// the queue can: it goes there.
func (h *Handler) ask(ctx context.Context, c *call, a asked, standing requests.Status, wait time.Duration) (response, error) {
	asking := ctx
	if deadline, set := ctx.Deadline(); set {
		var cancel context.CancelFunc
		asking, cancel = context.WithDeadline(ctx, deadline.Add(-afterwards))
		defer cancel()
	}
	batch := h.Answers.BeginBy(asking, c.began.Add(wait))
	outcome, err := batch.Seat().Ask(asking, a.request())
	telemetry.Called(ctx, outcome.Calls...)
	if left := batch.End(ctx); left != nil {
		h.Log.WarnContext(ctx, "what is left of the budget was not given back; it counts as spent", "error", left.Error())
	}
	var exceeded *budget.Exceeded
	switch {
	case errors.As(err, &exceeded) && h.Config.Limits.Past == budget.Reject && !exceeded.Held:
		return response{}, h.unpaid(ctx, a, standing, exceeded)
	case err != nil:
		class, _ := fault.Of(err)
		h.Log.InfoContext(ctx, "not answered at once", "class", class, "error", err.Error())
		return h.queue(ctx, a, standing)
	}
	return h.tell(ctx, c, a, standing, outcome)
}

// unpaid is the answer where there is no money, and nothing waits for it. The
// request is nobody's then: it may come again, on a new day, or when the limit is
// another one.
func (h *Handler) unpaid(ctx context.Context, a asked, standing requests.Status, e *budget.Exceeded) error {
	h.release(ctx, a, standing, &requests.Hold{By: standing.Hold.By, Until: h.Now().UTC()})
	return refuse(overBudget, e.Error()).about(a.id).after(e.Resets.Sub(h.Now()))
}

// queue hands the request to the queue.
func (h *Handler) queue(ctx context.Context, a asked, standing requests.Status) (response, error) {
	if err := h.hand(ctx, a, standing); err != nil {
		return response{}, err
	}
	if standing.Hold != nil {
		h.release(ctx, a, standing, nil)
	}
	return a.queued()
}

// release says who holds the request from now on. If that fails, a second try is
// told to wait until the hold is over, and nothing else.
func (h *Handler) release(ctx context.Context, a asked, standing requests.Status, to *requests.Hold) {
	_, err := h.book.Update(ctx, a.tenant, a.id, func(s *requests.Status) bool {
		if s.Hold == nil || s.Hold.By != standing.Hold.By {
			return false
		}
		s.Hold = to
		return true
	})
	if err != nil {
		h.Log.WarnContext(ctx, "the request is still held", "error", err.Error())
	}
}

// tell says what came of the request, so that it is stored and mailed as any other,
// and answers with it.
func (h *Handler) tell(ctx context.Context, c *call, a asked, standing requests.Status, o answers.Outcome) (response, error) {
	received, err := a.event(standing, h)
	if err != nil {
		return response{}, err
	}
	var said events.Event = events.AiCompleted{Answer: o.Key, Spend: o.Spend}
	if f := o.Failure; f != nil {
		said = events.AiFailed{Class: f.Class, Message: f.Message, Spend: o.Spend}
	}
	e, err := received.Next(Name, c.began, h.Now(), said)
	if err != nil {
		return response{}, fault.As(fault.Park, err)
	}
	if o.Failure != nil {
		e = e.Ends(events.Failed)
	}
	if err := h.say(ctx, e); err != nil {
		return response{}, err
	}
	if f := o.Failure; f != nil {
		return response{}, unanswered(a.id, string(f.Class), f.Message)
	}
	if o.Unpriced {
		h.Log.WarnContext(ctx, "the model's price is not known, its cost counts as 0", "model", o.Spend.Model)
	}
	return answerOf(a.id, a.data.Task, o.Answer, o.Spend)
}

// suppressed is the class of a request that was not answered since nobody may be
// mailed.
const suppressed = "suppressed"

func unanswered(id, class, message string) error {
	p := refuse(notAnswered, message).about(id)
	p.Class = class
	return p
}

func answerOf(id, task string, answer json.RawMessage, spend events.Spend) (response, error) {
	r, err := reply(http.StatusOK, answered{id, task, "answered", answer, spend, "/requests/" + id})
	return r.with("content-location", "/requests/"+id), err
}

// ended is the answer to a request that came before, and has ended since.
func (h *Handler) ended(ctx context.Context, a asked, s requests.Status) (response, error) {
	switch {
	case s.Outcome == events.Completed || s.Result != "":
		return h.remembered(ctx, a, s)
	case s.State == requests.Failed && len(s.Reasons) > 0:
		return response{}, unanswered(s.RequestID, s.Reasons[0].Code, s.Reasons[0].Message)
	case s.State == requests.Skipped:
		return response{}, unanswered(s.RequestID, suppressed, s.MailSkipped)
	case s.State == requests.Rejected:
		p := refuse(rejected, "the request can never be answered; errors lists why").about(s.RequestID)
		p.Errors = errorsOf("", s.Reasons)
		return response{}, p
	}
	// It is set aside for a person, who may yet bring it to its end.
	r, err := reply(http.StatusAccepted, accepted{s.RequestID, s.Task, string(s.State), "/requests/" + s.RequestID})
	return r.with("location", "/requests/"+s.RequestID).with("retry-after", fmt.Sprint(int(time.Hour.Seconds()))), err
}

// remembered is the answer that was given before. The result may be heard of later
// than the mail about it; then the answer is kept still.
func (h *Handler) remembered(ctx context.Context, a asked, s requests.Status) (response, error) {
	result, found, err := h.result(ctx, s)
	switch {
	case err != nil:
		return response{}, err
	case found:
		return answerOf(s.RequestID, s.Task, result.Answer, result.Spend)
	}
	outcome, known, err := h.Answers.Find(ctx, a.request())
	switch {
	case err != nil:
		return response{}, err
	case known && outcome.Failure == nil:
		return answerOf(s.RequestID, s.Task, outcome.Answer, outcome.Spend)
	}
	return response{}, refuse(gone, "the answer was kept for its time, and is no more").about(s.RequestID)
}

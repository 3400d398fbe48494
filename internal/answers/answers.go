package answers

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"time"

	"sluice/events"
	"sluice/internal/answers/kept"
	"sluice/internal/bedrock"
	"sluice/internal/budget"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/pacing"
	"sluice/internal/task"
)

// Model asks a model once; *bedrock.Client does.
type Model interface {
	Converse(context.Context, bedrock.Call) (bedrock.Answer, error)
}

// Options say how answers are got. All are needed but Random.
type Options struct {
	Keys Keys
	// DefaultModel is asked by tasks that name no model.
	DefaultModel string
	// Models is the table that tells what a call costs and what a model can do.
	Models bedrock.Models
	// Pace is the quota of a model and how many share it.
	Pace func(model string) pacing.Config
	// Ledger is told of every call, Budget bounds what they cost.
	Ledger Ledger
	Budget *budget.Budget
	Now    func() time.Time
	// Random is where the ids of a call come from; default crypto/rand.
	Random io.Reader
}

// Answers asks models and keeps what they say. It is meant to live as long as
// the process: it learns.
type Answers struct {
	Options
	store    *objects.Store
	model    Model
	counters counters
	twins    twins
}

// New keeps answers in the store.
func New(store *objects.Store, model Model, o Options) *Answers {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	return &Answers{Options: o, store: store, model: model}
}

// Request is one record that wants an answer.
type Request struct {
	// RequestID and Tenant are those of the request.
	RequestID string
	Tenant    string
	Question  *task.Question
	// Text is the input, as long as events.MaxInputBytes.
	Text string
	// Deadline is when the answer is wanted; the zero time says nothing. It picks
	// the lane.
	Deadline time.Time
	// Receives counts how often the request was received; the oldest go first.
	Receives int
}

// Outcome is what became of it: exactly one of an answer and a failure.
type Outcome struct {
	// Key is where the answer is kept, Answer what it says; it is nil where there is
	// a failure.
	Key    string
	Answer json.RawMessage
	// Spend is what the request paid: nothing if the answer was reused.
	Spend events.Spend
	// Failure is nil if there is an answer.
	Failure *Failure
	// Unpriced: the model is not in the price table, so the cost of this call is
	// not known and counts as 0.
	Unpriced bool
	// Duplicate is what was paid for an answer that somebody else had already
	// got, nil mostly. It is not in Spend.
	Duplicate *events.Spend
	// Calls are the model calls that the request was in, by their ids in the ledger;
	// none if the answer lay there.
	Calls []string
}

// Failure says why the model could not answer.
type Failure struct {
	Class   events.FailureClass
	Message string
}

// load reads what is kept; nothing there is an Answer with its key alone.
func (a *Answers) load(ctx context.Context, key string) (kept.Answer, error) {
	found, err := kept.Load(ctx, a.store, key)
	if errors.Is(err, objects.ErrNotFound) {
		return kept.Answer{Key: key}, nil
	}
	if err != nil {
		return kept.Answer{}, fmt.Errorf("look for a kept answer: %w", err)
	}
	return found, nil
}

// told is what the kept object tells about the request, if it does. Its own
// failure comes first; an answer, or a failure that is everybody's, is the end
// of every request that is not told of by itself.
func told(found kept.Answer, r Request) (Outcome, bool) {
	if f, failed := found.Failures[r.RequestID]; failed {
		return Outcome{Key: found.Key, Spend: f.Spend, Failure: &Failure{f.Class, f.Message}}, true
	}
	if f, failed := found.Shared(); failed {
		return Outcome{Key: found.Key, Spend: free(f.Spend), Failure: &Failure{f.Class, f.Message}}, true
	}
	if !found.Answered() {
		return Outcome{}, false
	}
	spend := found.Spend
	if found.RequestID != r.RequestID {
		spend = free(spend)
	}
	return Outcome{Key: found.Key, Answer: found.Answer, Spend: spend}, true
}

// free is the spend of who is given what another request paid for.
func free(s events.Spend) events.Spend {
	s.Usage, s.CostUSD, s.Reused = events.Usage{}, 0, true
	return s
}

// Writers of one key have the same input at the same time. Who comes too late
// begins anew, after a pause that grows.
const (
	keepTries = 20
	keepPause = 5 * time.Millisecond
	keepShift = 7
)

// keep writes what the model said, unless the key tells of the request by now:
// then that stands, and what was paid here is duplicate spend.
func (a *Answers) keep(ctx context.Context, r Request, found kept.Answer, s said) (Outcome, error) {
	nonce := rand.Text()
	for try := range keepTries {
		next := a.with(found, r, s, nonce)
		err := kept.Save(ctx, a.store, next)
		if err != nil && !errors.Is(err, kept.ErrOvertaken) {
			return Outcome{}, fmt.Errorf("keep the answer: %w", err)
		}
		if err == nil {
			outcome, _ := told(next, r)
			outcome.Unpriced = s.unpriced
			return outcome, nil
		}
		if found, err = a.load(ctx, found.Key); err != nil {
			return Outcome{}, err
		}
		if outcome, known := told(found, r); known {
			// It may be this very write, whose response was lost.
			if found.Nonce != nonce {
				outcome.Duplicate = &s.spend
			}
			return outcome, nil
		}
		select {
		case <-ctx.Done():
			return Outcome{}, ctx.Err()
		case <-time.After(mathrand.N(keepPause << min(try, keepShift))):
		}
	}
	return Outcome{}, fault.Errorf(fault.Retry, "keep the answer: others kept writing")
}

// with is what is kept, with what was said to the request in it.
func (a *Answers) with(found kept.Answer, r Request, s said, nonce string) kept.Answer {
	found.Tenant, found.Task, found.TaskVersion = r.Tenant, r.Question.Task.Name, r.Question.Task.Version()
	found.Nonce = nonce
	if f := s.failure; f != nil {
		failures := maps.Clone(found.Failures)
		if failures == nil {
			failures = map[string]kept.Failure{}
		}
		failures[r.RequestID] = kept.Failure{Class: f.Class, Message: f.Message, Spend: s.spend}
		found.Failures = failures
		return found
	}
	found.Answer, found.Spend, found.RequestID, found.Time = s.answer, s.spend, r.RequestID, a.Now().UTC()
	return found
}

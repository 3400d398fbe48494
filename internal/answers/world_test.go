package answers_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/answers"
	"sluice/internal/bedrock"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/budget"
	"sluice/internal/ledger"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/pacing"
	"sluice/internal/task"
)

const haiku = "global.anthropic.claude-haiku-4-5-20251001-v1:0"

type world struct {
	memory  *objectstest.Memory
	store   *objects.Store
	model   *bedrocktest.Model
	tasks   *task.Registry
	answers *answers.Answers
	ledger  *recorder
	options answers.Options
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{memory: objectstest.NewMemory(), model: &bedrocktest.Model{}}
	w.store = objects.New(w.memory, "b")
	w.tasks = task.NewRegistry(w.store, time.Now)
	table, err := bedrock.LoadModels()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := answers.NewKeys(strings.Repeat("s", answers.LeastSecret))
	if err != nil {
		t.Fatal(err)
	}
	w.ledger = &recorder{}
	w.options = answers.Options{
		Keys: keys, DefaultModel: haiku, Models: table, Now: time.Now, Ledger: w.ledger, Budget: budget.New(w.store, budget.Limits{}, time.Now),
		Pace: func(string) pacing.Config { return pacing.Config{Sandboxes: 1, InFlight: 10} },
	}
	w.restart()
	return w
}

// restart puts a new process in the place of the old one: it knows nothing but
// what is kept.
func (w *world) restart() { w.answers = w.process() }

// process is one more sandbox.
func (w *world) process() *answers.Answers {
	return answers.New(w.store, bedrock.New(w.model, w.options.Models, "test"), w.options)
}

// recorder remembers what it is told.
type recorder struct {
	mu                         sync.Mutex
	begun                      []ledger.Call
	ended                      []ledger.Ended
	reused, duplicate, orphans []ledger.Paid
}

func (r *recorder) Begin(_ context.Context, c ledger.Call) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = append(r.begun, c)
	return nil
}

func (r *recorder) End(_ context.Context, e ledger.Ended) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, e)
}

func (r *recorder) Reused(_ context.Context, p ledger.Paid)    { r.note(&r.reused, p) }
func (r *recorder) Duplicate(_ context.Context, p ledger.Paid) { r.note(&r.duplicate, p) }
func (r *recorder) Orphan(_ context.Context, p ledger.Paid)    { r.note(&r.orphans, p) }

func (r *recorder) note(list *[]ledger.Paid, p ledger.Paid) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*list = append(*list, p)
}

func (w *world) request(t *testing.T, id, tenant, name, params, text string) answers.Request {
	t.Helper()
	found, problems, err := w.tasks.Get(t.Context(), name)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	q, problems := found.Ask(json.RawMessage(params))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return answers.Request{RequestID: id, Tenant: tenant, Question: q, Text: text}
}

func (w *world) ask(t *testing.T, r answers.Request) answers.Outcome {
	t.Helper()
	o, err := w.alone(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// alone asks in a batch of one.
func (w *world) alone(ctx context.Context, r answers.Request) (answers.Outcome, error) {
	batch := w.answers.Begin(ctx, 1)
	o, err := batch.Seat().Ask(ctx, r)
	return o, errors.Join(err, batch.End(ctx))
}

// together asks in one batch; outcomes and errors are in the order of the
// requests.
func (w *world) together(t *testing.T, all ...answers.Request) ([]answers.Outcome, []error) {
	t.Helper()
	outcomes, errs := make([]answers.Outcome, len(all)), make([]error, len(all))
	batch := w.answers.Begin(t.Context(), len(all))
	var running sync.WaitGroup
	for i, r := range all {
		running.Go(func() {
			seat := batch.Seat()
			defer seat.Leave()
			outcomes[i], errs[i] = seat.Ask(t.Context(), r)
		})
	}
	running.Wait()
	if err := batch.End(t.Context()); err != nil {
		t.Error(err)
	}
	return outcomes, errs
}

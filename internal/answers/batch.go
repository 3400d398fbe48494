package answers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sluice/events"
	"sluice/internal/answers/kept"
	"sluice/internal/budget"
	"sluice/internal/fault"
	"sluice/internal/task"
)

// Batch is the records that one invocation brought. Those of one group share
// calls; a call that is not full waits only while records of the batch are still
// on their way to ask.
type Batch struct {
	answers *Answers
	ctx     context.Context //nolint:containedctx // a call is about many records: it ends with the invocation, not with one of them

	// by is when whoever waits wants the answer; the zero time is no matter when.
	by time.Time

	purse *budget.Purse
	hands hands

	mu     sync.Mutex
	coming int
	desks  map[string]*desk
}

// Begin opens a batch of n records at most, which must End; ctx is the
// invocation's, whose deadline ends it: what could not be asked in time is
// deferred.
func (a *Answers) Begin(ctx context.Context, n int) *Batch {
	return &Batch{answers: a, ctx: ctx, purse: a.Budget.Purse(), hands: newHands(), coming: n, desks: map[string]*desk{}}
}

// End closes the batch when every record has its outcome: what was set aside of
// the budget and not spent is given back. Its error is only worth a log line.
func (b *Batch) End(ctx context.Context) error {
	b.mu.Lock()
	for _, d := range b.desks {
		d.end()
	}
	b.mu.Unlock()
	b.hands.end()
	return b.purse.Close(ctx)
}

// Seat is one record's place in a batch.
type Seat struct {
	batch *Batch
	once  sync.Once
}

// Seat gives one of the batch's places; each must Leave.
func (b *Batch) Seat() *Seat { return &Seat{batch: b} }

// Leave tells that the record will not ask any more. More than once is the same
// as once.
func (s *Seat) Leave() {
	s.once.Do(func() {
		s.batch.mu.Lock()
		defer s.batch.mu.Unlock()
		s.batch.coming--
		s.batch.advance()
	})
}

// Ask gets the answer to one record, and returns when it is kept. An error has a
// class (throttled, out of time or of budget: Defer; broken: Retry; forbidden:
// Park), and the record may be asked again.
func (s *Seat) Ask(ctx context.Context, r Request) (Outcome, error) {
	defer s.Leave()
	b, a := s.batch, s.batch.answers
	e := b.entry(r)
	for {
		end, leads := a.twins.join(e.key)
		if !leads {
			// Somebody is asking the same thing: what comes of that is kept.
			s.Leave()
			select {
			case <-end:
			case <-ctx.Done():
				return Outcome{}, fault.DeferFor(time.Second, errNoTime)
			}
		}
		outcome, known, err := b.known(ctx, e)
		if known || err != nil {
			if leads {
				a.twins.leave(e.key)
			}
			return outcome, err
		}
		if leads {
			defer a.twins.leave(e.key)
			return s.ask(ctx, e)
		}
	}
}

// known looks whether the answer, or the request's failure, lies there.
func (b *Batch) known(ctx context.Context, e *entry) (Outcome, bool, error) {
	a := b.answers
	var found kept.Answer
	err := b.hands.do(func() (err error) { found, err = a.load(ctx, e.key); return err })
	if err != nil {
		return Outcome{}, false, err
	}
	e.found = found
	outcome, known := told(found, e.Request)
	if known && outcome.Spend.Reused {
		a.Ledger.Reused(ctx, e.paid(found.Spend))
	}
	return outcome, known, nil
}

// ask has the record asked about, and keeps what comes of it.
func (s *Seat) ask(ctx context.Context, e *entry) (Outcome, error) {
	s.batch.add(e)
	s.Leave()
	a := s.batch.answers
	err := <-e.settled
	var outcome Outcome
	if err == nil {
		err = s.batch.hands.doFirst(func() (err error) { outcome, err = a.keep(ctx, e.Request, e.found, e.said); return err })
		e.kept()
	}
	if err != nil && e.said.spend.Usage != (events.Usage{}) {
		a.Ledger.Orphan(ctx, e.paid(e.said.spend))
	}
	outcome.Calls = e.said.calls
	if outcome.Duplicate != nil {
		a.Ledger.Duplicate(ctx, e.paid(*outcome.Duplicate))
	}
	return outcome, err
}

// entry prepares a record.
func (b *Batch) entry(r Request) *entry {
	model := b.answers.modelOf(r)
	e := &entry{Request: r, model: model, key: b.answers.Keys.of(r, model), settled: make(chan error, 1)}
	e.said.spend.Model = model
	e.lane = r.Question.Task.LaneBy(r.Deadline, b.answers.Now())
	e.group = fmt.Sprintf("%s\x00%s\x00%s\x00%s", r.Tenant, r.Question.Task.Name, r.Question.Task.Version(), r.Question.Params)
	e.limit = r.Question.Task.MaxRecordsPerCall
	return e
}

// modelOf is the model that is asked.
func (a *Answers) modelOf(r Request) string {
	if model := r.Question.Task.Model; model != "" {
		return model
	}
	return a.DefaultModel
}

// add lets a record wait for its call.
func (b *Batch) add(e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.desks[e.model]
	if d == nil {
		d = b.newDesk(e.model)
		b.desks[e.model] = d
	}
	d.add(e)
	b.advance()
}

// advance begins every call that may begin now; the batch is locked.
func (b *Batch) advance() {
	for _, d := range b.desks {
		d.advance()
	}
}

// twins are the questions that are being asked in this process.
type twins struct {
	mu    sync.Mutex
	asked map[string]chan struct{}
}

// join tells whether the caller is the one to ask; else it gets a channel that
// is closed when the one who asks is done.
func (t *twins) join(key string) (<-chan struct{}, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if end, asked := t.asked[key]; asked {
		return end, false
	}
	if t.asked == nil {
		t.asked = map[string]chan struct{}{}
	}
	t.asked[key] = make(chan struct{})
	return nil, true
}

func (t *twins) leave(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.asked[key])
	delete(t.asked, key)
}

// entry is a record on its way to its answer.
type entry struct {
	Request
	model string
	key   string
	group string
	lane  task.Lane
	found kept.Answer
	// kept tells its call that what came of it is kept, or lost.
	kept func()

	// limit is how many records may share its call from now on.
	limit int
	// missed counts packs whose answer had none for it, tries the calls about it
	// alone that gave nothing.
	missed, tries int
	// full: its answer was cut off, so it may take all that the task allows; more:
	// that was not enough either.
	full, more bool
	// broken: it was in a call that broke.
	broken bool
	// guessed is about how many tokens its text has.
	guessed int

	said said
	// settled gets nil when said is what came of it, or else what stood in the way.
	settled chan error
}

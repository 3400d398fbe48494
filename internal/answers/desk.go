package answers

import (
	"errors"
	"math/rand/v2"
	"time"

	"sluice/internal/fault"
	"sluice/internal/pacing"
	"sluice/internal/pack"
)

// errNoTime: a call begun now would not end before the invocation does.
var errNoTime = errors.New("too little time is left to ask")

// desk is where the records of a batch wait that ask one model. It is used
// with the batch locked.
type desk struct {
	*counter
	batch *Batch
	pool  pack.Pool[*entry]
	// calling is how many calls are under way.
	calling int
	// timer is when to ask the governor again, closing when nothing more may begin.
	timer, closing *time.Timer
	// over: no more calls in this batch; whatever comes is deferred.
	over error
}

func (b *Batch) newDesk(model string) *desk {
	d := &desk{batch: b, counter: b.answers.counters.of(b.answers, model)}
	if deadline, set := b.ctx.Deadline(); set {
		// Whatever waits when no further call could end in time goes back.
		d.closing = time.AfterFunc(deadline.Sub(d.batch.answers.Now())-d.slowest.patience(), b.wake)
	}
	return d
}

// wake advances the batch after a time.
func (b *Batch) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance()
}

// end stops the timers.
func (d *desk) end() {
	for _, t := range []*time.Timer{d.timer, d.closing} {
		if t != nil {
			t.Stop()
		}
	}
}

func (d *desk) add(e *entry) {
	if d.over != nil {
		e.settled <- deferred(e, d.over)
		return
	}
	m := d.measureOf(e)
	if e.guessed == 0 {
		e.guessed = guess(e.Text) + recordGuess
	}
	output, _ := m.output(e.full)
	d.pool.Add(pack.Waiting[*entry]{Value: e, Group: e.group, Lane: e.lane.Rank(), Age: e.Receives, Limit: e.limit,
		Input: m.input(e.guessed), Output: output})
}

// recordGuess is about how many tokens the frame adds to a record's text.
const recordGuess = 8

// advance begins the calls that may begin now.
func (d *desk) advance() {
	for d.pool.Len() > 0 {
		if d.late() {
			d.close(errNoTime)
			return
		}
		taken := d.pool.Next(d.batch.coming <= 0, d.fits())
		if taken == nil {
			return
		}
		c := d.draft(taken)
		if !c.soon() {
			d.pool.Return(taken)
			d.close(ErrNotNow)
			return
		}
		pass, wait := d.governor.Admit(d.batch.answers.Now(), c.estimate)
		if wait > 0 {
			d.pool.Return(taken)
			d.again(wait)
			return
		}
		d.calling++
		c.pass = pass
		go c.run()
	}
}

// late tells that a call begun now would not end in time.
func (d *desk) late() bool {
	deadline, set := d.batch.ctx.Deadline()
	return set && deadline.Sub(d.batch.answers.Now()) < d.slowest.patience() || d.batch.ctx.Err() != nil
}

// longestWait is how long an invocation waits for a call, with none under way:
// time costs money, and whoever comes back later may find another sandbox free.
const longestWait = time.Minute

// again advances after a time, unless it is too long, or there will not be enough
// of it left then.
func (d *desk) again(wait time.Duration) {
	if !d.batch.by.IsZero() {
		d.close(ErrNotNow)
		return
	}
	deadline, set := d.batch.ctx.Deadline()
	if d.calling == 0 && (wait > longestWait || set && deadline.Sub(d.batch.answers.Now())-wait < d.slowest.patience()) {
		d.close(errNoTime)
		return
	}
	if d.timer == nil {
		d.timer = time.AfterFunc(wait, d.batch.wake)
		return
	}
	d.timer.Reset(wait)
}

// close sends everything back that waits.
func (d *desk) close(why error) {
	d.over = why
	for _, w := range d.pool.Drain() {
		w.Value.settled <- deferred(w.Value, why)
	}
}

// fits says how long a pack may become: its answer must be one that the model
// can give, all of it must fit into the context window, and what it reserves
// into the share of this sandbox. One record always goes.
func (d *desk) fits() func([]pack.Waiting[*entry]) bool {
	room := d.governor.Room(d.batch.answers.Now())
	input, output := 0, 0
	return func(p []pack.Waiting[*entry]) bool {
		last := p[len(p)-1]
		if len(p) == 1 {
			input, output = d.measureOf(last.Value).prefixTokens(), pack.MaxTokens(0, 0)
		}
		input, output = input+last.Input, output+last.Output
		switch {
		case len(p) == 1:
			return true
		case d.known && (output > d.model.MaxOutput || input+output > d.model.ContextWindow*9/10):
			return false
		}
		return float64(input+output) <= room
	}
}

// draft prepares the call of a pack.
func (d *desk) draft(taken []pack.Waiting[*entry]) *call {
	first := taken[0].Value
	m := d.measureOf(first)
	c := &call{desk: d, measure: m, entries: make([]*entry, len(taken)), guessed: m.prefix, maxTokens: pack.MaxTokens(0, 0)}
	expected := 0.0
	for i, w := range taken {
		c.entries[i] = w.Value
		c.guessed += w.Value.guessed
		most, mean := m.output(w.Value.full)
		if w.Value.more {
			most *= escalation
		}
		c.maxTokens += most
		expected += mean
		c.untuned += first.Question.Task.MaxTokens + pack.RecordTokens
	}
	c.untuned += pack.MaxTokens(0, 0)
	c.more = d.pool.Len() > 0
	if d.known {
		c.maxTokens, c.untuned = min(c.maxTokens, d.model.MaxOutput), min(c.untuned, d.model.MaxOutput)
	}
	c.wanted = c.maxTokens
	c.maxTokens = min(c.maxTokens, d.batch.room())
	input := float64(m.input(c.guessed))
	c.estimate = pacing.Estimate{Reserve: input + float64(c.maxTokens), Settle: input + max(d.model.Burn, 1)*min(expected, float64(c.maxTokens))}
	return c
}

// Bounds of the time for which a record is hidden that could not be asked about.
const (
	hideLeast = 15 * time.Second
	hideMost  = 4 * time.Hour
)

// deferred sends a record back: for the time that the reason names, or else for
// one that doubles with every time it came. Then no backlog, however long, uses
// up the receives it has.
func deferred(e *entry, why error) error {
	if _, after := fault.Of(why); after > 0 {
		return why
	}
	hidden := hideLeast << min(max(e.Receives-1, 0), 10)
	hidden = min(hidden, hideMost)
	return fault.DeferFor(hidden/2+rand.N(hidden), why)
}

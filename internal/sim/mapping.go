package sim

import (
	"math/rand/v2"
	"time"
)

// Pollers: so many at first, and so many more a second.
const (
	firstPollers  = 5
	morePollers   = 300.0 / 60
	betweenSpells = 0.02 // seconds between two invocations of a sandbox
)

// worker is the code in a sandbox.
type worker interface {
	// invoke works on a batch until a deadline, and calls end once, when it has
	// told of each message that it is answered or hidden.
	invoke(batch []int32, deadline float64, end func())
}

// world is what the parts of a simulation share.
type world struct {
	*clock
	config  Config
	chance  *rand.Rand
	service *service
	queue   queue
	tally   *tally
	mapping *mapping
}

// answered deletes messages.
func (w *world) answered(ids ...int32) {
	for _, id := range ids {
		w.tally.answered(w.now, &w.queue.messages[id])
	}
}

// mapping is the event source mapping: it hands batches to free sandboxes.
type mapping struct {
	*world
	slots     []slot
	paused    float64 // until when it hands out nothing
	gathering bool
	ripe      float64 // when a batch that is not full goes
	woken     float64 // for when a wake is set
}

type slot struct {
	worker worker
	busy   bool
	dies   float64
}

func newMapping(w *world) *mapping {
	m := &mapping{world: w, slots: make([]slot, w.config.Sandboxes)}
	for _, e := range w.config.Events {
		if e.Kind == Churn {
			m.at(e.At.Seconds(), func() { m.churn(e) })
		}
	}
	return m
}

// churn gives every sandbox an end.
func (m *mapping) churn(e Event) {
	for i := range m.slots {
		m.slots[i].dies = m.life(e)
	}
}

func (m *mapping) life(e Event) float64 { return m.now + 60*e.By*(0.5+m.chance.Float64()) }

// dispatch hands out what can be handed out now.
func (m *mapping) dispatch() {
	m.queue.surface(m.now)
	for m.now >= m.paused {
		i, free := m.free()
		if !free || !m.ready() {
			break
		}
		m.gathering = false
		batch, dead := m.queue.receive(m.config.Mapping.Batch, m.config.Mapping.MaxReceives)
		m.tally.died(m.now, dead)
		if len(batch) > 0 {
			m.begin(i, batch)
		}
	}
	if at, any := m.queue.next(); any {
		m.wake(at)
	}
}

// ready tells that there is a batch: a full one, or one that has gathered for
// long enough.
func (m *mapping) ready() bool {
	switch waits := m.queue.waits(); {
	case waits == 0:
		return false
	case waits >= m.config.Mapping.Batch:
		return true
	case !m.gathering:
		m.gathering, m.ripe = true, m.now+m.config.Mapping.Window.Seconds()
		m.at(m.ripe, m.dispatch)
	}
	return m.now >= m.ripe
}

// wake dispatches at a time, unless it is set to do so earlier anyway.
func (m *mapping) wake(at float64) {
	if m.woken > m.now && m.woken <= at {
		return
	}
	m.woken = at
	m.at(at, m.dispatch)
}

// free is the first sandbox that has nothing to do, of those there may be.
func (m *mapping) free() (int, bool) {
	pollers := int(firstPollers + morePollers*m.now)
	for i := range m.slots {
		if i >= pollers {
			m.wake(m.now + 1)
			return 0, false
		}
		if !m.slots[i].busy {
			return i, true
		}
	}
	return 0, false
}

// begin invokes a sandbox.
func (m *mapping) begin(i int, batch []int32) {
	s := &m.slots[i]
	if s.worker == nil || s.dies > 0 && m.now >= s.dies {
		s.worker = newWorker(m.world)
		for _, e := range m.config.Events {
			if e.Kind == Churn && s.dies > 0 {
				s.dies = m.life(e)
			}
		}
	}
	s.busy = true
	began := m.now
	m.tally.Invocations++
	s.worker.invoke(batch, m.now+m.config.Mapping.Deadline.Seconds(), func() {
		m.tally.LambdaSeconds += m.now - began
		m.after(betweenSpells, func() {
			s.busy = false
			m.dispatch()
		})
	})
}

// pause hands out nothing until the day's quota is a new one, and tells when.
func (m *mapping) pause() float64 {
	reset := m.time().Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(epoch).Seconds()
	if m.paused < reset {
		m.paused = reset
		m.at(reset, m.dispatch)
	}
	return reset
}

func newWorker(w *world) worker {
	if w.config.Policy == Ours {
		return newSandbox(w)
	}
	return newNaive(w)
}

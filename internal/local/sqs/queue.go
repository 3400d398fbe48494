package sqs

import (
	"encoding/json"
	"time"

	"sluice/internal/local/disk"
)

// queue is one queue's definition and the indexes of its messages. The state's
// lock guards it.
type queue struct {
	id         uint64
	name       string
	arn        string
	attributes map[string]string // as set, without those that are counted
	tags       map[string]string
	created    int64 // Unix seconds
	modified   int64
	settings   settings

	shelf   shelf
	later   timeline // delayed and in flight, by visibleAt
	ages    timeline // all, by sent
	counts  Counts
	repeats repeats // FIFO: what was sent in the last five minutes

	pollers []*poller
	alarm   *time.Timer // rings when later's first becomes visible, while somebody polls
	purged  time.Time
}

// Counts is how many messages a queue holds.
type Counts struct {
	Visible  int `json:"visible"`
	InFlight int `json:"inFlight"`
	Delayed  int `json:"delayed"`
}

func newQueue(id uint64, name, arn string) *queue {
	q := &queue{
		id: id, name: name, arn: arn,
		attributes: map[string]string{}, tags: map[string]string{},
		later: timeline{at: func(m *message) int64 { return m.visibleAt }, slot: func(m *message) *int { return &m.later }},
		ages:  timeline{at: func(m *message) int64 { return m.sent }, slot: func(m *message) *int { return &m.age }},
	}
	return q
}

// configure takes the attributes into force.
func (q *queue) configure() {
	q.settings = parseSettings(q.attributes)
	if q.shelf == nil {
		if q.settings.fifo {
			q.shelf = newFIFO(q)
		} else {
			q.shelf = newStandard()
		}
	}
}

// enter adds a message that is new to the queue.
func (q *queue) enter(m *message, now int64) {
	m.queue = q
	q.ages.add(m)
	q.settle(m, now)
}

// settle puts a message where its visibleAt says. It must stand nowhere.
func (q *queue) settle(m *message, now int64) {
	switch {
	case m.visibleAt <= now:
		m.condition = visible
		q.counts.Visible++
	case m.receives > m.before:
		m.condition = inFlight
		q.counts.InFlight++
	default:
		m.condition = delayed
		q.counts.Delayed++
	}
	if m.condition != visible {
		q.later.add(m)
	}
	if m.condition == visible || q.settings.fifo {
		q.shelf.add(m)
	}
}

// lift takes a message from where it stands, to settle it elsewhere; taken says
// that the shelf has handed it out.
func (q *queue) lift(m *message, taken bool) {
	was := m.condition
	switch was {
	case visible:
		q.counts.Visible--
	case inFlight:
		q.counts.InFlight--
	case delayed:
		q.counts.Delayed--
	}
	q.later.remove(m)
	m.condition = removed
	if !taken {
		q.shelf.gone(m, was)
	}
}

// leave removes a message from the queue for good.
func (q *queue) leave(m *message, taken bool) {
	was := m.condition
	q.lift(m, true)
	q.ages.remove(m)
	m.queue = nil
	if !taken || q.settings.fifo {
		q.shelf.gone(m, was)
	}
}

// advance does what time alone has decided: retention removes, and visibility
// timeouts and delays end. It returns what the disk must forget.
func (s *State) advance(q *queue, now int64) []disk.Change {
	var changes []disk.Change
	for m := q.ages.first(); m != nil && m.sent+int64(q.settings.retention) <= now; m = q.ages.first() {
		changes = s.erase(m, false, changes)
	}
	for m := q.later.first(); m != nil && m.visibleAt <= now; m = q.later.first() {
		q.lift(m, false)
		q.settle(m, now)
	}
	return changes
}

// erase removes a message from memory and says what the disk must forget.
func (s *State) erase(m *message, taken bool, changes []disk.Change) []disk.Change {
	m.queue.leave(m, taken)
	delete(s.messages, m.number)
	key := numberKey(m.number)
	return append(changes, disk.Change{Bucket: bucketMessages, Key: key}, disk.Change{Bucket: bucketBodies, Key: key})
}

// definition is a queue on disk.
type definition struct {
	ID         uint64            `json:"id"`
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	Created    int64             `json:"created"`
	Modified   int64             `json:"modified"`
}

func (q *queue) record() disk.Change {
	value, err := json.Marshal(definition{q.id, q.name, q.attributes, q.tags, q.created, q.modified})
	if err != nil {
		panic(err) // strings and numbers only: cannot happen
	}
	return disk.Change{Bucket: bucketQueues, Key: []byte(q.name), Value: value}
}

package sim

import (
	"container/heap"
	"time"
)

// epoch is when every simulation begins: within a minute and a day, so that the
// first of each is not a whole one.
var epoch = time.Date(2026, 11, 2, 9, 0, 23, 0, time.UTC)

// clock runs events in the order of their times, those of one time in the order
// in which they were set.
type clock struct {
	now   float64 // seconds since epoch
	queue events
	set   int
}

type event struct {
	at    float64
	order int
	do    func()
}

// at sets an event; a time that is past is now.
func (c *clock) at(seconds float64, do func()) {
	c.set++
	heap.Push(&c.queue, event{max(seconds, c.now), c.set, do})
}

func (c *clock) after(seconds float64, do func()) { c.at(c.now+seconds, do) }

// next runs the next event, unless it is after a time.
func (c *clock) next(end float64) bool {
	if len(c.queue) == 0 || c.queue[0].at > end {
		return false
	}
	e := heap.Pop(&c.queue).(event)
	c.now = e.at
	e.do()
	return true
}

func (c *clock) time() time.Time { return epoch.Add(seconds(c.now)) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

type events []event

func (e events) Len() int { return len(e) }

func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}

func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

func (e *events) Push(x any) { *e = append(*e, x.(event)) }

func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = event{}
	*e = (*e)[:last]
	return x
}

package quota

import (
	"math"
	"time"
)

// window counts an amount against a limit per minute. The caller locks.
type window interface {
	// free is how much can be taken now; negative while in debt.
	free(now time.Time) float64
	take(now time.Time, amount float64) *entry
	// settle replaces r by what was used.
	settle(now time.Time, r Reservation, used float64)
}

func newWindow(shape Shape, perMinute, burst float64, now time.Time) window {
	switch shape {
	case Minute:
		return &clockMinute{limit: perMinute, minute: now.Unix() / 60}
	case Sliding:
		return &slidingMinute{limit: perMinute}
	}
	if burst == 0 {
		burst = 1
	}
	capacity := math.Max(1, perMinute*burst)
	return &bucket{capacity: capacity, perSecond: perMinute / 60, level: capacity, at: now}
}

type bucket struct {
	capacity, perSecond, level float64
	at                         time.Time
}

func (b *bucket) free(now time.Time) float64 {
	// A clock that goes back refills nothing.
	if d := now.Sub(b.at); d > 0 {
		b.level = math.Min(b.capacity, b.level+d.Seconds()*b.perSecond)
		b.at = now
	}
	return b.level
}

func (b *bucket) take(now time.Time, amount float64) *entry {
	b.free(now)
	b.level -= amount
	return nil
}

func (b *bucket) settle(now time.Time, r Reservation, used float64) {
	b.free(now)
	b.level = math.Min(b.capacity, b.level+r.tokens-used)
}

type clockMinute struct {
	limit, used float64
	minute      int64
}

func (c *clockMinute) free(now time.Time) float64 {
	if m := now.Unix() / 60; m > c.minute {
		c.minute, c.used = m, 0
	}
	return c.limit - c.used
}

func (c *clockMinute) take(now time.Time, amount float64) *entry {
	c.free(now)
	c.used += amount
	return nil
}

// settle gives back within the same minute only: what an earlier minute
// reserved is gone with it, but an excess is charged to the present one.
func (c *clockMinute) settle(now time.Time, r Reservation, used float64) {
	c.free(now)
	difference := used - r.tokens
	if r.at.Unix()/60 != c.minute {
		difference = math.Max(0, difference)
	}
	c.used += difference
}

type entry struct {
	at     time.Time
	amount float64
	gone   bool
}

// slidingMinute keeps one entry per call of the last sixty seconds, oldest
// first from head on.
type slidingMinute struct {
	limit, used float64
	entries     []*entry
	head        int
}

func (s *slidingMinute) free(now time.Time) float64 {
	for s.head < len(s.entries) && now.Sub(s.entries[s.head].at) >= time.Minute {
		s.entries[s.head].gone = true
		s.used -= s.entries[s.head].amount
		s.entries[s.head] = nil
		s.head++
	}
	switch {
	case s.head == len(s.entries):
		// Start from an exact zero: sums of floats drift.
		s.entries, s.head, s.used = s.entries[:0], 0, 0
	case s.head > 1024 && s.head > len(s.entries)/2:
		s.entries = append(s.entries[:0:0], s.entries[s.head:]...)
		s.head = 0
	}
	return s.limit - s.used
}

func (s *slidingMinute) take(now time.Time, amount float64) *entry {
	s.free(now)
	e := &entry{at: now, amount: amount}
	s.entries = append(s.entries, e)
	s.used += amount
	return e
}

func (s *slidingMinute) settle(now time.Time, r Reservation, used float64) {
	s.free(now)
	difference := used - r.tokens
	if r.entry != nil && !r.entry.gone {
		r.entry.amount += difference
		s.used += difference
		return
	}
	if difference > 0 {
		s.take(now, difference)
	}
}

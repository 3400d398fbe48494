package pack

import (
	"cmp"
	"slices"
)

// Waiting is a record that waits to be asked about.
type Waiting[T any] struct {
	// Value is whatever its owner knows it by.
	Value T
	// Group names what a call has one of: tenant, task, parameters, model. Only
	// records of one group share a call.
	Group string
	// Lane is its urgency: a smaller one goes first.
	Lane int
	// Age orders the records of a lane, the largest first: how often it has come
	// and gone unanswered.
	Age int
	// Limit is how many records its call may have at most, itself included; less
	// than 1 is 1. Records of other limits do not share its call.
	Limit int
	// Input is what it adds to the call's input, Output its part of max_tokens.
	Input, Output int

	arrival int
}

// Pool holds what waits and says which records share the next call. It is not
// safe for concurrent use; the zero value is empty.
type Pool[T any] struct {
	shelves  map[shelf][]Waiting[T]
	arrivals int
	length   int
}

// shelf holds records that may share a call, in the order in which they go.
type shelf struct {
	lane  int
	group string
	limit int
}

// Add puts a record in.
func (p *Pool[T]) Add(w Waiting[T]) {
	w.arrival = p.arrivals
	p.arrivals++
	p.put(w)
}

// Return puts a pack back that Next has given, as if it had never left.
func (p *Pool[T]) Return(pack []Waiting[T]) {
	for _, w := range pack {
		p.put(w)
	}
}

func (p *Pool[T]) put(w Waiting[T]) {
	if p.shelves == nil {
		p.shelves = map[shelf][]Waiting[T]{}
	}
	w.Limit = max(w.Limit, 1)
	p.length++
	at := shelf{w.Lane, w.Group, w.Limit}
	place, _ := slices.BinarySearchFunc(p.shelves[at], w, before[T])
	p.shelves[at] = slices.Insert(p.shelves[at], place, w)
}

// before orders records: the older, then who came first.
func before[T any](a, b Waiting[T]) int {
	return cmp.Or(cmp.Compare(b.Age, a.Age), cmp.Compare(a.arrival, b.arrival))
}

// Len is how many records wait.
func (p *Pool[T]) Len() int { return p.length }

// Next takes the records of the next call out. A full pack goes first, by lane,
// age and arrival; with flush, when no more are about to come, one that is not
// full goes too. Fits is asked about the pack as it grows; a pack is as long as
// it fits. Nothing is taken, and the result is nil, if no pack is ready or not
// even its first record fits.
func (p *Pool[T]) Next(flush bool, fits func([]Waiting[T]) bool) []Waiting[T] {
	at, ready := p.ready(flush)
	if !ready {
		return nil
	}
	all := p.shelves[at]
	n := 0
	for n < min(len(all), at.limit) && fits(all[:n+1]) {
		n++
	}
	if n == 0 {
		return nil
	}
	taken := slices.Clone(all[:n])
	p.length -= n
	if p.shelves[at] = slices.Delete(all, 0, n); len(p.shelves[at]) == 0 {
		delete(p.shelves, at)
	}
	return taken
}

// ready is the shelf that goes next.
func (p *Pool[T]) ready(flush bool) (shelf, bool) {
	var best shelf
	found := false
	for at, waiting := range p.shelves {
		if !flush && len(waiting) < at.limit {
			continue
		}
		if !found || cmp.Or(cmp.Compare(at.lane, best.lane), before(waiting[0], p.shelves[best][0])) < 0 {
			best, found = at, true
		}
	}
	return best, found
}

// Drain takes everything out, in no call's order.
func (p *Pool[T]) Drain() []Waiting[T] {
	var all []Waiting[T]
	for _, waiting := range p.shelves {
		all = append(all, waiting...)
	}
	p.shelves, p.length = nil, 0
	return all
}

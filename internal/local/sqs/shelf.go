package sqs

// shelf holds the visible messages of one queue and says who is next.
type shelf interface {
	// add takes a message that became visible (or, on a FIFO queue, exists).
	add(*message)
	// gone tells of a message that left otherwise than by take, and what it was.
	gone(m *message, was condition)
	// take gives up to n messages that may be delivered now. The caller changes
	// their condition before it asks again.
	take(n int) []*message
	// ready is 0 if take would give nothing; otherwise how many pollers are worth
	// waking.
	ready() int
}

// ring is a first-in first-out list whose freed space is used again.
type ring[T any] struct {
	items []T
	head  int
}

func (r *ring[T]) len() int { return len(r.items) - r.head }

func (r *ring[T]) push(item T) {
	if r.head > 32 && r.head*2 > len(r.items) {
		n := copy(r.items, r.items[r.head:])
		clear(r.items[n:])
		r.items, r.head = r.items[:n], 0
	}
	r.items = append(r.items, item)
}

func (r *ring[T]) pop() T {
	item := r.items[r.head]
	var none T
	r.items[r.head] = none
	r.head++
	return item
}

// A place on the standard shelf is void once its message has left since: finding
// it in the middle would cost more than passing over it later.
type place struct {
	message *message
	visit   uint32
}

func (p place) void() bool {
	return p.message.condition != visible || p.message.visit != p.visit
}

// standard lets the message groups take turns, one message each; messages
// without a group are a group of their own.
type standard struct {
	groups map[string]*ring[place]
	turns  ring[string]
	voids  int
	places int
}

func newStandard() *standard { return &standard{groups: map[string]*ring[place]{}} }

func (s *standard) add(m *message) {
	m.visit++
	group := s.groups[m.group]
	if group == nil {
		group = &ring[place]{}
		s.groups[m.group] = group
		s.turns.push(m.group)
	}
	group.push(place{m, m.visit})
	s.places++
}

func (s *standard) gone(_ *message, was condition) {
	if was != visible {
		return
	}
	if s.voids++; s.voids > 1000 && s.voids*2 > s.places {
		s.sweep()
	}
}

// sweep forgets the void places, when they are most of all.
func (s *standard) sweep() {
	s.places, s.voids = 0, 0
	for _, group := range s.groups {
		kept := &ring[place]{}
		for group.len() > 0 {
			if p := group.pop(); !p.void() {
				kept.push(p)
			}
		}
		*group = *kept
		s.places += group.len()
	}
}

func (s *standard) ready() int { return s.places - s.voids }

func (s *standard) take(n int) []*message {
	var taken []*message
	for len(taken) < n && s.turns.len() > 0 {
		name := s.turns.pop()
		group := s.groups[name]
		for group.len() > 0 {
			p := group.pop()
			s.places--
			if p.void() {
				s.voids--
				continue
			}
			taken = append(taken, p.message)
			break
		}
		if group.len() > 0 {
			s.turns.push(name)
		} else {
			delete(s.groups, name)
		}
	}
	return taken
}

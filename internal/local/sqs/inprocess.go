package sqs

import (
	"context"

	"sluice/internal/local/disk"
)

// Outgoing is a message that another part of the machine sends.
type Outgoing struct {
	Body       string
	Attributes map[string]Attribute
	// Trace is the AWSTraceHeader.
	Trace string
	// Group and Deduplication are the ids of FIFO queues; a standard queue takes a
	// Group for fairness.
	Group, Deduplication string
	// Delay hides the message for so many seconds, up to 900; nil is the queue's.
	Delay *int
	// Sender is who sends, as SenderId tells it.
	Sender string
}

// Addressed is a message and its queue: an ARN or a name.
type Addressed struct {
	Queue string
	Outgoing
}

func (o Outgoing) entry() Entry {
	e := Entry{MessageBody: o.Body, MessageAttributes: o.Attributes, DelaySeconds: o.Delay}
	if o.Trace != "" {
		e.MessageSystemAttributes = map[string]Attribute{"AWSTraceHeader": {DataType: "String", StringValue: &o.Trace}}
	}
	if o.Group != "" {
		e.MessageGroupID = &o.Group
	}
	if o.Deduplication != "" {
		e.MessageDeduplicationID = &o.Deduplication
	}
	return e
}

// SendAll puts messages into several queues as one group on disk: after a
// failure of the disk either all of them are there or none. It returns one
// result and one error for each message; a nil error means durable, an [*Error]
// below 500 that this one was refused (its queue does not exist, it is too long).
func (s *State) SendAll(ctx context.Context, all []Addressed) ([]SentMessage, []error) {
	sent, errs := make([]SentMessage, len(all)), make([]error, len(all))
	prepared := make([]*outgoing, len(all))
	for i, a := range all {
		o, refused := prepare(a.entry())
		if refused != nil {
			errs[i] = refused
			continue
		}
		if a.Sender != "" {
			o.content.Sender = a.Sender
		}
		prepared[i] = o
	}
	ticket := s.sendAll(all, prepared, sent, errs)
	if err := wait(ctx, ticket); err != nil {
		for i := range errs {
			if errs[i] == nil {
				errs[i] = err
			}
		}
	}
	return sent, errs
}

func (s *State) sendAll(all []Addressed, prepared []*outgoing, sent []SentMessage, errs []error) disk.Ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now().UnixNano()
	var changes []disk.Change
	touched := map[*queue]bool{}
	for i, o := range prepared {
		if errs[i] != nil {
			continue
		}
		q := s.byARN(all[i].Queue)
		if q == nil {
			errs[i] = errNoQueue()
			continue
		}
		refused := o.fits(q, "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.")
		if refused == nil {
			refused = o.suits(q)
		}
		if refused != nil {
			errs[i] = refused
			continue
		}
		if !touched[q] {
			touched[q] = true
			changes = append(changes, s.advance(q, now)...)
		}
		sent[i], changes = s.accept(q, o, now, changes)
	}
	ticket := s.commit(changes)
	for q := range touched {
		q.ring(s)
	}
	return ticket
}

// ReleaseHeldBy makes messages visible that are in flight and were last received
// with this access key, unless somebody has changed their visibility since: that
// was a decision, and stays. It is for the start of a machine whose own pollers
// died with their messages: as nobody has handled them, that receive does not
// count either. It returns how many there were.
func (s *State) ReleaseHeldBy(ctx context.Context, accessKey string) (int, error) {
	s.mu.Lock()
	now := s.now().UnixNano()
	var changes []disk.Change
	released := 0
	for _, q := range s.queues {
		changes = append(changes, s.advance(q, now)...)
		var held []*message
		for _, m := range q.later.messages {
			if m.condition == inFlight && m.holder == accessKey && accessKey != "" {
				held = append(held, m)
			}
		}
		for _, m := range held {
			q.lift(m, false)
			m.visibleAt, m.holder = now, ""
			if m.receives > m.before {
				m.receives--
			}
			q.settle(m, now)
			changes = append(changes, m.record())
		}
		released += len(held)
		q.ring(s)
	}
	ticket := s.commit(changes)
	s.mu.Unlock()
	return released, wait(ctx, ticket)
}

// Counts is how many messages a queue holds, given by URL, ARN or name. The
// error is an [*Error] if it does not exist.
func (s *State) Counts(queue string) (Counts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.byARN(queue)
	if q == nil {
		var refused *Error
		if q, refused = s.byURL(queue); refused != nil {
			return Counts{}, refused
		}
	}
	s.commit(s.advance(q, s.now().UnixNano()))
	q.ring(s)
	return q.counts, nil
}

// AllCounts is how many messages every queue holds, by name.
func (s *State) AllCounts() map[string]Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]Counts, len(s.queues))
	for name, q := range s.queues {
		s.commit(s.advance(q, s.now().UnixNano()))
		q.ring(s)
		all[name] = q.counts
	}
	return all
}

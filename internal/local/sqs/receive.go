package sqs

import (
	"context"
	"slices"
	"strings"
	"time"

	"sluice/internal/local/disk"
)

const (
	maxReceive    = 10
	maxWait       = 20
	maxVisibility = 43_200
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
	maxInFlight = 120_000
	// One receive moves no more dead letters than this, so that it stays short.
	maxBurials = 1000
)

// delivery is one message of a receive, with what memory knew at that moment.
type delivery struct {
	message message
	receipt string
	fifo    bool
}

// ReceiveMessage takes messages in flight and returns them. With a wait it
// returns as soon as there is one; it returns empty when the wait is over or the
// state is closed.
func (s *State) ReceiveMessage(ctx context.Context, by Caller, in ReceiveMessageInput) (ReceiveMessageOutput, error) {
	want, refused := newWanted(in)
	if refused != nil {
		return ReceiveMessageOutput{}, refused
	}
	deliveries, ticket, err := s.poll(ctx, by, in)
	if err != nil {
		return ReceiveMessageOutput{}, err
	}
	var out ReceiveMessageOutput
	for _, d := range deliveries {
		m, found, err := s.render(d, want)
		if err != nil {
			return ReceiveMessageOutput{}, errInternal(err)
		}
		if found {
			out.Messages = append(out.Messages, m)
		}
	}
	return out, wait(ctx, ticket)
}

// poll takes messages, waiting for the first if it may.
func (s *State) poll(ctx context.Context, by Caller, in ReceiveMessageInput) ([]delivery, disk.Ticket, error) {
	var over <-chan time.Time
	last := false
	for first := true; ; first = false {
		s.mu.Lock()
		q, refused := s.byURL(in.QueueURL)
		if refused != nil {
			s.mu.Unlock()
			return nil, disk.Ticket{}, refused
		}
		waiting := q.settings.wait
		if in.WaitTimeSeconds != nil {
			waiting = time.Duration(*in.WaitTimeSeconds) * time.Second
		}
		if q.counts.InFlight >= maxInFlight && waiting == 0 {
			s.mu.Unlock()
			return nil, disk.Ticket{}, errOverLimit(q.name)
		}
		deliveries, ticket := s.take(q, by, in)
		if len(deliveries) > 0 || waiting == 0 || last || s.stopped {
			s.mu.Unlock()
			return deliveries, ticket, nil
		}
		p := &poller{wake: make(chan struct{})}
		q.pollers = append(q.pollers, p)
		q.ring(s)
		s.mu.Unlock()
		if first {
			timer := time.NewTimer(waiting)
			defer timer.Stop()
			over = timer.C
		}
		select {
		case <-p.wake:
		case <-over:
			last = true
		case <-s.stop:
			last = true
		case <-ctx.Done():
			s.hangUp(q, p, true)
			return nil, disk.Ticket{}, ctx.Err()
		}
		s.hangUp(q, p, false)
	}
}

// take delivers up to the wanted number of visible messages; those received too
// often go to the dead-letter queue instead. It is one group on disk.
func (s *State) take(q *queue, by Caller, in ReceiveMessageInput) ([]delivery, disk.Ticket) {
	now := s.now().UnixNano()
	changes := s.advance(q, now)
	visibility := q.settings.visibility
	if in.VisibilityTimeout != nil {
		visibility = time.Duration(*in.VisibilityTimeout) * time.Second
	}
	most := 1
	if in.MaxNumberOfMessages != nil {
		most = *in.MaxNumberOfMessages
	}
	most = min(most, maxInFlight-q.counts.InFlight)
	holder := strings.Clone(by.AccessKey) // it is a part of its request
	var deliveries []delivery
	for buried := 0; len(deliveries) == 0 && buried < maxBurials; {
		taken := q.shelf.take(most)
		if len(taken) == 0 {
			break
		}
		for _, m := range taken {
			if target := s.deadLetterQueue(q, m); target != nil {
				changes = s.bury(m, target, now, changes)
				buried++
				continue
			}
			q.lift(m, true)
			m.receives++
			m.receivedAt, m.visibleAt, m.holder = now, now+int64(visibility), holder
			if m.firstAt == 0 {
				m.firstAt = now
			}
			q.settle(m, now)
			changes = append(changes, m.record())
			deliveries = append(deliveries, delivery{*m, m.receipt(), q.settings.fifo})
		}
	}
	ticket := s.commit(changes)
	q.ring(s)
	return deliveries, ticket
}

// deadLetterQueue is where a message goes instead of being delivered once more,
// nil if it may be delivered.
func (s *State) deadLetterQueue(q *queue, m *message) *queue {
	r := q.settings.redrive
	if r == nil || m.receives-m.before < r.maxReceives {
		return nil
	}
	target := s.byARN(r.target)
	if target == nil || target == q || !target.admits(q.arn) {
		return nil
	}
	return target
}

// bury moves a message to a dead-letter queue.
func (s *State) bury(m *message, target *queue, now int64, changes []disk.Change) []disk.Change {
	moved := s.carry(m)
	moved.source = m.queue.arn
	if target.settings.fifo {
		moved.sent = now // on FIFO queues a dead letter's age begins anew
	}
	return s.settleIn(m, moved, target, now, changes)
}

// carry makes of a message what another queue will hold.
func (s *State) carry(m *message) *message {
	return &message{
		number: m.number, order: s.next(), id: m.id, size: m.size, sent: m.sent,
		firstAt: m.firstAt, receives: m.receives, before: m.receives, group: m.group,
	}
}

func (s *State) settleIn(m, moved *message, target *queue, now int64, changes []disk.Change) []disk.Change {
	m.queue.leave(m, true)
	s.messages[moved.number] = moved
	target.enter(moved, now)
	target.ring(s)
	return append(changes, moved.record())
}

// A poller is one long poll in its queue's line.
type poller struct{ wake chan struct{} }

// ring wakes as many pollers as there are visible messages, first come first
// served, and sets the alarm for those that go on waiting. The caller holds the
// lock.
func (q *queue) ring(s *State) {
	n := min(q.shelf.ready(), len(q.pollers))
	if q.counts.InFlight >= maxInFlight {
		n = 0
	}
	for _, p := range q.pollers[:n] {
		close(p.wake)
	}
	q.pollers = slices.Delete(q.pollers, 0, n)
	next := q.later.first()
	if len(q.pollers) == 0 || next == nil || s.stopped {
		q.disarm()
		return
	}
	in := max(time.Duration(next.visibleAt-s.now().UnixNano()), time.Millisecond)
	if q.alarm == nil {
		q.alarm = time.AfterFunc(in, func() { s.alarm(q) })
		return
	}
	q.alarm.Reset(in)
}

// alarm shelves what became visible while nobody but waiting pollers cared.
func (s *State) alarm(q *queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.queues[q.name] != q {
		return
	}
	s.commit(s.advance(q, s.now().UnixNano()))
	q.ring(s)
}

func (q *queue) disarm() {
	if q.alarm != nil {
		q.alarm.Stop()
	}
}

func (q *queue) wakeAll() {
	for _, p := range q.pollers {
		close(p.wake)
	}
	q.pollers = nil
}

// hangUp takes a poller out of the line. If it was woken and goes away instead
// of coming for the message, the next one in the line must hear of it.
func (s *State) hangUp(q *queue, p *poller, goes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(q.pollers, p); i >= 0 {
		q.pollers = slices.Delete(q.pollers, i, i+1)
	} else if goes {
		q.ring(s)
	}
}

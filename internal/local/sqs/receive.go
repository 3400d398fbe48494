package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sluice/internal/local/disk"
)

// Receive says what to receive.
type Receive struct {
	// Max is 1 to 10.
	Max int
	// Visibility hides what is received; nil is the queue's.
	Visibility *int
	// Wait is how long to wait for a first message, up to 20 s; nil is the queue's.
	Wait *int
	// Receiver is the access key that receives.
	Receiver string
}

// Received is a message that was received.
type Received struct {
	ID, Handle string
	content
	Sent, First int64 // ms
	Receives    int
	// Source is the queue that it was redriven from.
	Source string
}

func (r Receive) check() *Error {
	switch {
	case r.Max < 1 || r.Max > 10:
		return invalidParameter("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", r.Max)
	case r.Visibility != nil && (*r.Visibility < 0 || *r.Visibility > maxVisibility):
		return invalidParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.", *r.Visibility)
	case r.Wait != nil && (*r.Wait < 0 || *r.Wait > 20):
		return invalidParameter("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", *r.Wait)
	}
	return nil
}

// Receive takes messages out of a queue for a while. Without any it waits as
// long as asked; an empty list is no error.
func (s *State) Receive(ctx context.Context, url string, r Receive) ([]Received, error) {
	if bad := r.check(); bad != nil {
		return nil, bad
	}
	var deadline time.Time
	for {
		s.mu.Lock()
		q, bad := s.find(url)
		if bad != nil {
			s.mu.Unlock()
			return nil, bad
		}
		if deadline.IsZero() {
			wait := q.seconds("ReceiveMessageWaitTimeSeconds")
			if r.Wait != nil {
				wait = time.Duration(*r.Wait) * time.Second
			}
			deadline = s.Now().Add(wait)
		}
		got, changes, err := s.takeOut(q, r)
		var ticket disk.Ticket
		if len(changes) > 0 {
			ticket = s.store.Enqueue(changes...)
		}
		wake, sleep := q.wake, s.untilNext(q, deadline)
		s.mu.Unlock()
		if err == nil {
			err = ticket.Wait(ctx)
		}
		if err != nil || len(got) > 0 || sleep <= 0 {
			return got, err
		}
		timer := time.NewTimer(sleep)
		select {
		case <-wake:
		case <-timer.C:
		case <-s.ended.Done():
			deadline = s.Now()
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		timer.Stop()
	}
}

// untilNext is how long a poll may sleep: until its deadline, or until a hidden
// message comes back.
func (s *State) untilNext(q *queue, deadline time.Time) time.Duration {
	sleep := deadline.Sub(s.Now())
	if at := q.comesBack(); at > 0 {
		sleep = min(sleep, max(time.UnixMilli(at).Sub(s.Now()), time.Millisecond))
	}
	return sleep
}

// takeOut receives what is visible now. What was received too often goes to the
// dead-letter queue, and what is past its retention goes. Callers hold the lock.
func (s *State) takeOut(q *queue, r Receive) (got []Received, changes []disk.Change, err error) {
	now := s.ms()
	q.promote(now)
	visibility := q.seconds("VisibilityTimeout")
	if r.Visibility != nil {
		visibility = time.Duration(*r.Visibility) * time.Second
	}
	expired := now - q.seconds("MessageRetentionPeriod").Milliseconds()
	var taken []*message
	// Put back at the end: with a visibility timeout of 0 a message is visible
	// again at once, but one call gives it only once.
	defer func() {
		for _, m := range taken {
			q.put(m, now)
		}
	}()
	for len(got) < r.Max {
		m := q.pop()
		if m == nil {
			break
		}
		if m.Sent <= expired {
			q.drop(m)
			changes = append(changes, m.gone(q.Name)...)
			continue
		}
		c, err := s.contentOf(q, m)
		if err != nil {
			q.ready = append(q.ready, m.seq)
			return nil, changes, err
		}
		if dead := s.deadLetters(q, m); dead != nil {
			changes = append(changes, s.moveTo(q, dead, m, c)...)
			continue
		}
		q.take(m)
		m.Receives++
		m.Receipt++
		m.HeldBy, m.Received, m.VisibleAt = r.Receiver, now, now+visibility.Milliseconds()
		if m.First == 0 {
			m.First = now
		}
		taken = append(taken, m)
		changes = append(changes, m.saved(q.Name))
		got = append(got, Received{ID: m.ID, Handle: m.handle(q.Name), content: c, Sent: m.Sent, First: m.First, Receives: m.Receives, Source: m.Source})
	}
	return got, changes, nil
}

func (s *State) contentOf(q *queue, m *message) (content, error) {
	raw, found, err := s.store.Get(contentsOf(q.Name), key(m.seq))
	var c content
	if err == nil && !found {
		err = fmt.Errorf("sqs: the body of message %s in queue %s is missing: the data file is damaged", m.ID, q.Name)
	}
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	return c, err
}

// deadLetters is the queue that a message goes to instead of being received once
// more, nil if it may be received.
func (s *State) deadLetters(q *queue, m *message) *queue {
	if q.MaxReceiveCount == 0 || m.Receives < int(q.MaxReceiveCount) {
		return nil
	}
	return s.queues[nameOf(q.DeadLetterTargetARN)]
}

// moveTo moves a message that is in no place list to another queue. It keeps its
// id and its time of sending, as SQS does, and names where it came from.
func (s *State) moveTo(from, to *queue, m *message, c content) []disk.Change {
	from.drop(m)
	changes := m.gone(from.Name)
	now := s.ms()
	moved := &message{ID: m.ID, Sent: m.Sent, VisibleAt: now, Receives: m.Receives, First: m.First, Source: from.arn, seq: to.next}
	to.next++
	to.messages[moved.seq] = moved
	to.put(moved, now)
	raw, _ := json.Marshal(c) // strings and bytes
	return append(changes, disk.Change{Bucket: contentsOf(to.Name), Key: key(moved.seq), Value: raw}, moved.saved(to.Name))
}

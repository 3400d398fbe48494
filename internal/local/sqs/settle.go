package sqs

import (
	"context"
	"time"

	"sluice/internal/local/disk"
)

// held is the message of a receipt handle: nil without an error if it is gone or
// the handle is of an older receive. Callers hold the lock.
func (s *State) held(q *queue, handle string) (*message, *Error) {
	name, seq, receipt, ok := parseHandle(handle)
	if !ok || name != q.Name {
		return nil, badReceipt()
	}
	m := q.messages[seq]
	if m == nil || m.Receipt != receipt {
		return nil, nil
	}
	return m, nil
}

// settle does something to the messages of receipt handles in one step on the
// disk; it returns one error per handle.
func (s *State) settle(ctx context.Context, url string, handles []string, do func(q *queue, i int) ([]disk.Change, *Error)) ([]error, error) {
	s.mu.Lock()
	q, bad := s.find(url)
	if bad != nil {
		s.mu.Unlock()
		return nil, bad
	}
	q.promote(s.ms())
	errs := make([]error, len(handles))
	var changes []disk.Change
	for i := range handles {
		made, bad := do(q, i)
		if bad != nil {
			errs[i] = bad
		}
		changes = append(changes, made...)
	}
	var ticket disk.Ticket
	if len(changes) > 0 {
		ticket = s.store.Enqueue(changes...)
	}
	s.mu.Unlock()
	return errs, ticket.Wait(ctx)
}

// Delete removes messages. A handle of an older receive removes nothing and is
// no error; so it is with a message that is gone.
func (s *State) Delete(ctx context.Context, url string, handles []string) ([]error, error) {
	return s.settle(ctx, url, handles, func(q *queue, i int) ([]disk.Change, *Error) {
		m, bad := s.held(q, handles[i])
		if m == nil {
			return nil, bad
		}
		q.drop(m)
		return m.gone(q.Name), nil
	})
}

// ChangeVisibility lets messages in flight come back after so many seconds from
// now; altogether at most 12 hours after they were received.
func (s *State) ChangeVisibility(ctx context.Context, url string, handles []string, seconds []int) ([]error, error) {
	return s.settle(ctx, url, handles, func(q *queue, i int) ([]disk.Change, *Error) {
		if seconds[i] < 0 || seconds[i] > maxVisibility {
			return nil, invalidParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200.", seconds[i])
		}
		m, bad := s.held(q, handles[i])
		if bad != nil {
			return nil, bad
		}
		if m == nil || m.place != inFlight {
			return nil, &Error{"MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", "The message is not in flight."}
		}
		now := s.ms()
		at := now + int64(seconds[i])*1000
		if at > m.Received+maxVisibility*1000 {
			return nil, invalidParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].", seconds[i])
		}
		q.take(m)
		m.VisibleAt, m.HeldBy = at, ""
		q.put(m, now)
		return []disk.Change{m.saved(q.Name)}, nil
	})
}

// ReleaseHeldBy makes visible at once what was received with an access key and
// neither deleted nor deferred since. The local machine calls it when it starts,
// for its own pollers of the process before: they will never settle these.
func (s *State) ReleaseHeldBy(ctx context.Context, accessKey string) (released int, err error) {
	s.mu.Lock()
	now := s.ms()
	var changes []disk.Change
	for _, q := range s.queues {
		for _, m := range q.messages {
			if m.place == inFlight && m.HeldBy == accessKey {
				q.take(m)
				m.VisibleAt, m.HeldBy = now, ""
				q.put(m, now)
				changes = append(changes, m.saved(q.Name))
				released++
			}
		}
	}
	var ticket disk.Ticket
	if len(changes) > 0 {
		ticket = s.store.Enqueue(changes...)
	}
	s.mu.Unlock()
	return released, ticket.Wait(ctx)
}

// purgeEvery is how long after a purge the next one is refused.
const purgeEvery = time.Minute

// Purge removes all messages of a queue.
func (s *State) Purge(ctx context.Context, url string) error {
	s.mu.Lock()
	q, bad := s.find(url)
	if bad == nil && !q.purged.IsZero() && s.Now().Sub(q.purged) < purgeEvery {
		bad = &Error{"PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress",
			"Only one PurgeQueue operation on " + q.Name + " is allowed every 60 seconds."}
	}
	if bad != nil {
		s.mu.Unlock()
		return bad
	}
	q.purged = s.Now()
	var changes []disk.Change
	for _, m := range q.messages {
		changes = append(changes, m.gone(q.Name)...)
	}
	q.messages, q.ready, q.hidden, q.counts = map[uint64]*message{}, nil, nil, [3]int{}
	ticket := s.store.Enqueue(changes...)
	s.mu.Unlock()
	return ticket.Wait(ctx)
}

// Counts are the numbers of a queue's messages.
type Counts struct{ Visible, InFlight, Delayed int }

// Counts counts the messages of a queue.
func (s *State) Counts(url string) (Counts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, bad := s.find(url)
	if bad != nil {
		return Counts{}, bad
	}
	q.promote(s.ms())
	return Counts{q.counts[visible], q.counts[inFlight], q.counts[delayed]}, nil
}

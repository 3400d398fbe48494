package sqs

import (
	"context"
	"time"

	"sluice/internal/local/disk"
)

// DeleteMessage removes the message of a receipt handle. One that is gone
// already is no error.
func (s *State) DeleteMessage(ctx context.Context, _ Caller, in DeleteMessageInput) (Empty, error) {
	if in.ReceiptHandle == "" {
		return Empty{}, errMissing("ReceiptHandle")
	}
	return s.settleOne(ctx, in.QueueURL, func(q *queue, _ int64, changes []disk.Change) ([]disk.Change, *Error) {
		return s.delete(q, in.ReceiptHandle, changes)
	})
}

// ChangeMessageVisibility makes a message visible again after so many seconds,
// at most twelve hours after it was received.
func (s *State) ChangeMessageVisibility(ctx context.Context, _ Caller, in ChangeMessageVisibilityInput) (Empty, error) {
	switch {
	case in.ReceiptHandle == "":
		return Empty{}, errMissing("ReceiptHandle")
	case in.VisibilityTimeout == nil:
		return Empty{}, errMissing("VisibilityTimeout")
	}
	return s.settleOne(ctx, in.QueueURL, func(q *queue, now int64, changes []disk.Change) ([]disk.Change, *Error) {
		return s.hide(q, in.ReceiptHandle, *in.VisibilityTimeout, now, changes)
	})
}

// A settlement changes one message of a queue and says what the disk must learn.
type settlement func(q *queue, now int64, changes []disk.Change) ([]disk.Change, *Error)

func (s *State) settleOne(ctx context.Context, url string, do settlement) (Empty, error) {
	s.mu.Lock()
	q, refused := s.byURL(url)
	if refused != nil {
		s.mu.Unlock()
		return Empty{}, refused
	}
	now := s.now().UnixNano()
	changes, refused := do(q, now, s.advance(q, now))
	ticket := s.commit(changes)
	q.ring(s)
	s.mu.Unlock()
	if refused != nil {
		return Empty{}, refused
	}
	return Empty{}, wait(ctx, ticket)
}

// DeleteMessageBatch removes up to ten messages as one group on disk.
func (s *State) DeleteMessageBatch(ctx context.Context, _ Caller, in HandleBatchInput) (HandleBatchOutput, error) {
	return s.settleBatch(ctx, in, func(e HandleEntry) settlement {
		return func(q *queue, _ int64, changes []disk.Change) ([]disk.Change, *Error) {
			return s.delete(q, e.ReceiptHandle, changes)
		}
	})
}

// ChangeMessageVisibilityBatch changes up to ten messages as one group on disk.
func (s *State) ChangeMessageVisibilityBatch(ctx context.Context, _ Caller, in HandleBatchInput) (HandleBatchOutput, error) {
	return s.settleBatch(ctx, in, func(e HandleEntry) settlement {
		return func(q *queue, now int64, changes []disk.Change) ([]disk.Change, *Error) {
			if e.VisibilityTimeout == nil {
				return changes, errMissing("VisibilityTimeout")
			}
			return s.hide(q, e.ReceiptHandle, *e.VisibilityTimeout, now, changes)
		}
	})
}

func (s *State) settleBatch(ctx context.Context, in HandleBatchInput, each func(HandleEntry) settlement) (HandleBatchOutput, error) {
	out := HandleBatchOutput{Successful: []SucceededEntry{}, Failed: []FailedEntry{}}
	if refused := checkBatch(in.QueueURL, in.Entries, func(e HandleEntry) string { return e.ID }); refused != nil {
		return out, refused
	}
	s.mu.Lock()
	q, refused := s.byURL(in.QueueURL)
	if refused != nil {
		s.mu.Unlock()
		return out, refused
	}
	now := s.now().UnixNano()
	changes := s.advance(q, now)
	for _, e := range in.Entries {
		if changes, refused = each(e)(q, now, changes); refused != nil {
			out.Failed = append(out.Failed, failed(e.ID, refused))
		} else {
			out.Successful = append(out.Successful, SucceededEntry{e.ID})
		}
	}
	ticket := s.commit(changes)
	q.ring(s)
	s.mu.Unlock()
	return out, wait(ctx, ticket)
}

func (s *State) delete(q *queue, handle string, changes []disk.Change) ([]disk.Change, *Error) {
	m, r, refused := s.find(q, handle)
	if refused != nil || m == nil {
		return changes, refused
	}
	if q.settings.fifo && (m.receives != r.receive || m.condition != inFlight) {
		return changes, errValue("Value %s for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.", handle)
	}
	return s.erase(m, false, changes), nil
}

func (s *State) hide(q *queue, handle string, seconds int, now int64, changes []disk.Change) ([]disk.Change, *Error) {
	if seconds < 0 || seconds > maxVisibility {
		return changes, errValue("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and %d.", seconds, maxVisibility)
	}
	m, r, refused := s.find(q, handle)
	if refused != nil {
		return changes, refused
	}
	if m == nil || m.receives == m.before || q.settings.fifo && (m.receives != r.receive || m.condition != inFlight) {
		return changes, errValue("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", handle)
	}
	until := now + int64(time.Duration(seconds)*time.Second)
	if seconds > 0 && until-m.receivedAt > int64(maxVisibility*time.Second) {
		return changes, errValue("Value %d for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [%d seconds]", seconds, maxVisibility)
	}
	q.lift(m, false)
	m.visibleAt = until
	// Whoever sets a time has decided it; it outlives the process that held the
	// message.
	m.holder = ""
	q.settle(m, now)
	return append(changes, m.record()), nil
}

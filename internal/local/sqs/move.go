package sqs

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"sluice/internal/local/disk"
)

// moveTask moves the messages of a dead-letter queue back to where they came
// from, or to another queue.
type moveTask struct {
	Handle      string `json:"handle"`
	Source      string `json:"source"`                // ARN
	Destination string `json:"destination,omitempty"` // ARN; "" is where each came from
	Rate        int    `json:"rate"`                  // messages per second
	Status      string `json:"status"`
	Moved       int    `json:"moved"`
	// ToMove is how many there were when it was started.
	ToMove  int    `json:"toMove"`
	Started int64  `json:"started"` // ms
	Failure string `json:"failure,omitempty"`

	stop context.CancelFunc
}

// The states of a move task.
const (
	moveRunning   = "RUNNING"
	moveCompleted = "COMPLETED"
	moveCancelled = "CANCELLED"
	moveFailed    = "FAILED"
)

// mostMovesPerSecond is SQS's own limit.
const mostMovesPerSecond = 500

func (t *moveTask) saved() disk.Change {
	raw, _ := json.Marshal(t) // strings and numbers
	return disk.Change{Bucket: moveTasks, Key: []byte(t.Handle), Value: raw}
}

// StartMove starts moving the messages of a dead-letter queue and returns the
// task's handle. The source must be a dead-letter queue of some queue.
func (s *State) StartMove(ctx context.Context, source, destination string, rate int) (string, error) {
	if rate == 0 {
		rate = mostMovesPerSecond
	}
	if rate < 1 || rate > mostMovesPerSecond {
		return "", invalidParameter("Value %d for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500.", rate)
	}
	s.mu.Lock()
	t, bad := s.newMove(source, destination, rate)
	if bad != nil {
		s.mu.Unlock()
		return "", bad
	}
	s.tasks[t.Handle] = t
	ticket := s.store.Enqueue(t.saved())
	s.runMove(t)
	s.mu.Unlock()
	return t.Handle, ticket.Wait(ctx)
}

func (s *State) newMove(source, destination string, rate int) (*moveTask, *Error) {
	q := s.queues[nameOf(source)]
	if source == "" || q == nil || q.arn != source {
		return nil, noResource("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	if destination != "" && (s.queues[nameOf(destination)] == nil || s.queues[nameOf(destination)].arn != destination) {
		return nil, noResource("The resource that you specified for the DestinationArn parameter doesn't exist.")
	}
	if len(s.sourcesOf(q)) == 0 {
		return nil, invalidParameter("Source queue must be configured as a Dead Letter Queue.")
	}
	for _, t := range s.tasks {
		if t.Source == source && t.Status == moveRunning {
			return nil, &Error{"UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "There is already a task running. Only one active task is allowed for a source queue arn at a given time."}
		}
	}
	return &moveTask{Handle: newID(), Source: source, Destination: destination, Rate: rate, Status: moveRunning, ToMove: len(q.messages), Started: s.ms()}, nil
}

// sourcesOf lists the queues whose dead-letter queue this is.
func (s *State) sourcesOf(dead *queue) []*queue {
	var sources []*queue
	for _, q := range s.queues {
		if q.DeadLetterTargetARN == dead.arn {
			sources = append(sources, q)
		}
	}
	slices.SortFunc(sources, func(a, b *queue) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return sources
}

func (s *State) resumeMoves() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		if t.Status == moveRunning {
			s.runMove(t)
		}
	}
}

// runMove moves a tenth of a second's messages at a time.
func (s *State) runMove(t *moveTask) {
	ctx, stop := context.WithCancel(s.ended)
	t.stop = stop
	const step = 100 * time.Millisecond
	s.moving.Go(func() {
		defer stop()
		due := 0.0
		for {
			due += float64(t.Rate) * step.Seconds()
			n := int(due)
			due -= float64(n)
			if n > 0 && s.moveSome(t, n) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(step):
			}
		}
	})
}

// moveSome moves up to n visible messages and tells whether the task is over.
func (s *State) moveSome(t *moveTask, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Status != moveRunning || s.ended.Err() != nil {
		return true
	}
	q := s.queues[nameOf(t.Source)]
	if q == nil {
		t.Status, t.Failure = moveFailed, "the source queue was deleted"
		s.store.Enqueue(t.saved())
		return true
	}
	q.promote(s.ms())
	var changes []disk.Change
	for range n {
		m := q.pop()
		if m == nil {
			t.Status = moveCompleted
			break
		}
		c, err := s.contentOf(q, m)
		to := s.queues[nameOf(t.Destination)]
		if t.Destination == "" {
			to = s.queues[nameOf(m.Source)]
		}
		if err != nil || to == nil {
			q.ready = append(q.ready, m.seq)
			t.Status, t.Failure = moveFailed, "the destination of a message does not exist"
			break
		}
		// Moved back, the message begins anew.
		m.Receives, m.First = 0, 0
		changes = append(changes, s.moveTo(q, to, m, c)...)
		t.Moved++
	}
	s.store.Enqueue(append(changes, t.saved())...)
	return t.Status != moveRunning
}

// CancelMove stops a task and returns how many messages it moved.
func (s *State) CancelMove(ctx context.Context, handle string) (int, error) {
	s.mu.Lock()
	t := s.tasks[handle]
	if t == nil || t.Status != moveRunning {
		s.mu.Unlock()
		return 0, noResource("Task does not exist or is not running.")
	}
	t.Status = moveCancelled
	t.stop()
	ticket := s.store.Enqueue(t.saved())
	moved := t.Moved
	s.mu.Unlock()
	return moved, ticket.Wait(ctx)
}

// moves lists the tasks of a source, the newest first.
func (s *State) moves(source string, limit int) ([]moveTask, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[nameOf(source)]; q == nil || q.arn != source {
		return nil, noResource("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	var found []moveTask
	for _, t := range s.tasks {
		if t.Source == source {
			found = append(found, *t)
		}
	}
	slices.SortFunc(found, func(a, b moveTask) int { return int(b.Started - a.Started) })
	return found[:min(len(found), limit)], nil
}

package sqs

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/service"
)

const (
	running    = "RUNNING"
	completed  = "COMPLETED"
	cancelling = "CANCELLING"
	cancelled  = "CANCELLED"
	failing    = "FAILED"

	keptMoves = 10 // finished tasks that a queue remembers
	movedBy   = 100
	maxRate   = 500
)

// move is one message move task, as it lies on disk.
type move struct {
	ID          string `json:"id"`
	Source      string `json:"source"`
	Destination string `json:"destination,omitempty"` // ARN; empty: each message's own source
	Rate        *int   `json:"rate,omitempty"`        // messages per second
	Status      string `json:"status"`
	Moved       int64  `json:"moved"`
	ToMove      int64  `json:"toMove"`
	Failure     string `json:"failure,omitempty"`
	Started     int64  `json:"started"` // Unix milliseconds
}

func (m *move) active() bool { return m.Status == running || m.Status == cancelling }

func (m *move) record() disk.Change {
	value, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and numbers only: cannot happen
	}
	return disk.Change{Bucket: bucketMoves, Key: []byte(m.ID), Value: value}
}

type moveHandle struct {
	Task   string `json:"taskId"`
	Source string `json:"sourceArn"`
}

func (m *move) handle() string {
	raw, err := json.Marshal(moveHandle{m.ID, m.Source})
	if err != nil {
		panic(err) // strings only: cannot happen
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (s *State) loadMoves() error {
	return s.store.Scan(bucketMoves, nil, func(key, value []byte) error {
		m := &move{}
		if err := json.Unmarshal(value, m); err != nil {
			return fmt.Errorf("sqs: move task %s on disk: %w", key, err)
		}
		s.moves[m.ID] = m
		return nil
	})
}

// StartMessageMoveTask moves the visible messages of a dead-letter queue, in the
// background. The moved ones are new messages: new id, no receives, new age.
func (s *State) StartMessageMoveTask(ctx context.Context, _ Caller, in StartMessageMoveTaskInput) (MoveTaskOutput, error) {
	if in.SourceArn == "" {
		return MoveTaskOutput{}, errMissing("SourceArn")
	}
	if rate := in.MaxNumberOfMessagesPerSecond; rate != nil && (*rate < 1 || *rate > maxRate) {
		return MoveTaskOutput{}, errValue("Value %d for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a value between 1 and %d.", *rate, maxRate)
	}
	s.mu.Lock()
	m, refused := s.newMove(in)
	if refused != nil {
		s.mu.Unlock()
		return MoveTaskOutput{}, refused
	}
	s.moves[m.ID] = m
	ticket := s.commit(append(s.forgetMoves(m.Source), m.record()))
	s.startMoving(m)
	s.mu.Unlock()
	return MoveTaskOutput{m.handle()}, wait(ctx, ticket)
}

func (s *State) newMove(in StartMessageMoveTaskInput) (*move, *Error) {
	source := s.queues[nameIn(s, in.SourceArn)]
	if source == nil {
		return nil, errNotFound("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	if len(s.sourcesOf(source)) == 0 {
		return nil, errValue("Source queue must be configured as a Dead Letter Queue.")
	}
	if in.DestinationArn != "" {
		target := s.queues[nameIn(s, in.DestinationArn)]
		switch {
		case target == nil:
			return nil, errNotFound("The resource that you specified for the DestinationArn parameter doesn't exist.")
		case target == source:
			return nil, errValue("Source queue arn and destination queue arn cannot be the same.")
		case target.settings.fifo != source.settings.fifo:
			return nil, errValue("Source queue and destination queue must be of the same type.")
		}
	}
	for _, other := range s.moves {
		if other.Source == source.arn && other.active() {
			return nil, errValue("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
		}
	}
	now := s.now()
	s.commit(s.advance(source, now.UnixNano()))
	return &move{
		ID: service.NewID(), Source: source.arn, Destination: in.DestinationArn, Rate: in.MaxNumberOfMessagesPerSecond,
		Status: running, ToMove: int64(source.counts.Visible), Started: now.UnixMilli(),
	}, nil
}

// nameIn is the queue's name in one of our own ARNs, "" in another.
func nameIn(s *State, arn string) string {
	if q := s.byARN(arn); q != nil && q.arn == arn {
		return q.name
	}
	return ""
}

// movesOf lists the tasks of a queue, the newest first.
func (s *State) movesOf(source string) []*move {
	var moves []*move
	for _, m := range s.moves {
		if m.Source == source {
			moves = append(moves, m)
		}
	}
	slices.SortFunc(moves, func(a, b *move) int {
		return cmp.Or(cmp.Compare(b.Started, a.Started), cmp.Compare(a.ID, b.ID))
	})
	return moves
}

func (s *State) forgetMoves(source string) []disk.Change {
	var changes []disk.Change
	for i, m := range s.movesOf(source) {
		if i >= keptMoves && !m.active() {
			delete(s.moves, m.ID)
			changes = append(changes, disk.Change{Bucket: bucketMoves, Key: []byte(m.ID)})
		}
	}
	return changes
}

// ListMessageMoveTasks gives the newest tasks of a dead-letter queue.
func (s *State) ListMessageMoveTasks(_ context.Context, _ Caller, in ListMessageMoveTasksInput) (ListMessageMoveTasksOutput, error) {
	most := 1
	if in.MaxResults != nil {
		most = *in.MaxResults
	}
	if in.SourceArn == "" {
		return ListMessageMoveTasksOutput{}, errMissing("SourceArn")
	}
	if most < 1 || most > keptMoves {
		return ListMessageMoveTasksOutput{}, errValue("Value %d for parameter MaxResults is invalid. Reason: You must enter a value between 1 and %d.", most, keptMoves)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if nameIn(s, in.SourceArn) == "" {
		return ListMessageMoveTasksOutput{}, errNotFound("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	var out ListMessageMoveTasksOutput
	for _, m := range s.movesOf(in.SourceArn) {
		if len(out.Results) == most {
			break
		}
		task := MoveTask{
			Status: m.Status, SourceArn: m.Source, DestinationArn: m.Destination, MaxNumberOfMessagesPerSecond: m.Rate,
			ApproximateNumberOfMessagesMoved: m.Moved, ApproximateNumberOfMessagesToMove: m.ToMove,
			FailureReason: m.Failure, StartedTimestamp: m.Started,
		}
		if m.Status == running {
			task.TaskHandle = m.handle()
		}
		out.Results = append(out.Results, task)
	}
	return out, nil
}

// CancelMessageMoveTask stops a running task; what it moved stays moved.
func (s *State) CancelMessageMoveTask(ctx context.Context, _ Caller, in CancelMessageMoveTaskInput) (CancelMessageMoveTaskOutput, error) {
	var handle moveHandle
	raw, err := base64.StdEncoding.DecodeString(in.TaskHandle)
	if err != nil || json.Unmarshal(raw, &handle) != nil || handle.Task == "" {
		return CancelMessageMoveTaskOutput{}, errValue("Value for parameter TaskHandle is invalid.")
	}
	s.mu.Lock()
	m := s.moves[handle.Task]
	var refused *Error
	switch {
	case nameIn(s, handle.Source) == "":
		refused = errNotFound("The resource that you specified for the SourceArn parameter doesn't exist.")
	case m == nil || m.Source != handle.Source:
		refused = errNotFound("Task does not exist.")
	case m.Status != running:
		refused = errBatch("UnsupportedOperation", "Only active tasks can be cancelled.")
	}
	if refused != nil {
		s.mu.Unlock()
		return CancelMessageMoveTaskOutput{}, refused
	}
	m.Status = cancelling
	moved := m.Moved
	ticket := s.commit([]disk.Change{m.record()})
	s.mu.Unlock()
	return CancelMessageMoveTaskOutput{moved}, wait(ctx, ticket)
}

// startMoving runs a task until it ends or the state is closed. The caller holds
// the lock.
func (s *State) startMoving(m *move) {
	if s.stopped {
		return
	}
	s.running.Go(func() {
		step, pause := movedBy, time.Duration(0)
		if m.Rate != nil {
			step = max(1, *m.Rate/10)
			pause = time.Second * time.Duration(step) / time.Duration(*m.Rate)
		}
		for {
			ticket, more := s.moveSome(m, step)
			if ticket.Wait(context.Background()) != nil || !more {
				return // a failed disk ends the machine; the task goes on with the next
			}
			select {
			case <-s.stop:
				return
			case <-time.After(pause):
			}
		}
	})
}

// moveSome moves up to n messages and says whether the task goes on.
func (s *State) moveSome(m *move, n int) (disk.Ticket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return disk.Ticket{}, false
	}
	source := s.queues[nameIn(s, m.Source)]
	if source == nil || m.Status == cancelling {
		if m.Status = cancelled; source == nil {
			m.Status, m.Failure = failing, legacy+"NonExistentQueue"
		}
		return s.commit([]disk.Change{m.record()}), false
	}
	now := s.now().UnixNano()
	changes := s.advance(source, now)
	messages := source.shelf.take(n)
	for i, letter := range messages {
		target, reason := s.destination(m, letter)
		if target == nil {
			m.Status, m.Failure = failing, reason
			for _, rest := range messages[i:] { // back to where they were taken from
				source.lift(rest, true)
				source.settle(rest, now)
			}
			break
		}
		fresh := s.carry(letter)
		fresh.id, fresh.sent = service.RandomID(), now
		fresh.receives, fresh.before, fresh.firstAt = 0, 0, 0
		changes = s.settleIn(letter, fresh, target, now, changes)
		m.Moved++
	}
	m.ToMove = max(m.ToMove, m.Moved)
	if len(messages) == 0 {
		m.Status = completed
	}
	ticket := s.commit(append(changes, m.record()))
	source.ring(s)
	return ticket, m.Status == running
}

// destination is where a task takes a message, or why there is no such place.
func (s *State) destination(m *move, letter *message) (*queue, string) {
	arn := m.Destination
	if arn == "" {
		arn = letter.source
	}
	if arn == "" {
		return nil, "CouldNotDetermineMessageSource"
	}
	if target := s.queues[nameIn(s, arn)]; target != nil {
		return target, ""
	}
	return nil, legacy + "NonExistentQueue"
}

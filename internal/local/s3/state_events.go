package s3

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/service"
)

// Kinds of events.
const (
	ObjectCreated = "Object Created"
	ObjectDeleted = "Object Deleted"
)

// Events hears of objects that were written and removed.
type Events interface {
	// Wants tells whether anybody wants to hear of the event. It is asked for
	// every object before the event has its id, time and sequencer, and must be
	// quick.
	Wants(Event) bool
	// Tell takes an event; nil means that it is durable there. It is called
	// again with the same event after an error, and may be after a crash.
	Tell(ctx context.Context, e Event) error
}

// Event says that an object was written or removed.
type Event struct {
	ID     string    `json:"id"`
	Type   string    `json:"type"` // ObjectCreated or ObjectDeleted
	Time   time.Time `json:"time"`
	Bucket string    `json:"bucket"`
	Key    string    `json:"key"`
	Size   int64     `json:"size,omitempty"` // bytes; not of a removal
	ETag   string    `json:"etag,omitempty"` // without quotes; not of a removal
	// Sequencer orders the events of one key: 16 hex digits.
	Sequencer string `json:"sequencer"`
	RequestID string `json:"requestId"`
	Requester string `json:"requester"` // an account
	SourceIP  string `json:"sourceIp"`
	// Reason is the operation: PutObject, CopyObject, CompleteMultipartUpload,
	// DeleteObject.
	Reason string `json:"reason"`
	// DeletionType is "Permanently Deleted" for a removal.
	DeletionType string `json:"deletionType,omitempty"`
}

// Detail is the event's detail as S3 sends it to EventBridge, decoded with numbers
// as json.Number: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
func (e Event) Detail() map[string]any {
	object := map[string]any{"key": e.Key, "sequencer": e.Sequencer}
	if e.ETag != "" {
		object["etag"] = e.ETag
	}
	detail := map[string]any{
		"version": "0", "bucket": map[string]any{"name": e.Bucket}, "object": object,
		"request-id": e.RequestID, "requester": e.Requester, "source-ip-address": e.SourceIP, "reason": e.Reason,
	}
	if e.Type == ObjectCreated {
		object["size"] = json.Number(strconv.FormatInt(e.Size, 10))
	}
	if e.DeletionType != "" {
		detail["deletion-type"] = e.DeletionType
	}
	return detail
}

// pendingEvent is an event until it was taken.
type pendingEvent struct {
	Event
	key []byte
}

// wanted makes a pending event, or nil if nobody wants it.
func (s *State) wanted(e Event, by Origin) *pendingEvent {
	if s.cfg.Events == nil || !s.tells(e.Bucket) {
		return nil
	}
	e.RequestID, e.SourceIP, e.Requester = by.RequestID, by.SourceIP, s.cfg.Account
	if !s.cfg.Events.Wants(e) {
		return nil
	}
	return &pendingEvent{Event: e}
}

// complete gives the event what only the write itself knows, and is its record.
func (p *pendingEvent) complete(sequence uint64, now time.Time) disk.Change {
	p.ID, p.Time, p.Sequencer = service.NewID(), now.UTC(), fmt.Sprintf("%016X", sequence)
	p.key = binary.BigEndian.AppendUint64(nil, sequence)
	return record(bucketEvents, p.key, p.Event)
}

func (s *State) loadEvent(key, value []byte) error {
	p := &pendingEvent{key: append([]byte{}, key...)}
	if err := json.Unmarshal(value, &p.Event); err != nil {
		return err
	}
	if len(key) == 8 {
		s.sequence = max(s.sequence, binary.BigEndian.Uint64(key))
	}
	s.outbox.add(p)
	return nil
}

// outbox holds the durable events that were not taken yet.
type outbox struct {
	mu      sync.Mutex
	waiting []*pendingEvent
	wake    chan struct{}
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

func (o *outbox) add(events ...*pendingEvent) {
	if len(events) == 0 || events[0] == nil {
		return
	}
	o.mu.Lock()
	o.waiting = append(o.waiting, events...)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) take(most int) []*pendingEvent {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(most, len(o.waiting))
	taken := o.waiting[:n:n]
	o.waiting = o.waiting[n:]
	return taken
}

// How events are told: so many at once, and after a failure again with a pause
// that doubles.
const (
	tellAtOnce = 16
	pauseFirst = 50 * time.Millisecond
	pauseMost  = 5 * time.Second
)

// Run tells the events, those that a crash left over first, until ctx ends (nil)
// or the store fails.
func (s *State) Run(ctx context.Context) error {
	if s.cfg.Events == nil {
		<-ctx.Done()
		return nil
	}
	pause := pauseFirst
	for {
		if taken := s.outbox.take(tellAtOnce); len(taken) > 0 {
			left := s.tell(ctx, taken)
			if len(left) == 0 {
				pause = pauseFirst
				continue
			}
			s.outbox.add(left...)
			if !sleep(ctx, pause) {
				return nil
			}
			pause = min(2*pause, pauseMost)
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.store.Failed():
			return fmt.Errorf("s3: %w", s.store.Err())
		case <-s.outbox.wake:
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// tell tells events side by side and answers those that were not taken.
func (s *State) tell(ctx context.Context, events []*pendingEvent) []*pendingEvent {
	errs := make([]error, len(events))
	var all sync.WaitGroup
	for i, p := range events {
		all.Go(func() { errs[i] = s.cfg.Events.Tell(ctx, p.Event) })
	}
	all.Wait()
	var left []*pendingEvent
	var taken []disk.Change
	for i, p := range events {
		if errs[i] != nil {
			s.cfg.Log.Warn("s3: an event was not taken and will be told again", "event", p.ID, "error", errs[i].Error())
			left = append(left, p)
			continue
		}
		taken = append(taken, disk.Change{Bucket: bucketEvents, Key: p.key})
	}
	if len(taken) > 0 {
		// Nobody waits: were the removal lost, the event would come twice, with one id.
		s.store.Enqueue(taken...)
	}
	return left
}

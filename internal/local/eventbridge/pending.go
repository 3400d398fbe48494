package eventbridge

import (
	"container/heap"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// pending is a delivery that failed and is to be tried again, as it lies on
// disk.
type pending struct {
	RuleARN     string    `json:"rule"`
	TargetARN   string    `json:"target"`
	DeadLetter  string    `json:"deadLetter,omitempty"`
	Body        string    `json:"body"`
	Event       string    `json:"event,omitempty"` // when the body is not the event itself
	GroupID     string    `json:"groupId,omitempty"`
	Trace       string    `json:"trace,omitempty"`
	Since       time.Time `json:"since"`
	Next        time.Time `json:"next"`
	Retries     int       `json:"retries"` // to the target
	MostRetries int       `json:"mostRetries"`
	MostSeconds int       `json:"mostSeconds"`
	// What the newest failure was, for the dead letter.
	Code      string `json:"code,omitempty"`
	Message   string `json:"message,omitempty"`
	Exhausted string `json:"exhausted,omitempty"`
	// Dead says that the event is on its way to the dead-letter queue; Attempts
	// counts the tries there.
	Dead     bool `json:"dead,omitempty"`
	Attempts int  `json:"attempts,omitempty"`

	sequence uint64
}

func newPending(f failure, now time.Time) *pending {
	k := f.sink
	p := &pending{
		RuleARN: k.rule.arn, TargetARN: k.target.ARN, DeadLetter: k.deadLetter, Body: string(f.body),
		GroupID: k.groupID, Trace: f.event.trace, Since: now.UTC(), MostRetries: k.retries, MostSeconds: k.ageSeconds,
	}
	if event := string(f.event.body); event != p.Body {
		p.Event = event
	}
	return p
}

func (p *pending) key() []byte {
	return binary.BigEndian.AppendUint64(nil, p.sequence)
}

// delivery is the next try: to the target, or the event itself to the
// dead-letter queue with the attributes that AWS gives it.
func (p *pending) delivery() Delivery {
	if !p.Dead {
		return Delivery{TargetARN: p.TargetARN, Body: []byte(p.Body), MessageGroupID: p.GroupID, TraceHeader: p.Trace}
	}
	event := p.Event
	if event == "" {
		event = p.Body
	}
	attributes := map[string]string{
		"RULE_ARN": p.RuleARN, "TARGET_ARN": p.TargetARN, "ERROR_CODE": p.Code, "ERROR_MESSAGE": p.Message,
	}
	if p.Message == "" { // a queue takes no empty attribute
		attributes["ERROR_MESSAGE"] = p.Code
	}
	if p.Exhausted != "" {
		attributes["EXHAUSTED_RETRY_CONDITION"] = p.Exhausted
		attributes["RETRY_ATTEMPTS"] = strconv.Itoa(p.Retries)
	}
	return Delivery{TargetARN: p.DeadLetter, Body: []byte(event), TraceHeader: p.Trace, Attributes: attributes}
}

// pendings is when to try which pending delivery; the deliveries themselves
// lie on disk.
type pendings struct {
	mu   sync.Mutex
	heap byTime
	last uint64
	wake chan struct{}
}

type scheduled struct {
	next     time.Time
	sequence uint64
}

type byTime []scheduled

func (h byTime) Len() int           { return len(h) }
func (h byTime) Less(i, j int) bool { return h[i].next.Before(h[j].next) }
func (h byTime) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byTime) Push(x any)        { *h = append(*h, x.(scheduled)) }
func (h *byTime) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func newPendings() *pendings {
	return &pendings{wake: make(chan struct{}, 1)}
}

// next is a new sequence number.
func (p *pendings) next() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	return p.last
}

func (p *pendings) add(sequence uint64, next time.Time) {
	p.mu.Lock()
	heap.Push(&p.heap, scheduled{next, sequence})
	p.last = max(p.last, sequence)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// due takes up to most deliveries whose time has come, or tells how long it is
// until the next.
func (p *pendings) due(now time.Time, most int) (sequences []uint64, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.heap) > 0 && len(sequences) < most && !p.heap[0].next.After(now) {
		sequences = append(sequences, heap.Pop(&p.heap).(scheduled).sequence)
	}
	if len(p.heap) == 0 {
		return sequences, time.Hour
	}
	return sequences, p.heap[0].next.Sub(now)
}

// Pending is how many deliveries wait for a retry or for their dead-letter
// queue.
func (s *State) Pending() int {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	return len(s.pending.heap)
}

func (s *State) loadPending() error {
	return s.store.Scan(bucketPending, nil, func(key, value []byte) error {
		var p struct{ Next time.Time }
		if len(key) != 8 {
			return fmt.Errorf("record %x: not a sequence number", key)
		}
		if err := json.Unmarshal(value, &p); err != nil {
			return fmt.Errorf("record %x: %w", key, err)
		}
		s.pending.add(binary.BigEndian.Uint64(key), p.Next)
		return nil
	})
}

func (s *State) readPending(sequence uint64) (*pending, error) {
	p := &pending{sequence: sequence}
	value, found, err := s.store.Get(bucketPending, p.key())
	if err != nil {
		return nil, fmt.Errorf("eventbridge: read pending delivery %d: %w", sequence, err)
	}
	if !found {
		return nil, nil
	}
	if err := json.Unmarshal(value, p); err != nil {
		return nil, fmt.Errorf("eventbridge: read pending delivery %d: %w", sequence, err)
	}
	return p, nil
}

package sqs

import (
	"container/heap"
	"encoding/json"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Limits of a queue's attributes: least, most and default.
var numbers = map[string][3]int{
	"DelaySeconds":                  {0, 900, 0},
	"MaximumMessageSize":            {1024, maxBytes, maxBytes},
	"MessageRetentionPeriod":        {60, 1_209_600, 345_600},
	"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
	"VisibilityTimeout":             {0, maxVisibility, 30},
}

const (
	maxBytes      = 1 << 20 // of a message, and of all messages of a batch
	maxVisibility = 43_200  // seconds, from the receive
)

// texts are the attributes that are kept as they are given; KMS and SSE ones
// change nothing here.
var texts = []string{"Policy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled", "RedrivePolicy", "RedriveAllowPolicy"}

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// definition is what is stored of a queue.
type definition struct {
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes"`
	Tags       map[string]string `json:"tags,omitempty"`
	Created    int64             `json:"created"`  // ms
	Modified   int64             `json:"modified"` // ms
}

// redrive is a RedrivePolicy.
type redrive struct {
	DeadLetterTargetARN string `json:"deadLetterTargetArn"`
	MaxReceiveCount     number `json:"maxReceiveCount"`
}

// redriveAllow is a RedriveAllowPolicy.
type redriveAllow struct {
	RedrivePermission string   `json:"redrivePermission"`
	SourceQueueARNs   []string `json:"sourceQueueArns"`
}

// number is an integer that clients also send as a string.
type number int

// UnmarshalJSON takes 3 and "3".
func (n *number) UnmarshalJSON(raw []byte) error {
	i, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	*n = number(i)
	return err
}

// queue is a queue with the index of its messages.
type queue struct {
	definition
	arn string
	redrive
	allow redriveAllow

	messages map[uint64]*message
	ready    []uint64 // in the order they became visible; may name what is gone
	hidden   hiddenHeap
	counts   [3]int // by place
	next     uint64
	purged   time.Time
	// wake is closed when a message becomes visible.
	wake chan struct{}
}

func newQueue(d definition, arn string) *queue {
	q := &queue{definition: d, arn: arn, messages: map[uint64]*message{}, next: 1, wake: make(chan struct{})}
	q.readPolicies()
	return q
}

func (q *queue) readPolicies() {
	q.redrive, q.allow = redrive{}, redriveAllow{}
	_ = json.Unmarshal([]byte(q.Attributes["RedrivePolicy"]), &q.redrive)
	_ = json.Unmarshal([]byte(q.Attributes["RedriveAllowPolicy"]), &q.allow)
}

// number is the value of a numeric attribute.
func (q *queue) number(name string) int {
	if n, err := strconv.Atoi(q.Attributes[name]); err == nil {
		return n
	}
	return numbers[name][2]
}

func (q *queue) seconds(name string) time.Duration {
	return time.Duration(q.number(name)) * time.Second
}

// checkAttributes validates attributes that are to be set and returns them
// normalised; an empty value removes an attribute.
func checkAttributes(set map[string]string) (map[string]string, *Error) {
	checked := maps.Clone(set)
	for name, value := range set {
		if limits, isNumber := numbers[name]; isNumber {
			n, err := strconv.Atoi(value)
			if err != nil || n < limits[0] || n > limits[1] {
				return nil, badAttribute(name)
			}
			continue
		}
		if err := checkText(name, value); err != nil {
			return nil, err
		}
	}
	return checked, nil
}

func checkText(name, value string) *Error {
	switch name {
	case "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit":
		if name == "FifoQueue" && value == "false" {
			return nil
		}
		return &Error{"InvalidAttributeName", "InvalidAttributeName", "FIFO queues are not offered by the local machine."}
	case "RedrivePolicy":
		var r redrive
		if value != "" && (json.Unmarshal([]byte(value), &r) != nil || r.DeadLetterTargetARN == "" || r.MaxReceiveCount < 1 || r.MaxReceiveCount > 1000) {
			return badAttribute(name)
		}
		return nil
	case "RedriveAllowPolicy":
		var a redriveAllow
		if value != "" && (json.Unmarshal([]byte(value), &a) != nil || (a.RedrivePermission == "byQueue") != (len(a.SourceQueueARNs) > 0) || len(a.SourceQueueARNs) > 10) {
			return badAttribute(name)
		}
		return nil
	case "Policy":
		if value != "" && !json.Valid([]byte(value)) {
			return badAttribute(name)
		}
		return nil
	}
	for _, known := range texts {
		if name == known {
			return nil
		}
	}
	return unknownAttribute(name)
}

// allows tells whether the queue lets another be its source in redrive.
func (a redriveAllow) allows(source string) bool {
	switch a.RedrivePermission {
	case "denyAll":
		return false
	case "byQueue":
		for _, arn := range a.SourceQueueARNs {
			if arn == source {
				return true
			}
		}
		return false
	}
	return true
}

// place says where a message is.
type place int8

const (
	visible  place = iota // may be received
	inFlight              // received, and hidden until its visibility timeout ends
	delayed               // sent, and hidden until its delay ends
)

// put files a message under its place; at is when it comes back.
func (q *queue) put(m *message, now int64) {
	m.version++
	if m.VisibleAt > now {
		m.place = inFlight
		if m.Receives == 0 {
			m.place = delayed
		}
		heap.Push(&q.hidden, hiddenMessage{m.VisibleAt, m.seq, m.version})
	} else {
		m.place = visible
		q.ready = append(q.ready, m.seq)
		q.rouse()
	}
	q.counts[m.place]++
}

// take removes a message from its place, not from the queue.
func (q *queue) take(m *message) { q.counts[m.place]-- }

// drop removes a message from the queue.
func (q *queue) drop(m *message) {
	q.take(m)
	delete(q.messages, m.seq)
}

// rouse wakes whoever waits for a message.
func (q *queue) rouse() {
	close(q.wake)
	q.wake = make(chan struct{})
}

// promote makes visible what has waited long enough.
func (q *queue) promote(now int64) {
	for len(q.hidden) > 0 && q.hidden[0].at <= now {
		h := heap.Pop(&q.hidden).(hiddenMessage)
		if m := q.messages[h.seq]; m != nil && m.version == h.version && m.place != visible {
			q.take(m)
			q.put(m, now)
		}
	}
}

// comesBack is when the next hidden message becomes visible, 0 if none will.
func (q *queue) comesBack() int64 {
	for len(q.hidden) > 0 {
		if m := q.messages[q.hidden[0].seq]; m != nil && m.version == q.hidden[0].version {
			return q.hidden[0].at
		}
		heap.Pop(&q.hidden)
	}
	return 0
}

// pop takes the next visible message out of the ready list, nil if there is
// none. Messages that are past their retention are given with old.
func (q *queue) pop() *message {
	for len(q.ready) > 0 {
		seq := q.ready[0]
		q.ready = q.ready[1:]
		if m := q.messages[seq]; m != nil && m.place == visible {
			return m
		}
	}
	q.ready = nil
	return nil
}

type hiddenMessage struct {
	at      int64
	seq     uint64
	version uint32
}

// hiddenHeap is a heap of hidden messages by the time they come back. Entries of
// an older version of their message are stale.
type hiddenHeap []hiddenMessage

func (h hiddenHeap) Len() int           { return len(h) }
func (h hiddenHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h hiddenHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *hiddenHeap) Push(x any)        { *h = append(*h, x.(hiddenMessage)) }

// Pop implements heap.Interface.
func (h *hiddenHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

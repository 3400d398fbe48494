package sqs

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"sluice/internal/local/disk"
)

// Outgoing is a message to be sent.
type Outgoing struct {
	Body       string
	Attributes map[string]Attribute
	// Trace is the AWSTraceHeader.
	Trace string
	// Group is the message group id.
	Group string
	// Delay hides the message for a while, up to 15 minutes; nil is the queue's.
	Delay *int
	// Sender is the access key that sends.
	Sender string
}

// Sent says what was sent.
type Sent struct {
	ID            string
	BodyMD5       string
	AttributesMD5 string
}

// Addressed is a message and the queue it goes to.
type Addressed struct {
	// Queue is a URL, an ARN or a name.
	Queue string
	Outgoing
}

// SendAll sends messages to any queues in one step on the disk. It returns one
// result and one error per message: an [*Error] if that message is wrong, or the
// disk's error for all that were accepted.
func (s *State) SendAll(ctx context.Context, all []Addressed) ([]Sent, []error) {
	sent, errs := make([]Sent, len(all)), make([]error, len(all))
	var changes []disk.Change
	s.mu.Lock()
	for i, a := range all {
		q, bad := s.find(a.Queue)
		if bad == nil {
			bad = a.check(q)
		}
		if bad != nil {
			errs[i] = bad
			continue
		}
		changes = append(changes, s.accept(q, a.Outgoing, &sent[i])...)
	}
	var ticket disk.Ticket
	if len(changes) > 0 {
		ticket = s.store.Enqueue(changes...)
	}
	s.mu.Unlock()
	if err := ticket.Wait(ctx); err != nil {
		for i := range errs {
			if errs[i] == nil {
				errs[i] = err
			}
		}
	}
	return sent, errs
}

func (o Outgoing) content() content {
	return content{Body: o.Body, Attributes: o.Attributes, Trace: o.Trace, Group: o.Group, Sender: o.Sender}
}

func (o Outgoing) check(q *queue) *Error {
	if o.Delay != nil && (*o.Delay < 0 || *o.Delay > numbers["DelaySeconds"][1]) {
		return invalidParameter("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", *o.Delay)
	}
	return o.content().check(q.number("MaximumMessageSize"))
}

// accept puts a message into the queue. Callers hold the lock.
func (s *State) accept(q *queue, o Outgoing, sent *Sent) []disk.Change {
	now := s.ms()
	delay := q.seconds("DelaySeconds")
	if o.Delay != nil {
		delay = time.Duration(*o.Delay) * time.Second
	}
	m := &message{ID: newID(), Sent: now, VisibleAt: now + delay.Milliseconds(), seq: q.next}
	q.next++
	c := o.content()
	raw, _ := json.Marshal(c) // strings and bytes
	q.messages[m.seq] = m
	q.put(m, now)
	*sent = Sent{ID: m.ID, BodyMD5: md5Hex(c.Body), AttributesMD5: attributesMD5(c.Attributes)}
	return []disk.Change{{Bucket: contentsOf(q.Name), Key: key(m.seq), Value: raw}, m.saved(q.Name)}
}

// newID is a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

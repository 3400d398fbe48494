package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/service"
)

const repeatWindow = 5 * time.Minute

// SendMessage puts one message into a queue.
func (s *State) SendMessage(ctx context.Context, _ Caller, in SendMessageInput) (SentMessage, error) {
	in.ID = ""
	o, refused := prepare(in.Entry)
	if refused != nil {
		return SentMessage{}, refused
	}
	s.mu.Lock()
	q, refused := s.byURL(in.QueueURL)
	if refused == nil {
		refused = o.fits(q, "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.")
	}
	if refused == nil {
		refused = o.suits(q)
	}
	if refused != nil {
		s.mu.Unlock()
		return SentMessage{}, refused
	}
	now := s.now().UnixNano()
	changes := s.advance(q, now)
	sent, changes := s.accept(q, o, now, changes)
	ticket := s.commit(changes)
	q.ring(s)
	s.mu.Unlock()
	return sent, wait(ctx, ticket)
}

// SendMessageBatch puts up to ten messages into a queue as one group on disk.
func (s *State) SendMessageBatch(ctx context.Context, _ Caller, in SendMessageBatchInput) (SendMessageBatchOutput, error) {
	out := SendMessageBatchOutput{Successful: []SentMessage{}, Failed: []FailedEntry{}}
	if refused := checkBatch(in.QueueURL, in.Entries, func(e Entry) string { return e.ID }); refused != nil {
		return out, refused
	}
	prepared := make([]*outgoing, len(in.Entries))
	refusals := make([]*Error, len(in.Entries))
	total := 0
	for i, e := range in.Entries {
		if prepared[i], refusals[i] = prepare(e); refusals[i] == nil {
			total += prepared[i].size
		} else {
			total += len(e.MessageBody)
		}
	}
	if total > maxBatchBytes {
		return out, errBatch("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxBatchBytes, total)
	}
	s.mu.Lock()
	q, refused := s.byURL(in.QueueURL)
	if refused == nil {
		refused = suitAll(q, prepared)
	}
	if refused != nil {
		s.mu.Unlock()
		return out, refused
	}
	now := s.now().UnixNano()
	changes := s.advance(q, now)
	for i, o := range prepared {
		if refusals[i] == nil {
			refusals[i] = o.fits(q, "One or more parameters cannot be validated. Reason: Message must be shorter than %d bytes.")
		}
		if refusals[i] != nil {
			out.Failed = append(out.Failed, failed(in.Entries[i].ID, refusals[i]))
			continue
		}
		var sent SentMessage
		sent, changes = s.accept(q, o, now, changes)
		out.Successful = append(out.Successful, sent)
	}
	ticket := s.commit(changes)
	q.ring(s)
	s.mu.Unlock()
	return out, wait(ctx, ticket)
}

// suitAll refuses a whole batch for one message that does not suit the queue.
func suitAll(q *queue, prepared []*outgoing) *Error {
	for _, o := range prepared {
		if o == nil {
			continue
		}
		if refused := o.suits(q); refused != nil {
			if refused.Legacy == "MissingParameter" { // in a batch AWS has another code for it
				return errValue("%s", refused.Message)
			}
			return refused
		}
	}
	return nil
}

func (o *outgoing) fits(q *queue, format string) *Error {
	if o.size > q.settings.maxSize {
		return errValue(format, q.settings.maxSize)
	}
	return nil
}

// suits checks what a FIFO queue demands and a standard queue cannot take.
func (o *outgoing) suits(q *queue) *Error {
	e := o.entry
	if !q.settings.fifo {
		if e.MessageDeduplicationID != nil {
			return errValue("Value %s for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type.", *e.MessageDeduplicationID)
		}
		return nil
	}
	switch {
	case e.MessageGroupID == nil:
		return errMissing("MessageGroupId")
	case e.MessageDeduplicationID == nil && !q.settings.contentDeduplication:
		return errValue("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	case e.DelaySeconds != nil && *e.DelaySeconds > 0:
		return errValue("Value %d for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.", *e.DelaySeconds)
	}
	return nil
}

// accept takes a message into its queue's memory and says what the disk must
// learn. The caller holds the lock.
func (s *State) accept(q *queue, o *outgoing, now int64, changes []disk.Change) (SentMessage, []disk.Change) {
	sent := o.sent
	delay := q.settings.delay
	if o.entry.DelaySeconds != nil && !q.settings.fifo {
		delay = time.Duration(*o.entry.DelaySeconds) * time.Second
	}
	m := &message{size: int32(o.size), sent: now, visibleAt: now + int64(delay)}
	if o.entry.MessageGroupID != nil {
		m.group = *o.entry.MessageGroupID
	}
	if q.settings.fifo {
		key, id := o.repeatKey(q)
		o.content.DeduplicationID = id
		earlier, found, forgotten := q.repeats.find(q, key, now)
		changes = append(changes, forgotten...)
		if found {
			sent.MessageID, sent.SequenceNumber = service.FormatID(earlier.id), fmt.Sprintf("%020d", earlier.number)
			return sent, changes
		}
		m.number, m.id = s.next(), service.RandomID()
		repeat := repeat{id: m.id, number: m.number, expires: now + int64(repeatWindow)}
		q.repeats.add(key, repeat)
		changes = append(changes, repeat.record(q, key))
		sent.SequenceNumber = m.sequenceNumber()
	} else {
		m.number, m.id = s.next(), service.RandomID()
	}
	m.order = m.number
	sent.MessageID = m.messageID()
	s.messages[m.number] = m
	q.enter(m, now)
	return sent, append(changes, m.record(),
		disk.Change{Bucket: bucketBodies, Key: numberKey(m.number), Value: o.content.encode()})
}

// repeatKey is what makes a message to a FIFO queue the same as an earlier one.
func (o *outgoing) repeatKey(q *queue) (key, id string) {
	if o.entry.MessageDeduplicationID != nil {
		id = *o.entry.MessageDeduplicationID
	} else {
		sum := sha256.Sum256([]byte(o.content.Body))
		id = hex.EncodeToString(sum[:])
	}
	if q.settings.deduplicationByGroup {
		return *o.entry.MessageGroupID + "\x00" + id, id
	}
	return "\x00" + id, id
}

func failed(id string, refused *Error) FailedEntry {
	return FailedEntry{ID: id, SenderFault: refused.Status < 500, Code: refused.Legacy, Message: refused.Message}
}

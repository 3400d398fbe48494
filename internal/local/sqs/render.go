package sqs

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// wanted is which attributes a receive asked for.
type wanted struct {
	system []string // names, or All
	named  []string // names, All, .*, or prefix.*
}

var systemAttributes = []string{
	"All", "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SequenceNumber",
	"MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn",
}

func newWanted(in ReceiveMessageInput) (wanted, *Error) {
	w := wanted{system: slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames), named: in.MessageAttributeNames}
	for _, name := range w.system {
		// Queue attributes were once allowed here and are passed over.
		if !slices.Contains(systemAttributes, name) && !slices.Contains(counted, name) && !slices.Contains(settable, name) {
			return w, errAttributeName("Unknown Attribute %s.", name)
		}
	}
	for _, check := range []struct {
		value        *int
		least, most  int
		name, reason string
	}{
		{in.MaxNumberOfMessages, 1, maxReceive, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."},
		{in.WaitTimeSeconds, 0, maxWait, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."},
		{in.VisibilityTimeout, 0, maxVisibility, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided."},
	} {
		if check.value != nil && (*check.value < check.least || *check.value > check.most) {
			return w, errValue("Value %d for parameter %s is invalid. Reason: %s", *check.value, check.name, check.reason)
		}
	}
	return w, nil
}

// render reads a message's content and picks what was asked for. It is not
// found if it was deleted in the meantime.
func (s *State) render(d delivery, want wanted) (ReceivedMessage, bool, error) {
	value, found, err := s.store.Get(bucketBodies, numberKey(d.message.number))
	if err != nil || !found {
		return ReceivedMessage{}, false, err
	}
	c, err := parseContent(value)
	if err != nil {
		return ReceivedMessage{}, false, fmt.Errorf("message %s: %w", d.message.messageID(), err)
	}
	out := ReceivedMessage{
		MessageID: d.message.messageID(), ReceiptHandle: d.receipt,
		MD5OfBody: hex.EncodeToString(c.BodyMD5[:]), Body: c.Body,
		Attributes: want.pickSystem(d, c),
	}
	for name, a := range c.Attributes {
		if want.picks(name) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]Attribute{}
			}
			out.MessageAttributes[name] = a
		}
	}
	out.MD5OfMessageAttributes = attributesMD5(out.MessageAttributes)
	return out, true, nil
}

func (w wanted) pickSystem(d delivery, c content) map[string]string {
	m := &d.message
	all := slices.Contains(w.system, "All")
	var picked map[string]string
	pick := func(name, value string) {
		if value == "" || !all && !slices.Contains(w.system, name) {
			return
		}
		if picked == nil {
			picked = map[string]string{}
		}
		picked[name] = value
	}
	milliseconds := func(moment int64) string { return strconv.FormatInt(moment/1e6, 10) }
	pick("SenderId", c.Sender)
	pick("SentTimestamp", milliseconds(m.sent))
	pick("ApproximateReceiveCount", strconv.FormatUint(uint64(m.receives), 10))
	pick("ApproximateFirstReceiveTimestamp", milliseconds(m.firstAt))
	pick("MessageGroupId", m.group)
	pick("MessageDeduplicationId", c.DeduplicationID)
	pick("AWSTraceHeader", c.TraceHeader)
	pick("DeadLetterQueueSourceArn", m.source)
	if d.fifo {
		pick("SequenceNumber", m.sequenceNumber())
	}
	return picked
}

func (w wanted) picks(name string) bool {
	for _, pattern := range w.named {
		if pattern == "All" || pattern == ".*" || pattern == name {
			return true
		}
		if prefix, ok := strings.CutSuffix(pattern, ".*"); ok && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

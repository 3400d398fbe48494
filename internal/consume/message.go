package consume

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"

	"sluice/events"
	"sluice/internal/telemetry"
)

// Message is one message of a queue.
type Message struct {
	// ID is SQS's message id; it stays the same however often it is received.
	ID string
	// Queue is the queue's name, QueueARN its ARN.
	Queue    string
	QueueARN string
	Body     []byte
	// Record is the EventBridge event in the body. It is empty where the body is
	// none, which only a handler with Options.Anything gets to see.
	Record events.Record
	// Receives counts how often the message was received, this time included.
	Receives int
	// Sent is when it came into the queue.
	Sent time.Time
	// Attributes are the message attributes of type String.
	Attributes map[string]string

	receipt string
	// trace is the X-Ray header that came with it.
	trace string
	span  *telemetry.Span
	// token is whom the outcome is told, if a workflow waits for it.
	token string
	said  *note
}

func messageOf(m awsevents.SQSMessage) Message {
	receives, _ := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	sent, _ := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	attributes := map[string]string{}
	for name, value := range m.MessageAttributes {
		if value.StringValue != nil {
			attributes[name] = *value.StringValue
		}
	}
	return Message{
		ID: m.MessageId, Queue: events.QueueOfARN(m.EventSourceARN), QueueARN: m.EventSourceARN, Body: []byte(m.Body), Receives: max(receives, 1),
		Sent: time.UnixMilli(sent).UTC(), Attributes: attributes, receipt: m.ReceiptHandle, said: &note{},
		trace: m.Attributes["AWSTraceHeader"],
	}
}

// source peeks at what log lines are found by. An id that is not one of ours in
// form is left out: it could be anything.
func (m Message) source() telemetry.Source {
	said := peek(m.Record.Detail)
	source := telemetry.Source{IDs: telemetry.IDs{Event: m.Record.DetailType}, MessageID: m.ID, Sent: m.Sent, Receives: m.Receives, Trace: m.trace}
	source.EventID, source.RequestID, source.CorrelationID = orNone(said.ID), orNone(said.RequestID), orNone(said.CorrelationID)
	return source
}

func orNone(id string) string {
	if events.ValidRequestID(id) {
		return id
	}
	return ""
}

// named is what a detail says of its names.
type named struct {
	ID            string `json:"id"`
	RequestID     string `json:"requestId"`
	CorrelationID string `json:"correlationId"`
}

// peek reads the names of a detail. Our own events begin with them, so that the
// rest, which may be long, is mostly not looked at.
func peek(detail []byte) named {
	if n, found := atTheBeginning(detail); found {
		return n
	}
	var n named
	_ = json.Unmarshal(detail, &n)
	return n
}

// atTheBeginning reads the strings that an object begins with, and tells whether
// all names are among them.
func atTheBeginning(rest []byte) (n named, found bool) {
	for mark := byte('{'); ; mark = ',' {
		if len(rest) == 0 || rest[0] != mark {
			return n, false
		}
		key, after, ok := plainString(rest[1:])
		if !ok || len(after) == 0 || after[0] != ':' {
			return n, false
		}
		value, after, ok := plainString(after[1:])
		if !ok {
			return n, false
		}
		switch string(key) {
		case "id":
			n.ID = string(value)
		case "requestId":
			n.RequestID = string(value)
		case "correlationId":
			n.CorrelationID = string(value)
		}
		if n.ID != "" && n.RequestID != "" && n.CorrelationID != "" {
			return n, true
		}
		rest = after
	}
}

// plainString cuts a string without escapes off the beginning.
func plainString(in []byte) (text, after []byte, ok bool) {
	if len(in) == 0 || in[0] != '"' {
		return nil, nil, false
	}
	end := bytes.IndexByte(in[1:], '"') + 1
	if end == 0 || bytes.IndexByte(in[1:end], '\\') >= 0 {
		return nil, nil, false
	}
	return in[1:end], in[end+1:], true
}

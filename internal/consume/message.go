package consume

import (
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
		Sent: time.UnixMilli(sent).UTC(), Attributes: attributes, receipt: m.ReceiptHandle,
	}
}

// ids peeks at what log lines are found by. An id that is not one of ours in
// form is left out: it could be anything.
func (m Message) ids() telemetry.IDs {
	var detail struct {
		RequestID     string `json:"requestId"`
		CorrelationID string `json:"correlationId"`
	}
	_ = json.Unmarshal(m.Record.Detail, &detail)
	ids := telemetry.IDs{Event: m.Record.DetailType}
	if events.ValidRequestID(detail.RequestID) {
		ids.RequestID = detail.RequestID
	}
	if events.ValidRequestID(detail.CorrelationID) {
		ids.CorrelationID = detail.CorrelationID
	}
	return ids
}

package lambdahost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// The event that Lambda makes of a batch; one record for each message.
const (
	eventHead = `{"Records":[`
	eventTail = `]}`
)

// message is a received message and its record in the event.
type message struct {
	id, receipt string
	receives    int    // this one among them, 0 if the queue does not tell
	record      []byte // JSON
}

// eventRecord is a record in the order in which AWS writes it.
type eventRecord struct {
	MessageID              string                    `json:"messageId"`
	ReceiptHandle          string                    `json:"receiptHandle"`
	Body                   string                    `json:"body"`
	Attributes             map[string]string         `json:"attributes"`
	MessageAttributes      map[string]eventAttribute `json:"messageAttributes"`
	MD5OfMessageAttributes string                    `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody              string                    `json:"md5OfBody"`
	EventSource            string                    `json:"eventSource"`
	EventSourceARN         string                    `json:"eventSourceARN"`
	AWSRegion              string                    `json:"awsRegion"`
}

// eventAttribute is a message attribute; a []byte is base64 in JSON.
type eventAttribute struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues [][]byte `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

// newMessage makes the record of a received message.
func newMessage(m types.Message, queueARN, region string) (message, error) {
	record := eventRecord{
		MessageID: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
		Attributes: m.Attributes, MessageAttributes: make(map[string]eventAttribute, len(m.MessageAttributes)),
		MD5OfMessageAttributes: aws.ToString(m.MD5OfMessageAttributes), MD5OfBody: aws.ToString(m.MD5OfBody),
		EventSource: "aws:sqs", EventSourceARN: queueARN, AWSRegion: region,
	}
	if record.Attributes == nil {
		record.Attributes = map[string]string{}
	}
	for name, value := range m.MessageAttributes {
		record.MessageAttributes[name] = eventAttribute{
			StringValue: value.StringValue, BinaryValue: value.BinaryValue, DataType: aws.ToString(value.DataType),
			StringListValues: append([]string{}, value.StringListValues...), BinaryListValues: append([][]byte{}, value.BinaryListValues...),
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(record); err != nil {
		return message{}, fmt.Errorf("record of message %s: %w", record.MessageID, err)
	}
	receives, _ := strconv.Atoi(record.Attributes["ApproximateReceiveCount"])
	return message{id: record.MessageID, receipt: record.ReceiptHandle, receives: receives, record: bytes.TrimSuffix(out.Bytes(), []byte("\n"))}, nil
}

// eventOf joins the records.
func eventOf(batch []message) []byte {
	out := make([]byte, 0, eventSize(batch))
	out = append(out, eventHead...)
	for i, m := range batch {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, m.record...)
	}
	return append(out, eventTail...)
}

// eventSize is the length of the batch's event in bytes.
func eventSize(batch []message) int {
	size := len(eventHead) + len(eventTail)
	for _, m := range batch {
		size += len(m.record) + 1
	}
	return size
}

// split cuts off what makes a batch: at most count messages whose event is at
// most limit bytes, and at least one message.
func split(all []message, count, limit int) (batch, rest []message) {
	size := len(eventHead) + len(eventTail)
	for i, m := range all {
		size += len(m.record) + 1
		if i == count || i > 0 && size > limit {
			return all[:i:i], all[i:]
		}
	}
	return all, nil
}

package conformance

import (
	"fmt"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// sqsRefusals are a case for every way in which a call can be wrong: the error
// code is AWS's.
func sqsRefusals() []Case {
	const value, missing = "InvalidParameterValue", "MissingParameter"
	send := func(change func(in *sqs.SendMessageInput)) func(q queues, url string) error {
		return func(q queues, url string) error {
			in := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("m")}
			change(in)
			_, err := q.SendMessage(q.Context(), in)
			return err
		}
	}
	attribute := func(attribute, kind, content string) func(q queues, url string) error {
		return send(func(in *sqs.SendMessageInput) {
			in.MessageAttributes = map[string]types.MessageAttributeValue{attribute: {DataType: &kind, StringValue: &content}}
		})
	}
	receive := func(change func(in *sqs.ReceiveMessageInput)) func(q queues, url string) error {
		return func(q queues, url string) error {
			in := &sqs.ReceiveMessageInput{QueueUrl: &url}
			change(in)
			_, err := q.ReceiveMessage(q.Context(), in)
			return err
		}
	}
	batch := func(ids ...string) func(q queues, url string) error {
		return func(q queues, url string) error {
			entries := []types.SendMessageBatchRequestEntry{}
			for _, id := range ids {
				entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(id), MessageBody: aws.String("m")})
			}
			_, err := q.SendMessageBatch(q.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
			return err
		}
	}
	create := func(suffix string, attributes ...string) func(q queues, url string) error {
		return func(q queues, url string) error {
			_, err := q.CreateQueue(q.Context(), &sqs.CreateQueueInput{QueueName: aws.String(path.Base(url) + suffix), Attributes: pairs(attributes)})
			return err
		}
	}
	set := func(attributes ...string) func(q queues, url string) error {
		return func(q queues, url string) error { return q.trySet(url, attributes...) }
	}
	eleven := strings.Split("abcdefghijk", "")
	tests := []struct {
		name, operation, code string
		act                   func(q queues, url string) error
	}{
		{"send to no queue", "SendMessage", "QueueDoesNotExist", func(q queues, url string) error { return send(func(*sqs.SendMessageInput) {})(q, url+"-none") }},
		{"send more than 1 MiB", "SendMessage", value, send(func(in *sqs.SendMessageInput) { in.MessageBody = aws.String(strings.Repeat("x", 1<<20+1)) })},
		{"send nothing", "SendMessage", missing, send(func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("") })},
		{"send characters that XML has not", "SendMessage", "InvalidMessageContents", send(func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("a\x01b") })},
		{"send with a delay of 901 s", "SendMessage", value, send(func(in *sqs.SendMessageInput) { in.DelaySeconds = 901 })},
		{"send with a delay of -1 s", "SendMessage", value, send(func(in *sqs.SendMessageInput) { in.DelaySeconds = -1 })},
		{"send with a group of blanks", "SendMessage", value, send(func(in *sqs.SendMessageInput) { in.MessageGroupId = aws.String("a b") })},
		{"send an attribute of an unknown type", "SendMessage", value, attribute("x", "Date", "v")},
		{"send a number that is none", "SendMessage", value, attribute("x", "Number", "v")},
		{"send an empty attribute", "SendMessage", value, attribute("x", "String", "")},
		{"send an attribute that is AWS's by name", "SendMessage", value, attribute("AWS.x", "String", "v")},
		{"send an attribute of a bad name", "SendMessage", value, attribute("a b", "String", "v")},
		{"send more than the queue's own limit", "SendMessage", value, func(q queues, url string) error {
			q.set(url, "MaximumMessageSize", "1024")
			return send(func(in *sqs.SendMessageInput) { in.MessageBody = aws.String(strings.Repeat("x", 1025)) })(q, url)
		}},
		{"send eleven attributes", "SendMessage", value, send(func(in *sqs.SendMessageInput) {
			in.MessageAttributes = map[string]types.MessageAttributeValue{}
			for _, id := range eleven {
				in.MessageAttributes[id] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("v")}
			}
		})},
		{"send an empty batch", "SendMessageBatch", "EmptyBatchRequest", batch()},
		{"send a batch of eleven", "SendMessageBatch", "TooManyEntriesInBatchRequest", batch(eleven...)},
		{"send a batch with an id twice", "SendMessageBatch", "BatchEntryIdsNotDistinct", batch("a", "a")},
		{"send a batch with a bad id", "SendMessageBatch", "InvalidBatchEntryId", batch("a:b")},
		{"receive eleven", "ReceiveMessage", value, receive(func(in *sqs.ReceiveMessageInput) { in.MaxNumberOfMessages = 11 })},
		{"receive a negative number", "ReceiveMessage", value, receive(func(in *sqs.ReceiveMessageInput) { in.MaxNumberOfMessages = -1 })},
		{"receive with a wait of 21 s", "ReceiveMessage", value, receive(func(in *sqs.ReceiveMessageInput) { in.WaitTimeSeconds = 21 })},
		{"receive with a visibility timeout of 43,201 s", "ReceiveMessage", value, receive(func(in *sqs.ReceiveMessageInput) { in.VisibilityTimeout = 43_201 })},
		{"receive an unknown attribute", "ReceiveMessage", "InvalidAttributeName", receive(func(in *sqs.ReceiveMessageInput) {
			in.MessageSystemAttributeNames = []types.MessageSystemAttributeName{"Colour"}
		})},
		{"receive from no queue", "ReceiveMessage", "QueueDoesNotExist", func(q queues, url string) error { return receive(func(*sqs.ReceiveMessageInput) {})(q, url+"-none") }},
		{"delete with a handle that is none", "DeleteMessage", "ReceiptHandleIsInvalid", func(q queues, url string) error {
			_, err := q.DeleteMessage(q.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: aws.String("garbage")})
			return err
		}},
		{"delete an empty batch", "DeleteMessageBatch", "EmptyBatchRequest", func(q queues, url string) error {
			_, err := q.DeleteMessageBatch(q.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{}})
			return err
		}},
		{"change visibility with a handle that is none", "ChangeMessageVisibility", "ReceiptHandleIsInvalid", func(q queues, url string) error {
			_, err := q.ChangeMessageVisibility(q.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: aws.String("garbage"), VisibilityTimeout: 1})
			return err
		}},
		{"change visibility to 43,201 s", "ChangeMessageVisibility", value, func(q queues, url string) error {
			q.send(url, "one")
			_, err := q.ChangeMessageVisibility(q.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: q.one(url).ReceiptHandle, VisibilityTimeout: 43_201})
			return err
		}},
		{"change visibility to -1 s", "ChangeMessageVisibility", value, func(q queues, url string) error {
			q.send(url, "one")
			_, err := q.ChangeMessageVisibility(q.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: q.one(url).ReceiptHandle, VisibilityTimeout: -1})
			return err
		}},
		{"change the visibility of a deleted message", "ChangeMessageVisibility", value, func(q queues, url string) error {
			q.send(url, "one")
			m := q.one(url)
			q.delete(url, m)
			_, err := q.ChangeMessageVisibility(q.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 10})
			return err
		}},
		{"create a queue that is there, of other attributes", "CreateQueue", "QueueNameExists", create("", "DelaySeconds", "7")},
		{"create a queue of a bad name", "CreateQueue", value, create("a b")},
		{"create a queue of a long name", "CreateQueue", value, create(strings.Repeat("x", 81))},
		{"create a queue with a delay of 901 s", "CreateQueue", "InvalidAttributeValue", create("-x", "DelaySeconds", "901")},
		{"create a queue with an unknown attribute", "CreateQueue", "InvalidAttributeName", create("-x", "Speed", "1")},
		{"create a FIFO queue of a standard queue's name", "CreateQueue", value, create("-x", "FifoQueue", "true")},
		{"ask for the URL of no queue", "GetQueueUrl", "QueueDoesNotExist", func(q queues, url string) error {
			_, err := q.GetQueueUrl(q.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(path.Base(url) + "-none")})
			return err
		}},
		{"ask for an unknown attribute", "GetQueueAttributes", "InvalidAttributeName", func(q queues, url string) error {
			_, err := q.GetQueueAttributes(q.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"Colour"}})
			return err
		}},
		{"set an unknown attribute", "SetQueueAttributes", "InvalidAttributeName", set("Colour", "1")},
		{"set an attribute out of range", "SetQueueAttributes", "InvalidAttributeValue", set("VisibilityTimeout", "43201")},
		{"set an attribute that can only be read", "SetQueueAttributes", "InvalidAttributeName", set("QueueArn", "x")},
		{"set a redrive policy that is none", "SetQueueAttributes", value, set("RedrivePolicy", "{")},
		{"purge no queue", "PurgeQueue", "QueueDoesNotExist", func(q queues, url string) error {
			_, err := q.PurgeQueue(q.Context(), &sqs.PurgeQueueInput{QueueUrl: aws.String(url + "-none")})
			return err
		}},
	}
	cases := make([]Case, len(tests))
	for i, test := range tests {
		cases[i] = Case{"refused: " + test.name, fmt.Sprintf("%sAPI_%s.html", sqsAPI, test.operation), onSQS(func(q queues) {
			wantCode(q, test.act(q, q.make()), test.code)
		})}
	}
	return cases
}

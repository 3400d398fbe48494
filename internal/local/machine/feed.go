package machine

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/local/sqs"
)

// ownQueues are the queues of this very process, as its pollers call them. A
// call goes to the state without being signed, written as JSON and sent through a
// socket to oneself, which costs several times what the call itself does.
type ownQueues struct{ state *sqs.State }

// poller is who calls. What it holds is known by its key at the next start.
var poller = sqs.Caller{AccessKey: pollerKey}

// ReceiveMessage implements lambdahost.Queues.
func (q ownQueues) ReceiveMessage(ctx context.Context, in *client.ReceiveMessageInput, _ ...func(*client.Options)) (*client.ReceiveMessageOutput, error) {
	ask := sqs.ReceiveMessageInput{
		QueueURL: aws.ToString(in.QueueUrl), MessageAttributeNames: in.MessageAttributeNames,
		MaxNumberOfMessages: aws.Int(int(in.MaxNumberOfMessages)), WaitTimeSeconds: aws.Int(int(in.WaitTimeSeconds)),
	}
	for _, name := range in.MessageSystemAttributeNames {
		ask.MessageSystemAttributeNames = append(ask.MessageSystemAttributeNames, string(name))
	}
	got, err := q.state.ReceiveMessage(ctx, poller, ask)
	if err != nil {
		return nil, err
	}
	out := &client.ReceiveMessageOutput{Messages: make([]types.Message, len(got.Messages))}
	for i := range got.Messages {
		out.Messages[i] = messageOf(&got.Messages[i])
	}
	return out, nil
}

// messageOf is a message as the SDK gives it.
func messageOf(m *sqs.ReceivedMessage) types.Message {
	out := types.Message{MessageId: &m.MessageID, ReceiptHandle: &m.ReceiptHandle, Body: &m.Body, MD5OfBody: &m.MD5OfBody, Attributes: m.Attributes}
	if len(m.MessageAttributes) == 0 {
		return out
	}
	out.MD5OfMessageAttributes = &m.MD5OfMessageAttributes
	out.MessageAttributes = make(map[string]types.MessageAttributeValue, len(m.MessageAttributes))
	for name, a := range m.MessageAttributes {
		out.MessageAttributes[name] = types.MessageAttributeValue{DataType: &a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	return out
}

// DeleteMessageBatch implements lambdahost.Queues.
func (q ownQueues) DeleteMessageBatch(ctx context.Context, in *client.DeleteMessageBatchInput, _ ...func(*client.Options)) (*client.DeleteMessageBatchOutput, error) {
	ask := sqs.HandleBatchInput{QueueURL: aws.ToString(in.QueueUrl), Entries: make([]sqs.HandleEntry, len(in.Entries))}
	for i, e := range in.Entries {
		ask.Entries[i] = sqs.HandleEntry{ID: aws.ToString(e.Id), ReceiptHandle: aws.ToString(e.ReceiptHandle)}
	}
	done, err := q.state.DeleteMessageBatch(ctx, poller, ask)
	if err != nil {
		return nil, err
	}
	out := &client.DeleteMessageBatchOutput{Failed: failures(done)}
	for _, s := range done.Successful {
		out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: &s.ID})
	}
	return out, nil
}

// ChangeMessageVisibilityBatch implements lambdahost.Queues.
func (q ownQueues) ChangeMessageVisibilityBatch(ctx context.Context, in *client.ChangeMessageVisibilityBatchInput, _ ...func(*client.Options)) (*client.ChangeMessageVisibilityBatchOutput, error) {
	ask := sqs.HandleBatchInput{QueueURL: aws.ToString(in.QueueUrl), Entries: make([]sqs.HandleEntry, len(in.Entries))}
	for i, e := range in.Entries {
		ask.Entries[i] = sqs.HandleEntry{ID: aws.ToString(e.Id), ReceiptHandle: aws.ToString(e.ReceiptHandle), VisibilityTimeout: aws.Int(int(e.VisibilityTimeout))}
	}
	done, err := q.state.ChangeMessageVisibilityBatch(ctx, poller, ask)
	if err != nil {
		return nil, err
	}
	out := &client.ChangeMessageVisibilityBatchOutput{Failed: failures(done)}
	for _, s := range done.Successful {
		out.Successful = append(out.Successful, types.ChangeMessageVisibilityBatchResultEntry{Id: &s.ID})
	}
	return out, nil
}

func failures(done sqs.HandleBatchOutput) []types.BatchResultErrorEntry {
	var all []types.BatchResultErrorEntry
	for _, f := range done.Failed {
		all = append(all, types.BatchResultErrorEntry{Id: &f.ID, SenderFault: f.SenderFault, Code: &f.Code, Message: &f.Message})
	}
	return all
}

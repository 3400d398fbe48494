package sqs

// The shapes of the operations, named and spelt as in AWS's API reference.
// Pointers are optional members.

// CreateQueueInput is a queue to be.
type CreateQueueInput struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

// QueueOutput is the address of one queue.
type QueueOutput struct {
	QueueURL string `json:"QueueUrl"`
}

// QueueInput names a queue and nothing else.
type QueueInput struct {
	QueueURL string `json:"QueueUrl"`
}

// GetQueueURLInput asks for the address of a queue by its name.
type GetQueueURLInput struct {
	QueueName              string
	QueueOwnerAWSAccountID string `json:"QueueOwnerAWSAccountId"`
}

// ListQueuesInput asks for up to MaxResults addresses (1 to 1,000).
type ListQueuesInput struct {
	QueueNamePrefix string
	NextToken       string
	MaxResults      *int
}

// ListQueuesOutput is one page of addresses.
type ListQueuesOutput struct {
	QueueURLs []string `json:"QueueUrls,omitempty"`
	NextToken string   `json:",omitempty"`
}

// ListDeadLetterSourceQueuesInput asks which queues send their dead letters here.
type ListDeadLetterSourceQueuesInput struct {
	QueueURL   string `json:"QueueUrl"`
	NextToken  string
	MaxResults *int
}

// ListDeadLetterSourceQueuesOutput is one page of addresses.
type ListDeadLetterSourceQueuesOutput struct {
	QueueURLs []string `json:"queueUrls"`
	NextToken string   `json:",omitempty"`
}

// GetQueueAttributesInput asks for attributes by name, or for All.
type GetQueueAttributesInput struct {
	QueueURL       string `json:"QueueUrl"`
	AttributeNames []string
}

// AttributesOutput is a queue's attributes.
type AttributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

// SetQueueAttributesInput changes attributes; those not named stay.
type SetQueueAttributesInput struct {
	QueueURL   string `json:"QueueUrl"`
	Attributes map[string]string
}

// TagQueueInput adds tags or changes their values.
type TagQueueInput struct {
	QueueURL string `json:"QueueUrl"`
	Tags     map[string]string
}

// UntagQueueInput removes tags.
type UntagQueueInput struct {
	QueueURL string `json:"QueueUrl"`
	TagKeys  []string
}

// TagsOutput is a queue's tags.
type TagsOutput struct {
	Tags map[string]string `json:",omitempty"`
}

// Attribute is a message attribute, or a system attribute of a message
// sent: StringValue for the types String and Number, BinaryValue for Binary.
type Attribute struct {
	StringValue *string `json:",omitempty"`
	BinaryValue []byte  `json:",omitempty"`
	DataType    string
}

// SendMessageInput is one message to be sent.
type SendMessageInput struct {
	QueueURL string `json:"QueueUrl"`
	Entry
}

// Entry is a message of a SendMessage or, with its Id, of a SendMessageBatch.
type Entry struct {
	ID                      string `json:"Id"`
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]Attribute
	MessageSystemAttributes map[string]Attribute
	MessageDeduplicationID  *string `json:"MessageDeduplicationId"`
	MessageGroupID          *string `json:"MessageGroupId"`
}

// SentMessage is what SQS says of a message that it took. Its Id is that of the
// batch entry.
type SentMessage struct {
	ID                           string `json:"Id,omitempty"`
	MessageID                    string `json:"MessageId"`
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
	SequenceNumber               string `json:",omitempty"`
}

// SendMessageBatchInput is up to ten messages to be sent.
type SendMessageBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []Entry
}

// SendMessageBatchOutput says for each entry what became of it.
type SendMessageBatchOutput struct {
	Successful []SentMessage
	Failed     []FailedEntry
}

// FailedEntry is a batch entry that was refused.
type FailedEntry struct {
	ID          string `json:"Id"`
	SenderFault bool
	Code        string
	Message     string `json:",omitempty"`
}

// ReceiveMessageInput asks for up to MaxNumberOfMessages (1 to 10, default 1)
// and waits for the first up to WaitTimeSeconds (0 to 20).
type ReceiveMessageInput struct {
	QueueURL                    string `json:"QueueUrl"`
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
}

// ReceiveMessageOutput is what was received; no member at all if nothing.
type ReceiveMessageOutput struct {
	Messages []ReceivedMessage `json:",omitempty"`
}

// ReceivedMessage is one delivery of a message.
type ReceivedMessage struct {
	MessageID              string `json:"MessageId"`
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string    `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"`
	MessageAttributes      map[string]Attribute `json:",omitempty"`
}

// DeleteMessageInput deletes the message of a receipt handle.
type DeleteMessageInput struct {
	QueueURL      string `json:"QueueUrl"`
	ReceiptHandle string
}

// HandleEntry is an entry of a batch on receipt handles.
type HandleEntry struct {
	ID                string `json:"Id"`
	ReceiptHandle     string
	VisibilityTimeout *int
}

// HandleBatchInput is up to ten deletions or changes of visibility.
type HandleBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []HandleEntry
}

// HandleBatchOutput says for each entry what became of it.
type HandleBatchOutput struct {
	Successful []SucceededEntry
	Failed     []FailedEntry
}

// SucceededEntry is a batch entry that was done.
type SucceededEntry struct {
	ID string `json:"Id"`
}

// ChangeMessageVisibilityInput makes a message visible again after so many
// seconds from now, 0 to 43,200.
type ChangeMessageVisibilityInput struct {
	QueueURL          string `json:"QueueUrl"`
	ReceiptHandle     string
	VisibilityTimeout *int
}

// StartMessageMoveTaskInput moves a dead-letter queue's messages to another
// queue, or back to where each came from.
type StartMessageMoveTaskInput struct {
	SourceArn                    string
	DestinationArn               string
	MaxNumberOfMessagesPerSecond *int
}

// MoveTaskOutput names a move task.
type MoveTaskOutput struct {
	TaskHandle string
}

// CancelMessageMoveTaskInput stops a move task.
type CancelMessageMoveTaskInput struct {
	TaskHandle string
}

// CancelMessageMoveTaskOutput tells how far it came.
type CancelMessageMoveTaskOutput struct {
	ApproximateNumberOfMessagesMoved int64
}

// ListMessageMoveTasksInput asks for the newest 1 to 10 tasks of a queue
// (default 1).
type ListMessageMoveTasksInput struct {
	SourceArn  string
	MaxResults *int
}

// ListMessageMoveTasksOutput is the newest tasks first.
type ListMessageMoveTasksOutput struct {
	Results []MoveTask `json:",omitempty"`
}

// MoveTask is the state of a move task. Only a running one has a TaskHandle.
type MoveTask struct {
	TaskHandle                        string `json:",omitempty"`
	Status                            string
	SourceArn                         string
	DestinationArn                    string `json:",omitempty"`
	MaxNumberOfMessagesPerSecond      *int   `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int64
	ApproximateNumberOfMessagesToMove int64
	FailureReason                     string `json:",omitempty"`
	StartedTimestamp                  int64  // Unix milliseconds
}

// Empty is the answer that says only that it is done.
type Empty struct{}

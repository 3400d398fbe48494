package workflow

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/local/emulator"
)

// queue is an SQS queue with the event source mapping that drains it, in virtual
// time.
type queue struct {
	name    string
	mapping events.Mapping
	time    time.Duration // what an invocation has
	handle  consume.Handler
	wake    chan struct{}

	mu      sync.Mutex
	waiting []*letter
	sent    int
}

// letter is a message in a queue.
type letter struct {
	awsevents.SQSMessage
	receives int
	visible  time.Time
}

func newQueue(name string, f events.Function, s events.Subscription, handle consume.Handler) *queue {
	return &queue{name: events.QueueName(environment, name), mapping: s.Mapping, time: f.TimeoutOf(), handle: handle, wake: make(chan struct{}, 1)}
}

func (q *queue) send(body string, attributes map[string]string) {
	q.mu.Lock()
	q.sent++
	one := &letter{visible: time.Now(), SQSMessage: awsevents.SQSMessage{MessageId: fmt.Sprintf("%s-%d", q.name, q.sent), Body: body,
		EventSourceARN: "arn:aws:sqs:" + emulator.Region + ":" + emulator.Account + ":" + q.name, MessageAttributes: map[string]awsevents.SQSMessageAttribute{},
		Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(time.Now().UnixMilli(), 10)}}}
	one.ReceiptHandle = one.MessageId
	for name, value := range attributes {
		one.MessageAttributes[name] = awsevents.SQSMessageAttribute{DataType: "String", StringValue: &value}
	}
	q.waiting = append(q.waiting, one)
	q.mu.Unlock()
	q.poke()
}

func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// hide changes when a message is seen again.
func (q *queue) hide(receipt string, d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, one := range q.waiting {
		if one.ReceiptHandle == receipt {
			one.visible = time.Now().Add(d)
		}
	}
}

// drain gives batches to the function until the context ends.
func (q *queue) drain(ctx context.Context) {
	var invocations sync.WaitGroup
	defer invocations.Wait()
	slots := make(chan struct{}, q.mapping.Concurrency)
	for ctx.Err() == nil {
		if next := q.next(); next > 0 {
			select {
			case <-ctx.Done():
			case <-q.wake:
			case <-time.After(next):
			}
			continue
		}
		time.Sleep(time.Duration(q.mapping.Window) * time.Second)
		slots <- struct{}{}
		batch := q.receive()
		invocations.Go(func() {
			defer func() { <-slots; q.poke() }()
			q.invoke(ctx, batch)
		})
	}
}

// next is how long it is until a message is visible.
func (q *queue) next() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	soonest := time.Hour
	for _, one := range q.waiting {
		soonest = min(soonest, time.Until(one.visible))
	}
	return soonest
}

func (q *queue) receive() []awsevents.SQSMessage {
	q.mu.Lock()
	defer q.mu.Unlock()
	var batch []awsevents.SQSMessage
	for _, one := range q.waiting {
		if len(batch) < q.mapping.Batch && time.Until(one.visible) <= 0 {
			one.receives++
			one.visible = time.Now().Add(time.Duration(q.mapping.Visibility) * time.Second)
			m := one.SQSMessage
			m.Attributes = map[string]string{"SentTimestamp": m.Attributes["SentTimestamp"], "ApproximateReceiveCount": strconv.Itoa(one.receives)}
			batch = append(batch, m)
		}
	}
	return batch
}

// invoke calls the function, and deletes what it does not keep.
func (q *queue) invoke(ctx context.Context, batch []awsevents.SQSMessage) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, q.time)
	defer cancel()
	response, err := q.handle(ctx, awsevents.SQSEvent{Records: batch})
	if err != nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.DeleteFunc(q.waiting, func(one *letter) bool {
		in := func(id string) bool { return id == one.MessageId }
		return slices.ContainsFunc(batch, func(m awsevents.SQSMessage) bool { return in(m.MessageId) }) &&
			!slices.ContainsFunc(response.BatchItemFailures, func(f awsevents.SQSBatchItemFailure) bool { return in(f.ItemIdentifier) })
	})
}

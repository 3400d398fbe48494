package consume

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/telemetry"
)

// API is what is called of SQS.
type API interface {
	GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// The attributes of a message that a function gave up on.
const (
	AttributeCause    = "cause"    // one sentence
	AttributeClass    = "class"    // the fault's class
	AttributeFunction = "function" // who gave up
)

// MaxVisibility is the longest that SQS hides a message after it was received.
const MaxVisibility = 12 * time.Hour

// settler turns outcomes into what happens to the messages.
type settler struct {
	Options
	mu       sync.Mutex
	urls     map[string]string
	failures map[string]int
}

func newSettler(o Options) *settler {
	return &settler{Options: o, urls: map[string]string{}, failures: map[string]int{}}
}

// settle returns the messages that the mapping must not delete. Each of them
// was given its time to come back; where that failed, the queue's own
// visibility timeout brings it back.
func (s *settler) settle(ctx context.Context, messages []Message, errs []error) awsevents.SQSEventResponse {
	var response awsevents.SQSEventResponse
	var mu sync.Mutex
	var settling sync.WaitGroup
	slots := make(chan struct{}, s.InFlight)
	for i, m := range messages {
		if errs[i] == nil && m.token == "" {
			s.forget(m)
			m.span.Done(ctx, telemetry.Done)
			continue
		}
		slots <- struct{}{}
		settling.Go(func() {
			defer func() { <-slots }()
			if keep := s.settleOne(m.span.In(ctx), m, errs[i]); keep {
				mu.Lock()
				defer mu.Unlock()
				response.BatchItemFailures = append(response.BatchItemFailures, awsevents.SQSBatchItemFailure{ItemIdentifier: m.ID})
			}
		})
	}
	settling.Wait()
	return response
}

// settleOne decides about a message that did not go well, or that a workflow
// waits for, and tells whether it stays in the queue.
func (s *settler) settleOne(ctx context.Context, m Message, err error) bool {
	if m.token != "" {
		left := s.answer(ctx, m, err)
		if left == nil {
			s.stepDone(ctx, m, err)
			return false
		}
		err = left
	}
	if errors.Is(err, errUnbegun) {
		m.span.Done(ctx, telemetry.Unbegun)
		s.hide(ctx, m, 0)
		return true
	}
	class, after := fault.Of(err)
	failures := 0
	if class == fault.Retry {
		failures = s.count(m)
	}
	giveUp := class == fault.Park || class == fault.Reject || failures >= s.MaxFailures
	m.span.Done(ctx, string(class), slog.String("error", err.Error()), slog.Int("failures", failures), slog.Bool("givenUp", giveUp))
	if !giveUp {
		if after == 0 {
			after = backoff(class, failures)
		}
		s.hide(ctx, m, after)
		return true
	}
	if err := s.giveUp(ctx, m, class, err); err != nil {
		s.Log.ErrorContext(ctx, "message could not be given up", "error", err.Error(), "messageId", m.ID)
		return true
	}
	s.forget(m)
	return false
}

// backoff is 1 to 2 s after the first failure and four times that after each
// further one; a deferral that names no time gets 20 to 40 s.
func backoff(class fault.Class, failures int) time.Duration {
	base := time.Second << (2 * min(max(failures-1, 0), 4))
	if class == fault.Defer {
		base = 20 * time.Second
	}
	return base + rand.N(base)
}

// hide lets the message come back after d. It is only a wish: if it fails, the
// queue's visibility timeout decides.
func (s *settler) hide(ctx context.Context, m Message, d time.Duration) {
	url, err := s.url(ctx, m.Queue)
	if err == nil {
		_, err = s.Queues.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
			QueueUrl: &url, ReceiptHandle: &m.receipt, VisibilityTimeout: seconds(min(d, MaxVisibility-time.Minute)),
		})
	}
	if err != nil {
		s.Log.WarnContext(ctx, "visibility not changed", "error", err.Error(), "messageId", m.ID)
	}
}

// seconds rounds up: coming back too early would only defer again.
func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }

// giveUp sends the message to the dead-letter queue with its cause.
func (s *settler) giveUp(ctx context.Context, m Message, class fault.Class, cause error) error {
	url, err := s.url(ctx, events.DeadLetterQueueName(m.Queue))
	if err != nil {
		return err
	}
	text := func(value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
	}
	_, err = s.Queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(string(m.Body)),
		MessageAttributes: map[string]types.MessageAttributeValue{
			AttributeCause: text(cut(cause.Error(), mostCause)), AttributeClass: text(string(class)), AttributeFunction: text(s.Function),
			"receives": text(strconv.Itoa(m.Receives)),
		}})
	if err != nil {
		return fmt.Errorf("send to the dead-letter queue: %w", err)
	}
	return nil
}

// url is the queue's URL, asked once.
func (s *settler) url(ctx context.Context, queue string) (string, error) {
	s.mu.Lock()
	known, found := s.urls[queue]
	s.mu.Unlock()
	if found {
		return known, nil
	}
	out, err := s.Queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &queue})
	if err != nil {
		return "", fmt.Errorf("find queue %s: %w", queue, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.urls[queue] = aws.ToString(out.QueueUrl)
	return s.urls[queue], nil
}

// remembered bounds the memory of failures; past it the oldest knowledge is not
// worth keeping, and the queue's receive count still ends a message.
const remembered = 10_000

// count notes a failure of the message and returns how many it had.
func (s *settler) count(m Message) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.failures) >= remembered {
		clear(s.failures)
	}
	s.failures[m.ID]++
	if !s.Defers {
		return max(s.failures[m.ID], m.Receives-otherReceives)
	}
	return s.failures[m.ID]
}

// otherReceives is how many receives may have been something else than a
// failure that another process saw: a process that died, an invocation that ran
// out of time before it began the message.
const otherReceives = 3

func (s *settler) forget(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.failures, m.ID)
}

// mostCause is the most bytes that are told of a cause.
const mostCause = 900

// cut shortens a text to at most n bytes, between characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}

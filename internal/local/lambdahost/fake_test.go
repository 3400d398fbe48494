package lambdahost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const testARN = "arn:aws:sqs:us-east-1:000000000000:q"

// queue is a queue without a visibility timeout of its own: what was received and
// not deleted stays out of sight until somebody sets one.
type queue struct {
	mu       sync.Mutex
	visible  []types.Message
	hidden   map[string]types.Message // by receipt
	received map[string]int           // by id
	arrived  chan struct{}
	next     int
	receives int
	atOnce   int // receives that run, and the most that did
	most     int
	log      []string // "delete 3", "back 4", in the order of arrival
	fail     error    // of receives
	refuse   func(try int, receipt string) (senderFault, refused bool)
	tries    int
}

func newQueue() *queue {
	return &queue{hidden: map[string]types.Message{}, received: map[string]int{}, arrived: make(chan struct{})}
}

// send puts n messages with a body each; ids count from 1.
func (q *queue) send(n int, body string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for range n {
		q.next++
		id := strconv.Itoa(q.next)
		q.visible = append(q.visible, types.Message{MessageId: &id, ReceiptHandle: aws.String("r" + id), Body: &body})
	}
	close(q.arrived)
	q.arrived = make(chan struct{})
}

func (q *queue) take(n int) ([]types.Message, chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n, len(q.visible))
	out := slices.Clone(q.visible[:n])
	q.visible = q.visible[n:]
	for i, m := range out {
		q.received[*m.MessageId]++
		m.Attributes = map[string]string{"ApproximateReceiveCount": strconv.Itoa(q.received[*m.MessageId])}
		q.hidden[*m.ReceiptHandle], out[i] = m, m
	}
	return out, q.arrived, q.fail
}

func (q *queue) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	if in.MaxNumberOfMessages < 1 || in.MaxNumberOfMessages > 10 || in.WaitTimeSeconds > 20 {
		return nil, fmt.Errorf("bad receive: %+v", in)
	}
	q.mu.Lock()
	q.receives++
	q.atOnce++
	q.most = max(q.most, q.atOnce)
	q.mu.Unlock()
	defer func() { q.mu.Lock(); q.atOnce--; q.mu.Unlock() }()
	time.Sleep(time.Millisecond) // the wire
	timer := time.NewTimer(time.Duration(in.WaitTimeSeconds) * time.Second)
	defer timer.Stop()
	for {
		out, arrived, err := q.take(int(in.MaxNumberOfMessages))
		if err != nil || len(out) > 0 {
			return &sqs.ReceiveMessageOutput{Messages: out}, err
		}
		select {
		case <-arrived:
		case <-timer.C:
			return &sqs.ReceiveMessageOutput{}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (q *queue) DeleteMessageBatch(_ context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(in.Entries) < 1 || len(in.Entries) > 10 {
		return nil, errors.New("bad number of entries")
	}
	q.tries++
	var out sqs.DeleteMessageBatchOutput
	for _, e := range in.Entries {
		if q.refuse != nil {
			if senderFault, refused := q.refuse(q.tries, *e.ReceiptHandle); refused {
				out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("no"), SenderFault: senderFault})
				continue
			}
		}
		delete(q.hidden, *e.ReceiptHandle)
		q.log = append(q.log, "delete "+(*e.ReceiptHandle)[1:])
	}
	return &out, nil
}

func (q *queue) ChangeMessageVisibilityBatch(_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range in.Entries {
		if e.VisibilityTimeout == 0 {
			q.show(*e.ReceiptHandle)
			continue
		}
		time.AfterFunc(time.Duration(e.VisibilityTimeout)*time.Second, func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.show(*e.ReceiptHandle)
		})
	}
	return &sqs.ChangeMessageVisibilityBatchOutput{}, nil
}

// show makes a hidden message visible; the lock is held.
func (q *queue) show(receipt string) {
	m, hidden := q.hidden[receipt]
	if !hidden {
		return
	}
	q.visible = append(q.visible, m)
	delete(q.hidden, receipt)
	q.log = append(q.log, "back "+receipt[1:])
	close(q.arrived)
	q.arrived = make(chan struct{})
}

// counts tells how many messages wait and how many are hidden.
func (q *queue) counts() (visible, hidden int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.visible), len(q.hidden)
}

// lambdaFake is a function whose calls last as long as the test wants.
type lambdaFake struct {
	queue  *queue
	answer func(call int, ids []string) (string, error)
	lasts  time.Duration
	broken chan struct{} // not nil: the function does not start until it is closed

	mu      sync.Mutex
	calls   [][]string
	at      []time.Time
	bytes   []int
	running int
	most    int
}

func (l *lambdaFake) ready(ctx context.Context) error {
	if l.broken == nil {
		return nil
	}
	select {
	case <-l.broken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *lambdaFake) call(_ context.Context, payload []byte) ([]byte, error) {
	var event struct{ Records []eventRecord }
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range event.Records {
		ids = append(ids, r.MessageID)
	}
	l.mu.Lock()
	l.calls, l.at, l.bytes = append(l.calls, ids), append(l.at, time.Now()), append(l.bytes, len(payload))
	call := len(l.calls)
	l.running++
	l.most = max(l.most, l.running)
	l.mu.Unlock()
	time.Sleep(l.lasts)
	l.queue.mu.Lock()
	l.queue.log = append(l.queue.log, "answer "+strings.Join(ids, ","))
	l.queue.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	if l.answer == nil {
		return []byte("null"), nil
	}
	answer, err := l.answer(call, ids)
	return []byte(answer), err
}

// sizes are the numbers of messages of the calls.
func (l *lambdaFake) sizes() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sizes []int
	for _, ids := range l.calls {
		sizes = append(sizes, len(ids))
	}
	return sizes
}

// bubble is a mapping at work, with a clock of its own.
type bubble struct {
	*queue
	*lambdaFake
	poller *Poller
	stop   func()
	log    *syncBuffer
}

// inBubble runs a test of a mapping; the poller runs, and is stopped at the end.
func inBubble(t *testing.T, m Mapping, prepare func(*queue, *lambdaFake), test func(*testing.T, *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{queue: newQueue(), log: &syncBuffer{}}
		b.lambdaFake = &lambdaFake{queue: b.queue, lasts: 10 * time.Millisecond}
		if prepare != nil {
			prepare(b.queue, b.lambdaFake)
		}
		m.Function, m.QueueURL, m.QueueARN, m.ReportBatchItemFailures = "f", "http://127.0.0.1/q", testARN, true
		if err := m.check(); err != nil {
			t.Fatal(err)
		}
		b.poller = newPoller(m, b.queue, b.lambdaFake, slog.New(slog.NewTextHandler(b.log, nil)))
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); b.poller.run(ctx) }()
		b.stop = func() { cancel(); <-ended }
		defer b.stop()
		test(t, b)
	})
}

// after lets time pass, until nothing happens any more at its end.
func (b *bubble) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

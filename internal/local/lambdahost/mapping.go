package lambdahost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Queues is what a mapping calls of SQS.
type Queues interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

// Mapping is an event source mapping: how a queue feeds a function.
type Mapping struct {
	// Function is the function's name.
	Function string
	// QueueURL is where to receive, QueueARN what events name as their source.
	QueueURL, QueueARN string
	// BatchSize is the most messages of one call, 1 to 10,000.
	BatchSize int
	// Window is how long a batch may gather from its first message on, 0 to 5
	// minutes. AWS counts it in whole seconds and wants one above 10 messages;
	// here it may be shorter, or none: then a batch is what waits in the queue.
	Window time.Duration
	// Concurrency is how many calls of this mapping may run at the same time.
	// Default: the function's.
	Concurrency int
	// ReportBatchItemFailures lets the function name the messages that it did
	// not handle. Without it its answer is not looked at.
	ReportBatchItemFailures bool
}

// Lambda's limits for a mapping.
const (
	maxBatch        = 10_000
	maxWindow       = 5 * time.Minute
	maxConcurrency  = 1000
	maxReceive      = 10 // messages of one ReceiveMessage
	longPollSeconds = 20
)

func (m Mapping) check() error {
	var errs []error
	problem := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	problem(m.QueueURL == "", "no queue URL")
	problem(queueRegion(m.QueueARN) == "", "%q is not a queue's ARN", m.QueueARN)
	problem(m.BatchSize < 1 || m.BatchSize > maxBatch, "batch size %d is not 1 to %d", m.BatchSize, maxBatch)
	problem(m.Window < 0 || m.Window > maxWindow, "window %s is not 0 to %s", m.Window, maxWindow)
	problem(m.Concurrency < 1 || m.Concurrency > maxConcurrency, "concurrency %d is not 1 to %d", m.Concurrency, maxConcurrency)
	return errors.Join(errs...)
}

// queueRegion is the region of a queue's ARN, or "".
func queueRegion(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "sqs" || parts[5] == "" {
		return ""
	}
	return parts[3]
}

func queueName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// target is what a mapping needs of a function.
type target interface {
	// ready returns when a call could begin, or the context's error.
	ready(context.Context) error
	// call waits until it can begin, as long as the context lives, and calls.
	// ErrStopped says that the function did not see the payload to the end.
	call(ctx context.Context, payload []byte) ([]byte, error)
}

// pace is the part of a mapping that can change while it is at work.
type pace struct {
	batch  int
	window time.Duration
	// slots holds one token per batch that is being gathered or handled.
	slots chan struct{}
}

func (m Mapping) pace() pace { return pace{m.BatchSize, m.Window, make(chan struct{}, m.Concurrency)} }

// Poller is a mapping at work.
type Poller struct {
	mapping Mapping
	region  string
	queues  Queues
	target  target
	log     *slog.Logger
	// pace is what the polling that runs goes by.
	pace
	// plenty: the last receive was full, so several may be made at once.
	plenty bool
	// failing: the last receive failed, which was logged.
	failing bool

	mu      sync.Mutex
	next    pace // of the next polling
	paused  bool
	changed chan struct{}      // closed and replaced when paused changes
	halt    context.CancelFunc // ends the polling that runs; nil if none does
}

func newPoller(m Mapping, queues Queues, to target, log *slog.Logger) *Poller {
	return &Poller{mapping: m, region: queueRegion(m.QueueARN), queues: queues, target: to, log: log,
		next: m.pace(), changed: make(chan struct{})}
}

// SetPace changes how many messages a batch has, how long it may gather, and how
// many calls may run at the same time (0: as many as it was added with), from now
// on. What is being gathered is given back, and calls that run go on without being
// counted. It fails if AWS would not take it.
func (p *Poller) SetPace(batch int, window time.Duration, concurrency int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.mapping
	m.BatchSize, m.Window, m.Concurrency = batch, window, concurrency
	if concurrency == 0 {
		m.Concurrency = p.mapping.Concurrency
	}
	if err := m.check(); err != nil {
		return fmt.Errorf("mapping of %s: %w", m.QueueARN, err)
	}
	if batch == p.next.batch && window == p.next.window && m.Concurrency == cap(p.next.slots) {
		return nil
	}
	p.next = m.pace()
	if p.halt != nil {
		p.halt()
	}
	return nil
}

// Pause stops receiving, at once; running calls go on. What was received and not
// begun is given back.
func (p *Poller) Pause() { p.set(true) }

// Resume receives again.
func (p *Poller) Resume() { p.set(false) }

// Paused reports whether the mapping is paused.
func (p *Poller) Paused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused
}

func (p *Poller) set(paused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == paused {
		return
	}
	p.paused = paused
	close(p.changed)
	p.changed = make(chan struct{})
	if paused && p.halt != nil {
		p.halt()
	}
}

// active returns a context that ends at the next Pause, once the mapping is not
// paused; or false if ctx ends first.
func (p *Poller) active(ctx context.Context) (context.Context, bool) {
	for ctx.Err() == nil {
		p.mu.Lock()
		if !p.paused {
			polling, halt := context.WithCancel(ctx)
			p.halt, p.pace = halt, p.next
			p.mu.Unlock()
			return polling, true
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return nil, false
}

// run polls until ctx ends, and returns when its last call has ended.
func (p *Poller) run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		polling, ok := p.active(ctx)
		if !ok {
			return
		}
		p.poll(ctx, polling, &running)
		p.halt()
	}
}

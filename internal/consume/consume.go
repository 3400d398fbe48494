package consume

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/telemetry"
)

// Handler is what lambda.Start takes.
type Handler func(context.Context, awsevents.SQSEvent) (awsevents.SQSEventResponse, error)

// Options say how a function takes its messages.
type Options struct {
	// Function is the function's name.
	Function string
	Log      *slog.Logger
	Queues   API
	// InFlight is how many messages are handled at the same time. Default 10.
	InFlight int
	// MaxFailures is the failure at which a message is given up. Default 3.
	MaxFailures int
	// Defers: the handler may return fault.Defer often, so a receive is not a
	// failure; failures are counted by message in this process.
	Defers bool
	// Tasks answers workflows; nil for a function that is no step of one.
	Tasks Tasks
	// Anything: the handler takes bodies that are not EventBridge events too.
	Anything bool
}

// margin is what is left of an invocation's time for settling messages.
const margin = 2 * time.Second

// Each gives the messages to handle one by one, many at a time.
func Each(o Options, handle func(context.Context, Message) error) Handler {
	return All(o, func(ctx context.Context, messages []Message) []error {
		return Many(ctx, messages, o.defaults().InFlight, handle)
	})
}

// Many gives messages to handle one by one, inFlight at a time, and returns one
// error per message, in order. A panic is the error of its message.
func Many(ctx context.Context, messages []Message, inFlight int, handle func(context.Context, Message) error) []error {
	errs := make([]error, len(messages))
	next := make(chan int)
	var running sync.WaitGroup
	// A goroutine's stack grows to what a call of the SDK needs, which costs more
	// than the goroutine: so one goroutine takes many messages.
	for range min(inFlight, len(messages)) {
		running.Go(func() {
			for i := range next {
				if ctx.Err() != nil {
					errs[i] = errUnbegun
					continue
				}
				errs[i] = alone(ctx, messages[i], handle)
			}
		})
	}
	for i := range messages {
		next <- i
	}
	close(next)
	running.Wait()
	return errs
}

// alone gives one message to handle, in its span.
func alone(ctx context.Context, m Message, handle func(context.Context, Message) error) error {
	if m.span == nil {
		ctx = telemetry.With(ctx, m.source().IDs)
	}
	ctx = m.span.Start(ctx)
	defer m.span.Stop()
	return fault.Guard(func() error { return handle(ctx, m) })
}

// errUnbegun: the invocation's time was over before the message was begun.
var errUnbegun = errors.New("not begun")

// All gives the batch to handle as a whole; it returns one error per message,
// in order. A panic in it is traced to its message by giving the messages one
// by one, so what handle does must bear repetition.
func All(o Options, handle func(context.Context, []Message) []error) Handler {
	o = o.defaults()
	s := newSettler(o)
	recorder := telemetry.NewRecorder(o.Log, time.Now)
	return func(ctx context.Context, batch awsevents.SQSEvent) (awsevents.SQSEventResponse, error) {
		ctx, invocation := recorder.Begin(ctx)
		defer func() { invocation.End(ctx) }()
		work := ctx
		if deadline, set := ctx.Deadline(); set {
			var cancel context.CancelFunc
			work, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
			defer cancel()
		}
		messages, errs := o.parse(batch, invocation)
		var good []int
		for i := range messages {
			if errs[i] == nil {
				good = append(good, i)
			}
		}
		for k, err := range run(work, handle, messages, good) {
			errs[good[k]] = err
		}
		return s.settle(ctx, messages, errs), nil
	}
}

func (o Options) defaults() Options {
	if o.InFlight <= 0 {
		o.InFlight = 10
	}
	if o.MaxFailures <= 0 {
		o.MaxFailures = 3
	}
	return o
}

// parse reads the batch; a body that is no event has an error that parks it.
func (o Options) parse(batch awsevents.SQSEvent, invocation *telemetry.Invocation) ([]Message, []error) {
	messages, errs := make([]Message, len(batch.Records)), make([]error, len(batch.Records))
	for i, raw := range batch.Records {
		m := messageOf(raw)
		if o.Tasks != nil {
			m.fromStep()
		}
		record, err := events.ParseRecord(m.Body)
		if err != nil && !o.Anything {
			errs[i] = fault.As(fault.Park, err)
		}
		if m.Record = record; o.Tasks != nil {
			m.withoutExecution()
		}
		if invocation != nil {
			m.span = invocation.Span(m.source())
		}
		messages[i] = m
	}
	return messages, errs
}

// run calls handle on the messages that are named by their index, and after a
// panic on each of them alone.
func run(ctx context.Context, handle func(context.Context, []Message) []error, messages []Message, which []int) []error {
	chosen := make([]Message, len(which))
	for k, i := range which {
		chosen[k] = messages[i]
	}
	if len(chosen) == 0 {
		return nil
	}
	var errs []error
	err := fault.Guard(func() error { errs = handle(ctx, chosen); return nil })
	if err == nil && len(errs) == len(chosen) {
		return errs
	}
	if err == nil {
		err = fmt.Errorf("the handler gave %d outcomes for %d messages", len(errs), len(chosen))
	}
	if len(chosen) == 1 {
		return []error{err}
	}
	errs = make([]error, len(chosen))
	for k := range chosen {
		errs[k] = run(ctx, handle, chosen, []int{k})[0]
	}
	return errs
}

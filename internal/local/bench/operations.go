package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// operation is how many calls a second an endpoint answers; each has a body of
// 1 KB. Moto is 0 if it was not asked.
type operation struct {
	Name   string  `json:"operation"`
	AtOnce int     `json:"atOnce"`
	Sluice float64 `json:"sluicePerSecond"`
	Moto   float64 `json:"motoPerSecond,omitempty"`
}

// rounds is how often every operation is measured; the best round counts, and
// those of the two endpoints take turns, as the machine's pace drifts.
const rounds = 2

// compare measures operations of the embedded endpoint, durable, and of moto if
// it is there.
func (b *bench) compare(ctx context.Context) (all []operation, skipped string, err error) {
	own, err := b.dev(ctx, filepath.Join(b.folder, "operations"))
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, own.stop()) }()
	sluice, err := newEndpoint(ctx, own.url)
	if err != nil {
		return nil, "", fmt.Errorf("sluice: %w", err)
	}
	var moto *endpoint
	if b.moto {
		motoURL, stopMoto, err := startMoto(ctx)
		switch {
		case errors.Is(err, exec.ErrNotFound):
			skipped = "moto_server is not on the PATH, so there is nothing to compare with (pip install 'moto[server]')"
		case err != nil:
			return nil, "", err
		default:
			defer stopMoto()
			if moto, err = newEndpoint(ctx, motoURL); err != nil {
				return nil, "", fmt.Errorf("moto: %w", err)
			}
		}
	}
	for _, kind := range kinds {
		for _, atOnce := range []int{1, 16} {
			o := operation{Name: kind.name, AtOnce: atOnce}
			for range rounds {
				if err := sluice.measure(ctx, kind, atOnce, b.operations, &o.Sluice); err != nil {
					return nil, "", fmt.Errorf("sluice: %s: %w", kind.name, err)
				}
				if moto == nil {
					continue
				}
				if err := moto.measure(ctx, kind, atOnce, b.operations, &o.Moto); err != nil {
					return nil, "", fmt.Errorf("moto: %s: %w", kind.name, err)
				}
			}
			all = append(all, o)
		}
	}
	return all, skipped, nil
}

// startMoto starts moto on a free port. The error is exec.ErrNotFound if it is
// not on this machine.
func startMoto(ctx context.Context) (url string, stop func(), err error) {
	program, err := exec.LookPath("moto_server")
	if err != nil {
		return "", nil, exec.ErrNotFound
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	host, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	cmd := exec.CommandContext(ctx, program, "-H", host, "-p", port)
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start moto: %w", err)
	}
	stop = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
		if err == nil {
			return "http://" + net.JoinHostPort(host, port), stop, c.Close()
		}
	}
	stop()
	return "", nil, errors.New("moto did not listen within a minute")
}

// endpoint is one that is measured, with a rule that leads into its queue.
type endpoint struct {
	queues *sqs.Client
	events *eventbridge.Client
	queue  string
	made   int
}

const benchName = "bench-local"

func newEndpoint(ctx context.Context, url string) (*endpoint, error) {
	config := clientOf(url)
	e := &endpoint{queues: sqs.NewFromConfig(config), events: eventbridge.NewFromConfig(config)}
	_, err := e.events.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String(benchName), EventPattern: aws.String(`{"source":["` + benchName + `"]}`)})
	return e, err
}

// renew gives the endpoint an empty queue, to which the rule leads. What lies in
// a queue makes some endpoints slow.
func (e *endpoint) renew(ctx context.Context) error {
	if e.queue != "" {
		if _, err := e.queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &e.queue}); err != nil {
			return err
		}
	}
	e.made++
	made, err := e.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(fmt.Sprintf("%s-%d", benchName, e.made))})
	if err != nil {
		return err
	}
	e.queue = *made.QueueUrl
	attributes, err := e.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &e.queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn}})
	if err != nil {
		return err
	}
	_, err = e.events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String(benchName), Targets: []ebtypes.Target{
		{Id: aws.String(benchName), Arn: aws.String(attributes.Attributes["QueueArn"])}}})
	return err
}

// mostTime bounds a measurement: whoever is slow makes fewer calls.
const mostTime = time.Second

// measure makes n calls, so many at once, and raises best to their pace.
func (e *endpoint) measure(ctx context.Context, k kind, atOnce, n int, best *float64) error {
	if err := e.renew(ctx); err != nil {
		return err
	}
	n = max(n/k.share, atOnce)
	for range k.before * n {
		if err := sendBatch(ctx, e); err != nil {
			return err
		}
	}
	errs := make([]error, atOnce)
	var begun, made atomic.Int64
	var running sync.WaitGroup
	began := time.Now()
	for i := range atOnce {
		running.Go(func() {
			for begun.Add(1) <= int64(n) && time.Since(began) < mostTime {
				if errs[i] = k.call(ctx, e); errs[i] != nil {
					return
				}
				made.Add(1)
			}
		})
	}
	running.Wait()
	*best = max(*best, float64(made.Load())/time.Since(began).Seconds())
	return errors.Join(errs...)
}

// kind is an operation that is measured.
type kind struct {
	name string
	// share: only this part of the calls is made; before: so many batches are sent
	// beforehand for each.
	share, before int
	call          func(context.Context, *endpoint) error
}

var kinds = []kind{
	{"SendMessage", 1, 0, send},
	{"SendMessageBatch of 10", 4, 0, sendBatch},
	{"ReceiveMessage of 10 + DeleteMessageBatch", 4, 1, receive},
	{"PutEvents of 1, to a queue", 1, 0, func(ctx context.Context, e *endpoint) error { return put(ctx, e, 1) }},
	{"PutEvents of 10, to a queue", 4, 0, func(ctx context.Context, e *endpoint) error { return put(ctx, e, 10) }},
}

var body = strings.Repeat("0123456789abcdef", 64)

func send(ctx context.Context, e *endpoint) error {
	_, err := e.queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &e.queue, MessageBody: &body})
	return err
}

func sendBatch(ctx context.Context, e *endpoint) error {
	in := &sqs.SendMessageBatchInput{QueueUrl: &e.queue}
	for i := range 10 {
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: &body})
	}
	out, err := e.queues.SendMessageBatch(ctx, in)
	if err == nil && len(out.Failed) > 0 {
		err = fmt.Errorf("%d messages were refused", len(out.Failed))
	}
	return err
}

func receive(ctx context.Context, e *endpoint) error {
	got, err := e.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &e.queue, MaxNumberOfMessages: 10})
	if err != nil {
		return err
	}
	if len(got.Messages) == 0 {
		return errors.New("the queue was empty")
	}
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &e.queue}
	for i, m := range got.Messages {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
	}
	_, err = e.queues.DeleteMessageBatch(ctx, in)
	return err
}

func put(ctx context.Context, e *endpoint, n int) error {
	in := &eventbridge.PutEventsInput{}
	for range n {
		in.Entries = append(in.Entries, ebtypes.PutEventsRequestEntry{Source: aws.String(benchName), DetailType: aws.String("Measured"),
			Detail: aws.String(`{"text":"` + body + `"}`)})
	}
	out, err := e.events.PutEvents(ctx, in)
	if err == nil && out.FailedEntryCount > 0 {
		err = fmt.Errorf("%d events were refused", out.FailedEntryCount)
	}
	return err
}

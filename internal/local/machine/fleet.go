package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/local/lambdahost"
)

// fleet is the lambda host as a choreography asks for it.
type fleet struct {
	choreography events.Choreography
	// folder holds <name>/bootstrap of every function.
	folder string
	// queues is where they are fed from.
	queues *sqs.Client
	// environment is what a function is given.
	environment     func(function string) map[string]string
	region, account string
	log             *slog.Logger
	output          io.Writer
}

// start starts the lambda host with a mapping for every subscription and for
// every dead-letter queue of the environment.
func (f fleet) start(ctx context.Context, environment string) (*lambdahost.Host, error) {
	all, err := f.list()
	if err != nil {
		return nil, err
	}
	host, err := lambdahost.New(lambdahost.Config{
		Functions: all, Queues: f.queues, Region: f.region, Account: f.account, Log: f.log, Output: lines(f.output),
	})
	if err != nil {
		return nil, err
	}
	c := f.choreography
	for _, name := range slices.Sorted(maps.Keys(c.Subscriptions)) {
		s := c.Subscriptions[name]
		queue := events.QueueName(environment, name)
		err := errors.Join(f.feed(ctx, host, s.Function, queue, s.Mapping),
			f.feed(ctx, host, c.DeadLetters.Function, events.DeadLetterQueueName(queue), c.DeadLetters.Mapping))
		if err != nil {
			return host, err
		}
	}
	host.Start()
	return host, nil
}

func (f fleet) list() ([]lambdahost.Function, error) {
	c := f.choreography
	concurrency := map[string]int{}
	for _, s := range c.Subscriptions {
		concurrency[s.Function] += s.Concurrency
	}
	concurrency[c.DeadLetters.Function] += c.DeadLetters.Concurrency
	var all []lambdahost.Function
	for _, name := range slices.Sorted(maps.Keys(c.Functions)) {
		bootstrap := filepath.Join(f.folder, name, "bootstrap")
		if _, err := os.Stat(bootstrap); err != nil {
			return nil, fmt.Errorf("the function %s is not built (make build does it): %w", name, err)
		}
		all = append(all, lambdahost.Function{
			Name: name, Bootstrap: bootstrap, Timeout: c.Functions[name].TimeoutOf(), Memory: c.Functions[name].Memory,
			Environment: f.environment(name), Concurrency: max(concurrency[name], 1),
		})
	}
	return all, nil
}

// windowShare is the part of a mapping's window that is waited here. In the
// cloud a full batch saves requests, which are paid for; here it only saves
// writes, and whoever waits for the last record is a person.
const windowShare = 5

// feed lets a queue feed a function.
func (f fleet) feed(ctx context.Context, host *lambdahost.Host, function, name string, mapping events.Mapping) error {
	q, err := findQueue(ctx, f.queues, name)
	if err != nil {
		return err
	}
	_, err = host.AddMapping(lambdahost.Mapping{
		Function: function, QueueURL: q.url, QueueARN: q.arn, BatchSize: mapping.Batch,
		Window: time.Duration(mapping.Window) * time.Second / windowShare, Concurrency: mapping.Concurrency, ReportBatchItemFailures: true,
	})
	return err
}

// lines writes the functions' lines one after the other, each whole.
func lines(to io.Writer) func(function, line string) {
	var mu sync.Mutex
	return func(function, line string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(to, "%-8s %s\n", function, line)
	}
}

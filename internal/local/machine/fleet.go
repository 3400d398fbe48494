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
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/local/lambda"
	"sluice/internal/local/lambdahost"
	"sluice/internal/local/metrics"
)

// fleet is the lambda host as a choreography asks for it.
type fleet struct {
	choreography events.Choreography
	// folder holds <name>/bootstrap of every function.
	folder string
	// client finds the queues, and queues is where they are received from.
	client *sqs.Client
	queues lambdahost.Queues
	// switches is told of the mappings, and switches them; nil if nobody does.
	switches switchboard
	// environment is what a function is given.
	environment     func(function string) map[string]string
	region, account string
	log             *slog.Logger
	output          io.Writer
	// keeper keeps the ledger; nil if nothing is kept.
	keeper *keeper
	// metrics hears what functions print; nil if nobody asks for it.
	metrics *metrics.Registry
	// provisioned is how many processes of a function with a route are there from the
	// beginning.
	provisioned int
}

// start starts the lambda host with a mapping for every subscription and for
// every dead-letter queue of the environment.
func (f fleet) start(ctx context.Context, environment string) (*lambdahost.Host, error) {
	all, err := f.list()
	if err != nil {
		return nil, err
	}
	host, err := lambdahost.New(lambdahost.Config{
		Functions: all, Queues: f.queues, Region: f.region, Account: f.account, Log: f.log,
		Output: f.print(), Printed: f.keeper.printed(),
	})
	if err != nil {
		return nil, err
	}
	c := f.choreography
	var mappings []lambda.Mapping
	for _, name := range slices.Sorted(maps.Keys(c.Subscriptions)) {
		s := c.Subscriptions[name]
		queue := events.QueueName(environment, name)
		own, err := f.feed(ctx, host, s.Function, queue, s.Mapping)
		dead, deadErr := f.feed(ctx, host, c.DeadLetters.Function, events.DeadLetterQueueName(queue), c.DeadLetters.Mapping)
		if err := errors.Join(err, deadErr); err != nil {
			return host, err
		}
		mappings = append(mappings, own, dead)
	}
	if err := f.install(ctx, all, mappings); err != nil {
		return host, err
	}
	host.Start()
	return host, nil
}

// print is where the functions' lines go.
func (f fleet) print() func(function, line string) {
	write := f.keeper.output(f.output, f.log)
	if f.metrics == nil {
		return write
	}
	return func(function, line string) {
		f.metrics.Add(line)
		write(function, line)
	}
}

func (f fleet) list() ([]lambdahost.Function, error) {
	c := f.choreography
	concurrency := map[string]int{}
	for name, function := range c.Functions {
		concurrency[name] = function.Concurrency
	}
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
		environment := f.environment(name)
		sandboxes := max(concurrency[name], 1)
		environment["SLUICE_SANDBOXES"] = strconv.Itoa(sandboxes)
		function := lambdahost.Function{
			Name: name, Bootstrap: bootstrap, Timeout: c.Functions[name].TimeoutOf(), Memory: c.Functions[name].Memory,
			Environment: environment, Concurrency: sandboxes, Yields: yields(c, name),
		}
		if routed(c, name) {
			function.Provisioned = min(f.provisioned, sandboxes)
		}
		all = append(all, function)
	}
	return all, nil
}

// feed lets a queue feed a function.
func (f fleet) feed(ctx context.Context, host *lambdahost.Host, function, name string, mapping events.Mapping) (lambda.Mapping, error) {
	q, err := findQueue(ctx, f.client, name)
	if err != nil {
		return lambda.Mapping{}, err
	}
	poller, err := host.AddMapping(lambdahost.Mapping{
		Function: function, QueueURL: q.url, QueueARN: q.arn, BatchSize: mapping.Batch,
		Window: window(mapping.Window), Concurrency: mapping.Concurrency, ReportBatchItemFailures: true,
	})
	return lambda.Mapping{Function: function, QueueARN: q.arn, Poller: feeding{poller},
		Settings: lambda.Settings{Enabled: true, BatchSize: mapping.Batch, Window: mapping.Window, Concurrency: mapping.Concurrency}}, err
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

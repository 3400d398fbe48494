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

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/gofrs/flock"

	"sluice/events"
	"sluice/internal/local/disk"
	"sluice/internal/local/endpoint"
	"sluice/internal/local/lambdahost"
)

// Options say what machine to open.
type Options struct {
	// Folder is where everything is kept; see [DefaultFolder].
	Folder string
	// Memory keeps nothing: Folder is not touched.
	Memory bool
	// Address is where to listen, 127.0.0.1:port; port 0 is any free one.
	Address string
	// Functions holds <name>/bootstrap of every function.
	Functions string
	// Latency is how long the local model takes for its first token,
	// TokensPerMinute its quota (0: none).
	Latency         time.Duration
	TokensPerMinute int
	// Log takes what the functions and the machine log, a line each.
	Log io.Writer
}

// Machine is a running machine.
type Machine struct {
	options  Options
	lock     *flock.Flock
	logFile  *os.File
	store    disk.Store
	services *endpoint.Services
	server   *endpoint.Server
	host     *lambdahost.Host
	started  time.Time
	log      *slog.Logger
}

// Open starts a machine and returns when it takes requests and its functions
// hear. It answers ErrRunning if another process has the data folder.
func Open(ctx context.Context, o Options) (*Machine, error) {
	m := &Machine{options: o, started: time.Now()}
	if err := m.open(ctx); err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return nil, errors.Join(err, m.Close(closing))
	}
	return m, nil
}

func (m *Machine) open(ctx context.Context) error {
	choreography, err := events.LoadChoreography()
	if err != nil {
		return err
	}
	secret := newSecret()
	m.store = disk.Memory()
	folder := ""
	if !m.options.Memory {
		if m.lock, err = lock(m.options.Folder); err != nil {
			return err
		}
		if m.logFile, err = openLog(m.options.Folder); err != nil {
			return err
		}
		m.options.Log = io.MultiWriter(m.options.Log, m.logFile)
		if secret, err = answerSecret(m.options.Folder); err != nil {
			return err
		}
		if m.store, err = disk.Open(filepath.Join(m.options.Folder, "state.db")); err != nil {
			return err
		}
		folder = filepath.Join(m.options.Folder, "objects")
	}
	m.log = slog.New(slog.NewJSONHandler(m.options.Log, nil))
	m.services, err = endpoint.Assemble(m.store, folder, endpoint.Options{
		Account: Account, Region: Region, Log: m.log, Latency: m.options.Latency, TokensPerMinute: m.options.TokensPerMinute,
	})
	if err != nil {
		return err
	}
	if _, err := m.services.SQS.ReleaseHeldBy(ctx, pollerKey); err != nil {
		return err
	}
	m.services.Own = m.doors()
	if m.server, err = endpoint.Listen(m.options.Address, m.services, m.log); err != nil {
		return err
	}
	if err := provision(ctx, m.config(AccessKey), choreography); err != nil {
		return err
	}
	if err := m.startFunctions(choreography, secret); err != nil {
		return err
	}
	if m.options.Memory {
		return nil
	}
	return announce(m.options.Folder, m.URL())
}

// config is that of a client of this machine.
func (m *Machine) config(accessKey string) aws.Config {
	return aws.Config{Region: Region, BaseEndpoint: aws.String(m.URL()), Credentials: credentials.NewStaticCredentialsProvider(accessKey, SecretKey, "")}
}

// URL is the endpoint, http://127.0.0.1:port.
func (m *Machine) URL() string { return m.server.URL() }

// startFunctions starts the lambda host with a mapping for every subscription
// and for every dead-letter queue.
func (m *Machine) startFunctions(c events.Choreography, secret string) error {
	concurrency := map[string]int{}
	for _, s := range c.Subscriptions {
		concurrency[s.Function] += s.Concurrency
	}
	concurrency[c.DeadLetters.Function] += c.DeadLetters.Concurrency
	var functions []lambdahost.Function
	for _, name := range slices.Sorted(maps.Keys(c.Functions)) {
		f := c.Functions[name]
		bootstrap := filepath.Join(m.options.Functions, name, "bootstrap")
		if _, err := os.Stat(bootstrap); err != nil {
			return fmt.Errorf("the function %s is not built (make build does it): %w", name, err)
		}
		functions = append(functions, lambdahost.Function{
			Name: name, Bootstrap: bootstrap, Timeout: f.TimeoutOf(), Memory: f.Memory,
			Environment: functionEnvironment(name, m.URL(), secret), Concurrency: max(concurrency[name], 1),
		})
	}
	var err error
	m.host, err = lambdahost.New(lambdahost.Config{
		Functions: functions, Queues: sqs.NewFromConfig(m.config(pollerKey)), Region: Region, Account: Account, Log: m.log, Output: m.output(),
	})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(c.Subscriptions)) {
		s := c.Subscriptions[name]
		queue := events.QueueName(Environment, name)
		dead := events.DeadLetterQueueName(queue)
		if err := errors.Join(m.feed(s.Function, queue, s.Mapping), m.feed(c.DeadLetters.Function, dead, c.DeadLetters.Mapping)); err != nil {
			return err
		}
	}
	m.host.Start()
	return nil
}

// windowShare is the part of a mapping's window that is waited here. In the
// cloud a full batch saves requests, which are paid for; here it only saves
// writes, and whoever waits for the last record is a person.
const windowShare = 5

// feed lets a queue feed a function.
func (m *Machine) feed(function, queue string, mapping events.Mapping) error {
	_, err := m.host.AddMapping(lambdahost.Mapping{
		Function: function, QueueURL: m.URL() + "/" + Account + "/" + queue, QueueARN: QueueARN(queue), BatchSize: mapping.Batch,
		Window: time.Duration(mapping.Window) * time.Second / windowShare, Concurrency: mapping.Concurrency, ReportBatchItemFailures: true,
	})
	return err
}

// output writes the functions' lines one after the other, each whole.
func (m *Machine) output() func(function, line string) {
	var mu sync.Mutex
	return func(function, line string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(m.options.Log, "%-8s %s\n", function, line)
	}
}

// Failed is closed when the machine can go on no longer: a write to its data
// folder failed. [Machine.Err] says why.
func (m *Machine) Failed() <-chan struct{} { return m.store.Failed() }

// Err is why the machine failed, or nil.
func (m *Machine) Err() error { return m.store.Err() }

// Close stops the machine: it takes no more messages, lets running calls end
// until ctx ends, and writes what is enqueued. What was under way goes on when
// it is opened again.
func (m *Machine) Close(ctx context.Context) error {
	var errs []error
	if m.host != nil {
		errs = append(errs, m.host.Stop(ctx))
	}
	if m.server != nil {
		errs = append(errs, m.server.Shutdown(ctx))
	}
	if m.services != nil {
		errs = append(errs, m.services.Close())
	}
	if m.store != nil {
		errs = append(errs, m.store.Close())
	}
	if m.logFile != nil {
		errs = append(errs, m.logFile.Close())
	}
	if m.lock != nil {
		errs = append(errs, m.lock.Unlock())
	}
	return errors.Join(errs...)
}

package lambdahost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"
)

// Config is what a host is made of.
type Config struct {
	// Functions are what can be called.
	Functions []Function
	// Queues is where mappings receive; nil if there are none.
	Queues Queues
	// Region and Account are what ARNs are made of. Default us-east-1 and
	// 000000000000.
	Region, Account string
	// Output takes every line that a function writes to stdout or stderr, and
	// its REPORT lines. It is called from many goroutines; a slow one slows the
	// functions down. Default: nothing is kept.
	Output func(function, line string)
	// Printed is a folder for what processes print, a file for each. A file is
	// removed when its process has ended and Output took all of it, so what is
	// there when no host runs is what a host left that was killed. Default: pipes,
	// which end with the host.
	Printed string
	// Log is where the host itself speaks. Default: nowhere.
	Log *slog.Logger
	// Idle is how long a process without work is kept. Default 1 minute: a new
	// one takes some milliseconds here.
	Idle time.Duration
	// InitTimeout is how long a process may take to ask for its first call.
	// Default 30 s, more than Lambda's 10 s: some systems inspect a program
	// when it runs for the first time.
	InitTimeout time.Duration
}

func (c Config) defaults() Config {
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Account == "" {
		c.Account = "000000000000"
	}
	if c.Output == nil {
		c.Output = func(string, string) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Idle <= 0 {
		c.Idle = time.Minute
	}
	if c.InitTimeout <= 0 {
		c.InitTimeout = 30 * time.Second
	}
	return c
}

// Host runs functions. It is safe for concurrent use.
type Host struct {
	config   Config
	pools    map[string]*pool
	registry *registry
	starter  *starter
	server   *http.Server
	address  string

	// polling ends when the host begins to stop, living when its patience is
	// over.
	polling, living         context.Context
	stopPolling, stopLiving context.CancelFunc

	mu       sync.Mutex
	started  bool
	stopping bool
	pollers  []*Poller
	// calls counts running calls, polls running pollers. They grow only while
	// stopping is false, under mu.
	calls, polls sync.WaitGroup
}

// New checks the configuration and begins to listen on a free port of
// 127.0.0.1. Nothing runs yet. The error lists everything that is wrong with the
// functions, or is the network's.
func New(config Config) (*Host, error) {
	config = config.defaults()
	h := &Host{config: config, pools: map[string]*pool{}, registry: newRegistry()}
	var errs []error
	for _, f := range config.Functions {
		errs = append(errs, f.check())
		if path, err := filepath.Abs(f.Bootstrap); err == nil {
			f.Bootstrap = path
		}
		if _, double := h.pools[f.Name]; double {
			errs = append(errs, fmt.Errorf("function %q is there twice", f.Name))
		}
		h.pools[f.Name] = newPool(f, h.launch, config.Idle, config.Log)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("lambda host: %w", err)
	}
	var network net.ListenConfig
	listener, err := network.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lambda host: listen for the runtime API: %w", err)
	}
	h.address = listener.Addr().String()
	h.polling, h.stopPolling = context.WithCancel(context.Background())
	h.living, h.stopLiving = context.WithCancel(context.Background())
	h.starter = newStarter()
	h.server = &http.Server{Handler: h.registry.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = h.server.Serve(listener) }()
	return h, nil
}

// Start begins to poll. Mappings that are added later poll at once. It returns when
// what is provisioned is ready, or does not start, which the log tells.
func (h *Host) Start() {
	h.mu.Lock()
	if h.started || h.stopping {
		h.mu.Unlock()
		return
	}
	h.started = true
	for _, p := range h.pollers {
		h.polls.Go(func() { p.run(h.polling) })
	}
	var provisioning sync.WaitGroup
	for _, p := range h.pools {
		provisioning.Go(func() { p.provision(h.polling) })
	}
	h.mu.Unlock()
	provisioning.Wait()
}

// AddMapping lets a queue feed a function. It fails if the mapping is not one
// that AWS would take, or names an unknown function.
func (h *Host) AddMapping(m Mapping) (*Poller, error) {
	to, known := h.pools[m.Function]
	if !known {
		return nil, fmt.Errorf("mapping of %s: %w: %q", m.QueueARN, ErrUnknownFunction, m.Function)
	}
	if h.config.Queues == nil {
		return nil, fmt.Errorf("mapping of %s: the host has no queues to receive from", m.QueueARN)
	}
	if m.Concurrency == 0 {
		m.Concurrency = to.function.Concurrency
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("mapping of %s: %w", m.QueueARN, err)
	}
	p := newPoller(m, h.config.Queues, mapped{h, to}, h.config.Log.With("function", m.Function, "queue", queueName(m.QueueARN)))
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopping {
		return nil, ErrStopped
	}
	h.pollers = append(h.pollers, p)
	if h.started {
		h.polls.Go(func() { p.run(h.polling) })
	}
	return p, nil
}

// begin counts a call in, unless the host is stopping.
func (h *Host) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopping {
		return false
	}
	h.calls.Add(1)
	return true
}

// Stop ends polling and takes no more calls, lets the running ones end until ctx
// ends, kills what runs then, and returns when no process is left. Messages that
// were received and not handled are given back. The error tells that calls were
// ended by force. A second Stop waits as the first does.
func (h *Host) Stop(ctx context.Context) error {
	h.mu.Lock()
	h.stopping = true
	h.mu.Unlock()
	h.stopPolling()
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.calls.Wait()
		h.polls.Wait()
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		if running := h.kill(); running > 0 {
			err = fmt.Errorf("lambda host: processes ended by force during a call: %d: %w", running, ctx.Err())
		}
		<-done
	}
	h.kill()
	_ = h.server.Close()
	h.starter.stop()
	return err
}

// kill ends all processes, waits for them and returns how many had a call.
func (h *Host) kill() int {
	for _, p := range h.pools {
		p.close()
	}
	h.stopLiving()
	return h.registry.killAll()
}

// Stats returns the numbers of every function, by name.
func (h *Host) Stats() map[string]Stats {
	all := make(map[string]Stats, len(h.pools))
	for name, p := range h.pools {
		all[name] = p.numbers.snapshot()
	}
	return all
}

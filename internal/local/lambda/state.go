package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/service"
)

// Function is what there is to know of a function.
type Function struct {
	Name    string
	Timeout time.Duration
	Memory  int // MB
}

// Settings are how a queue feeds a function, as far as they can be changed.
type Settings struct {
	Enabled bool
	// BatchSize is 1 to 10,000 messages, Window 0 to 300 seconds, Concurrency 2 to
	// 1,000 calls at the same time, or 0 for as many as the function has.
	BatchSize, Window, Concurrency int
}

// Mapping is a queue that feeds a function.
type Mapping struct {
	Function, QueueARN string
	Settings
	// Poller obeys; nil if nobody receives.
	Poller Poller
}

// Poller receives from a queue on a mapping's behalf.
type Poller interface {
	// Apply makes the settings hold and returns when they do: when they are not
	// Enabled, nothing is received from then on. Calls that run go on. The error
	// says why the settings before still hold.
	Apply(Settings) error
}

// A mapping's states.
const (
	Enabled   = "Enabled"
	Enabling  = "Enabling"
	Disabled  = "Disabled"
	Disabling = "Disabling"
	Updating  = "Updating"
)

// Config is the ground a State stands on. Zero values are made into defaults.
type Config = service.Config

// State is one account's Lambda in one region. Its methods may be called by many
// goroutines at once; those that change something return when the change is
// durable.
type State struct {
	cfg   Config
	store disk.Store

	mu        sync.Mutex
	functions map[string]Function
	mappings  map[string]*mapping // by UUID
	// obeying counts pollers that are about to obey.
	obeying sync.WaitGroup
}

// mapping is what is kept of a Mapping; the exported fields are on disk.
type mapping struct {
	Function, QueueARN string
	Settings
	Modified time.Time

	state  string
	poller Poller
}

const bucket = "lambda/mappings"

// New loads the mappings from the store: whether they are on is known before
// anybody receives. The error tells which record could not be read.
func New(store disk.Store, cfg Config) (*State, error) {
	s := &State{cfg: cfg.WithDefaults(), store: store, functions: map[string]Function{}, mappings: map[string]*mapping{}}
	err := store.Scan(bucket, nil, func(key, value []byte) error {
		m, err := decode(value)
		if err != nil {
			return fmt.Errorf("record %q: %w", key, err)
		}
		s.mappings[string(key)] = m
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lambda: %w", err)
	}
	return s, nil
}

func decode(value []byte) (*mapping, error) {
	m := &mapping{}
	if err := json.Unmarshal(value, m); err != nil {
		return nil, err
	}
	m.state = m.settled()
	return m, nil
}

// settled is the state that a mapping's switch leads to.
func (m *mapping) settled() string {
	if m.Enabled {
		return Enabled
	}
	return Disabled
}

// UUID names the mapping from a queue to a function.
func UUID(function, queueARN string) string {
	sum := sha256.Sum256([]byte(function + "\x00" + queueARN))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	return service.FormatID([16]byte(sum[:16]))
}

// Install says what there is from now on; what was installed before and is not
// among it is gone. A mapping that was switched off stays off, all else is as
// given. It returns when the pollers obey. The error is the store's or a
// poller's.
func (s *State) Install(ctx context.Context, functions []Function, mappings []Mapping) error {
	s.mu.Lock()
	before := s.mappings
	s.functions, s.mappings = map[string]Function{}, map[string]*mapping{}
	for _, f := range functions {
		s.functions[f.Name] = f
	}
	var changes []disk.Change
	for _, given := range mappings {
		m := &mapping{Function: given.Function, QueueARN: given.QueueARN, Settings: given.Settings, Modified: s.cfg.Now(), poller: given.Poller}
		id := UUID(given.Function, given.QueueARN)
		if old := before[id]; old != nil {
			m.Enabled = old.Enabled
			if m.Settings == old.Settings {
				m.Modified = old.Modified
			}
		}
		m.state = Updating // until its poller obeys
		s.mappings[id] = m
		delete(before, id)
		changes = append(changes, change(id, m))
	}
	for id := range before {
		changes = append(changes, disk.Change{Bucket: bucket, Key: []byte(id)})
	}
	ticket := s.store.Enqueue(changes...)
	pollers := make([]*mapping, 0, len(s.mappings))
	for _, m := range s.mappings {
		pollers = append(pollers, m)
	}
	s.mu.Unlock()
	errs := []error{ticket.Wait(ctx)}
	for _, m := range pollers {
		if err := s.apply(m); err != nil {
			errs = append(errs, fmt.Errorf("lambda: mapping of %s: %w", m.QueueARN, err))
		}
	}
	return errors.Join(errs...)
}

// change writes a mapping. Its fields always have a JSON form.
func change(id string, m *mapping) disk.Change {
	value, _ := json.Marshal(m)
	return disk.Change{Bucket: bucket, Key: []byte(id), Value: value}
}

func (s *State) functionARN(name string) string {
	return "arn:aws:lambda:" + s.cfg.Region + ":" + s.cfg.Account + ":function:" + name
}

// functionName is the name in what Lambda takes for one: a name, an ARN, or
// account:function:name, each with a version or alias behind.
func functionName(given string) string {
	parts := strings.Split(given, ":")
	at := slices.Index(parts, "function")
	switch {
	case at >= 0 && at+1 < len(parts):
		return parts[at+1]
	case len(parts[0]) == 12 && len(parts) > 1 && strings.Trim(parts[0], "0123456789") == "":
		return parts[1]
	}
	return parts[0]
}

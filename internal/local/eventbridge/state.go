package eventbridge

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/eventbridge/pattern"
	"sluice/internal/local/service"
)

// Targets takes deliveries to queues.
type Targets interface {
	// Send delivers and returns one error per delivery, in their order; nil
	// means that the message is durable in its queue. A *TargetError tells the
	// code and whether a retry can help. Send must not call back into the State.
	Send(ctx context.Context, deliveries []Delivery) []error
}

// Delivery is one message for one queue.
type Delivery struct {
	// TargetARN names the queue.
	TargetARN string
	// Body is the message: the event, or what the target made of it.
	Body []byte
	// MessageGroupID is the target's SqsParameters.MessageGroupId, or "".
	MessageGroupID string
	// TraceHeader is the X-Ray header of the entry, or "".
	TraceHeader string
	// Attributes are string message attributes; set for dead letters only.
	Attributes map[string]string
}

// Config is the ground a State stands on. Zero values are made into defaults.
type Config struct {
	service.Config
	// RetryFirst is the pause before the first retry of a delivery (1 s); it
	// doubles up to RetryMost (5 minutes).
	RetryFirst, RetryMost time.Duration
}

func (c Config) withDefaults() Config {
	c.Config = c.WithDefaults()
	if c.RetryFirst <= 0 {
		c.RetryFirst = time.Second
	}
	if c.RetryMost <= 0 {
		c.RetryMost = 5 * time.Minute
	}
	return c
}

// State is one account's EventBridge in one region. Its methods may be called
// by many goroutines at once; those that change something return when the
// change is durable.
type State struct {
	cfg     Config
	store   disk.Store
	targets Targets

	// mu guards the definitions. Every change publishes a new routes.
	mu       sync.Mutex
	buses    map[string]*Bus
	rules    map[ruleKey]*Rule
	archives map[string]*Archive
	replays  map[string]*Replay

	routes   atomic.Pointer[routes]
	pending  *pendings
	tap      tap
	replayed chan struct{} // wakes Run when a replay was started
	// rescheduled wakes Run when a rule was changed.
	rescheduled chan struct{}
}

type ruleKey struct{ bus, name string }

// Disk buckets. Definitions are JSON under their names.
const (
	bucketBuses    = "eventbridge/buses"
	bucketRules    = "eventbridge/rules"
	bucketArchives = "eventbridge/archives"
	bucketReplays  = "eventbridge/replays"
	bucketPending  = "eventbridge/pending"
	bucketArchived = "eventbridge/archived/" // and the archive's name
)

const defaultBus = "default"

// New loads the state from the store; the default bus is always there. The
// error tells which record could not be read.
func New(store disk.Store, targets Targets, cfg Config) (*State, error) {
	s := &State{
		cfg: cfg.withDefaults(), store: store, targets: targets,
		buses: map[string]*Bus{}, rules: map[ruleKey]*Rule{},
		archives: map[string]*Archive{}, replays: map[string]*Replay{},
		pending: newPendings(), replayed: make(chan struct{}, 1), rescheduled: make(chan struct{}, 1),
	}
	loads := []struct {
		bucket string
		take   func(value []byte) error
	}{
		{bucketBuses, func(v []byte) error { return load(v, func(b *Bus) error { s.buses[b.Name] = b; return nil }) }},
		{bucketRules, func(v []byte) error { return load(v, s.loadRule) }},
		{bucketArchives, func(v []byte) error { return load(v, s.loadArchive) }},
		{bucketReplays, func(v []byte) error {
			return load(v, func(r *Replay) error { s.replays[r.Name] = r; return nil })
		}},
	}
	for _, l := range loads {
		err := store.Scan(l.bucket, nil, func(key, value []byte) error {
			if err := l.take(value); err != nil {
				return fmt.Errorf("record %q: %w", key, err)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("eventbridge: load %s: %w", l.bucket, err)
		}
	}
	if err := s.loadPending(); err != nil {
		return nil, fmt.Errorf("eventbridge: load %s: %w", bucketPending, err)
	}
	if s.buses[defaultBus] == nil {
		now := s.cfg.Now().UTC()
		s.buses[defaultBus] = &Bus{Name: defaultBus, Created: now, Modified: now}
	}
	s.publish()
	return s, nil
}

func load[T any](value []byte, take func(*T) error) error {
	record := new(T)
	if err := json.Unmarshal(value, record); err != nil {
		return err
	}
	return take(record)
}

func (s *State) loadRule(r *Rule) error {
	if err := r.compile(s); err != nil {
		return err
	}
	s.rules[ruleKey{r.Bus, r.Name}] = r
	return nil
}

func (s *State) loadArchive(a *Archive) error {
	if err := a.compile(); err != nil {
		return err
	}
	s.archives[a.Name] = a
	return nil
}

// save enqueues a definition. Call it with mu held, so that the disk sees
// changes in the order in which memory did.
func (s *State) save(bucket, key string, record any) disk.Ticket {
	value, err := json.Marshal(record)
	if err != nil {
		// The records are plain structs of strings, numbers and times.
		s.cfg.Log.Error("eventbridge: a record cannot be marshalled", "bucket", bucket, "error", err.Error())
	}
	return s.store.Enqueue(disk.Change{Bucket: bucket, Key: []byte(key), Value: value})
}

func (s *State) remove(bucket, key string) disk.Ticket {
	return s.store.Enqueue(disk.Change{Bucket: bucket, Key: []byte(key)})
}

// durable waits for a ticket; a store that failed is an internal error.
func durable(ctx context.Context, t disk.Ticket) error {
	if err := t.Wait(ctx); err != nil {
		return internal("the change could not be kept: %s", err)
	}
	return nil
}

// routes is what PutEvents reads: an immutable picture of the definitions.
type routes struct {
	buses map[string]*busRoutes
	// looked is what somebody looks at of an event's detail, on whatever bus.
	looked *pattern.Fields
}

type busRoutes struct {
	name     string
	rules    []*Rule
	archives []*Archive
}

// publish replaces the routes. Call it with mu held.
func (s *State) publish() {
	r := &routes{buses: make(map[string]*busRoutes, len(s.buses))}
	for name := range s.buses {
		r.buses[name] = &busRoutes{name: name}
	}
	var looked pattern.Fields
	for _, name := range tapped {
		looked.AddPath("detail", name)
	}
	for _, rule := range s.rules {
		if bus := r.buses[rule.Bus]; bus != nil && rule.State != StateDisabled && rule.compiled != nil {
			bus.rules = append(bus.rules, rule)
			looked.Add(rule.compiled)
		}
	}
	for _, a := range s.archives {
		if bus := r.buses[a.Bus]; bus != nil {
			bus.archives = append(bus.archives, a)
			if a.compiled != nil {
				looked.Add(a.compiled)
			}
		}
	}
	r.looked = looked.Below("detail")
	s.routes.Store(r)
}

// compilePattern reads an event pattern; nil for none.
func compilePattern(src string) (*pattern.Pattern, error) {
	if src == "" {
		return nil, nil
	}
	p, err := pattern.Compile(src)
	if err != nil {
		return nil, &Error{Code: codePattern, Message: err.Error()}
	}
	return p, nil
}

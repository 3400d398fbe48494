package scheduler

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/service"
)

// Targets are what schedules can call. An error that has a method Retryable() bool
// which answers false is for good; any other is tried again.
type Targets interface {
	// CheckMappingUpdate tells what is wrong with the input of Lambda's
	// UpdateEventSourceMapping.
	CheckMappingUpdate(input []byte) error
	// UpdateMapping carries it out.
	UpdateMapping(ctx context.Context, input []byte) error
	// Send sends a message to a queue.
	Send(ctx context.Context, m Message) error
}

// Message is for a queue.
type Message struct {
	QueueARN, Body string
	// Group is the message group id, "" for none.
	Group string
	// Attributes are message attributes.
	Attributes map[string]string
}

// Config is the ground a State stands on. Zero values are made into defaults.
type Config = service.Config

// State is one account's schedules in one region. Its methods may be called by
// many goroutines at once; those that change something return when the change is
// durable.
type State struct {
	cfg     Config
	store   disk.Store
	targets Targets
	// changed tells Run that something may be due earlier.
	changed chan struct{}

	mu        sync.Mutex
	schedules map[string]*Schedule // by name; replaced, never changed
}

// Schedule is a schedule that runs once.
type Schedule struct {
	Definition
	Created, Modified time.Time
	// Token is what made it; who comes again with it made it too.
	Token string
	// Due is the time that the expression means.
	Due time.Time
	// Done: the target was called, or given up.
	Done bool
	// Tries were made since Began and failed; Next is the time of the next one.
	Tries       int
	Began, Next time.Time
}

const bucket = "scheduler/schedules"

// New loads the schedules from the store. The error tells which record could not
// be read.
func New(store disk.Store, targets Targets, cfg Config) (*State, error) {
	s := &State{cfg: cfg.WithDefaults(), store: store, targets: targets, changed: make(chan struct{}, 1), schedules: map[string]*Schedule{}}
	err := store.Scan(bucket, nil, func(key, value []byte) error {
		one := &Schedule{}
		if err := json.Unmarshal(value, one); err != nil {
			return fmt.Errorf("record %q: %w", key, err)
		}
		s.schedules[string(key)] = one
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("scheduler: %w", err)
	}
	return s, nil
}

// Create makes a schedule and answers its ARN. Whoever comes again with the same
// token gets the same answer. The error is an *Error: not a definition that can be
// carried out here, or there is one of that name.
func (s *State) Create(ctx context.Context, d Definition, token string) (string, error) {
	due, err := d.check(s.targets, s.cfg.Now())
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	if there := s.schedules[d.Name]; there != nil {
		s.mu.Unlock()
		if token != "" && there.Token == token {
			return s.ARN(d.Name), nil
		}
		return "", service.Refuse(http.StatusConflict, CodeConflict, "Schedule %s already exists.", d.Name)
	}
	now := s.cfg.Now()
	ticket := s.put(&Schedule{Definition: d, Created: now, Modified: now, Token: token, Due: due, Next: due})
	s.mu.Unlock()
	return s.ARN(d.Name), s.kept(ctx, ticket)
}

// Update writes a schedule anew: what is not given gets its default, and what was
// done may be done again. The error is an *Error.
func (s *State) Update(ctx context.Context, d Definition) (string, error) {
	due, err := d.check(s.targets, s.cfg.Now())
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	there, err := s.find(d.Group, d.Name)
	if err != nil {
		s.mu.Unlock()
		return "", err
	}
	ticket := s.put(&Schedule{Definition: d, Created: there.Created, Modified: s.cfg.Now(), Token: there.Token, Due: due, Next: due})
	s.mu.Unlock()
	return s.ARN(d.Name), s.kept(ctx, ticket)
}

// Delete removes a schedule. The error is an *Error.
func (s *State) Delete(ctx context.Context, group, name string) error {
	s.mu.Lock()
	if _, err := s.find(group, name); err != nil {
		s.mu.Unlock()
		return err
	}
	ticket := s.remove(name)
	s.mu.Unlock()
	return s.kept(ctx, ticket)
}

// Schedule is one schedule. The error is an *Error.
func (s *State) Schedule(group, name string) (Schedule, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, err := s.find(group, name)
	if err != nil {
		return Schedule{}, err
	}
	return *one, nil
}

// Schedules lists the schedules with a prefix by name; of one state, if that is
// not "".
func (s *State) Schedules(prefix, state string) []Schedule {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Schedule{}
	for _, name := range slices.Sorted(maps.Keys(s.schedules)) {
		if one := s.schedules[name]; strings.HasPrefix(name, prefix) && (state == "" || one.State == state) {
			list = append(list, *one)
		}
	}
	return list
}

// ARN names a schedule of the default group.
func (s *State) ARN(name string) string {
	return "arn:aws:scheduler:" + s.cfg.Region + ":" + s.cfg.Account + ":schedule/" + defaultGroup + "/" + name
}

// The methods below are called with mu held.

func (s *State) find(group, name string) (*Schedule, error) {
	if err := checkGroup(group); err != nil {
		return nil, err
	}
	one := s.schedules[name]
	if one == nil {
		return nil, notFound("Schedule %s does not exist.", name)
	}
	return one, nil
}

// put keeps a schedule. Its fields always have a JSON form.
func (s *State) put(one *Schedule) disk.Ticket {
	s.schedules[one.Name] = one
	select {
	case s.changed <- struct{}{}:
	default:
	}
	value, _ := json.Marshal(one)
	return s.store.Enqueue(disk.Change{Bucket: bucket, Key: []byte(one.Name), Value: value})
}

func (s *State) remove(name string) disk.Ticket {
	delete(s.schedules, name)
	return s.store.Enqueue(disk.Change{Bucket: bucket, Key: []byte(name)})
}

// kept waits until a change is durable, without mu.
func (s *State) kept(ctx context.Context, t disk.Ticket) error {
	if err := t.Wait(ctx); err != nil {
		return service.Refuse(http.StatusInternalServerError, CodeInternal, "The change could not be kept: %s", err)
	}
	return nil
}

func (s *State) groupARN() string {
	return "arn:aws:scheduler:" + s.cfg.Region + ":" + s.cfg.Account + ":schedule-group/" + defaultGroup
}

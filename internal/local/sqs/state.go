package sqs

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/internal/local/disk"
)

// Config is what a state is made of.
type Config struct {
	// Region and Account are what ARNs are made of. Default us-east-1 and
	// 000000000000.
	Region, Account string
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// State holds all queues. It is safe for concurrent use.
type State struct {
	Config
	store disk.Store

	mu     sync.Mutex
	queues map[string]*queue
	tasks  map[string]*moveTask
	ended  context.Context
	end    context.CancelFunc
	moving sync.WaitGroup
}

// New loads the queues from the store. The error names what does not decode.
func New(store disk.Store, c Config) (*State, error) {
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Account == "" {
		c.Account = "000000000000"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &State{Config: c, store: store, queues: map[string]*queue{}, tasks: map[string]*moveTask{}}
	s.ended, s.end = context.WithCancel(context.Background())
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("sqs: %w", err)
	}
	s.resumeMoves()
	return s, nil
}

// Close ends what runs in the background. What it had not done goes on when the
// state is loaded again.
func (s *State) Close() {
	s.end()
	s.moving.Wait()
}

func (s *State) load() error {
	err := s.store.Scan(definitions, nil, func(key, value []byte) error {
		var d definition
		if err := json.Unmarshal(value, &d); err != nil {
			return fmt.Errorf("queue %s does not decode: %w", key, err)
		}
		s.queues[d.Name] = newQueue(d, s.ARN(d.Name))
		return nil
	})
	if err != nil {
		return err
	}
	now := s.ms()
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		q := s.queues[name]
		err := s.store.Scan(indexOf(name), nil, func(key, value []byte) error {
			m := &message{}
			if err := json.Unmarshal(value, m); err != nil || len(key) != 8 {
				return fmt.Errorf("message %x of queue %s does not decode: %w", key, name, err)
			}
			m.seq = binary.BigEndian.Uint64(key)
			q.messages[m.seq] = m
			q.next = max(q.next, m.seq+1)
			q.put(m, now)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.store.Scan(moveTasks, nil, func(key, value []byte) error {
		t := &moveTask{}
		if err := json.Unmarshal(value, t); err != nil {
			return fmt.Errorf("move task %s does not decode: %w", key, err)
		}
		s.tasks[t.Handle] = t
		return nil
	})
}

func (s *State) ms() int64 { return s.Now().UnixMilli() }

// ARN is the ARN of a queue.
func (s *State) ARN(name string) string {
	return "arn:aws:sqs:" + s.Region + ":" + s.Account + ":" + name
}

// nameOf is the queue's name in its URL, its ARN or itself.
func nameOf(urlOrARN string) string {
	return urlOrARN[strings.LastIndexAny(urlOrARN, "/:")+1:]
}

// find is the queue of a URL, an ARN or a name. Callers hold the lock.
func (s *State) find(urlOrARN string) (*queue, *Error) {
	if urlOrARN == "" {
		return nil, missingParameter("QueueUrl")
	}
	q := s.queues[nameOf(urlOrARN)]
	if q == nil {
		return nil, noQueue()
	}
	return q, nil
}

func (q *queue) saved() disk.Change {
	raw, _ := json.Marshal(q.definition) // strings and numbers
	return disk.Change{Bucket: definitions, Key: []byte(q.Name), Value: raw}
}

// CreateQueue makes a queue. One that is there with the same values of the given
// attributes is fine; other values are QueueNameExists.
func (s *State) CreateQueue(ctx context.Context, name string, attributes, tags map[string]string) error {
	if strings.HasSuffix(name, ".fifo") {
		return checkText("FifoQueue", "true")
	}
	if !queueName.MatchString(name) {
		return invalidParameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	checked, bad := checkAttributes(attributes)
	if bad != nil {
		return bad
	}
	s.mu.Lock()
	if q := s.queues[name]; q != nil {
		defer s.mu.Unlock()
		for attribute, value := range checked {
			if value != q.attribute(attribute) {
				return &Error{"QueueNameExists", "QueueAlreadyExists", "A queue already exists with the same name and a different value for attribute " + attribute}
			}
		}
		return nil
	}
	if bad := s.checkRedrive(s.ARN(name), checked["RedrivePolicy"]); bad != nil {
		s.mu.Unlock()
		return bad
	}
	now := s.ms()
	q := newQueue(definition{Name: name, Attributes: checked, Tags: tags, Created: now, Modified: now}, s.ARN(name))
	s.queues[name] = q
	ticket := s.store.Enqueue(q.saved())
	s.mu.Unlock()
	return ticket.Wait(ctx)
}

// checkRedrive checks that a redrive policy leads to a queue that allows it.
func (s *State) checkRedrive(source, policy string) *Error {
	if policy == "" {
		return nil
	}
	var r redrive
	_ = json.Unmarshal([]byte(policy), &r)
	target := s.queues[nameOf(r.DeadLetterTargetARN)]
	if target == nil || !target.allow.allows(source) || target.arn == source {
		return invalidParameter("Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist or does not allow it.", policy)
	}
	return nil
}

// attribute is the value of a settable attribute, with its default.
func (q *queue) attribute(name string) string {
	if _, isNumber := numbers[name]; isNumber {
		return fmt.Sprint(q.number(name))
	}
	return q.Attributes[name]
}

// DeleteQueue removes a queue and everything in it.
func (s *State) DeleteQueue(ctx context.Context, url string) error {
	s.mu.Lock()
	q, bad := s.find(url)
	if bad != nil {
		s.mu.Unlock()
		return bad
	}
	changes := []disk.Change{{Bucket: definitions, Key: []byte(q.Name)}}
	for _, m := range q.messages {
		changes = append(changes, m.gone(q.Name)...)
	}
	delete(s.queues, q.Name)
	q.rouse()
	ticket := s.store.Enqueue(changes...)
	s.mu.Unlock()
	return ticket.Wait(ctx)
}

// change alters a queue's definition.
func (s *State) change(ctx context.Context, url string, alter func(*queue) *Error) error {
	s.mu.Lock()
	q, bad := s.find(url)
	if bad == nil {
		bad = alter(q)
	}
	if bad != nil {
		s.mu.Unlock()
		return bad
	}
	q.Modified = s.ms()
	q.readPolicies()
	ticket := s.store.Enqueue(q.saved())
	s.mu.Unlock()
	return ticket.Wait(ctx)
}

// SetAttributes changes attributes of a queue.
func (s *State) SetAttributes(ctx context.Context, url string, attributes map[string]string) error {
	checked, bad := checkAttributes(attributes)
	if bad != nil {
		return bad
	}
	return s.change(ctx, url, func(q *queue) *Error {
		if bad := s.checkRedrive(q.arn, checked["RedrivePolicy"]); bad != nil {
			return bad
		}
		next := maps.Clone(q.Attributes)
		if next == nil {
			next = map[string]string{}
		}
		for name, value := range checked {
			next[name] = value
			if value == "" {
				delete(next, name)
			}
		}
		q.Attributes = next
		return nil
	})
}

// Tag sets tags; Untag removes them.
func (s *State) Tag(ctx context.Context, url string, tags map[string]string) error {
	return s.change(ctx, url, func(q *queue) *Error {
		next := maps.Clone(q.Tags)
		if next == nil {
			next = map[string]string{}
		}
		maps.Copy(next, tags)
		if len(next) > 50 {
			return invalidParameter("Too many tags added for queue %s.", q.Name)
		}
		q.Tags = next
		return nil
	})
}

// Untag removes tags by their keys.
func (s *State) Untag(ctx context.Context, url string, keys []string) error {
	return s.change(ctx, url, func(q *queue) *Error {
		next := maps.Clone(q.Tags)
		for _, k := range keys {
			delete(next, k)
		}
		q.Tags = next
		return nil
	})
}

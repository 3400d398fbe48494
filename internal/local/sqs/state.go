package sqs

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/service"
)

// Config is what a state needs to know; every field has a default.
type Config struct {
	// Account and Region go into ARNs and URLs: 000000000000 and us-east-1.
	Account, Region string
	// Now is the clock, time.Now if nil.
	Now func() time.Time
	// PurgeInterval refuses a second PurgeQueue of a queue for so long: 60 s, as
	// AWS does. Below 0 it is always allowed.
	PurgeInterval time.Duration
}

// State is all queues and messages. Its methods are SQS's operations and may be
// called from anywhere at once; those that change something return when the
// change is durable. Refusals are *Error.
type State struct {
	store           disk.Store
	now             func() time.Time
	account, region string
	purgeInterval   time.Duration

	mu       sync.Mutex
	queues   map[string]*queue
	messages map[uint64]*message
	moves    map[string]*move
	last     uint64 // highest number given to a queue or message
	stopped  bool
	stop     chan struct{}
	running  sync.WaitGroup // move tasks
}

// Caller is who asks: the host that the request was sent to (for queue URLs) and
// the access key that signed it.
type Caller struct {
	Host      string
	AccessKey string
}

// New loads the state from the store and goes on with the move tasks that were
// running. An error names what on disk could not be understood.
func New(store disk.Store, config Config) (*State, error) {
	at := service.Config{Account: config.Account, Region: config.Region, Now: config.Now}.WithDefaults()
	s := &State{
		store: store, now: at.Now, account: at.Account, region: at.Region, purgeInterval: config.PurgeInterval,
		queues: map[string]*queue{}, messages: map[uint64]*message{}, moves: map[string]*move{},
		stop: make(chan struct{}),
	}
	if s.purgeInterval == 0 {
		s.purgeInterval = time.Minute
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.moves {
		if m.active() {
			s.startMoving(m)
		}
	}
	return s, nil
}

// Close ends long polls with an empty answer and pauses move tasks. It leaves
// the store open.
func (s *State) Close() {
	s.mu.Lock()
	if !s.stopped {
		s.stopped = true
		close(s.stop)
		for _, q := range s.queues {
			q.disarm()
		}
	}
	s.mu.Unlock()
	s.running.Wait()
}

// ARN is the Amazon Resource Name of a queue, which need not exist.
func (s *State) ARN(name string) string {
	return "arn:aws:sqs:" + s.region + ":" + s.account + ":" + name
}

// URL is the address of a queue for whoever reached the service at host.
func (s *State) URL(host, name string) string {
	return "http://" + host + "/" + s.account + "/" + name
}

func (s *State) next() uint64 {
	s.last++
	return s.last
}

// commit hands a group of changes to the disk; the caller holds the lock.
func (s *State) commit(changes []disk.Change) disk.Ticket {
	if len(changes) == 0 {
		return disk.Ticket{}
	}
	return s.store.Enqueue(changes...)
}

// wait returns when a group is durable.
func wait(ctx context.Context, ticket disk.Ticket) error {
	if err := ticket.Wait(ctx); err != nil {
		return errInternal(err)
	}
	return nil
}

// byURL finds the queue of a QueueUrl. As with AWS a bare name will do; the
// host does not matter.
func (s *State) byURL(address string) (*queue, *Error) {
	if address == "" {
		return nil, errMissing("QueueUrl")
	}
	name, account := address, s.account
	if strings.Contains(address, "/") {
		parsed, err := url.Parse(address)
		if err != nil {
			return nil, errNoQueue()
		}
		parts := strings.Split(strings.Trim(parsed.Path, "/"), "/")
		name = parts[len(parts)-1]
		if len(parts) > 1 {
			account = parts[len(parts)-2]
		}
	}
	if q := s.queues[name]; q != nil && account == s.account {
		return q, nil
	}
	return nil, errNoQueue()
}

// byARN finds the queue of an ARN or a bare name.
func (s *State) byARN(arn string) *queue {
	if name, ok := strings.CutPrefix(arn, s.ARN("")); ok {
		return s.queues[name]
	}
	return s.queues[arn]
}

package ses

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/service"
)

// Publisher takes the events of mails, for the default event bus.
type Publisher interface {
	// Publish returns when the events are durable where they matter. An error
	// is logged and the events are lost, as SES's own are best effort.
	Publish(ctx context.Context, events []Event) error
}

// Event is what became of a mail, in the shape of EventBridge.
type Event struct {
	// DetailType is "Email Sent", "Email Delivered", "Email Bounced", …; the
	// source is always aws.ses.
	DetailType string
	Time       time.Time
	// Resources has the ARN of the configuration set.
	Resources []string
	// Detail is one JSON object.
	Detail []byte
}

// Config is the ground a State stands on. Zero values are made into defaults.
type Config = service.Config

// State is one account's SES in one region. Its methods may be called by many
// goroutines at once; those that change something return when the change is
// durable.
type State struct {
	cfg       Config
	store     disk.Store
	publisher Publisher

	mu         sync.Mutex
	identities table[Identity]
	sets       table[ConfigurationSet]
	suppressed table[Suppressed]
	templates  table[Template]
	account    table[Account]
	last       uint64 // sequence of the newest mail
}

// New loads the state from the store. The error tells which record could not
// be read.
func New(store disk.Store, publisher Publisher, cfg Config) (*State, error) {
	s := &State{cfg: cfg.WithDefaults(), store: store, publisher: publisher,
		identities: newTable[Identity](store, "ses/identities"),
		sets:       newTable[ConfigurationSet](store, "ses/configuration-sets"),
		suppressed: newTable[Suppressed](store, "ses/suppressed"),
		templates:  newTable[Template](store, "ses/templates"),
		account:    newTable[Account](store, "ses/account"),
	}
	for _, load := range []func() error{s.identities.load, s.sets.load, s.suppressed.load, s.templates.load, s.account.load, s.loadOutbox} {
		if err := load(); err != nil {
			return nil, fmt.Errorf("ses: %w", err)
		}
	}
	return s, nil
}

// table is records of one kind by name, in memory and on disk. Its methods are
// called with the state's mu held; a record in it is replaced, never changed.
type table[T any] struct {
	store  disk.Store
	bucket string
	rows   map[string]*T
}

func newTable[T any](store disk.Store, bucket string) table[T] {
	return table[T]{store: store, bucket: bucket, rows: map[string]*T{}}
}

func (t table[T]) load() error {
	err := t.store.Scan(t.bucket, nil, func(key, value []byte) error {
		row := new(T)
		if err := json.Unmarshal(value, row); err != nil {
			return fmt.Errorf("record %q: %w", key, err)
		}
		t.rows[string(key)] = row
		return nil
	})
	if err != nil {
		return fmt.Errorf("load %s: %w", t.bucket, err)
	}
	return nil
}

func (t table[T]) put(name string, row *T) (disk.Ticket, error) {
	value, err := json.Marshal(row)
	if err != nil {
		return disk.Ticket{}, internal("the record cannot be written: %s", err)
	}
	t.rows[name] = row
	return t.store.Enqueue(disk.Change{Bucket: t.bucket, Key: []byte(name), Value: value}), nil
}

func (t table[T]) remove(name string) disk.Ticket {
	delete(t.rows, name)
	return t.store.Enqueue(disk.Change{Bucket: t.bucket, Key: []byte(name)})
}

// change runs a function with mu held that enqueues one change, and waits for
// it.
func (s *State) change(ctx context.Context, act func() (disk.Ticket, error)) error {
	s.mu.Lock()
	ticket, err := act()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return durable(ctx, ticket)
}

func durable(ctx context.Context, t disk.Ticket) error {
	if err := t.Wait(ctx); err != nil {
		return internal("the change could not be kept: %s", err)
	}
	return nil
}

func (s *State) arn(kind, name string) string {
	return "arn:aws:ses:" + s.cfg.Region + ":" + s.cfg.Account + ":" + kind + "/" + name
}

// mostPage is the largest page of a List operation, and the usual one.
const mostPage = 1000

// page cuts the sorted names of a table: those behind the token, at most size
// of them, and the next token or "".
func page[T any](t table[T], keep func(*T) bool, token string, size int) (names []string, next string, err error) {
	if size < 0 || size > mostPage {
		return nil, "", badRequest("PageSize must be between 0 and %d.", mostPage)
	}
	if size == 0 {
		size = mostPage
	}
	for _, name := range slices.Sorted(maps.Keys(t.rows)) {
		if strings.Compare(name, token) <= 0 && token != "" || keep != nil && !keep(t.rows[name]) {
			continue
		}
		if len(names) == size {
			return names, names[size-1], nil
		}
		names = append(names, name)
	}
	return names, "", nil
}

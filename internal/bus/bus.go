package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/telemetry"
)

// API is what is called of EventBridge.
type API interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Limits of one PutEvents call.
const (
	maxEntries = 10
	// maxBytes stays below the limit of 1 MB that all entries of a call share;
	// an entry counts its source, detail-type and detail.
	maxBytes = 900 << 10
)

// linger is how long an event waits for others to share its call.
const linger = 2 * time.Millisecond

// tries is how often a refused entry is sent before the caller hears of it.
const tries = 5

// Publisher says events as one function.
type Publisher struct {
	api    API
	bus    string
	source string
	// in is where entries are gathered, nil if none waits for others.
	in chan *entry
}

// New makes a publisher for a function's name; its events have the source
// sluice.<function>.
func New(api API, busName, function string) *Publisher {
	p := &Publisher{api: api, bus: busName, source: events.SourcePrefix + function, in: make(chan *entry)}
	go p.gather()
	return p
}

// NewDirect makes a publisher whose events wait for no others to share a call with:
// for a process that does one thing at a time, and has somebody wait for it.
func NewDirect(api API, busName, function string) *Publisher {
	return &Publisher{api: api, bus: busName, source: events.SourcePrefix + function}
}

type entry struct {
	ctx  context.Context
	put  types.PutEventsRequestEntry
	size int
	done chan error
}

// Publish puts one event on the bus, in one call with what others publish at
// the same time, and returns when it is there. The error's class is Retry or
// Defer, or Park for an event that is too large to be said at all.
func (p *Publisher) Publish(ctx context.Context, e events.Envelope) error {
	return p.PublishAll(ctx, e)[0]
}

// PublishAll puts the events on the bus in few calls. It returns one error per
// event, nil for each that is there.
func (p *Publisher) PublishAll(ctx context.Context, all ...events.Envelope) []error {
	errs := make([]error, len(all))
	waiting := make([]*entry, len(all))
	for i, e := range all {
		waiting[i], errs[i] = p.entry(ctx, e)
	}
	if p.in == nil {
		p.putAll(waiting)
	} else {
		p.hand(ctx, waiting, errs)
	}
	for i, n := range waiting {
		if errs[i] != nil {
			continue
		}
		select {
		case errs[i] = <-n.done:
		case <-ctx.Done():
			errs[i] = ctx.Err()
		}
		if errs[i] == nil {
			telemetry.Said(ctx, all[i])
		}
	}
	return errs
}

// hand gives the entries to whoever gathers them.
func (p *Publisher) hand(ctx context.Context, all []*entry, errs []error) {
	for i, n := range all {
		if n == nil {
			continue
		}
		select {
		case p.in <- n:
		case <-ctx.Done():
			errs[i] = ctx.Err()
		}
	}
}

// putAll sends the entries in as few calls as they fit into, all at the same time.
func (p *Publisher) putAll(all []*entry) {
	var batch []*entry
	var size int
	for _, n := range all {
		if n == nil {
			continue
		}
		if len(batch) == maxEntries || size+n.size > maxBytes {
			go p.put(batch)
			batch, size = nil, 0
		}
		batch, size = append(batch, n), size+n.size
	}
	if len(batch) > 0 {
		go p.put(batch)
	}
}

func (p *Publisher) entry(ctx context.Context, e events.Envelope) (*entry, error) {
	detail, err := json.Marshal(e)
	if err != nil {
		return nil, fault.Errorf(fault.Park, "encode %s: %w", e.Type(), err)
	}
	kind := e.Type()
	size := len(detail) + len(kind) + len(p.source)
	if size > maxBytes {
		return nil, fault.Errorf(fault.Park, "%s has %d bytes, more than an event may have", kind, size)
	}
	put := types.PutEventsRequestEntry{EventBusName: &p.bus, Source: &p.source, DetailType: &kind, Detail: aws.String(string(detail)), Time: aws.Time(e.Time)}
	if trace := telemetry.Trace(ctx, e); trace != "" {
		put.TraceHeader = &trace
	}
	return &entry{ctx: ctx, size: size, done: make(chan error, 1), put: put}, nil
}

// gather turns the stream of entries into calls. It runs for the process's life;
// a call goes out when it is full, or when nothing more came for a moment.
func (p *Publisher) gather() {
	var batch []*entry
	var size int
	timer := time.NewTimer(linger)
	send := func() {
		if len(batch) > 0 {
			go p.put(batch)
		}
		batch, size = nil, 0
	}
	for {
		var timeUp <-chan time.Time
		if len(batch) > 0 {
			timeUp = timer.C
		}
		select {
		case n := <-p.in:
			if size+n.size > maxBytes {
				send()
			}
			if len(batch) == 0 {
				timer.Reset(linger)
			}
			batch, size = append(batch, n), size+n.size
			if len(batch) == maxEntries {
				send()
			}
		case <-timeUp:
			send()
		}
	}
}

// put sends a batch until every entry is on the bus or has failed for good.
func (p *Publisher) put(batch []*entry) {
	for try := 1; len(batch) > 0; try++ {
		refused, err := p.once(batch)
		if len(refused) == 0 {
			return
		}
		if try == tries {
			for _, n := range refused {
				n.done <- err
			}
			return
		}
		time.Sleep(rand.N(50 * time.Millisecond << try))
		batch = refused
	}
}

// once makes one call and answers the entries that made it. It returns those
// that did not, with why.
func (p *Publisher) once(batch []*entry) ([]*entry, error) {
	in := &eventbridge.PutEventsInput{}
	for _, n := range batch {
		in.Entries = append(in.Entries, n.put)
	}
	// Whichever caller waits longest decides how long the call may take: one that
	// gives up must not take the others' events with it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(batch[0].ctx), 30*time.Second)
	defer cancel()
	out, err := p.api.PutEvents(ctx, in)
	if err != nil {
		return batch, fmt.Errorf("put events: %w", err)
	}
	if len(out.Entries) != len(batch) {
		return batch, errors.New("put events: the answer does not list every entry")
	}
	var refused []*entry
	for i, result := range out.Entries {
		if code := aws.ToString(result.ErrorCode); code != "" {
			refused = append(refused, batch[i])
			err = fault.Errorf(classOf(code), "put events: %s: %s", code, aws.ToString(result.ErrorMessage))
			continue
		}
		batch[i].done <- nil
	}
	return refused, err
}

func classOf(code string) fault.Class {
	if code == "ThrottlingException" {
		return fault.Defer
	}
	return fault.Retry
}

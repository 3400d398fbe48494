package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"sluice/events"
	"sluice/internal/answers/kept"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/results"
)

// Name is the function's name.
const Name = "store"

// inFlight is how many objects are read or written at the same time.
const inFlight = 16

// Publisher says events; see internal/bus.
type Publisher interface {
	PublishAll(context.Context, ...events.Envelope) []error
}

// Handler stores results.
type Handler struct {
	store *objects.Store
	bus   Publisher
	now   func() time.Time
}

// New makes the handler.
func New(store *objects.Store, bus Publisher, now func() time.Time) *Handler {
	return &Handler{store, bus, now}
}

// item is one message on its way.
type item struct {
	message consume.Message
	event   events.Envelope
	said    events.AiCompleted
	result  results.Result
	key     string
	err     error
}

// Handle stores the results of a batch and returns one error per message: Park
// for an event or an answer that cannot be used, and S3's or the bus's own.
func (h *Handler) Handle(ctx context.Context, messages []consume.Message) []error {
	began := h.now()
	items := make([]*item, len(messages))
	for i, m := range messages {
		items[i] = decode(m)
	}
	bundles := h.bundles(ctx, items)
	each(items, func(n *item) { n.err = h.load(ctx, n, bundles[n.said.Bundle]) })
	h.write(ctx, items)
	h.say(ctx, began, items)
	errs := make([]error, len(items))
	for i, n := range items {
		errs[i] = n.err
	}
	return errs
}

func decode(m consume.Message) *item {
	n := &item{message: m}
	if n.event, n.err = events.Decode(m.Record); n.err == nil {
		n.said, n.err = events.DataOf[events.AiCompleted](n.event)
	}
	n.err = fault.As(fault.Park, n.err)
	return n
}

// each calls f on every item that has no error yet, some at a time.
func each(items []*item, f func(*item)) {
	next := make(chan *item)
	var running sync.WaitGroup
	for range min(inFlight, len(items)) {
		running.Go(func() {
			for n := range next {
				if err := fault.Guard(func() error { f(n); return nil }); err != nil {
					n.err = err
				}
			}
		})
	}
	for _, n := range items {
		if n.err == nil {
			next <- n
		}
	}
	close(next)
	running.Wait()
}

// bundles reads every bundle that an item names, once. One that cannot be read is
// left out: its answers are kept one by one as well.
func (h *Handler) bundles(ctx context.Context, items []*item) map[string]kept.Bundle {
	var heads []*item // one item of each bundle
	all := map[string]kept.Bundle{}
	for _, n := range items {
		if _, seen := all[n.said.Bundle]; n.err == nil && n.said.Bundle != "" && !seen {
			all[n.said.Bundle] = nil
			heads = append(heads, n)
		}
	}
	var mu sync.Mutex
	each(heads, func(n *item) {
		if found, err := kept.LoadBundle(ctx, h.store, n.said.Bundle); err == nil {
			mu.Lock()
			defer mu.Unlock()
			all[n.said.Bundle] = found
		}
	})
	return all
}

// answer is the item's answer: from the bundle, or where it is kept.
func (h *Handler) answer(ctx context.Context, n *item, bundle kept.Bundle) (kept.Told, error) {
	if told, found := bundle.Find(n.event.Tenant, n.event.RequestID, n.said.Answer); found {
		return told, nil
	}
	a, err := kept.Load(ctx, h.store, n.said.Answer)
	return kept.Told{Tenant: a.Tenant, Task: a.Task, TaskVersion: a.TaskVersion, Key: a.Key, Answer: a.Answer}, err
}

// load makes the result of an item from its answer.
func (h *Handler) load(ctx context.Context, n *item, bundle kept.Bundle) error {
	answer, err := h.answer(ctx, n, bundle)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return fault.Errorf(fault.Park, "the kept answer is gone: %w", err)
	case err != nil:
		return fmt.Errorf("load the answer: %w", err)
	case answer.Tenant != n.event.Tenant || answer.Task != n.event.Request.Task:
		return fault.Errorf(fault.Park, "the kept answer belongs to another tenant or task")
	case !json.Valid(answer.Answer):
		return fault.Errorf(fault.Park, "the kept answer is not JSON")
	}
	e := n.event
	n.result = results.Result{
		RequestID: e.RequestID, Tenant: e.Tenant, Task: e.Request.Task, Upload: e.Request.Upload, Attempt: e.Attempt,
		// The event's time, not now: a second delivery writes the same bytes.
		Submitted: e.Request.Submitted, Completed: e.Time,
		Answer: answer.Answer, AnswerKey: n.said.Answer, TaskVersion: answer.TaskVersion, Spend: n.said.Spend, Timeline: e.Timeline,
		Audit: e.Audited(), Execution: e.Execution,
	}
	return nil
}

// segment is what is written together: all records of an upload in the batch.
type segment struct {
	upload string
	date   string
}

// write puts single results each into its object, and each upload's into one.
func (h *Handler) write(ctx context.Context, items []*item) {
	segments := map[segment][]*item{}
	var heads []*item // one item of each object that is to be written
	for _, n := range items {
		if n.err != nil {
			continue
		}
		upload := n.event.Request.Upload
		if upload == nil {
			heads = append(heads, n)
			continue
		}
		s := segment{upload.ID, results.Date(n.event.Request.Submitted)}
		if len(segments[s]) == 0 {
			heads = append(heads, n)
		}
		segments[s] = append(segments[s], n)
	}
	each(heads, func(n *item) {
		if upload := n.event.Request.Upload; upload != nil {
			h.writeSegment(ctx, segments[segment{upload.ID, results.Date(n.event.Request.Submitted)}])
			return
		}
		n.key = results.Key(n.event.Request.Submitted, n.event.Tenant, n.event.RequestID)
		n.err = h.put(ctx, n.key, objects.JSON, n.result)
	})
}

func (h *Handler) writeSegment(ctx context.Context, items []*item) {
	var ids []string
	var all []results.Result
	once := map[string]bool{}
	for _, n := range items {
		if once[n.event.ID] {
			continue // two copies of one event in one batch
		}
		once[n.event.ID] = true
		ids, all = append(ids, n.event.ID), append(all, n.result)
	}
	first := items[0].event.Request
	key := results.SegmentKey(first.Submitted, first.Upload.ID, ids...)
	err := h.put(ctx, key, objects.NDJSON, all...)
	for _, n := range items {
		n.key, n.err = key, err
	}
}

func (h *Handler) put(ctx context.Context, key, contentType string, all ...results.Result) error {
	body, err := results.Lines(all)
	if err != nil {
		return fault.As(fault.Park, err)
	}
	if _, err := h.store.Put(ctx, key, contentType, bytes.NewReader(body)); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// say publishes Stored for every item that is stored.
func (h *Handler) say(ctx context.Context, began time.Time, items []*item) {
	var said []events.Envelope
	var who []*item
	for _, n := range items {
		if n.err == nil && n.key == "" { // the writing of its segment panicked
			n.err = errors.New("the result was not written")
		}
		if n.err != nil {
			continue
		}
		stored, err := n.event.Next(Name, began, h.now(), events.Stored{Key: n.key, Answer: n.said.Answer, Spend: n.said.Spend})
		if err != nil {
			n.err = fault.As(fault.Park, err)
			continue
		}
		if !n.event.Request.WantsMail {
			stored = stored.Ends(events.Completed)
		}
		said, who = append(said, stored), append(who, n)
	}
	for i, err := range h.bus.PublishAll(ctx, said...) {
		if who[i].err = err; err == nil {
			who[i].message.Said(said[i])
		}
	}
}

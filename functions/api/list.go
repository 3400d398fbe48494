package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/requests"
)

// maxItems is how many requests a body may hold: as many as one call puts on the
// bus (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
const maxItems = 10

// item is what became of one request of a list.
type item struct {
	// Status is as for a request by itself: 202, or that of Problem.
	Status   int       `json:"status"`
	Accepted *accepted `json:"accepted,omitempty"`
	Problem  *problem  `json:"problem,omitempty"`
}

// items are what became of each, in order.
type items struct {
	Accepted int    `json:"accepted"`
	Refused  int    `json:"refused"`
	Items    []item `json:"items"`
}

// listed is one request of a list on its way.
type listed struct {
	asked
	standing requests.Status
	err      error
}

// keep has what goes wrong kept with the request, so that it keeps no other out.
func (l *listed) keep(do func() error) func() error {
	return func() error {
		l.err = fault.Guard(do)
		return nil
	}
}

// receiveAll takes each request of a list by itself: a bad one keeps no other out.
// All of them go the same step at the same time.
func (h *Handler) receiveAll(ctx context.Context, c *call, n names, body []byte) (response, error) {
	var all []json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		return response{}, fault.As(fault.Park, err) // it was checked
	}
	if len(all) == 0 || len(all) > maxItems {
		return response{}, invalidBody([]fieldError{{Pointer: "#", Code: "maxItems", Detail: fmt.Sprintf("has %d items, must have 1 to %d", len(all), maxItems)}})
	}
	list := make([]*listed, len(all))
	reads := []func() error{func() error { return h.once(ctx, c, body) }}
	for i, raw := range all {
		one := &listed{}
		list[i] = one
		reads = append(reads, one.keep(func() error { return h.readOne(ctx, c, raw, n.of(i), fmt.Sprintf("/%d", i), &one.asked) }))
	}
	if err := together(reads...); err != nil {
		return response{}, err
	}
	first, again := byID(list)
	h.admitAll(ctx, first)
	h.admitAll(ctx, again)
	h.handAll(ctx, list)
	return h.told(ctx, list)
}

func (h *Handler) readOne(ctx context.Context, c *call, raw json.RawMessage, id, at string, into *asked) error {
	a, errs, err := h.read(ctx, c, raw, id, at, "")
	if err == nil {
		err = invalidBody(errs)
	}
	if err == nil {
		err = h.prepare(ctx, &a)
	}
	*into = a
	return err
}

// byID tells apart the requests of a list that come first under their id, and those
// that come after another one with it.
func byID(list []*listed) (first, again []*listed) {
	seen := map[string]bool{}
	for _, one := range list {
		switch {
		case one.err != nil:
		case seen[one.id]:
			again = append(again, one)
		default:
			seen[one.id] = true
			first = append(first, one)
		}
	}
	return first, again
}

// admitAll writes the requests down.
func (h *Handler) admitAll(ctx context.Context, list []*listed) {
	var admits []func() error
	for _, one := range list {
		admits = append(admits, one.keep(func() (err error) { one.standing, err = h.admit(ctx, one.asked, nil); return err }))
	}
	_ = together(admits...) // each keeps its own error
}

// handAll hands to the queue, in one call, what was written down and has got no
// further.
func (h *Handler) handAll(ctx context.Context, list []*listed) {
	var handed []*listed
	var said []events.Envelope
	for _, one := range list {
		if one.err != nil || one.standing.State != requests.Received {
			continue
		}
		e, err := one.event(one.standing, h)
		if err != nil {
			one.err = err
			continue
		}
		handed, said = append(handed, one), append(said, e)
	}
	for i, err := range h.Bus.PublishAll(ctx, said...) {
		if err != nil {
			handed[i].err = fmt.Errorf("say %s: %w", said[i].Type(), err)
		}
	}
}

// told is the answer to a list.
func (h *Handler) told(ctx context.Context, list []*listed) (response, error) {
	var answer items
	for _, one := range list {
		if one.err != nil {
			answer.Items = append(answer.Items, h.refused(ctx, one.err))
			continue
		}
		taken := one.accepted()
		answer.Items = append(answer.Items, item{Status: http.StatusAccepted, Accepted: &taken})
		answer.Accepted++
	}
	answer.Refused = len(list) - answer.Accepted
	if answer.Refused > 0 {
		return reply(http.StatusMultiStatus, answer)
	}
	return reply(http.StatusAccepted, answer)
}

// refused is an item that was not accepted.
func (h *Handler) refused(ctx context.Context, err error) item {
	var p *problem
	if !errors.As(err, &p) {
		p = h.problemOf(ctx, err)
	}
	return item{Status: p.Status, Problem: p}
}

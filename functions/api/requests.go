package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"sluice/internal/fault"
	"sluice/internal/telemetry"
)

// maxItems is how many requests a body may hold: as many as one call puts on the
// bus (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
const maxItems = 10

// accepted says that a request is in the queue.
type accepted struct {
	RequestID string `json:"requestId"`
	Task      string `json:"task"`
	// State is "received": it is known, and there is no answer yet.
	State string `json:"state"`
	// Location is where it is looked after.
	Location string `json:"location"`
}

func (a asked) accepted() accepted {
	return accepted{a.id, a.data.Task, "received", "/requests/" + a.id}
}

// pollAfter is after how many seconds it is worth asking how far a request is.
const pollAfter = "2"

// queued is the answer to a request that is in the queue.
func (a asked) queued() (response, error) {
	r, err := reply(http.StatusAccepted, a.accepted())
	return r.with("location", "/requests/"+a.id).with("retry-after", pollAfter), err
}

// receive answers POST /requests: one request, or a list of them.
func (h *Handler) receive(ctx context.Context, c *call) (response, error) {
	body, err := c.document()
	if err != nil {
		return response{}, err
	}
	n, err := c.namesOf()
	if err != nil {
		return response{}, err
	}
	if bytes.TrimSpace(body)[0] == '[' {
		return h.receiveAll(ctx, c, n, body)
	}
	a, errs, err := h.read(ctx, c, body, n.of(-1), "", "")
	if err == nil {
		err = invalidBody(errs)
	}
	if err == nil {
		err = h.once(ctx, c, body)
	}
	if err == nil {
		telemetry.With(ctx, telemetry.IDs{RequestID: a.id, CorrelationID: a.id, Event: c.route.key})
		err = h.accept(ctx, a)
	}
	if err != nil {
		return response{}, err
	}
	return a.queued()
}

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

// receiveAll takes each request of a list by itself: a bad one keeps no other out.
func (h *Handler) receiveAll(ctx context.Context, c *call, n names, body []byte) (response, error) {
	var all []json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		return response{}, fault.As(fault.Park, err) // it was checked
	}
	if len(all) == 0 || len(all) > maxItems {
		return response{}, invalidBody([]fieldError{{Pointer: "#", Code: "maxItems", Detail: fmt.Sprintf("has %d items, must have 1 to %d", len(all), maxItems)}})
	}
	if err := h.once(ctx, c, body); err != nil {
		return response{}, err
	}
	told := items{Items: make([]item, len(all))}
	var working sync.WaitGroup
	for i, raw := range all {
		working.Go(func() {
			var one item
			err := fault.Guard(func() (err error) { one, err = h.receiveOne(ctx, c, raw, n.of(i), fmt.Sprintf("/%d", i)); return err })
			if err != nil {
				one = h.refused(ctx, err)
			}
			told.Items[i] = one
		})
	}
	working.Wait()
	for _, one := range told.Items {
		if one.Problem == nil {
			told.Accepted++
		}
	}
	told.Refused = len(all) - told.Accepted
	if told.Refused > 0 {
		return reply(http.StatusMultiStatus, told)
	}
	return reply(http.StatusAccepted, told)
}

func (h *Handler) receiveOne(ctx context.Context, c *call, raw json.RawMessage, id, at string) (item, error) {
	a, errs, err := h.read(ctx, c, raw, id, at, "")
	if err == nil {
		err = invalidBody(errs)
	}
	if err == nil {
		err = h.accept(ctx, a)
	}
	if err != nil {
		return item{}, err
	}
	one := a.accepted()
	return item{Status: http.StatusAccepted, Accepted: &one}, nil
}

// refused is an item that was not accepted.
func (h *Handler) refused(ctx context.Context, err error) item {
	var p *problem
	if !errors.As(err, &p) {
		p = h.problemOf(ctx, err)
	}
	return item{Status: p.Status, Problem: p}
}

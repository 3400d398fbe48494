package api

import (
	"bytes"
	"context"
	"net/http"

	"sluice/internal/telemetry"
)

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
		err = h.prepare(ctx, &a, func() error { return h.once(ctx, c, body) })
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

package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/results"
)

// standing is how far a request is.
type standing struct {
	RequestID string               `json:"requestId"`
	Task      string               `json:"task"`
	State     requests.State       `json:"state"`
	Outcome   events.Outcome       `json:"outcome,omitempty"`
	Attempt   int                  `json:"attempt"`
	Submitted time.Time            `json:"submitted"`
	Upload    *events.UploadRecord `json:"upload,omitempty"`
	// Reasons say why there is no answer.
	Reasons       []events.Problem `json:"reasons,omitempty"`
	ConflictsWith string           `json:"conflictsWith,omitempty"`
	// Result is there once it is stored, for as long as it is kept.
	Result *result `json:"result,omitempty"`
	// Mail is what became of each recipient, by a hash of the address.
	Mail        []events.Recipient `json:"mail,omitempty"`
	MailSkipped string             `json:"mailSkipped,omitempty"`
	Timeline    []events.Step      `json:"timeline,omitempty"`
}

// result is the answer to a request.
type result struct {
	Answer    json.RawMessage `json:"answer"`
	Completed time.Time       `json:"completed"`
	events.Spend
}

// request answers GET /requests/{id}.
func (h *Handler) request(ctx context.Context, c *call) (response, error) {
	id := c.PathParameters["id"]
	if !events.ValidRequestID(id) {
		return response{}, refuse(notFound, "there is no request with this id")
	}
	s, err := h.book.Get(ctx, c.tenant, id)
	if errors.Is(err, objects.ErrNotFound) {
		return h.record(ctx, c, id)
	}
	if err != nil {
		return response{}, fmt.Errorf("status: %w", err)
	}
	told := standing{
		RequestID: s.RequestID, Task: s.Task, State: s.State, Outcome: s.Outcome, Attempt: s.Attempt, Submitted: s.Submitted, Reasons: s.Reasons,
		ConflictsWith: s.ConflictsWith, Mail: s.Mail, MailSkipped: s.MailSkipped, Timeline: s.Timeline,
	}
	if stored, found, err := h.result(ctx, s); err != nil {
		return response{}, err
	} else if found {
		told.Result = &result{stored.Answer, stored.Completed, stored.Spend}
	}
	r, err := reply(http.StatusOK, told)
	if s.State == requests.Received {
		r = r.with("retry-after", pollAfter)
	}
	return r, err
}

// maxResult is far above what the longest answer takes, and below what Lambda may
// answer.
const maxResult = 4 << 20

// result reads the stored result of a request, if there is one and it is kept.
func (h *Handler) result(ctx context.Context, s requests.Status) (results.Result, bool, error) {
	if s.Result == "" {
		return results.Result{}, false, nil
	}
	object, err := h.Store.Get(ctx, s.Result, maxResult)
	if errors.Is(err, objects.ErrNotFound) {
		return results.Result{}, false, nil
	}
	if err != nil {
		return results.Result{}, false, fmt.Errorf("result: %w", err)
	}
	var r results.Result
	if err := json.Unmarshal(object.Body, &r); err != nil || len(r.Answer) == 0 {
		return results.Result{}, false, fault.Errorf(fault.Park, "%s is not a result", s.Result)
	}
	return r, true, nil
}

// record answers about a record of an upload, which has no status of its own: its
// outcome is a part of the upload's progress, its answer a line of the results.
func (h *Handler) record(ctx context.Context, c *call, id string) (response, error) {
	unknown := refuse(notFound, "there is no request with this id")
	dash := strings.LastIndexByte(id, '-')
	if dash < 0 {
		return response{}, unknown
	}
	position, err := strconv.Atoi(id[dash+1:])
	if err != nil || position < 1 {
		return response{}, unknown
	}
	p, err := requests.LoadProgress(ctx, h.Store, id[:dash])
	if errors.Is(err, objects.ErrNotFound) || err == nil && p.Tenant != c.tenant {
		return response{}, unknown
	}
	if err != nil {
		return response{}, fmt.Errorf("progress: %w", err)
	}
	outcome := p.OutcomeOf(position)
	if outcome == "" && (p.Received == nil || position > p.Received.Records) {
		return response{}, unknown
	}
	r, err := reply(http.StatusOK, standing{
		RequestID: id, Task: p.Task, State: states[outcome], Outcome: outcome, Attempt: 1, Submitted: p.Submitted,
		Upload: &events.UploadRecord{ID: p.UploadID, Record: position},
	})
	if outcome == "" {
		r = r.with("retry-after", pollAfter)
	}
	return r, err
}

// states are how far a record is, by its outcome.
var states = map[events.Outcome]requests.State{
	"": requests.Received, events.Completed: requests.Stored, events.Failed: requests.Failed, events.Rejected: requests.Rejected, events.Parked: requests.Parked,
}

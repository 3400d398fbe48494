package admission

import (
	"context"
	"fmt"
	"strings"

	"sluice/events"
	"sluice/internal/requests"
	"sluice/internal/task"
)

// Payloads gives the text of an input; see internal/bus.
type Payloads interface {
	CheckOut(ctx context.Context, tenant string, in events.Input) (string, *events.Problem, error)
}

// Tasks finds tasks by name; see internal/task.
type Tasks interface {
	Get(ctx context.Context, name string) (*task.Task, []events.Problem, error)
}

// Checker checks requests.
type Checker struct {
	Payloads Payloads
	Tasks    Tasks
}

// Checked is what asking needs.
type Checked struct {
	// Question is nil if task or parameters are wrong.
	Question *task.Question
	// Text is the input.
	Text string
	// Problems are what is wrong beside what decoding found; fields are JSON pointers
	// below /data.
	Problems []events.Problem
}

// Check finds everything that is wrong with a request, beside what decoding found;
// where that has told of a field already, it is not told again. An error says that
// it could not be found out, and is S3's.
func (c Checker) Check(ctx context.Context, tenant string, data events.RequestReceived, found []events.Problem) (Checked, error) {
	var checked Checked
	if !wrongAt(found, "/data/task") && data.Task != "" {
		if err := c.task(ctx, data, found, &checked); err != nil {
			return Checked{}, err
		}
	}
	if wrongAt(found, "/data/input") || data.Input == (events.Input{}) {
		return checked, nil
	}
	text, problem, err := c.Payloads.CheckOut(ctx, tenant, data.Input)
	switch {
	case err != nil:
		return Checked{}, fmt.Errorf("input: %w", err)
	case problem != nil:
		checked.Problems = append(checked.Problems, *problem)
	case strings.TrimSpace(text) == "":
		checked.Problems = append(checked.Problems, events.Problem{Field: "/data/input", Code: events.CodeEmpty, Message: "the input is empty"})
	}
	checked.Text = text
	return checked, nil
}

func (c Checker) task(ctx context.Context, data events.RequestReceived, found []events.Problem, into *Checked) error {
	t, problems, err := c.Tasks.Get(ctx, data.Task)
	if err != nil {
		return err
	}
	if len(problems) == 0 && !wrongAt(found, "/data/params") {
		into.Question, problems = t.Ask(data.Params)
	}
	into.Problems = append(into.Problems, problems...)
	return nil
}

// wrongAt tells whether there is a problem with a field, or with the whole
// around it.
func wrongAt(problems []events.Problem, field string) bool {
	for _, p := range problems {
		if strings.HasPrefix(p.Field, field) || p.Field == "/data" && p.Code == "type" || p.Field == "" && p.Code != "additionalProperties" {
			return true
		}
	}
	return false
}

// Status is what is written down of a request that is let in; [requests.Fingerprint]
// of what it asks is its fingerprint unless that could not be decoded.
func Status(e events.Envelope, data events.RequestReceived, fingerprint string) requests.Status {
	return requests.Status{
		RequestID: e.RequestID, Tenant: e.Tenant, Task: e.Request.Task, CorrelationID: e.CorrelationID, Attempt: e.Attempt,
		Fingerprint: fingerprint, Submitted: e.Request.Submitted, Notify: addresses(data.Notify),
	}
}

// Bounds of what is kept of a list of addresses that nobody has checked.
const (
	mostAddresses = 50
	mostBytes     = 254
)

// addresses are who is to be mailed, those left out that cannot be addresses.
func addresses(n *events.Notify) []string {
	if n == nil {
		return nil
	}
	var kept []string
	for _, address := range n.Email {
		if len(address) <= mostBytes && strings.Contains(address, "@") && strings.IndexFunc(address, isControl) < 0 && len(kept) < mostAddresses {
			kept = append(kept, address)
		}
	}
	return kept
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

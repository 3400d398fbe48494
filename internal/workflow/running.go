package workflow

import (
	"context"
	"time"
)

// Run is an execution that has not ended.
type Run struct {
	// ARN names it, Name is <tenant>_<request>; see [Name].
	ARN     string  `json:"executionArn"`
	Name    string  `json:"name"`
	Started float64 `json:"startDate"`
}

// Since is when it was started.
func (r Run) Since() time.Time { return Time(r.Started) }

// Find is the ARN of the state machine of exactly that name, "" if there is none.
func (s States) Find(ctx context.Context, name string) (string, error) {
	found := ""
	err := s.pages(ctx, "ListStateMachines", map[string]any{}, func(p page) {
		for _, m := range p.Machines {
			if m.Name == name {
				found = m.ARN
			}
		}
	})
	return found, err
}

// Running are the executions of a state machine that have not ended.
func (s States) Running(ctx context.Context, machine string) ([]Run, error) {
	var all []Run
	err := s.pages(ctx, "ListExecutions", map[string]any{"stateMachineArn": machine, "statusFilter": "RUNNING"}, func(p page) { all = append(all, p.Executions...) })
	return all, err
}

// Stop ends an execution where it is; nobody says an event of it. One that has ended
// stays as it is.
func (s States) Stop(ctx context.Context, execution, cause string) error {
	return s.call(ctx, "StopExecution", map[string]string{"executionArn": execution, "error": "Stopped", "cause": cause}, nil)
}

// page is one answer of a list.
type page struct {
	Machines []struct {
		ARN  string `json:"stateMachineArn"`
		Name string `json:"name"`
	} `json:"stateMachines"`
	Executions []Run    `json:"executions"`
	Events     []Moment `json:"events"`
	NextToken  string   `json:"nextToken"`
}

// pages gives each page of a list.
func (s States) pages(ctx context.Context, operation string, in map[string]any, each func(page)) error {
	in["maxResults"] = mostPage
	for {
		var p page
		if err := s.call(ctx, operation, in, &p); err != nil {
			return err
		}
		each(p)
		if p.NextToken == "" {
			return nil
		}
		in["nextToken"] = p.NextToken
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/workflow"
)

func newAudit(s *settings) *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use:   "audit ID",
		Short: "Show a request step by step, and whether a step is missing",
		Long: `Show a request step by step: when each step began and ended, how long the request waited before it, its attempts, what
the model cost and what became of each mail. Where Step Functions ran it, the execution's own history is shown as well.

Exits 1 if the request is not over or a step is missing.`,
		Args: cobra.ExactArgs(1),
	}
	w := whereFlags(s, cmd)
	cmd.Flags().StringVar(&tenant, "tenant", localTenant, "whose request it is")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !events.ValidRequestID(args[0]) || !events.ValidTenant(tenant) {
			return usagef("a request's id is [A-Za-z0-9_-], at most 64 characters, and its tenant a name")
		}
		return w.at(cmd.Context(), func(ctx context.Context, at *site) error {
			a, err := at.audit(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return w.showAudit(at, a)
		})
	}
	return cmd
}

// audit is what can be shown of a request.
type audit struct {
	requests.Status
	Steps []auditStep `json:"steps"`
	// Missing are the steps that should be there, by name.
	Missing []string `json:"missing,omitempty"`
	// History is what Step Functions kept; HistoryGone says that it no longer does.
	History     []auditMoment `json:"history,omitempty"`
	HistoryGone bool          `json:"historyGone,omitempty"`
	Console     string        `json:"console,omitempty"`
}

// auditStep is one function's part.
type auditStep struct {
	events.Step
	// WaitedMS is how long the request had waited when the step began, TookMS how long
	// the step took.
	WaitedMS int64 `json:"waitedMS"`
	TookMS   int64 `json:"tookMS"`
}

// auditMoment is one event of an execution's history, without what was passed on.
type auditMoment struct {
	At    time.Time `json:"at"`
	Type  string    `json:"type"`
	State string    `json:"state,omitempty"`
	Error string    `json:"error,omitempty"`
	Cause string    `json:"cause,omitempty"`
}

// audit reads what is known of a request.
func (at *site) audit(ctx context.Context, tenant, id string) (audit, error) {
	status, err := requests.New(at.store).Get(ctx, tenant, id)
	if errors.Is(err, objects.ErrNotFound) {
		return audit{}, fmt.Errorf("there is no request %s of tenant %s (records of an upload are told by: sluice status)", id, tenant)
	}
	if err != nil {
		return audit{}, err
	}
	wantsMail := len(status.Notify) > 0
	status.Notify = nil // addresses stay where they are: this may be pasted somewhere
	a := audit{Status: status, Steps: stepsOf(status), Missing: missing(status, wantsMail)}
	if status.Execution == "" {
		return a, nil
	}
	a.Console = fmt.Sprintf("https://%[1]s.console.aws.amazon.com/states/home?region=%[1]s#/v2/executions/details/%[2]s", at.config.Region, status.Execution)
	moments, err := workflow.New(at.config).History(ctx, status.Execution)
	switch {
	case fault.Code(err) == "ExecutionDoesNotExist":
		a.HistoryGone = true
	case err != nil:
		return audit{}, fmt.Errorf("the execution's history: %w", err)
	}
	a.History = momentsOf(moments)
	return a, nil
}

// stepsOf is the timeline with the waits between its steps.
func stepsOf(s requests.Status) []auditStep {
	steps, before := []auditStep{}, s.Submitted
	for _, one := range s.Timeline {
		steps = append(steps, auditStep{one, max(one.Began.Sub(before).Milliseconds(), 0), one.Ended.Sub(one.Began).Milliseconds()})
		before = one.Ended
	}
	return steps
}

// missing lists the steps that a request of this outcome went through and that its
// timeline does not have, and the end if there is none.
func missing(s requests.Status, wantsMail bool) []string {
	if !s.Terminal() {
		return []string{"the end: the request is " + string(s.State)}
	}
	took := map[string]bool{}
	for _, one := range s.Timeline {
		took[one.Name] = true
	}
	var all []string
	if s.Outcome == events.Completed {
		if !took["analyze"] && !took["api"] {
			all = append(all, "analyze")
		}
		if !took["store"] {
			all = append(all, "store")
		}
		if wantsMail && !took["notify"] {
			all = append(all, "notify")
		}
		if s.Result == "" {
			all = append(all, "the result")
		}
	}
	if len(s.Timeline) == 0 {
		all = append(all, "every step: there is no timeline")
	}
	return all
}

func momentsOf(moments []workflow.Moment) []auditMoment {
	var all []auditMoment
	for _, m := range moments {
		one := auditMoment{At: m.At(), Type: m.Type}
		switch {
		case m.Entered != nil:
			one.State = m.Entered.Name
		case m.Exited != nil:
			one.State = m.Exited.Name
		}
		if f := m.Failed(); f != nil {
			one.Error, one.Cause = f.Error, f.Cause
		}
		all = append(all, one)
	}
	return all
}

// showAudit prints it; the command exits 1 if a step is missing.
func (s *settings) showAudit(at *site, a audit) error {
	var result error
	if len(a.Missing) > 0 {
		result = errUnfinished
	}
	if s.json {
		return errors.Join(s.document(a), result)
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	line("request", "%s of %s (%s)", a.RequestID, a.Tenant, a.Task)
	line("state", "%s", strings.TrimSuffix(fmt.Sprintf("%s, %s", a.State, a.Outcome), ", "))
	line("submitted", "%s", a.Submitted.Local().Format(time.RFC3339))
	line("attempt", "%d", a.Attempt)
	for _, r := range a.Reasons {
		line("reason", "%s", strings.TrimSpace(r.Field+" "+r.Message))
	}
	if a.Spend != nil {
		line("model", "%s: %d tokens in, %d out, $%.6f", a.Spend.Model, a.Spend.Usage.Input, a.Spend.Usage.Output, a.Spend.CostUSD)
	}
	for _, m := range a.Mail {
		line("mail", "%s", strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", m.Outcome, m.MessageID, m.Reason, a.Became(m.MessageID))), " "))
	}
	if a.Result != "" {
		line("result", "s3://%s/%s", at.bucket, a.Result)
	}
	if a.Audit != "" {
		line("audit", "%s", a.Audit)
	}
	if a.Execution != "" {
		line("execution", "%s", a.Execution)
		line("console", "%s", a.Console)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := s.showSteps(a); err != nil {
		return err
	}
	for _, what := range a.Missing {
		fmt.Fprintf(s.out, "MISSING: %s\n", what)
	}
	return result
}

// showSteps prints the timeline, and the history if there is one.
func (s *settings) showSteps(a audit) error {
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nSTEP\tBEGAN\tWAITED\tTOOK")
	for _, one := range a.Steps {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.Name, one.Began.Local().Format("15:04:05.000"),
			time.Duration(one.WaitedMS)*time.Millisecond, time.Duration(one.TookMS)*time.Millisecond)
	}
	if a.HistoryGone {
		fmt.Fprintln(table, "\nStep Functions no longer keeps the execution's history.")
	}
	if len(a.History) > 0 {
		fmt.Fprintln(table, "\nAT\tEVENT\tSTATE\tERROR")
	}
	for _, one := range a.History {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.At.Local().Format("15:04:05.000"), one.Type, one.State, strings.TrimSpace(one.Error+" "+oneLine(errors.New(one.Cause))))
	}
	return table.Flush()
}

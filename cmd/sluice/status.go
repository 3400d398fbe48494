package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sluice/events"
	"sluice/internal/objects"
	"sluice/internal/requests"
)

func newStatus(s *settings) *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use:   "status ID",
		Short: "Show how far a request or an upload is",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !events.ValidRequestID(args[0]) {
				return usagef("%q is not the id of a request or an upload", args[0])
			}
			if !events.ValidTenant(tenant) {
				return usagef("--tenant %q is not a tenant", tenant)
			}
			session, err := s.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer session.close()
			return s.status(cmd.Context(), session, tenant, args[0])
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", localTenant, "whose request it is")
	return cmd
}

func (s *settings) status(ctx context.Context, session *session, tenant, id string) error {
	if parts := uploadID.FindStringSubmatch(id); parts != nil {
		j := &job{id: parts[1]}
		if err := j.load(ctx, session); err != nil {
			return err
		}
		record, _ := strconv.Atoi(parts[3])
		switch {
		case j.intake.ID == "" && j.progress.Tenant == "":
		case record > 0:
			return s.showRecord(j, id, record)
		default:
			return s.showUpload(j)
		}
	}
	status, err := session.book.Get(ctx, tenant, id)
	if errors.Is(err, objects.ErrNotFound) {
		return fmt.Errorf("there is no request or upload %s of tenant %s", id, tenant)
	}
	if err != nil {
		return err
	}
	return s.showStatus(ctx, session, status)
}

// uploadID is the form of an upload's id, and of a record's in it.
var uploadID = regexp.MustCompile(`^(u[a-z2-7]{24})(-([1-9][0-9]{0,8}))?$`)

// showStatus shows a single request with its result.
func (s *settings) showStatus(ctx context.Context, session *session, status requests.Status) error {
	document := struct {
		requests.Status
		Body json.RawMessage `json:"resultBody,omitempty"`
	}{Status: status}
	if status.Result != "" {
		object, err := session.store.Get(ctx, status.Result, 0)
		if err != nil && !errors.Is(err, objects.ErrNotFound) {
			return err
		}
		document.Body = object.Body
	}
	// Addresses stay where they are: this may be pasted somewhere.
	document.Notify = nil
	if s.json {
		return s.document(document)
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	line("request", "%s (%s)", status.RequestID, status.Task)
	line("state", "%s", status.State)
	for _, r := range status.Reasons {
		line("reason", "%s", strings.TrimSpace(r.Field+" "+r.Message))
	}
	if status.MailSkipped != "" {
		line("no mail", "%s", status.MailSkipped)
	}
	if status.Spend != nil {
		line("cost", "$%.6f (%s)", status.Spend.CostUSD, costIs)
	}
	for _, step := range status.Timeline {
		line(step.Name, "%s, %s", step.Began.Local().Format(time.TimeOnly), step.Ended.Sub(step.Began).Round(time.Millisecond))
	}
	if status.Result != "" {
		line("result", "s3://%s/%s", session.store.Bucket(), status.Result)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(document.Body) > 0 {
		var result struct {
			Answer json.RawMessage `json:"answer"`
		}
		if json.Unmarshal(document.Body, &result) == nil {
			var pretty strings.Builder
			encoder := json.NewEncoder(&pretty)
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			if encoder.Encode(result.Answer) == nil {
				fmt.Fprintf(s.out, "\n%s", pretty.String())
			}
		}
	}
	return nil
}

func (s *settings) showUpload(j *job) error {
	counts := j.progress.Counts()
	state := "reading"
	switch {
	case finished(j.progress):
		state = "finished"
	case j.intake.Done:
		state = "under way"
	}
	if s.json {
		return s.document(map[string]any{"upload": j.id, "state": state, "file": j.intake.File, "received": j.intake.Records,
			"counts": counts, "costUSD": j.progress.CostUSD, "done": j.progress.Done})
	}
	fmt.Fprintf(s.out, "upload %s: %s\n%s\nreceived %d, completed %d, rejected %d, failed %d, parked %d, missing %d, cost $%.4f\n", j.id, state,
		j.intake.File.Key, j.intake.Records, counts.Completed, counts.Rejected, counts.Failed, counts.Parked, counts.Missing, j.progress.CostUSD)
	if j.progress.Done != nil {
		fmt.Fprintf(s.out, "results %s\n", j.progress.Done.Results)
	}
	return nil
}

// showRecord shows a record of an upload.
func (s *settings) showRecord(j *job, id string, record int) error {
	if j.intake.Done && record > j.intake.Records {
		return fmt.Errorf("upload %s has %d records", j.id, j.intake.Records)
	}
	outcome := j.progress.OutcomeOf(record)
	state := string(outcome)
	if outcome == "" {
		state = "under way"
	}
	if s.json {
		return s.document(map[string]any{"requestId": id, "upload": j.id, "record": record, "outcome": outcome})
	}
	fmt.Fprintf(s.out, "record %d of upload %s: %s\n", record, j.id, state)
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/erasure"
	"sluice/internal/workflow"
)

func newClean(s *settings) *cobra.Command {
	var o cleanOptions
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Remove what is old: objects, their older versions, unfinished uploads, executions that never ended",
		Long: `Remove what is old from an environment's bucket, and stop executions of its workflow that are still running; nothing
outside the environment is touched. It prints what that frees.

Unless --prefix and --older-than say otherwise, everything goes at the age at which the bucket's lifecycle rules
remove it in AWS; this machine has none, so this is how it is tidied. tasks/, suppressions/ and reputation/ go only
by --prefix with --force. What is in flight stays without --force: what belongs to requests and uploads that have not
ended, and payloads, answers, claims and files of the last 14 days, which a message in a queue may still refer to.

Executions are stopped where no --prefix is given, from 14 days on unless --older-than says otherwise. Nobody says a
terminal event of a request whose execution is stopped. The history of executions that ended cannot be removed: Step
Functions keeps it for 90 days.`,
		Example: `  sluice clean --dry-run
  sluice clean --env dev --older-than 14d --dry-run
  sluice clean --env dev --prefix uploads/acme/ --prefix reports/acme/ --older-than 1d --yes
  sluice clean --older-than 1m --force --yes      all that this machine keeps but tasks, suppressions and reputation`,
		Args: cobra.NoArgs,
	}
	w := whereFlags(s, cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&o.Prefixes, "prefix", nil, "only keys that begin so, such as answers/ or uploads/acme/; may be given several times")
	flags.StringVar(&o.age, "older-than", "", "how old what goes must be: days (7d), or hours and minutes (12h, 90m)")
	flags.BoolVar(&o.Force, "force", false, "what is in flight goes too, and what is protected if --prefix names it")
	flags.BoolVar(&o.Dry, "dry-run", false, "only count")
	flags.BoolVar(&o.yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.read(); err != nil {
			return err
		}
		return w.at(cmd.Context(), func(ctx context.Context, at *site) error { return w.clean(ctx, at, o, time.Now()) })
	}
	return cmd
}

type cleanOptions struct {
	erasure.Cleaning
	age string
	yes bool
}

// read checks what was asked for.
func (o *cleanOptions) read() error {
	if o.age != "" {
		age, err := parseAge(o.age)
		if err != nil {
			return usagef("--older-than %w", err)
		}
		o.OlderThan = age
	}
	switch err := o.Valid(); {
	case errors.Is(err, erasure.ErrProtected):
		return usagef("--prefix %w, by --force", err)
	case err != nil:
		return usagef("--prefix %w", err)
	}
	return nil
}

// cleaned is the document of clean --json.
type cleaned struct {
	Environment string          `json:"environment"`
	Bucket      string          `json:"bucket"`
	DryRun      bool            `json:"dryRun"`
	At          time.Time       `json:"at"`
	Prefixes    []erasure.Freed `json:"prefixes"`
	Total       erasure.Freed   `json:"total"`
	// Executions is nil where they are not looked at: a prefix was named, or there is
	// no state machine.
	Executions *stopped `json:"executions,omitempty"`
}

// stopped is what became of the executions that had not ended.
type stopped struct {
	StateMachine     string `json:"stateMachine"`
	OlderThanSeconds int64  `json:"olderThanSeconds"`
	Running          int    `json:"running"`
	Stopped          int    `json:"stopped"`
}

// clean shows what went even if something did not.
func (s *settings) clean(ctx context.Context, at *site, o cleanOptions, now time.Time) error {
	if !o.Dry && !o.yes {
		if err := s.confirm("what is old of the environment "+at.environment, at.environment); err != nil {
			return err
		}
	}
	c := cleaned{Environment: at.environment, Bucket: at.bucket, DryRun: o.Dry, At: now.UTC().Truncate(time.Second)}
	var failed error
	if len(o.Prefixes) == 0 && at.session == nil {
		c.Executions, failed = stopOld(ctx, workflow.New(at.config), at.set, o, now)
	}
	if failed == nil {
		c.Prefixes, failed = erasure.New(at.s3, at.bucket).Clean(ctx, o.Cleaning, now)
	}
	c.Total.Prefix = "total"
	for _, f := range c.Prefixes {
		c.Total.Looked, c.Total.Objects, c.Total.OldVersions = c.Total.Looked+f.Looked, c.Total.Objects+f.Objects, c.Total.OldVersions+f.OldVersions
		c.Total.Markers, c.Total.Unfinished, c.Total.Bytes = c.Total.Markers+f.Markers, c.Total.Unfinished+f.Unfinished, c.Total.Bytes+f.Bytes
		c.Total.InFlight += f.InFlight
	}
	return errors.Join(s.showCleaned(at, c), failed)
}

// stopOld stops executions that have run for too long.
func stopOld(ctx context.Context, states workflow.States, machine string, o cleanOptions, now time.Time) (*stopped, error) {
	arn, err := states.Find(ctx, machine)
	if err != nil || arn == "" {
		return nil, err
	}
	age := o.OlderThan
	if age == 0 {
		age = erasure.Waiting
	}
	done := &stopped{StateMachine: arn, OlderThanSeconds: int64(age / time.Second)}
	running, err := states.Running(ctx, arn)
	done.Running = len(running)
	for _, run := range running {
		if now.Sub(run.Since()) < age {
			continue
		}
		if !o.Dry {
			if err := states.Stop(ctx, run.ARN, "sluice clean: it ran for longer than "+age.String()); err != nil {
				return done, fmt.Errorf("stop %s: %w", run.Name, err)
			}
		}
		done.Stopped++
	}
	return done, err
}

func (s *settings) showCleaned(at *site, c cleaned) error {
	if s.json {
		if c.Prefixes == nil {
			c.Prefixes = []erasure.Freed{}
		}
		return s.document(c)
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "PREFIX\tOLDER THAN\tLOOKED AT\tOBJECTS\tOLD VERSIONS\tMARKERS\tUNFINISHED\tBYTES\tIN FLIGHT\t\n")
	for _, f := range append(c.Prefixes, c.Total) {
		age := "-"
		if f.OlderThanSeconds > 0 {
			age = inDays(time.Duration(f.OlderThanSeconds) * time.Second)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", f.Prefix, age, f.Looked, f.Objects, f.OldVersions, f.Markers, f.Unfinished, f.Bytes, f.InFlight)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	removed, stopped := "Removed", "stopped"
	if c.DryRun {
		removed, stopped = "Nothing was removed. It would be", "would be stopped"
	}
	fmt.Fprintf(s.out, "\n%s %d objects, versions, markers and unfinished uploads, %d bytes, of %s; %d stay as they are in flight.\n", removed,
		c.Total.Objects+c.Total.OldVersions+c.Total.Markers+c.Total.Unfinished, c.Total.Bytes, c.Bucket, c.Total.InFlight)
	switch {
	case c.Executions != nil:
		fmt.Fprintf(s.out, "Executions: %d of %d that run %s, older than %s. Those that ended leave Step Functions after 90 days.\n",
			c.Executions.Stopped, c.Executions.Running, stopped, inDays(time.Duration(c.Executions.OlderThanSeconds)*time.Second))
	case at.session != nil:
		fmt.Fprintln(s.out, "Executions: none; the workflow runs in AWS only.")
	}
	return nil
}

// inDays shows an age as it is said: 30d, 12h0m0s.
func inDays(age time.Duration) string {
	if day := 24 * time.Hour; age >= day && age%day == 0 {
		return fmt.Sprintf("%dd", age/day)
	}
	return age.String()
}

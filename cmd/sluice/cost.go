package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/ledger"
)

func newCost(s *settings) *cobra.Command {
	var since, by string
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "Show what the model calls cost, what was saved, and what was paid in vain",
		Long: `Show what the model calls cost, what was saved by packing, by reuse, by lanes and by the models' prompt caches, and
what was paid in vain; then the tokens beside those that the other side counted, with the differences named.

It reads the ledger, which holds a line for every call that began and one for every call that ended: in the data
folder, where no machine needs to run, or with --env in the environment's logs. A call that began and never ended was
cut off, and nobody knows whether it was billed.

The other side is CloudWatch (AWS/Bedrock), whose metrics are of the whole account: an environment with inference
profiles of its own is told from others by them. On this machine it is the local model, while the machine is up.`,
		Example: `  sluice cost --since 12h --by model
  sluice cost --env prod --since 7d --by tenant`,
		Args: cobra.NoArgs,
	}
	w := whereFlags(s, cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		age, err := parseAge(since)
		if err != nil {
			return usagef("--since %w", err)
		}
		apart, err := ledger.ParseBy(by)
		if err != nil {
			return usagef("--by %w", err)
		}
		return w.cost(cmd.Context(), time.Now(), age, apart)
	}
	cmd.Flags().StringVar(&since, "since", "7d", "how far back: days (7d), or hours and minutes (12h, 90m)")
	cmd.Flags().StringVar(&by, "by", string(ledger.ByTask), "what to tell apart: task, tenant, model, lane or day")
	return cmd
}

// mostDays is more than a ledger is kept.
const mostDays = 36500

// parseAge reads 7d, 12h or 1h30m.
func parseAge(said string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is not a time such as 7d, 12h or 90m", said)
	if days, is := strings.CutSuffix(said, "d"); is {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > mostDays {
			return 0, wrong
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	age, err := time.ParseDuration(said)
	if err != nil || age <= 0 {
		return 0, wrong
	}
	return age, nil
}

// account is what cost shows; its JSON is the document of cost --json.
type account struct {
	Since  time.Time      `json:"since"`
	By     ledger.By      `json:"by"`
	CostIs string         `json:"costIs"`
	Total  ledger.Totals  `json:"total"`
	Groups []ledger.Group `json:"groups"`
	// Check is nil where nobody counted; Notes say why, and what the ledger lacks.
	Check *check   `json:"check,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

func (w *where) cost(ctx context.Context, now time.Time, age time.Duration, by ledger.By) error {
	read := w.costHere
	if w.env != "" {
		read = w.costInAWS
	}
	a := account{By: by, CostIs: costIs, Since: now.Add(-age).UTC().Truncate(time.Second)}
	if err := read(ctx, now, &a); err != nil {
		return err
	}
	if w.json {
		if a.Groups == nil {
			a.Groups = []ledger.Group{}
		}
		return w.document(a)
	}
	for _, note := range a.Notes {
		w.say("%s", note)
	}
	if len(a.Groups) == 0 {
		w.say("no model calls since %s", a.Since.Local().Format(time.DateTime))
		return nil
	}
	if err := a.table(w.out); err != nil {
		return err
	}
	fmt.Fprintln(w.out)
	if err := a.summary(w.out); err != nil || a.Check == nil {
		return err
	}
	return a.Check.show(w.out)
}

// table shows what each group paid.
func (a account) table(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "%s\tCALLS\tTHROTTLED\tRECORDS\tPER CALL\tINPUT\tOUTPUT\tCACHED\tREUSED\tPAID\t\n", strings.ToUpper(string(a.By)))
	for _, g := range append(a.Groups, ledger.Group{Name: "total", Totals: a.Total}) {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t%s\t\n", g.Name, g.Calls, g.Throttles, g.Records, perCall(g.Totals),
			g.Usage.Input, g.Usage.Output, g.Usage.CacheRead, g.Reused, dollars(g.USD))
	}
	return table.Flush()
}

func perCall(t ledger.Totals) string {
	if t.Calls == 0 {
		return "-"
	}
	return strconv.FormatFloat(float64(t.Records)/float64(t.Calls), 'f', 1, 64)
}

// summary says what was paid, what was saved, and what was paid in vain.
func (a account) summary(to io.Writer) error {
	t := a.Total
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	line := func(name string, usd float64, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\t%s\n", name, dollars(usd), fmt.Sprintf(format, args...))
	}
	line("paid", t.USD, "%s, since %s", a.CostIs, a.Since.Local().Format(time.DateTime))
	line("saved by packing", t.PackedUSD, "%d records in %d calls", t.Records, t.Calls)
	line("saved by reuse", t.ReusedUSD, "%d answers lay there already", t.Reused)
	line("saved by lanes", t.LaneUSD, "beside the standard lane; --by lane tells them apart")
	line("saved by caching", t.CacheUSD, "%d tokens of input were read from the models' prompt caches", t.Usage.CacheRead)
	line("duplicate spend", t.DuplicateUSD, "%d answers were paid twice; part of what was paid", t.Duplicates)
	line("orphan spend", t.OrphanUSD, "%d answers were paid and lost; part of what was paid", t.Orphans)
	line("unfinished", t.UnfinishedUSD, "%d calls began and never ended; at most, and not in what was paid", t.Unfinished)
	if t.InFlight > 0 {
		fmt.Fprintf(table, "in flight\t\t%d calls\n", t.InFlight)
	}
	if t.Unpriced > 0 {
		fmt.Fprintf(table, "price not known\t\t%d calls to models that are not in the price list; not in what was paid\n", t.Unpriced)
	}
	fmt.Fprintf(table, "throttled\t\t%d of %d calls, and %d more for want of room\n", t.Throttles, t.Calls+t.Throttles+t.Overloads, t.Overloads)
	if t.ReclaimedTokens > 0 {
		fmt.Fprintf(table, "quota reclaimed\t\t%d tokens that max_tokens did not reserve\n", t.ReclaimedTokens)
	}
	return table.Flush()
}

// dollars shows four figures after the point, and more of what is less.
func dollars(usd float64) string {
	switch {
	case usd < 0:
		return "-" + dollars(-usd)
	case usd == 0:
		return "$0"
	case usd < 0.01:
		return fmt.Sprintf("$%.6f", usd)
	}
	return fmt.Sprintf("$%.4f", usd)
}

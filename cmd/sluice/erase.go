package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/erasure"
)

func newErase(s *settings) *cobra.Command {
	var o eraseOptions
	cmd := &cobra.Command{
		Use:   "erase --tenant T [--request ID]",
		Short: "Remove what is kept of a tenant or a request, and prove it",
		Long: `Remove what is kept of a tenant, or of one request, upload or record of an upload of it, from every prefix of
the bucket, with all older versions; then look again at everything and show what is left, which must be nothing.

A record of an upload is in the upload's file and report too, so these go with it; the other records' results
stay. Suppressions stay, since whoever asked not to be mailed must not be mailed again: they know an address by a
keyed hash only. Inputs above 56 KB go with their tenant or expire. The bus's archive is not reached; it expires.
What is still on its way would write anew, so erase what has ended.`,
		Example: `  sluice erase --tenant acme --dry-run
  sluice erase --tenant acme --request order-4711 --yes
  sluice erase --tenant acme --env prod    in AWS, with your own credentials`,
		Args: cobra.NoArgs,
	}
	w := whereFlags(s, cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.subject.Tenant, "tenant", "", "whose data; needed")
	flags.StringVar(&o.subject.Request, "request", "", "the id of a request, an upload or a record of one; without it, all of the tenant's")
	flags.BoolVar(&o.dry, "dry-run", false, "only count")
	flags.BoolVar(&o.yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if !o.subject.Valid() {
			return usagef("--tenant must name a tenant, and --request one of its ids")
		}
		if err := s.confirmErase(o); err != nil {
			return err
		}
		return w.at(cmd.Context(), func(ctx context.Context, at *site) error { return w.erase(ctx, at, o) })
	}
	return cmd
}

type eraseOptions struct {
	subject  erasure.Subject
	dry, yes bool
}

// proof is the document of erase --json.
type proof struct {
	Bucket  string    `json:"bucket"`
	Tenant  string    `json:"tenant"`
	Request string    `json:"request,omitempty"`
	DryRun  bool      `json:"dryRun"`
	Checked time.Time `json:"checked"`
	// Left is what of theirs was found after the removal; nothing of a dry run was
	// removed.
	Left     int             `json:"left"`
	Prefixes []erasure.Count `json:"prefixes"`
}

func (s *settings) erase(ctx context.Context, at *site, o eraseOptions) error {
	counts, err := erasure.New(at.s3, at.bucket).Erase(ctx, o.subject, o.dry)
	if err != nil {
		return err
	}
	p := proof{Bucket: at.bucket, Tenant: o.subject.Tenant, Request: o.subject.Request, DryRun: o.dry, Checked: time.Now().UTC().Truncate(time.Second), Prefixes: counts}
	for _, c := range counts {
		p.Left += c.Left
	}
	if err := s.showProof(p); err != nil {
		return err
	}
	if p.Left > 0 {
		return fmt.Errorf("%d objects of theirs are there again: something still works on them; erase again when it has ended", p.Left)
	}
	return nil
}

// confirmErase asks, unless told not to.
func (s *settings) confirmErase(o eraseOptions) error {
	if o.dry || o.yes {
		return nil
	}
	whose := "all data of tenant " + o.subject.Tenant
	if o.subject.Request != "" {
		whose = o.subject.Request + " of tenant " + o.subject.Tenant
	}
	return s.confirm(whose, o.subject.Tenant)
}

// confirm asks whether something is to be removed; the answer is a name.
func (s *settings) confirm(what, name string) error {
	s.say("This removes %s for good. Type %s to go on:", what, name)
	typed, _ := bufio.NewReader(s.in).ReadString('\n') // an input that ends is an answer too
	if strings.TrimSpace(typed) != name {
		return usagef("nothing was removed; --yes goes on without asking, --dry-run only counts")
	}
	return nil
}

func (s *settings) showProof(p proof) error {
	if s.json {
		if p.Prefixes == nil {
			p.Prefixes = []erasure.Count{}
		}
		return s.document(p)
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	removed := "REMOVED"
	if p.DryRun {
		removed = "WOULD GO"
	}
	fmt.Fprintf(table, "PREFIX\tLOOKED AT\t%s\tREWRITTEN\tBYTES\tLEFT\t\n", removed)
	for _, c := range p.Prefixes {
		left := fmt.Sprint(c.Left)
		if p.DryRun {
			left = "-"
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%s\t\n", c.Prefix, c.Looked, c.Removed, c.Rewritten, c.Bytes, left)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if p.DryRun {
		fmt.Fprintln(s.out, "\nNothing was removed.")
		return nil
	}
	fmt.Fprintf(s.out, "\nLooked again at every version in %s at %s: %d left.\n", p.Bucket, p.Checked.Format(time.RFC3339), p.Left)
	return nil
}

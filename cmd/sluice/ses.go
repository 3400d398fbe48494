package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/spf13/cobra"

	"sluice/internal/reputation"
	"sluice/internal/suppression"
)

func newSES(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ses",
		Short: "Sender identity, mail reputation, and who is not mailed",
		Args:  noCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	w := whereFlags(s, cmd)
	cmd.AddCommand(newVerify(w), newReputation(w), newResume(w), newSuppressed(w), newSuppress(w), newLift(w))
	for _, command := range cmd.Commands() {
		command.Args = asUsage(command.Args)
	}
	return cmd
}

// at runs a command where the flags say.
func (w *where) at(ctx context.Context, do func(context.Context, *site) error) error {
	at, err := w.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, at), at.close())
}

func newReputation(w *where) *cobra.Command {
	return &cobra.Command{
		Use:   "reputation",
		Short: "Show what became of the mails of the last days, and whether sending is stopped",
		Long: fmt.Sprintf(`Show what became of the mails of the last %d days, and whether sending is stopped.

All mails wait from %.0f %% bounces or %.2f %% complaints on, once %d mails were sent: SES would pause the account
later, and for everybody in it. They go on when the rates have fallen, or after: sluice ses resume`,
			reputation.WindowDays, 100*reputation.MaxBounces, 100*reputation.MaxComplaints, reputation.MinSends),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return w.at(cmd.Context(), func(ctx context.Context, at *site) error {
				standing, err := reputation.New(at.store, time.Now).Standing(ctx)
				if err != nil {
					return err
				}
				return w.showReputation(standing)
			})
		},
	}
}

func (s *settings) showReputation(r reputation.Standing) error {
	if s.json {
		return s.document(map[string]any{"days": reputation.WindowDays, "sends": r.Sends, "bounces": r.Bounces, "complaints": r.Complaints, "stopped": r.Stopped, "why": r.Why})
	}
	share := func(n int) string {
		if r.Sends == 0 {
			return ""
		}
		return fmt.Sprintf("  %.2f %%", 100*float64(n)/float64(r.Sends))
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "mails\t%d in %d days\n", r.Sends, reputation.WindowDays)
	fmt.Fprintf(table, "bounced for good\t%d%s\n", r.Bounces, share(r.Bounces))
	fmt.Fprintf(table, "called spam\t%d%s\n", r.Complaints, share(r.Complaints))
	state := "on"
	if r.Stopped {
		state = "STOPPED: " + r.Why
	}
	fmt.Fprintf(table, "sending\t%s\n", state)
	return table.Flush()
}

func newResume(w *where) *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "Let mails go again: what became of earlier ones counts no more",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return w.at(cmd.Context(), func(ctx context.Context, at *site) error {
				book := reputation.New(at.store, time.Now)
				if err := book.Reset(ctx); err != nil {
					return err
				}
				standing, err := book.Standing(ctx)
				if err != nil {
					return err
				}
				return w.showReputation(standing)
			})
		},
	}
}

// suppressedAddress is a row of the list. Who is on it is told by its key alone.
type suppressedAddress struct {
	Key        string `json:"key"`
	Suppressed bool   `json:"suppressed"`
	*suppression.Entry
}

func newSuppressed(w *where) *cobra.Command {
	return &cobra.Command{
		Use:   "suppressed [ADDRESS]",
		Short: "List who is not mailed, and why, or look one address up",
		Long: `List who is not mailed, and why, or look one address up. The list names addresses by keys from which nobody can
read them. In AWS, looking one up needs the environment's secret in SLUICE_SUPPRESSION_SECRET.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return w.at(cmd.Context(), func(ctx context.Context, at *site) error {
				list := at.suppressions()
				if len(args) == 0 {
					return w.listSuppressed(ctx, list)
				}
				key, err := at.keyOf(list, args[0])
				if err != nil {
					return err
				}
				return w.showSuppressed(ctx, list, key)
			})
		},
	}
}

func (at *site) suppressions() *suppression.List {
	return suppression.New(at.store, at.suppressionSecret, time.Now)
}

// keyOf is the key of an address, checked to be one.
func (at *site) keyOf(list *suppression.List, address string) (string, error) {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return "", usagef("%q is not an address", address)
	}
	if len(at.suppressionSecret) < suppression.MinSecret {
		return "", errors.New("addresses are filed under a secret; give the environment's in SLUICE_SUPPRESSION_SECRET")
	}
	return list.Key(address), nil
}

func (s *settings) listSuppressed(ctx context.Context, list *suppression.List) error {
	all := []suppressedAddress{}
	if err := list.Each(ctx, func(key string, e suppression.Entry) bool {
		all = append(all, suppressedAddress{key, true, &e})
		return true
	}); err != nil {
		return err
	}
	if s.json {
		return s.document(all)
	}
	if len(all) == 0 {
		s.say("nobody is suppressed")
		return nil
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tREASON\tDETAIL\tSINCE")
	for _, one := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.Key, one.Reason, one.Detail, one.Time.Local().Format(time.DateTime))
	}
	return table.Flush()
}

func (s *settings) showSuppressed(ctx context.Context, list *suppression.List, key string) error {
	e, suppressed, err := list.Get(ctx, key)
	if err != nil {
		return err
	}
	one := suppressedAddress{Key: key, Suppressed: suppressed}
	if suppressed {
		one.Entry = &e
	}
	switch {
	case s.json:
		return s.document(one)
	case !suppressed:
		fmt.Fprintln(s.out, "not suppressed")
	default:
		fmt.Fprintf(s.out, "suppressed since %s: %s\n", e.Time.Local().Format(time.DateTime), e.Reason.Words())
	}
	return nil
}

func newSuppress(w *where) *cobra.Command {
	return &cobra.Command{
		Use:   "suppress ADDRESS",
		Short: "Mail an address no more",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return w.at(cmd.Context(), func(ctx context.Context, at *site) error {
				list := at.suppressions()
				key, err := at.keyOf(list, args[0])
				if err != nil {
					return err
				}
				if err := list.Suppress(ctx, key, suppression.Entry{Reason: suppression.Manual}); err != nil {
					return err
				}
				return w.showSuppressed(ctx, list, key)
			})
		},
	}
}

func newLift(w *where) *cobra.Command {
	return &cobra.Command{
		Use:   "lift ADDRESS",
		Short: "Let an address be mailed again, on SES's own list too",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return w.at(cmd.Context(), func(ctx context.Context, at *site) error {
				list := at.suppressions()
				key, err := at.keyOf(list, args[0])
				if err != nil {
					return err
				}
				// SES's list first: what is on it would be taken over again.
				if err := forget(ctx, sesv2.NewFromConfig(at.config), args[0]); err != nil {
					return err
				}
				if err := list.Lift(ctx, key); err != nil {
					return err
				}
				return w.showSuppressed(ctx, list, key)
			})
		},
	}
}

// forget takes an address from SES's own list, if it is there. SES keeps addresses
// as they were written.
func forget(ctx context.Context, ses *sesv2.Client, address string) error {
	for _, form := range []string{address, strings.ToLower(address)} {
		_, err := ses.DeleteSuppressedDestination(ctx, &sesv2.DeleteSuppressedDestinationInput{EmailAddress: &form})
		var unknown *types.NotFoundException
		if err != nil && !errors.As(err, &unknown) {
			return fmt.Errorf("SES's suppression list: %w", err)
		}
	}
	return nil
}

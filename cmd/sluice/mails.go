package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/local/machine"
)

func newMails(s *settings) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "mails [ID]",
		Short: "List the mails that the local machine sent, or show one",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			session, err := s.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer session.close()
			if len(args) == 1 {
				mail, err := session.doors.Mail(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return s.showMail(mail)
			}
			mails, err := session.doors.Mails(cmd.Context(), limit, time.Time{})
			if err != nil {
				return err
			}
			return s.listMails(mails)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "how many, the newest first")
	return cmd
}

func (s *settings) listMails(mails []machine.Mail) error {
	if s.json {
		return s.document(mails)
	}
	if len(mails) == 0 {
		s.say("no mails yet")
		return nil
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSENT\tTO\tSUBJECT")
	for _, m := range mails {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", m.ID, m.Time.Local().Format(time.DateTime), strings.Join(m.To, ", "), m.Subject)
	}
	return table.Flush()
}

func (s *settings) showMail(m machine.Mail) error {
	if s.json {
		return s.document(m)
	}
	var further strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		fmt.Fprintf(&further, "%s: %s\n", name, m.Headers[name])
	}
	_, err := fmt.Fprintf(s.out, "From: %s\nTo: %s\nDate: %s\nSubject: %s\n%s\n%s\n", m.From, strings.Join(m.To, ", "),
		m.Time.Format(time.RFC1123Z), m.Subject, &further, m.Text)
	return err
}

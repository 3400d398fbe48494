package main

import (
	"errors"

	"github.com/spf13/cobra"

	"sluice/internal/local/machine"
)

func newDev(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "dev",
		Short: "Keep the local machine up",
		Long: `Keep the local machine up until Ctrl-C: the services on one port of 127.0.0.1, and every function on its
queue. Any AWS client can talk to it; sluice env prints what it needs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.dev(cmd) },
	}
}

func (s *settings) dev(cmd *cobra.Command) error {
	ctx := cmd.Context()
	folder, err := s.folder()
	if err != nil {
		return err
	}
	s.verbose = s.verbose || !s.json
	own, err := s.start(ctx, folder)
	if errors.Is(err, machine.ErrRunning) {
		if running, found := machine.Find(folder); found {
			s.say("The machine of %s runs already, at %s.", folder, running.URL)
			return nil
		}
	}
	if err != nil {
		return err
	}
	session := newSession(own.URL(), own)
	if s.json {
		if err := s.document(map[string]string{"url": own.URL(), "data": folder}); err != nil {
			return errors.Join(err, session.close())
		}
	} else {
		kept := folder
		if s.memory {
			kept = "memory only, nothing is kept"
		}
		s.say("Sluice is up at %s (data: %s).", own.URL(), kept)
		s.say("  clients   eval \"$(%s env)\"", program())
		s.say("  files     put .jsonl, .csv or .txt under s3://%s/uploads/%s/<task>/", machine.Bucket, localTenant)
		s.say("  mails     %s mails", program())
		s.say("Ctrl-C ends it; what was taken is kept.")
	}
	select {
	case <-ctx.Done():
		s.say("Ending: what is under way is given a moment to finish.")
		return session.close()
	case <-own.Failed():
		return errors.Join(own.Err(), session.close())
	}
}

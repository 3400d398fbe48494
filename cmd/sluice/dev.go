package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"sluice/internal/local/machine"
)

// provisioned is how many processes wait for the first requests of the HTTP API.
const provisioned = 4

func newDev(s *settings) *cobra.Command {
	var remote string
	var unprovisioned bool
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Keep the local machine up",
		Long: `Keep the local machine up until Ctrl-C: the services on one port of 127.0.0.1, and every function on its
queue, and the HTTP API in front of them. Any AWS client can talk to it; sluice env prints what it needs. Links in
mails lead to it, or to SLUICE_API_URL.

With --listen it is offered to other machines, and every request must be signed with AWS Signature Version 4, by the
credentials of --credentials or the machine's own, which are kept in "credentials" of its data folder. It speaks HTTP.

With --endpoint only the functions run, against an emulator of AWS at that URL, or against AWS itself. Region,
credentials (default: local) and names come from the environment: AWS_REGION, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, SLUICE_ENVIRONMENT, SLUICE_BUS, SLUICE_BUCKET, SLUICE_SENDER and the
others that sluice env prints. AWS_ENDPOINT_URL_<SERVICE>, such as AWS_ENDPOINT_URL_BEDROCK_RUNTIME, sends the
functions elsewhere for one service. The HTTP API listens on this machine all the same. What the choreography asks
for is made there if it is missing, except on AWS itself, where Terraform does it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if remote != "" {
				if s.outside.smtp != "" || s.outside.bedrock != machine.LocalModel {
					return usagef("--smtp and --bedrock are for the local services, which --endpoint does without")
				}
				if s.listening.given() {
					return usagef("--listen and --credentials are for the local services, which --endpoint does without")
				}
				return s.remote(cmd, remote, !unprovisioned)
			}
			return s.dev(cmd)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&remote, "endpoint", "", "run only the functions, against the emulator at this URL, or aws")
	flags.BoolVar(&unprovisioned, "no-provision", false, "with --endpoint: make no resources there")
	s.outside.flags(flags)
	s.listening.flags(flags)
	return cmd
}

func (s *settings) dev(cmd *cobra.Command) error {
	ctx := cmd.Context()
	if err := errors.Join(s.outside.check(), s.listening.check(s.port)); err != nil {
		return err
	}
	folder, err := s.folder()
	if err != nil {
		return err
	}
	s.verbose = s.verbose || !s.json
	s.provisioned = provisioned
	own, err := s.start(ctx, folder)
	if errors.Is(err, machine.ErrRunning) {
		if running, found := machine.Find(folder); found {
			health, err := running.Doors().Health(ctx)
			if err != nil {
				return fmt.Errorf("the machine of %s does not answer: %w", folder, err)
			}
			if err := errors.Join(s.outside.suits(health), s.listening.suits(running)); err != nil {
				return err
			}
			s.say("The machine of %s runs already, at %s.", folder, running.URL)
			return nil
		}
	}
	if err != nil {
		return err
	}
	session, err := s.open(ctx, own.Running(), own)
	if err != nil {
		return err
	}
	if s.json {
		if own.KeysMade() {
			s.tell(own, folder)
		}
		if err := s.document(map[string]string{"url": own.URL(), "data": folder}); err != nil {
			return errors.Join(err, s.end(session))
		}
	} else {
		kept := folder
		if s.memory {
			kept = "memory only, nothing is kept"
		}
		s.say("Sluice is up at %s (data: %s).", own.URL(), kept)
		s.tell(own, folder)
		s.say("  clients   eval \"$(%s env)\"", program())
		s.say("  requests  curl %s/ai/generate -H 'Content-Type: application/json' -d '{\"input\": {\"text\": \"A note of thanks to a patient customer.\"}}'", own.URL())
		s.say("  files     put .jsonl, .csv or .txt under s3://%s/uploads/%s/<task>/", machine.Bucket, localTenant)
		s.say("  mails     %s mails", program())
		if session.realModel {
			s.say("  model     Amazon Bedrock answers, at your expense")
		}
		if s.outside.smtp != "" {
			s.say("  relay     mails go to %s", s.outside.smtp)
		}
		s.say("Ctrl-C ends it; what was taken is kept.")
	}
	select {
	case <-ctx.Done():
		s.say("Ending: what is under way is given a moment to finish.")
		return s.end(session)
	case <-own.Failed():
		return errors.Join(own.Err(), s.end(session))
	}
}

package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"sluice/internal/local/endpoint"
	"sluice/internal/local/machine"
	"sluice/internal/local/relay"
)

// outside says which real services stand behind the local machine.
type outside struct {
	smtp    string
	bedrock string
	region  string
}

func (o *outside) flags(flags *pflag.FlagSet) {
	flags.StringVar(&o.smtp, "smtp", "", "relay the mails to the mail server at host:port (credentials: SLUICE_SMTP_USERNAME, SLUICE_SMTP_PASSWORD); those from before the first time stay here")
	flags.StringVar(&o.bedrock, "bedrock", machine.LocalModel, "who answers: local, the built-in model, or aws, Amazon Bedrock with your own AWS credentials, at your expense")
	flags.StringVar(&o.region, "bedrock-region", "", "the region of --bedrock aws (default: your AWS configuration's)")
}

// check tells what is wrong with the flags.
func (o *outside) check() error {
	switch {
	case o.bedrock != "" && o.bedrock != machine.LocalModel && o.bedrock != machine.RealModel:
		return usagef("--bedrock is %q, not %s or %s", o.bedrock, machine.LocalModel, machine.RealModel)
	case o.region != "" && o.bedrock != machine.RealModel:
		return usagef("--bedrock-region goes with --bedrock %s", machine.RealModel)
	}
	if o.smtp == "" {
		return nil
	}
	if err := relay.Check(o.relay()); err != nil {
		return usageError{err}
	}
	return nil
}

func (o *outside) relay() relay.Options {
	return relay.Options{Server: o.smtp, Username: os.Getenv("SLUICE_SMTP_USERNAME"), Password: os.Getenv("SLUICE_SMTP_PASSWORD")}
}

// apply sets the machine's options.
func (o *outside) apply(ctx context.Context, options *machine.Options) (err error) {
	if o.smtp != "" {
		options.Relay = o.relay()
	}
	if o.bedrock == machine.RealModel {
		options.AWS, err = endpoint.FindAWSModel(ctx, o.region)
	}
	return err
}

// suits tells whether a machine that runs already is what the flags ask for.
// Without them any is.
func (o *outside) suits(running machine.Health) error {
	switch {
	case o.smtp != "" && o.smtp != running.MailServer:
		return fmt.Errorf("the machine that runs already (process %d) does not relay mails to %s; end it first", running.PID, o.smtp)
	case o.bedrock == machine.RealModel && (running.Model != machine.RealModel || o.region != "" && o.region != running.ModelRegion):
		return fmt.Errorf("the machine that runs already (process %d) does not ask that Bedrock; end it first", running.PID)
	}
	return nil
}

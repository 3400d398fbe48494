package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/local/machine"
)

// remote runs the functions against somebody else's services.
func (s *settings) remote(cmd *cobra.Command, endpoint string, provision bool) error {
	ctx := cmd.Context()
	functions, err := s.functionsFolder()
	if err != nil {
		return err
	}
	options := machine.RemoteOptions{
		Endpoint: endpoint, Provision: provision, Functions: functions, Getenv: os.Getenv, Environ: os.Environ, Log: s.err,
	}
	if !s.memory {
		if options.Folder, err = s.folder(); err != nil {
			return err
		}
	}
	own, err := machine.OpenRemote(ctx, options)
	if err != nil {
		return err
	}
	if s.json {
		err = s.document(map[string]string{"endpoint": endpoint, "bus": own.Bus, "bucket": own.Bucket})
	} else {
		s.say("The functions hear at %s (bus %s, bucket %s). Ctrl-C ends them.", endpoint, own.Bus, own.Bucket)
	}
	if err == nil {
		<-ctx.Done()
		s.say("Ending: what is under way is given a moment to finish.")
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if failed := own.Close(closing); failed != nil {
		return failed
	}
	return err
}

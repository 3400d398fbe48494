package main

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/local/machine"
)

// portOr is --port, or the usual port if that is free, or 0 for any.
func (s *settings) portOr(ctx context.Context, usual int) int {
	if s.port != 0 {
		return s.port
	}
	return freeOr(ctx, usual)
}

// remote runs the functions against somebody else's services.
func (s *settings) remote(cmd *cobra.Command, endpoint string, provision bool) error {
	ctx := cmd.Context()
	functions, err := s.functionsFolder()
	if err != nil {
		return err
	}
	options := machine.RemoteOptions{
		Endpoint: endpoint, Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.portOr(ctx, DefaultPort))), Provision: provision, Functions: functions, Getenv: os.Getenv, Environ: os.Environ, Log: s.err,
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
		err = s.document(map[string]string{"endpoint": endpoint, "bus": own.Bus, "bucket": own.Bucket, "api": own.APIURL})
	} else {
		s.say("The functions hear at %s (bus %s, bucket %s). Ctrl-C ends them.", endpoint, own.Bus, own.Bucket)
		if own.APIURL != "" {
			s.say("  requests  %s/requests and the other routes of the HTTP API", own.APIURL)
		}
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

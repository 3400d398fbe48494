package machine

import (
	"context"
	"time"

	"sluice/internal/local/lambda"
	"sluice/internal/local/lambdahost"
)

// pauseRole is in whose name the mapping of analyze is switched on again, once the
// quota of the day is whole. Roles are not checked here.
const pauseRole = "arn:aws:iam::" + Account + ":role/sluice-" + Environment + "-resume"

// switchboard is told which mappings there are, and switches them.
type switchboard interface {
	Install(context.Context, []lambda.Function, []lambda.Mapping) error
}

// feeding is a poller as the switchboard sees it.
type feeding struct{ *lambdahost.Poller }

// Apply implements lambda.Poller.
func (f feeding) Apply(s lambda.Settings) error {
	if !s.Enabled {
		f.Pause()
		return nil
	}
	if err := f.SetPace(s.BatchSize, window(s.Window), s.Concurrency); err != nil {
		return err
	}
	f.Resume()
	return nil
}

// windowShare is the part of a mapping's window that is waited here. In the
// cloud a full batch saves requests, which are paid for; here it only saves
// writes, and whoever waits for the last record is a person.
const windowShare = 5

// window is how long a batch gathers here, of the seconds that are asked for.
func window(seconds int) time.Duration { return time.Duration(seconds) * time.Second / windowShare }

// install tells the switchboard what the host runs, if there is one.
func (f fleet) install(ctx context.Context, functions []lambdahost.Function, mappings []lambda.Mapping) error {
	if f.switches == nil {
		return nil
	}
	known := make([]lambda.Function, len(functions))
	for i, one := range functions {
		known[i] = lambda.Function{Name: one.Name, Timeout: one.Timeout, Memory: one.Memory}
	}
	return f.switches.Install(ctx, known, mappings)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sluice/internal/local/machine"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1   // it did not work, or not every record has an answer or a rejection
	exitUsage       = 2   // the command line is wrong
	exitInterrupted = 130 // Ctrl-C
)

// console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// terminal tells whether people watch the error stream.
func (c console) terminal() bool {
	f, isFile := c.err.(*os.File)
	return isFile && term.IsTerminal(int(f.Fd()))
}

// say writes a line for people.
func (c console) say(format string, args ...any) { fmt.Fprintf(c.err, format+"\n", args...) }

// usageError is a mistake on the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errUnfinished: the work was done, and what it found is exit 1. It was shown
// already.
var errUnfinished = errors.New("not every record has an answer or a rejection")

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, c console) int {
	root := newRoot(c)
	root.SetArgs(args)
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errUnfinished):
		return exitFailed
	case errors.As(err, &usage):
		c.say("sluice: %s", oneLine(err))
		return exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	c.say("sluice: %s", oneLine(err))
	return exitFailed
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// settings are the flags that every command has.
type settings struct {
	console
	data      string
	memory    bool
	functions string
	port      int
	json      bool
	latency   time.Duration
	tpm       int
	verbose   bool
	// provisioned is that of the machine that is started.
	provisioned int
	outside     outside
	listening   listening
}

// DefaultPort is where the machine listens unless told or taken.
const DefaultPort = 8790

func newRoot(c console) *cobra.Command {
	s := &settings{console: c}
	root := &cobra.Command{
		Use:   "sluice",
		Short: "An event-driven AI pipeline, on AWS or on this machine",
		Long: `Sluice answers records with a model: they come in as files, events or requests, and every one of them
ends in exactly one terminal event, with a reason when it is not an answer.

Without an AWS account everything runs on this machine, on an embedded and durable stand-in for S3, SQS,
EventBridge, SES and Bedrock. Try:  sluice run FILE`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVar(&s.data, "data", "", "the folder the machine keeps everything in (default: sluice/local in the user's cache directory)")
	flags.BoolVar(&s.memory, "memory", false, "keep nothing: a machine that is gone when the command ends")
	flags.StringVar(&s.functions, "functions", "", "the folder that holds <name>/bootstrap of every function (default: beside this program)")
	flags.IntVar(&s.port, "port", 0, fmt.Sprintf("the port on 127.0.0.1 (default: %d, or any free one if that is taken)", DefaultPort))
	flags.BoolVar(&s.json, "json", false, "print one JSON document on standard output")
	flags.DurationVar(&s.latency, "latency", 20*time.Millisecond, "how long the local model takes for its first token")
	flags.IntVar(&s.tpm, "tpm", 0, "the local model's quota in tokens per minute (0: none)")
	flags.BoolVar(&s.verbose, "verbose", false, "show what the functions log")
	root.AddCommand(newRun(s), newDev(s), newEnv(s), newSubmit(s), newStatus(s), newMails(s), newSES(s), newAudit(s), newCost(s), newErase(s), newClean(s), newPlan(s), newSample(s))
	for _, command := range root.Commands() {
		command.Args = asUsage(command.Args)
	}
	return root
}

func noCommand(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("there is no command %q; sluice --help lists them", args[0])
	}
	return nil
}

// asUsage makes what cobra says of the arguments an error of usage.
func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usagef("%w; see sluice %s --help", err, cmd.Name())
		}
		return nil
	}
}

// folder is the machine's data folder.
func (s *settings) folder() (string, error) {
	if s.data != "" {
		return s.data, nil
	}
	return machine.DefaultFolder()
}

// logFile is where the machine logs.
func (s *settings) logFile() string {
	folder, err := s.folder()
	if err != nil || s.memory {
		return "the output of --verbose"
	}
	return machine.LogFile(folder)
}

// document prints one JSON document.
func (s *settings) document(v any) error {
	encoder := json.NewEncoder(s.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

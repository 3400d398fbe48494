package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bench is what was asked for.
type bench struct {
	bin, folder   string
	sizes         []int
	moto          bool
	operations    int
	kills         int
	killFunctions time.Duration
	// api is how many requests a second the front door gets, for apiSeconds.
	api, apiSeconds int
	seed            uint64
	json            bool
}

// report is the document of --json.
type report struct {
	Runs       []measured  `json:"runs"`
	Operations []operation `json:"operations"`
	// Skipped says why the comparison was not made, "" if it was or was not asked for.
	Skipped string   `json:"skipped,omitempty"`
	Killed  []killed `json:"killed,omitempty"`
	// Front is there if the HTTP API was measured, and nothing else.
	Front *front `json:"api,omitempty"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	b, err := parse(arguments)
	if err != nil {
		return err
	}
	if _, err := os.Stat(b.program()); err != nil {
		return fmt.Errorf("there is no %s; make build makes it: %w", b.program(), err)
	}
	if b.folder, err = os.MkdirTemp("", "sluice-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	var r report
	if err := b.all(ctx, &r); err != nil {
		return err
	}
	if b.json {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	return r.show(os.Stdout)
}

func (b *bench) all(ctx context.Context, r *report) error {
	if b.api > 0 {
		f, err := b.knock(ctx)
		r.Front = &f
		return err
	}
	for _, n := range b.sizes {
		if b.kills > 0 || b.killFunctions > 0 {
			k, err := b.kill(ctx, n)
			if err != nil {
				return err
			}
			r.Killed = append(r.Killed, k)
			continue
		}
		fmt.Fprintf(os.Stderr, "%d records…\n", n)
		m, err := b.measure(ctx, n)
		if err != nil {
			return err
		}
		r.Runs = append(r.Runs, m)
	}
	if b.operations == 0 || len(r.Killed) > 0 {
		return nil
	}
	var err error
	r.Operations, r.Skipped, err = b.compare(ctx)
	return err
}

// parse reads the command line.
func parse(arguments []string) (*bench, error) {
	b := &bench{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	sizes := flags.String("records", "1000,10000,100000", "how many records each run has; with commas, a run each")
	flags.StringVar(&b.bin, "bin", "bin", "the folder of sluice and functions/, as make build leaves it")
	flags.BoolVar(&b.moto, "moto", true, "compare SQS and PutEvents with moto_server, if it is on the PATH")
	flags.IntVar(&b.operations, "operations", 100, "operations of each kind in the comparison; 0: none")
	flags.IntVar(&b.kills, "kill", 0, "kill the machine so many times on the way, and check that nothing is lost")
	flags.Var((*interval)(&b.killFunctions), "kill-functions", "kill a random function process so often, on average, and check that nothing is lost; alone every 3 s, or as in --kill-functions=300ms")
	flags.IntVar(&b.api, "api", 0, "measure POST /requests at so many a second, and nothing else; with --kill and --kill-functions, check that nothing that was accepted is lost")
	flags.IntVar(&b.apiSeconds, "api-seconds", 30, "for how long")
	flags.Uint64Var(&b.seed, "seed", 0, "which processes are killed, and when; 0: others each time")
	flags.BoolVar(&b.json, "json", false, "print one JSON document")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("there are no arguments, only flags; not %q", flags.Arg(0))
	}
	for field := range strings.SplitSeq(*sizes, ",") {
		if field == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 10 {
			return nil, fmt.Errorf("--records %q: a number of records is 10 or more", field)
		}
		b.sizes = append(b.sizes, n)
	}
	if b.kills < 0 || b.operations < 0 || b.killFunctions < 0 || b.api < 0 || b.apiSeconds < 1 {
		return nil, errors.New("--kill, --kill-functions, --operations and --api are not below 0, --api-seconds not below 1")
	}
	if b.seed == 0 {
		b.seed = rand.Uint64()
	}
	var err error
	b.bin, err = filepath.Abs(b.bin)
	return b, err
}

// interval is a flag of a duration that may stand without one.
type interval time.Duration

// usualInterval is that of a flag that stands alone.
const usualInterval = 3 * time.Second

// String implements flag.Value.
func (i *interval) String() string { return time.Duration(*i).String() }

// IsBoolFlag lets the flag stand alone.
func (i *interval) IsBoolFlag() bool { return true }

// Set implements flag.Value.
func (i *interval) Set(value string) error {
	if value == "true" {
		*i = interval(usualInterval)
		return nil
	}
	d, err := time.ParseDuration(value)
	*i = interval(d)
	return err
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/events"
	"sluice/internal/upload"
)

// localTenant is whom the command line speaks for.
const localTenant = events.DefaultTenant

// runFlags are what run was asked for.
type runFlags struct {
	task      string
	email     []string
	mailEach  bool
	params    string
	textField string
	format    string
	again     bool
}

func newRun(s *settings) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run FILE…",
		Short: "Answer every record of the files on this machine and show what came of it",
		Long: `Answer every record of the files on this machine and show what came of it.

A file is .jsonl, .csv (with a header row) or .txt (a record per line), or .gz or .zip of these; - reads
standard input. Beside each file it leaves <file>.results.csv, with the file's own columns and the answer's,
and report.html. A run that was stopped goes on where it was when the same command is given again, and
what was answered already is not asked again.

Exit status: 0 if every record has an answer or a rejection, 1 if some failed or are parked, 2 for a wrong
command line.`,
		Example: `  sluice run support.csv --task classify --param labels='["billing","technical"]' --email me@example.com
  zcat messages.jsonl.gz | sluice run - --task sentiment`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return s.run(cmd.Context(), args, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.task, "task", "summarize", "what to ask: summarize, classify, extract, sentiment, generate or a task of yours")
	flags.StringArrayVar(&f.email, "email", nil, "mail the report to this address (may be given again)")
	flags.BoolVar(&f.mailEach, "mail-each", false, "mail about every record too")
	flags.StringVar(&f.params, "params", "", "the task's parameters, a JSON object")
	flags.StringVar(&f.textField, "text-field", "", "the field or column that holds the text (default: text)")
	flags.StringVar(&f.format, "format", "", "what standard input is: jsonl, csv or txt (default: seen from its first character)")
	s.outside.flags(flags)
	flags.BoolVar(&f.again, "again", false, "do it again and mail again, even if the same was done before")
	return cmd
}

// definition is what lies beside the upload. It fails with a usage error.
func (f runFlags) definition() (upload.Definition, error) {
	d := upload.Definition{Task: f.task, TextField: f.textField, Notify: slices.Clone(f.email), MailEach: f.mailEach}
	if !events.ValidRequestID(f.task) {
		return d, usagef("--task %q: a task's name is 1 to 64 of [A-Za-z0-9_-]", f.task)
	}
	for _, address := range f.email {
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			return d, usagef("--email %q is not an address", address)
		}
	}
	if f.mailEach && len(f.email) == 0 {
		return d, usagef("--mail-each needs --email")
	}
	if f.params != "" {
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(f.params), &object); err != nil {
			return d, usagef("--params is not a JSON object: %w", err)
		}
		d.Params = json.RawMessage(f.params)
	}
	return d, nil
}

func (s *settings) run(ctx context.Context, args []string, f runFlags) (err error) {
	began := time.Now()
	if err := s.outside.check(); err != nil {
		return err
	}
	definition, err := f.definition()
	if err != nil {
		return err
	}
	jobs, clean, err := s.jobs(args, f, definition)
	defer clean()
	if err != nil {
		return err
	}
	session, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if closing := s.end(session); closing != nil && err == nil {
			err = closing
		}
	}()
	if err := s.work(ctx, session, jobs); err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			s.say("\nStopped. What was answered is kept; the same command goes on from here:\n  %s", commandLine())
		}
		return err
	}
	sum, err := s.collect(ctx, session, jobs, began)
	if err != nil {
		return err
	}
	if err := sum.countMails(ctx, session, began); err != nil {
		return err
	}
	if err := s.show(session, sum); err != nil {
		return err
	}
	if sum.Failed+sum.Parked+sum.Missing > 0 {
		return errUnfinished
	}
	return nil
}

// work feeds the files and waits until every record has ended.
func (s *settings) work(ctx context.Context, session *session, jobs []*job) error {
	for _, j := range jobs {
		if err := j.feed(ctx, session); err != nil {
			return fmt.Errorf("%s: %w", j.path, err)
		}
	}
	return s.watch(ctx, session, jobs)
}

// commandLine is how this command was called, to be typed again.
func commandLine() string {
	words := slices.Clone(os.Args)
	for i, w := range words {
		words[i] = quoted(w)
	}
	return strings.Join(words, " ")
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\n\"'\\$`*?[]{}();<>|&!#~") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// program is what this program was called as.
func program() string { return os.Args[0] }

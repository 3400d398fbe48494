package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/events"
	"sluice/internal/objects"
	"sluice/internal/pack"
	"sluice/internal/task"
	"sluice/internal/upload"
)

const (
	// frameTokens is about what the frame of a pack adds to a record, on the way
	// there and back.
	frameTokens = 8
	// recordTokens is a record's own, where nothing is known of it.
	recordTokens = 200
)

// noTasks is a bucket without tasks of an operator.
type noTasks struct{}

func (noTasks) Get(context.Context, string, int64) (objects.Object, error) {
	return objects.Object{}, objects.ErrNotFound
}

// ask settles the task and its parameters.
func (f planFlags) ask(ctx context.Context) (*task.Question, error) {
	t, err := f.findTask(ctx)
	if err != nil {
		return nil, err
	}
	var params json.RawMessage
	if f.params != "" {
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(f.params), &object); err != nil {
			return nil, usagef("--params is not a JSON object: %w", err)
		}
		params = json.RawMessage(f.params)
	}
	q, problems := t.Ask(params)
	if len(problems) > 0 {
		return nil, usagef("--params: %s", joined(problems))
	}
	return q, nil
}

func (f planFlags) findTask(ctx context.Context) (*task.Task, error) {
	if name, is := strings.CutSuffix(filepath.Base(f.task), ".json"); is {
		file, err := os.ReadFile(f.task)
		if err != nil {
			return nil, usagef("--task: %w", err)
		}
		t, err := task.Parse(name, file)
		if err != nil {
			return nil, usagef("--task %s: %w", f.task, err)
		}
		return t, nil
	}
	t, problems, err := task.NewRegistry(noTasks{}, time.Now).Get(ctx, f.task)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, usagef("--task %q is not one of %s, nor the .json file of a task", f.task, strings.Join(task.Builtin(), ", "))
	}
	return t, nil
}

func joined(problems []events.Problem) string {
	said := make([]string, len(problems))
	for i, p := range problems {
		said[i] = strings.TrimSpace(p.Field + " " + p.Message)
	}
	return strings.Join(said, "; ")
}

// settleRecords counts and measures.
func (p *planned) settleRecords(ctx context.Context) error {
	system, rest := pack.Common(p.question)
	p.instruction = tokensOf(system) + tokensOf(rest)
	p.records, p.input, p.output = p.flags.records, p.flags.input, p.flags.output
	if p.flags.file != "" {
		count, rejected, mean, err := measured(ctx, p.flags.file, p.flags.textField)
		switch {
		case err != nil:
			return err
		case count == 0:
			return usagef("--file %s has no record that could be asked about; %d would be rejected", p.flags.file, rejected)
		}
		if p.records == 0 {
			p.records, p.rejected = count, rejected
		}
		if p.input == 0 {
			p.input = max(int(math.Round(mean)), 1)
		}
	}
	if p.input == 0 {
		p.input = recordTokens
	}
	if p.output == 0 {
		p.output = max(p.question.Task.MaxTokens/3, 1)
	}
	return nil
}

// measured reads a file once: its good and bad records, and the mean of the good
// ones' tokens.
func measured(ctx context.Context, path, textField string) (count, rejected int, mean float64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("cannot read the file: %w", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return 0, 0, 0, fmt.Errorf("%s is not a file", path)
	}
	reader, err := upload.OpenRecords(filepath.Base(path), file, upload.Options{TextField: textField})
	if err != nil {
		return 0, 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	defer reader.Close()
	total := 0
	for ctx.Err() == nil {
		record, err := reader.Next()
		switch {
		case errors.Is(err, io.EOF):
			return count, rejected, float64(total) / float64(max(count, 1)), nil
		case err != nil:
			return 0, 0, 0, fmt.Errorf("%s: %w", path, err)
		case len(record.Problems) > 0:
			rejected++
		default:
			count++
			total += tokensOf(record.Text)
		}
	}
	return 0, 0, 0, ctx.Err()
}

// tokensOf is about how many tokens a text has, guessed as before a first call:
// four ASCII characters to a token, of others little more than one.
func tokensOf(text string) int {
	runes := utf8.RuneCountInString(text)
	others := min((len(text)-runes)/2, runes)
	return (runes-others+3)/4 + int(float64(others)*0.8) + 1
}

// tunedCap is about what the tuner of max_tokens finds for answers of a mean
// length: their 99th percentile (lognormal, σ 0.5), 1.15 times, and 50.
func tunedCap(output int) int {
	const sigma = 0.5
	p99 := math.Exp(sigma*2.326 - sigma*sigma/2)
	return int(1.15*p99*float64(output+frameTokens)) + 50
}

func ceil(v float64) int { return int(math.Ceil(v)) }

func (p *planned) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

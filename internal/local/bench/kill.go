package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/local/machine"
	"sluice/internal/objects"
	"sluice/internal/requests"
)

// killed is what a run came to whose processes were killed.
type killed struct {
	Records int     `json:"records"`
	Seconds float64 `json:"seconds"`
	// Seed is what --seed takes to kill likewise.
	Seed uint64 `json:"seed"`
	// Machines and Functions count what was killed.
	Machines  int `json:"machinesKilled"`
	Functions int `json:"functionsKilled"`
	// At is how many records had ended when the machine was killed.
	At []int `json:"killedAt"`
	// Completed counts the rows of the results with the right answer, Mails what
	// lies in the outbox.
	Completed int `json:"completed"`
	Mails     int `json:"mails"`
}

// lookEvery is how often the progress is looked at.
const lookEvery = 100 * time.Millisecond

// kill runs n records and kills the machine on the way, and functions all along.
// The error says what was lost.
func (b *bench) kill(ctx context.Context, n int) (k killed, err error) {
	k.Records, k.Seed = n, b.seed
	chance := rand.New(rand.NewPCG(b.seed, uint64(n)))
	folder, err := os.MkdirTemp(b.folder, "kill-")
	if err != nil {
		return k, err
	}
	defer os.RemoveAll(folder)
	file, err := writeRecords(folder, n)
	if err != nil {
		return k, err
	}
	data := filepath.Join(folder, "data")
	arguments := []string{"run", file, "--json", "--latency", "0s", "--data", data, "--email", "bench@example.com"}
	began := time.Now()
	for i := range b.kills {
		at, err := b.killOnce(ctx, &k, n*(i+1)/(b.kills+1), data, arguments, chance)
		if err != nil {
			return k, fmt.Errorf("run %d: %w", i+1, err)
		}
		if at < 0 {
			break // it was faster
		}
		k.Machines++
		k.At = append(k.At, at)
		fmt.Fprintf(os.Stderr, "%d records: killed the machine at %d\n", n, at)
	}
	cmd := b.sluice(ctx, arguments...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Start(); err != nil {
		return k, err
	}
	stop := b.killSome(&k, cmd.Process.Pid, chance)
	err = cmd.Wait()
	stop()
	k.Seconds = time.Since(began).Seconds()
	if err != nil {
		return k, fmt.Errorf("the last run: %w\n%s", err, out.Bytes())
	}
	var o outcome
	if err := json.Unmarshal(out.Bytes(), &o); err != nil {
		return k, err
	}
	if err := o.check(n); err != nil {
		return k, err
	}
	if k.Completed, err = rowsOf(o.Results, n); err != nil {
		return k, err
	}
	k.Mails, err = b.mails(ctx, data)
	if err == nil && k.Mails != 1 {
		err = fmt.Errorf("%d mails went out, not 1", k.Mails)
	}
	return k, err
}

// killOnce runs until so many records have ended, and kills. It returns how many
// had, or -1 if the run came to its end before.
func (b *bench) killOnce(ctx context.Context, k *killed, ended int, data string, arguments []string, chance *rand.Rand) (int, error) {
	cmd := b.sluice(ctx, arguments...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	stop := b.killSome(k, cmd.Process.Pid, chance)
	defer stop()
	for {
		select {
		case err := <-over:
			return -1, err
		case <-ctx.Done():
			return 0, errors.Join(ctx.Err(), <-over)
		case <-time.After(lookEvery):
		}
		if at := endedIn(ctx, cmd, data); at >= ended {
			_ = cmd.Process.Kill()
			<-over //nolint:errcheck // it was killed
			return at, nil
		}
	}
}

// endedIn is how many records have ended, 0 while that cannot be told.
func endedIn(ctx context.Context, cmd *exec.Cmd, data string) int {
	running, found := machine.Find(data)
	if !found || running.PID != cmd.Process.Pid {
		return 0
	}
	upload := uploadOf(ctx, data)
	if upload == "" {
		return 0
	}
	progress, err := requests.LoadProgress(ctx, objects.New(s3.NewFromConfig(clientOf(running.URL)), machine.Bucket), upload)
	if err != nil {
		return 0
	}
	return progress.Counts().Ended()
}

// killSome kills a random function process of the machine now and then, until
// stop is called. The pauses are exponential, as those of accidents: a call that
// lasts longer than most of them is cut off again and again and ends in the end.
func (b *bench) killSome(k *killed, pid int, chance *rand.Rand) (stop func()) {
	if b.killFunctions == 0 {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			case <-time.After(time.Duration(chance.Int64N(int64(2 * b.killFunctions)))):
			}
			running := slices.DeleteFunc(children(pid), func(child int) bool { return functionOf(child) == "" })
			if len(running) == 0 {
				continue
			}
			victim, err := os.FindProcess(running[chance.IntN(len(running))])
			if err == nil && victim.Kill() == nil {
				k.Functions++
			}
		}
	}()
	return func() { close(quit); <-done }
}

// rowsOf checks that the results have each record once, in order, with an answer
// of its own, and returns how many there are.
func rowsOf(path string, records int) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	header, err := rows.Read()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	id, result, answer := slices.Index(header, "id"), slices.Index(header, "outcome"), slices.Index(header, "answer.summary")
	if id < 0 || result < 0 || answer < 0 {
		return 0, fmt.Errorf("%s lacks id, outcome or answer.summary: %v", path, header)
	}
	n := 0
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return n, fmt.Errorf("%s: %w", path, err)
		}
		n++
		if row[id] != fmt.Sprintf("R%d", n) || row[result] != "completed" || row[answer] == "" {
			return n, fmt.Errorf("%s: row %d is that of %s, %s, %q", path, n, row[id], row[result], row[answer])
		}
	}
	if n != records {
		return n, fmt.Errorf("%s has %d rows, not %d", path, n, records)
	}
	return n, nil
}

// mails counts the outbox.
func (b *bench) mails(ctx context.Context, data string) (int, error) {
	out, err := b.sluice(ctx, "mails", "--json", "--data", data).Output()
	if err != nil {
		return 0, fmt.Errorf("list the mails: %w", err)
	}
	var all []json.RawMessage
	err = json.Unmarshal(out, &all)
	return len(all), err
}

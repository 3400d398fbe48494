package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/internal/local/machine"
)

// program is the sluice that is measured.
func (b *bench) program() string { return filepath.Join(b.bin, "sluice") }

// sluice is a command of it. When the context ends it is interrupted, as by
// Ctrl-C.
func (b *bench) sluice(ctx context.Context, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.program(), arguments...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// running is a machine that was started.
type running struct {
	url   string
	cmd   *exec.Cmd
	again func() (*running, error)
}

// dev starts a machine on a data folder.
func (b *bench) dev(ctx context.Context, data string, arguments ...string) (*running, error) {
	cmd := b.sluice(ctx, append([]string{"dev", "--json", "--data", data}, arguments...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the machine: %w", err)
	}
	m := &running{cmd: cmd, again: func() (*running, error) { return b.dev(ctx, data, arguments...) }}
	line, err := bufio.NewReader(out).ReadString('\n')
	var up struct {
		URL string `json:"url"`
	}
	if err != nil || json.Unmarshal([]byte(line), &up) != nil || up.URL == "" {
		return nil, errors.Join(fmt.Errorf("start the machine: it said %q", line), err, m.stop())
	}
	m.url = up.URL
	return m, nil
}

func (m *running) pid() int { return m.cmd.Process.Pid }

// stop ends the machine as Ctrl-C does.
func (m *running) stop() error {
	return errors.Join(m.cmd.Process.Signal(os.Interrupt), m.cmd.Wait())
}

// killAndStartAgain kills the machine and starts it on the same data.
func (m *running) killAndStartAgain() error {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait() // it was killed
	next, err := m.again()
	if err != nil {
		return err
	}
	*m = *next
	return nil
}

// clientOf is the configuration of a client of an endpoint without retries: what
// is refused is to be seen.
func clientOf(url string) aws.Config {
	return aws.Config{
		Region: machine.Region, BaseEndpoint: aws.String(url), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider(machine.AccessKey, machine.SecretKey, ""),
	}
}

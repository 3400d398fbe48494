package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// built is the folder with the very binaries: sluice and functions/<name>/bootstrap.
var built string

// TestMain builds the programs as make does; everything that go test has
// compiled before is only linked.
func TestMain(m *testing.M) {
	code, err := withPrograms(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withPrograms(run func() int) (int, error) {
	folder, err := os.MkdirTemp("", "sluice-test-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	built = folder
	if err := build("./cmd/sluice", "sluice"); err != nil {
		return 0, err
	}
	programs, err := filepath.Glob("../../functions/*/lambda")
	if err != nil {
		return 0, err
	}
	for _, p := range programs {
		name := filepath.Base(filepath.Dir(p))
		if err := build("./functions/"+name+"/lambda", filepath.Join("functions", name, "bootstrap"), "-tags", "lambda.norpc"); err != nil {
			return 0, err
		}
	}
	return run(), nil
}

func build(pkg, to string, flags ...string) error {
	args := append([]string{"build", "-ldflags=-s -w", "-o", filepath.Join(built, to)}, flags...)
	compile := exec.Command("go", append(args, pkg)...)
	compile.Dir = "../.."
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// patience is far more than anything here takes, on any machine.
const patience = 4 * time.Minute

// command is a call of sluice on a data folder of its own.
func command(t *testing.T, data string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, filepath.Join(built, "sluice"), append(args, "--data", data, "--latency", "0s")...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c
}

// result is what a command said.
type result struct {
	code     int
	out, err string
}

func sluice(t *testing.T, data string, args ...string) result {
	t.Helper()
	c := command(t, data, args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	r := result{c.ProcessState.ExitCode(), out.String(), errs.String()}
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatalf("sluice %s: %v", strings.Join(args, " "), err)
	}
	return r
}

// document is the one JSON document that --json prints.
func document(t *testing.T, r result) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(r.out))
	var d map[string]any
	if err := decoder.Decode(&d); err != nil {
		t.Fatalf("not one JSON document: %v\n%s\n%s", err, r.out, r.err)
	}
	if decoder.More() {
		t.Fatalf("more than one document:\n%s", r.out)
	}
	return d
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

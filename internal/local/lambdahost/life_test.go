package lambdahost

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestStartFails(t *testing.T) {
	var log syncBuffer
	f := function("f", map[string]string{"INIT": "exit"})
	missing := f
	missing.Name, missing.Bootstrap = "missing", filepath.Join(t.TempDir(), "bootstrap")
	h, out := start(t, Config{Functions: []Function{f, missing}, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	for range 3 {
		if e := fails(t, h, "f", order{}); e.Type != TypeExit || !strings.HasSuffix(e.Message, "Runtime exited with error: exit status 7") {
			t.Errorf("%v", e)
		}
	}
	if e := fails(t, h, "missing", order{}); !strings.Contains(e.Message, "no such file") {
		t.Errorf("%v", e)
	}
	told := log.String()
	if strings.Count(told, "does not start") != 2 || !strings.Contains(told, "function f does not start: exit status 7") ||
		!strings.Contains(told, "SLUICE_BUCKET is not set") {
		t.Errorf("log:\n%s", told)
	}
	if len(out.with("INIT_REPORT")) != 3 || len(out.with("SLUICE_BUCKET is not set")) != 3 {
		t.Errorf("output %q", out.lines)
	}
	if stats := h.Stats()["f"]; stats.Invocations != 3 || stats.Errors != 3 {
		t.Errorf("stats %+v", stats)
	}
}

func TestStartHangs(t *testing.T) {
	h, _ := start(t, Config{Functions: []Function{function("f", map[string]string{"INIT": "hang"})}, InitTimeout: 50 * time.Millisecond})
	if e := fails(t, h, "f", order{}); !strings.Contains(e.Message, "asked for no call within 50ms") {
		t.Errorf("%v", e)
	}
}

func TestStartsAgain(t *testing.T) {
	var log syncBuffer
	file := filepath.Join(t.TempDir(), "file")
	h, _ := start(t, Config{Functions: []Function{function("f", map[string]string{"INIT": "once", "FILE": file})},
		Log: slog.New(slog.NewJSONHandler(&log, nil))})
	fails(t, h, "f", order{})
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// A mapping waits here until the function starts; no message is spent on it.
	if err := h.pools["f"].ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask(t, h, "f", order{})
	if stats := h.Stats()["f"]; stats.Errors != 1 || stats.Invocations != 2 {
		t.Errorf("stats %+v", stats)
	}
	if !strings.Contains(log.String(), "function starts again") {
		t.Errorf("log:\n%s", log.String())
	}
}

// A process that somebody kills while it is idle costs no call, once it is seen.
func TestIdleProcessKilled(t *testing.T) {
	h, _ := start(t, Config{Functions: []Function{function("f", nil)}})
	for range 5 {
		first := ask(t, h, "f", order{})
		p, err := os.FindProcess(first.PID)
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Kill()
		eventually(t, "it is seen", func() bool { return running(h) == 0 })
		ask(t, h, "f", order{})
	}
	if stats := h.Stats()["f"]; stats.Invocations != 10 || stats.Errors != 0 {
		t.Errorf("stats %+v", stats)
	}
}

// running is how many processes there are.
func running(h *Host) int {
	h.registry.mu.RLock()
	defer h.registry.mu.RUnlock()
	return len(h.registry.processes)
}

// A call that a process did not take before it ended is not lost with it.
func TestCallNotTaken(t *testing.T) {
	for _, test := range []struct {
		ending ending
		taken  bool
		want   func(error) bool
	}{
		{notKilled, false, func(err error) bool { return errors.Is(err, errNotBegun) }},
		{killedIdle, false, func(err error) bool { return errors.Is(err, errNotBegun) }},
		{killedTimeout, false, isType(TypeTimeout)},
		{notKilled, true, isType(TypeExit)},
		{killedTimeout, true, isType(TypeTimeout)},
		{killedStop, true, func(err error) bool { return errors.Is(err, ErrStopped) }},
	} {
		f := function("f", nil)
		p := &process{function: f, pool: newPool(f, nil, time.Minute, slog.New(slog.DiscardHandler)), state: busy,
			calls: make(chan *call, 1), ready: make(chan struct{}), gone: make(chan struct{})}
		c := &call{id: "c", done: make(chan outcome, 1)}
		if !p.give(c) {
			t.Fatal("not given")
		}
		if test.taken {
			if _, err := p.next(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := p.next(t.Context()); !errors.Is(err, errUnanswered) {
				t.Errorf("next without an answer: %v", err)
			}
		}
		p.ending = test.ending
		p.end()
		if o := <-c.done; !test.want(o.err) {
			t.Errorf("%+v: %v", test, o.err)
		}
		if p.give(c) {
			t.Error("given to a process that ended")
		}
	}
}

func isType(kind string) func(error) bool {
	return func(err error) bool {
		var failed *FunctionError
		return errors.As(err, &failed) && failed.Type == kind
	}
}

func TestStopWaits(t *testing.T) {
	h, _ := start(t, Config{Functions: []Function{function("f", nil)}})
	path := filepath.Join(t.TempDir(), "go")
	answered := make(chan reply, 1)
	go func() { answered <- ask(t, h, "f", order{Do: "wait", Path: path}) }()
	eventually(t, "it began", func() bool { _, err := os.Stat(path + ".begun"); return err == nil })
	stopped := make(chan error, 1)
	go func() { stopped <- h.Stop(context.Background()) }()
	eventually(t, "no calls taken", func() bool {
		_, err := h.Invoke(t.Context(), "f", []byte(`{}`))
		return errors.Is(err, ErrStopped)
	})
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := <-answered; r.Calls != 1 {
		t.Errorf("%+v", r)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	if running(h) != 0 {
		t.Error("a process is left")
	}
}

func TestStopLosesPatience(t *testing.T) {
	h, _ := start(t, Config{Functions: []Function{function("f", nil)}})
	path := filepath.Join(t.TempDir(), "never")
	payload, _ := json.Marshal(order{Do: "wait", Path: path})
	ended := make(chan error, 1)
	go func() {
		_, err := h.Invoke(context.Background(), "f", payload)
		ended <- err
	}()
	eventually(t, "it began", func() bool { _, err := os.Stat(path + ".begun"); return err == nil })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := h.Stop(ctx); err == nil || !strings.Contains(err.Error(), "ended by force during a call: 1") {
		t.Errorf("stop: %v", err)
	}
	if err := <-ended; !errors.Is(err, ErrStopped) {
		t.Errorf("the call: %v", err)
	}
	if err := h.Stop(t.Context()); err != nil {
		t.Errorf("second stop: %v", err)
	}
}

// What a function started ends with it, and cannot keep its output open.
func TestGroupEnds(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no process groups on Windows; run this on Linux or macOS")
	}
	f := function("f", nil)
	h, _ := start(t, Config{Functions: []Function{f}})
	out, err := h.Invoke(t.Context(), "f", []byte(`{"do":"child"}`))
	if err != nil {
		t.Fatal(err)
	}
	child, _ := strconv.Atoi(string(out))
	fails(t, h, "f", order{Do: "exit", Size: 1})
	eventually(t, "the child ended", func() bool { return !alive(child) })
}

func TestHostKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a function in the middle of a call when its host dies; run this on Linux")
	}
	self, _ := os.Executable()
	host := exec.Command(self)
	host.Env = append(os.Environ(), "HOST=yes")
	stdout, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = host.Wait() }()
	var r reply
	for lines := bufio.NewScanner(stdout); r.PID == 0 && lines.Scan(); {
		_ = json.Unmarshal(lines.Bytes(), &r)
	}
	if r.PID == 0 || !alive(r.PID) {
		t.Fatalf("no function runs: %+v", r)
	}
	time.Sleep(50 * time.Millisecond) // let it be in the middle of the call, most times
	_ = host.Process.Kill()
	eventually(t, "the function ended", func() bool { return !alive(r.PID) })
}

// alive reports whether a process runs; one that nobody waited for does not.
func alive(pid int) bool {
	if status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil {
		_, rest, _ := strings.Cut(string(status), ") ")
		return !strings.HasPrefix(rest, "Z")
	}
	p, err := os.FindProcess(pid)
	return err == nil && p.Signal(syscall.Signal(0)) == nil
}

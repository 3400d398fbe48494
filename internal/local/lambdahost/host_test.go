package lambdahost

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestColdThenWarm(t *testing.T) {
	h, out := start(t, Config{Functions: []Function{function("f", nil)}})
	first, second := ask(t, h, "f", order{}), ask(t, h, "f", order{})
	if first.PID != second.PID || second.Calls != 2 {
		t.Errorf("the process was not used again: %+v, then %+v", first, second)
	}
	if first.RequestID == second.RequestID || len(first.RequestID) != 36 {
		t.Errorf("request ids %q and %q", first.RequestID, second.RequestID)
	}
	if first.ARN != "arn:aws:lambda:us-east-1:000000000000:function:f" {
		t.Errorf("ARN %q", first.ARN)
	}
	if !regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`).MatchString(first.Trace) {
		t.Errorf("trace %q", first.Trace)
	}
	if first.Left <= 0 || first.Left > 60_000 {
		t.Errorf("%f ms left of a minute", first.Left)
	}
	reports := out.with("REPORT")
	memory := ""
	if runtime.GOOS == "linux" {
		memory = `\tMax Memory Used: \d+ MB`
	}
	line := `^f\|REPORT RequestId: [0-9a-f-]{36}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB` + memory
	for i, pattern := range []string{line + `\tInit Duration: \d+\.\d\d ms$`, line + `$`} {
		if len(reports) != 2 || !regexp.MustCompile(pattern).MatchString(reports[i]) {
			t.Errorf("report %d of %q does not match %s", i, reports, pattern)
		}
	}
	stats := h.Stats()["f"]
	if stats.Invocations != 2 || stats.ColdStarts != 1 || stats.Errors != 0 || stats.P50 <= 0 || stats.P99 < stats.P50 {
		t.Errorf("stats %+v", stats)
	}
}

func TestEnvironmentIsItsOwn(t *testing.T) {
	t.Setenv("SECRET_OF_THE_HOST", "do not tell")
	f := function("f", map[string]string{"SLUICE_BUS": "b", "AWS_LAMBDA_FUNCTION_NAME": "another"})
	h, _ := start(t, Config{Functions: []Function{f}, Region: "eu-west-1"})
	got := ask(t, h, "f", order{})
	var names []string
	values := map[string]string{}
	for _, variable := range got.Environment {
		name, value, _ := strings.Cut(variable, "=")
		names, values[name] = append(names, name), value
	}
	want := []string{"AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
		"AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
		"AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "LAMBDA_TASK_ROOT", "LANG", "PATH", "SLUICE_BUS", "TZ",
		"_HANDLER"}
	for name := range systemEnvironment() {
		want = append(want, name)
	}
	// What runs the function's program may add to it: the trace id does.
	names = slices.DeleteFunc(names, func(n string) bool { return n == "_X_AMZN_TRACE_ID" || n == "SYSTEMROOT" })
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("variables\n%q, want\n%q", names, want)
	}
	for name, want := range map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_REGION": "eu-west-1", "GOMAXPROCS": "1",
		"GOMEMLIMIT": "230MiB", "TZ": ":UTC", "_HANDLER": "bootstrap", "LAMBDA_TASK_ROOT": filepath.Dir(f.Bootstrap)} {
		if values[name] != want {
			t.Errorf("%s=%q, want %q", name, values[name], want)
		}
	}
	if got.Directory != filepath.Dir(f.Bootstrap) {
		t.Errorf("works in %s", got.Directory)
	}
}

func TestProcessors(t *testing.T) {
	for memory, want := range map[int]string{128: "1", 1769: "1", 1770: "2", 3538: "2", 10_240: "6"} {
		if got := (Function{Memory: memory}).environment("r", "a", "l"); !slices.Contains(got, "GOMAXPROCS="+want) {
			t.Errorf("%d MB: %q, want %s", memory, got, want)
		}
	}
}

func TestFunctionErrors(t *testing.T) {
	h, out := start(t, Config{Functions: []Function{function("f", nil)}})
	if e := fails(t, h, "f", order{Do: "fail", Text: "broke"}); e.Type != "errorString" || e.Message != "it broke" ||
		string(e.Payload) != `{"errorMessage":"it broke","errorType":"errorString"}` {
		t.Errorf("%v %s", e, e.Payload)
	}
	pid := ask(t, h, "f", order{}).PID
	if e := fails(t, h, "f", order{Do: "panic"}); e.Message != "at the disco" || !strings.Contains(string(e.Payload), "stackTrace") {
		t.Errorf("%v %s", e, e.Payload)
	}
	// After a panic the process ends, and the next call has another one.
	if next := ask(t, h, "f", order{}); next.PID == pid {
		t.Error("a process that panicked was used again")
	}
	if e := fails(t, h, "f", order{Do: "exit", Size: 3}); e.Type != TypeExit ||
		!regexp.MustCompile(`^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3$`).MatchString(e.Message) {
		t.Errorf("%v", e)
	}
	if e := fails(t, h, "f", order{Do: "exit"}); !strings.HasSuffix(e.Message, "Error: Runtime exited without providing a reason") {
		t.Errorf("%v", e)
	}
	ask(t, h, "f", order{})
	if len(out.with("f|last words")) != 2 || len(out.with("Error Type: Runtime.ExitError")) != 2 {
		t.Errorf("output %q", out.lines)
	}
	if stats := h.Stats()["f"]; stats.Invocations != 7 || stats.Errors != 4 || stats.Timeouts != 0 || stats.ColdStarts != 4 {
		t.Errorf("stats %+v", stats)
	}
}

func TestTimeoutKills(t *testing.T) {
	f := function("f", nil)
	f.Timeout = 250 * time.Millisecond
	h, out := start(t, Config{Functions: []Function{f}})
	e := fails(t, h, "f", order{Do: "hang"})
	if !e.Timeout() || !strings.HasSuffix(e.Message, " Error: Task timed out after 0.25 seconds") {
		t.Errorf("%v", e)
	}
	if len(out.with("Task timed out after 0.25 seconds")) != 1 || len(out.with("Status: timeout")) != 1 {
		t.Errorf("output %q", out.lines)
	}
	if running(h) != 0 {
		t.Error("the process was not killed")
	}
	if stats := h.Stats()["f"]; stats.Timeouts != 1 || stats.Errors != 1 {
		t.Errorf("stats %+v", stats)
	}
}

func TestConcurrency(t *testing.T) {
	f := function("f", nil)
	f.Concurrency = 3
	h, _ := start(t, Config{Functions: []Function{f}})
	var mu sync.Mutex
	var pids []int
	var calls sync.WaitGroup
	goOn := waiting(t, 3, func(o order) {
		calls.Go(func() {
			pid := ask(t, h, "f", o).PID
			mu.Lock()
			defer mu.Unlock()
			pids = append(pids, pid)
		})
	})
	if _, err := h.Invoke(t.Context(), "f", []byte(`{}`)); !errors.Is(err, ErrThrottled) {
		t.Errorf("a fourth call: %v", err)
	}
	if _, err := h.InvokeWithin(t.Context(), time.Millisecond, "f", []byte(`{}`)); !errors.Is(err, ErrThrottled) {
		t.Errorf("a fourth call that waits too short: %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := h.InvokeWithin(gone, time.Hour, "f", []byte(`{}`)); !errors.Is(err, context.Canceled) {
		t.Errorf("a fourth call for which nobody waits: %v", err)
	}
	patient := make(chan error, 1)
	go func() {
		_, err := h.InvokeWithin(t.Context(), time.Hour, "f", []byte(`{}`))
		patient <- err
	}()
	goOn()
	calls.Wait()
	if err := <-patient; err != nil {
		t.Errorf("a fourth call that waits: %v", err)
	}
	slices.Sort(pids)
	if len(slices.Compact(pids)) != 3 {
		t.Errorf("processes %v", pids)
	}
	// One call at a time needs one process, however fast they follow each other.
	before := h.Stats()["f"]
	for range 100 {
		ask(t, h, "f", order{})
	}
	if after := h.Stats()["f"]; after.ColdStarts != before.ColdStarts || before.Throttles != 2 {
		t.Errorf("stats %+v, then %+v", before, after)
	}
}

// A call does not wait for its own process while another one comes back.
func TestACallTakesWhoeverComesFirst(t *testing.T) {
	f := function("f", nil)
	f.Concurrency = 2
	launched, goOn := make(chan struct{}), make(chan struct{})
	p := newPool(f, func(context.Context, *pool) (*process, error) {
		launched <- struct{}{}
		<-goOn
		return &process{}, nil
	}, time.Hour, slog.New(slog.DiscardHandler))
	there := &process{state: busy}
	taken := make(chan *process)
	go func() {
		q, err := p.take(t.Context())
		if err != nil {
			t.Error(err)
		}
		taken <- q
	}()
	<-launched
	p.answered(there)
	p.back(there)
	if q := <-taken; q != there {
		t.Error("the call waits for a process that starts")
	}
	close(goOn)
	if q, err := p.take(t.Context()); err != nil || q == there {
		t.Errorf("the process that started is not there for the next call: %v", err)
	}
}

func TestPayloadLimits(t *testing.T) {
	h, _ := start(t, Config{Functions: []Function{function("f", nil)}})
	head, tail := `{"text":"`, `"}`
	payload := []byte(head + strings.Repeat("x", maxRequest-len(head)-len(tail)) + tail)
	out, err := h.Invoke(t.Context(), "f", payload)
	if err != nil || !strings.Contains(string(out), `"size":6291456`) {
		t.Errorf("the largest payload: %v", err)
	}
	if _, err := h.Invoke(t.Context(), "f", append(payload, ' ')); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte more: %v", err)
	}
	if r := ask(t, h, "f", order{Size: 6_280_000}); len(r.Text) != 6_280_000 {
		t.Errorf("a large answer: %d bytes", len(r.Text))
	}
	if e := fails(t, h, "f", order{Size: maxResponse}); e.Type != TypeResponseTooLarge {
		t.Errorf("%v", e)
	}
	ask(t, h, "f", order{})
}

func TestOutputIsLines(t *testing.T) {
	h, out := start(t, Config{Functions: []Function{function("f", nil)}})
	ask(t, h, "f", order{Do: "print", Text: "xin chào"})
	fails(t, h, "f", order{Do: "exit", Size: 1}) // ends the unfinished line
	eventually(t, "two lines", func() bool {
		return len(out.with("f|to stdout: xin chào")) == 1 && len(out.with("f|to stderr, no end of line")) == 1
	})
}

func TestIdleEnds(t *testing.T) {
	h, _ := start(t, Config{Functions: []Function{function("f", nil)}, Idle: 50 * time.Millisecond})
	first := ask(t, h, "f", order{})
	eventually(t, "no process", func() bool { return running(h) == 0 })
	if next := ask(t, h, "f", order{}); next.PID == first.PID {
		t.Error("an ended process was used")
	}
	if stats := h.Stats()["f"]; stats.Errors != 0 || stats.ColdStarts != 2 {
		t.Errorf("stats %+v", stats)
	}
}

func TestWhatIsProvisionedIsThereAndStays(t *testing.T) {
	f := function("f", nil)
	f.Concurrency, f.Provisioned = 3, 2
	h, _ := start(t, Config{Functions: []Function{f}, Idle: 20 * time.Millisecond})
	if n := running(h); n != 2 {
		t.Errorf("%d processes at the start", n)
	}
	var calling sync.WaitGroup
	goOn := waiting(t, 3, func(o order) { calling.Go(func() { ask(t, h, "f", o) }) })
	if n := running(h); n != 3 {
		t.Errorf("%d processes for three calls", n)
	}
	goOn()
	calling.Wait()
	eventually(t, "the third one's end", func() bool { return running(h) == 2 })
	time.Sleep(100 * time.Millisecond)
	ask(t, h, "f", order{})
	if stats := h.Stats()["f"]; running(h) != 2 || stats.ColdStarts != 3 {
		t.Errorf("%d processes, stats %+v", running(h), stats)
	}
}

// waiting begins calls that wait until goOn is called, and returns when all of them
// are with their processes.
func waiting(t *testing.T, n int, begin func(order)) (goOn func()) {
	t.Helper()
	folder := t.TempDir()
	path := func(i int) string { return filepath.Join(folder, strconv.Itoa(i)) }
	for i := range n {
		begin(order{Do: "wait", Path: path(i)})
	}
	eventually(t, "all calls", func() bool {
		begun, err := filepath.Glob(filepath.Join(folder, "*.begun"))
		return err == nil && len(begun) == n
	})
	return func() {
		for i := range n {
			if err := os.WriteFile(path(i), nil, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	f := function("f", nil)
	h, _ := start(t, Config{Functions: []Function{f}})
	if _, err := h.Invoke(t.Context(), "g", nil); !errors.Is(err, ErrUnknownFunction) {
		t.Errorf("unknown function: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Invoke(ctx, "f", []byte(`{"do":"hang"}`)); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that does not wait: %v", err)
	}
	if _, err := h.AddMapping(Mapping{Function: "f"}); err == nil {
		t.Error("a mapping without queues was taken")
	}
	bad := Function{Name: "bad", Timeout: time.Hour, Memory: 1, Environment: map[string]string{"A=B": ""}}
	_, err := New(Config{Functions: []Function{f, f, bad}})
	for _, want := range []string{"twice", "no bootstrap", "timeout 1h0m0s", "memory 1 MB", "concurrency 0", `"A=B"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not tell %q", err, want)
		}
	}
}

package lambdahost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// TestMain lets the test's own binary be a bootstrap, too: a host that starts it
// sets AWS_LAMBDA_RUNTIME_API. With HOST it is a host to be killed.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("AWS_LAMBDA_RUNTIME_API") != "":
		bootstrap()
	case os.Getenv("HOST") != "":
		hostToBeKilled()
	default:
		os.Exit(m.Run())
	}
}

// order is what a test asks of the function.
type order struct {
	Do   string `json:"do"`
	Size int    `json:"size,omitempty"`
	Text string `json:"text,omitempty"`
	Path string `json:"path,omitempty"`
}

// reply is what the function says of itself.
type reply struct {
	PID         int      `json:"pid"`
	Calls       int      `json:"calls"`
	RequestID   string   `json:"requestId"`
	ARN         string   `json:"arn"`
	Trace       string   `json:"trace"`
	Left        float64  `json:"left"` // ms until the deadline
	Environment []string `json:"environment,omitempty"`
	Directory   string   `json:"directory"`
	Text        string   `json:"text,omitempty"`
	Size        int      `json:"size"`
}

func bootstrap() {
	switch os.Getenv("INIT") {
	case "exit":
		fmt.Println(`{"level":"ERROR","msg":"SLUICE_BUCKET is not set"}`)
		os.Exit(7)
	case "hang":
		time.Sleep(time.Hour)
	case "once": // fails unless the file is there
		if _, err := os.Stat(os.Getenv("FILE")); err != nil {
			fmt.Fprintln(os.Stderr, "not yet")
			os.Exit(1)
		}
	}
	if os.Getenv("SQS") != "" {
		lambda.Start(consume)
	}
	calls := 0
	lambda.Start(func(ctx context.Context, payload json.RawMessage) (any, error) {
		calls++
		var o order
		if err := json.Unmarshal(payload, &o); err != nil {
			return nil, err
		}
		if answer, done, err := obey(o); done || err != nil {
			return answer, err
		}
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		directory, _ := os.Getwd()
		trace, _ := ctx.Value("x-amzn-trace-id").(string)
		return reply{PID: os.Getpid(), Calls: calls, RequestID: lc.AwsRequestID, ARN: lc.InvokedFunctionArn, Trace: trace,
			Left: milliseconds(time.Until(deadline)), Environment: os.Environ(), Directory: directory,
			Text: strings.Repeat("x", o.Size), Size: len(payload)}, nil
	})
}

// consume handles messages: bad ones fail, exit ends the process, and
// killed-unless PATH has it killed unless the file is there, which it then is.
func consume(event struct{ Records []eventRecord }) (any, error) {
	var failures []map[string]string
	for _, r := range event.Records {
		switch r.Body {
		case "bad":
			failures = append(failures, map[string]string{"itemIdentifier": r.MessageID})
		case "exit":
			os.Exit(9)
		}
		if path, asked := strings.CutPrefix(r.Body, "killed-unless "); asked {
			killUnless(path)
		}
	}
	return map[string]any{"batchItemFailures": failures}, nil
}

// killUnless kills this process as a user would, the first time.
func killUnless(path string) {
	if _, err := os.Stat(path); err == nil {
		return
	}
	_ = os.WriteFile(path, nil, 0o600)
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

// obey does what is asked; done tells that the answer is the call's.
func obey(o order) (answer any, done bool, err error) {
	switch o.Do {
	case "fail":
		return nil, true, errors.New("it " + o.Text)
	case "panic":
		panic("at the disco")
	case "exit":
		fmt.Fprintln(os.Stderr, "last words")
		os.Exit(o.Size)
	case "hang":
		select {}
	case "print":
		fmt.Println("to stdout: " + o.Text)
		fmt.Fprint(os.Stderr, "to stderr, no end of line")
	case "wait": // until the file is there; the file beside it says that it began
		_ = os.WriteFile(o.Path+".begun", nil, 0o600)
		for _, err := os.Stat(o.Path); err != nil; _, err = os.Stat(o.Path) {
			time.Sleep(5 * time.Millisecond)
		}
	case "child": // leaves a child behind that holds stdout open
		child := exec.Command("sleep", "600")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			return nil, true, err
		}
		return child.Process.Pid, true, nil
	}
	return nil, false, nil
}

// hostToBeKilled prints the process id of a function that prints something and
// then never answers.
func hostToBeKilled() {
	h, err := New(Config{Functions: []Function{function("f", nil)}, Output: func(_, line string) { fmt.Println(line) }, Printed: os.Getenv("PRINTED")})
	if err == nil {
		var out []byte
		out, err = h.Invoke(context.Background(), "f", []byte(`{"do":"whoami"}`))
		fmt.Printf("%s\n", out)
	}
	if err == nil {
		_, err = h.Invoke(context.Background(), "f", []byte(`{"do":"print","text":"while the host lived"}`))
	}
	if err == nil {
		_, err = h.Invoke(context.Background(), "f", []byte(`{"do":"hang"}`))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// function is this binary as a bootstrap.
func function(name string, environment map[string]string) Function {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return Function{Name: name, Bootstrap: self, Timeout: time.Minute, Memory: 256, Environment: environment, Concurrency: 4}
}

// output collects lines.
type output struct {
	mu    sync.Mutex
	lines []string
}

func (o *output) add(function, line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, function+"|"+line)
}

// with returns the lines that contain the text.
func (o *output) with(text string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(o.lines), func(line string) bool { return !strings.Contains(line, text) })
}

// start makes a host that is stopped with the test.
func start(t testing.TB, c Config) (*Host, *output) {
	t.Helper()
	out := &output{}
	if c.Output == nil {
		c.Output = out.add
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	h.Start()
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = h.Stop(ended)
	})
	return h, out
}

// ask invokes and decodes the reply.
func ask(t testing.TB, h *Host, name string, o order) reply {
	t.Helper()
	payload, _ := json.Marshal(o)
	out, err := h.Invoke(t.Context(), name, payload)
	if err != nil {
		t.Fatalf("invoke: %v", err)
	}
	var r reply
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("reply %s: %v", out, err)
	}
	return r
}

// fails invokes and returns the function's error.
func fails(t testing.TB, h *Host, name string, o order) *FunctionError {
	t.Helper()
	payload, _ := json.Marshal(o)
	out, err := h.Invoke(t.Context(), name, payload)
	var failed *FunctionError
	if !errors.As(err, &failed) {
		t.Fatalf("got %s and error %v, want a function's error", out, err)
	}
	return failed
}

// eventually waits for something that other processes do.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for begin := time.Now(); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatal("never: " + what)
		}
	}
}

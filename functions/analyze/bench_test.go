package analyze

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The benchmarks run the very program that Lambda runs, against an AWS that
// answers at once. What they measure is the program's own processor time, which
// a busy machine changes less than the clock.

// program is built by make build.
const program = "../../bin/functions/analyze/bootstrap"

// cloud is Lambda's runtime interface and the AWS services, as far as analyze
// calls them.
type cloud struct {
	server *http.Server
	url    string
	// invocations are what the runtime interface hands out; answers come back.
	invocations chan []byte
	answers     chan []byte
	latency     time.Duration
	// calls counts model calls, completed the events that tell of an answer.
	calls, completed atomic.Int64
}

func newCloud(b *testing.B, latency time.Duration) *cloud {
	b.Helper()
	if _, err := os.Stat(program); err != nil {
		b.Skip("SKIPPED: the function is not built; make build does it")
	}
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	c := &cloud{url: listener.Addr().String(), invocations: make(chan []byte), answers: make(chan []byte), latency: latency}
	c.server = &http.Server{Handler: c, ReadHeaderTimeout: time.Minute}
	go func() { _ = c.server.Serve(listener) }()
	b.Cleanup(func() { _ = c.server.Close() })
	return c
}

// ServeHTTP implements http.Handler.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch {
	case strings.HasSuffix(r.URL.Path, "/invocation/next"):
		select {
		case event := <-c.invocations:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "one")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(2*time.Minute).UnixMilli()))
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	case strings.HasSuffix(r.URL.Path, "/response"):
		w.WriteHeader(http.StatusAccepted)
		c.answers <- body
	case strings.HasSuffix(r.URL.Path, "/converse"):
		c.calls.Add(1)
		time.Sleep(c.latency)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(converse(body))
	case r.Header.Get("X-Amz-Target") != "":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		c.completed.Add(int64(bytes.Count(body, []byte(`"AiCompleted"`))))
		_, _ = w.Write(accepted(body))
	case r.Method == http.MethodPut:
		w.Header().Set("ETag", `"0"`)
	default:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `<Error><Code>NoSuchKey</Code><Message>none</Message></Error>`)
	}
}

// converse gives every record of a call the answer of classify, or of generate.
func converse(body []byte) []byte {
	var in struct {
		Messages []struct {
			Content []struct {
				Text string `json:"text"`
			} `json:"content"`
		} `json:"messages"`
	}
	var framed struct {
		Records []struct {
			ID string `json:"id"`
		} `json:"records"`
	}
	if json.Unmarshal(body, &in) != nil || json.Unmarshal([]byte(in.Messages[0].Content[0].Text), &framed) != nil {
		return nil
	}
	answer := `{"label":"billing","confidence":0.9}`
	if !bytes.Contains(body, []byte("labels")) {
		answer = `{"text":"done"}`
	}
	var answers []string
	for _, r := range framed.Records {
		answers = append(answers, fmt.Sprintf(`{"id":%q,"answer":%s}`, r.ID, answer))
	}
	text, _ := json.Marshal(`{"answers":[` + strings.Join(answers, ",") + `]}`)
	return fmt.Appendf(nil, `{"output":{"message":{"role":"assistant","content":[{"text":%s}]}},"stopReason":"end_turn","usage":{"inputTokens":%d,"outputTokens":%d,"totalTokens":0},"metrics":{"latencyMs":1}}`,
		text, 500+200*len(answers), 20*len(answers))
}

// accepted takes every event of a PutEvents call.
func accepted(body []byte) []byte {
	entries := bytes.Count(body, []byte(`"DetailType"`))
	return []byte(`{"FailedEntryCount":0,"Entries":[` + strings.TrimSuffix(strings.Repeat(`{"EventId":"e"},`, entries), ",") + `]}`)
}

// start starts the program. It ends with the benchmark.
func (c *cloud) start(b *testing.B, extra ...string) *exec.Cmd {
	b.Helper()
	cmd := c.command(b, extra...)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return cmd
}

// command is the program with what Lambda gives it, and more.
func (c *cloud) command(b *testing.B, extra ...string) *exec.Cmd {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), program)
	cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + c.url, "AWS_ENDPOINT_URL=http://" + c.url, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=s",
		"SLUICE_ENVIRONMENT=bench", "SLUICE_BUS=b", "SLUICE_BUCKET=b", "SLUICE_TENANTS=123456789012=acme", "SLUICE_ANSWER_SECRET=" + strings.Repeat("k", 32),
		"SLUICE_SUPPRESSION_SECRET=" + strings.Repeat("k", 32),
		"GOMAXPROCS=1",
	}, extra...)
	cmd.Stderr = os.Stderr
	return cmd
}

// stop ends the program and gives its processor time.
func stop(cmd *exec.Cmd) time.Duration {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// batch is an SQS event of n records of an upload.
func batch(b *testing.B, first, n int, name string) []byte {
	b.Helper()
	type message = map[string]any
	var records []message
	for i := range n {
		id := fmt.Sprintf("ubench-%d", first+i)
		text := strings.Repeat(fmt.Sprintf("Order %d has not arrived and nobody answers the phone. ", first+i), 18) // about 1 KB
		detail := message{
			"version": 1, "id": "e" + id, "requestId": id, "subject": id, "tenant": "acme", "correlationId": "ubench", "attempt": 1, "hop": 1,
			"terminal": false, "time": "2026-03-04T08:00:00Z",
			"request": message{"task": name, "submitted": "2026-03-04T08:00:00Z", "wantsMail": false, "upload": message{"id": "ubench", "record": first + i}},
			"data":    message{"task": name, "input": message{"text": text}, "upload": message{"id": "ubench", "record": first + i}},
		}
		event, err := json.Marshal(message{"version": "0", "id": id, "detail-type": "RequestReceived", "source": "sluice.ingest", "account": "123456789012",
			"time": "2026-03-04T08:00:00Z", "region": "us-east-1", "resources": []any{}, "detail": detail})
		if err != nil {
			b.Fatal(err)
		}
		records = append(records, message{"messageId": id, "receiptHandle": id, "body": string(event), "eventSource": "aws:sqs",
			"eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:sluice-bench-analyze", "awsRegion": "us-east-1",
			"attributes": message{"ApproximateReceiveCount": "1", "SentTimestamp": "1772611200000"}})
	}
	out, err := json.Marshal(message{"Records": records})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// invoke gives the program one batch and waits for its answer, which must leave
// nothing in the queue.
func (c *cloud) invoke(b *testing.B, event []byte) {
	b.Helper()
	before := c.completed.Load()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	select {
	case c.invocations <- event:
	case <-ctx.Done():
		b.Fatal("the program does not ask for its work")
	}
	select {
	case answer := <-c.answers:
		if string(answer) != `{"batchItemFailures":null}` && string(answer) != `{"batchItemFailures":[]}` {
			b.Fatalf("answer %s", answer)
		}
		if c.completed.Load() == before {
			b.Fatal("nothing was completed")
		}
	case <-ctx.Done():
		b.Fatal("the program does not answer")
	}
}

// BenchmarkColdStart is from the start of the process to its first answer.
func BenchmarkColdStart(b *testing.B) {
	var cpu time.Duration
	event := batch(b, 0, 1, "classify")
	for b.Loop() {
		b.StopTimer()
		c := newCloud(b, 0) // its own, as a killed program leaves its question for work behind
		b.StartTimer()
		cmd := c.start(b)
		c.invoke(b, event)
		b.StopTimer()
		cpu += stop(cmd)
		b.StartTimer()
	}
	b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/op")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRecord is the processor time of one record, in batches of 100, with
// ten records to a call and no latency; a run of the empty program is taken off.
func BenchmarkRecord(b *testing.B) {
	c := newCloud(b, 0)
	idle := stop(c.started(b))
	cmd := c.started(b)
	records := 0
	for b.Loop() {
		b.StopTimer()
		event := batch(b, 100+records, 100, "classify")
		b.StartTimer()
		c.invoke(b, event)
		records += 100
	}
	rss := resident(cmd.Process.Pid)
	cpu := stop(cmd) - idle
	b.ReportMetric(float64(cpu.Microseconds())/float64(records), "cpu-µs/record")
	b.ReportMetric(float64(c.calls.Load())/float64(records), "calls/record")
	b.ReportMetric(rss, "MiB")
}

// started is a program that has answered once.
func (c *cloud) started(b *testing.B) *exec.Cmd {
	b.Helper()
	cmd := c.start(b)
	c.invoke(b, batch(b, 0, 10, "classify"))
	return cmd
}

// BenchmarkStream is records per second with one record to a call, ten calls in
// flight and 50 ms latency, in batches of 500 as the choreography has them: 200
// are possible.
func BenchmarkStream(b *testing.B) {
	c := newCloud(b, 50*time.Millisecond)
	cmd := c.start(b, "SLUICE_CALLS_IN_FLIGHT=10")
	c.invoke(b, batch(b, 0, 1, "generate"))
	records := 0
	for b.Loop() {
		b.StopTimer()
		event := batch(b, 100+records, 500, "generate")
		b.StartTimer()
		c.invoke(b, event)
		records += 500
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
	stop(cmd)
}

// resident is the largest resident set of a process so far, in MiB; 0 where the
// system does not tell.
func resident(pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		var kB float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kB); n == 1 {
			return kB / 1024
		}
	}
	return 0
}

package lambdahost

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Real processes on both sides of the host: a queue feeds them.
func TestQueueToProcess(t *testing.T) {
	f := function("f", map[string]string{"SQS": "yes"})
	f.Concurrency = 2
	q := newQueue()
	h, out := start(t, Config{Functions: []Function{f}, Queues: q})
	q.send(25, "good")
	q.send(5, "bad")
	if _, err := h.AddMapping(Mapping{Function: "f", QueueURL: "u", QueueARN: testARN, BatchSize: 10, ReportBatchItemFailures: true}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all but the bad ones are handled", func() bool {
		visible, hidden := q.counts()
		return visible == 0 && hidden == 5 && h.Stats()["f"].Invocations == 3
	})
	if stats := h.Stats()["f"]; stats.Errors != 0 {
		t.Errorf("stats %+v", stats)
	}
	if len(out.with("REPORT RequestId")) != 3 {
		t.Errorf("output %q", out.lines)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.hidden {
		if *m.Body == "good" {
			t.Errorf("message %s was handled and is not deleted", *m.MessageId)
		}
	}
}

// With a function that does not start, messages stay in the queue after the
// first batch.
func TestQueueOfBrokenFunction(t *testing.T) {
	f := function("f", map[string]string{"INIT": "once", "FILE": filepath.Join(t.TempDir(), "never")})
	q := newQueue()
	h, _ := start(t, Config{Functions: []Function{f}, Queues: q})
	q.send(100, "good")
	if _, err := h.AddMapping(Mapping{Function: "f", QueueURL: "u", QueueARN: testARN, BatchSize: 1, Concurrency: 1}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "several starts", func() bool {
		h.pools["f"].mu.Lock()
		defer h.pools["f"].mu.Unlock()
		return h.pools["f"].failures >= 3
	})
	// The first one may be back already.
	if visible, hidden := q.counts(); visible < 99 || visible+hidden != 100 {
		t.Errorf("%d visible, %d hidden", visible, hidden)
	}
}

// The Runtime API refuses what no runtime should ask.
func TestRuntimeAPIRefusals(t *testing.T) {
	h, _ := start(t, Config{Functions: []Function{function("f", nil)}})
	ask(t, h, "f", order{})
	id := ""
	for known := range h.registry.processes {
		id = known
	}
	base := "http://" + h.address + "/i/" + id + "/2018-06-01/runtime/"
	for _, test := range []struct {
		method, url string
		status      int
		says        string
	}{
		{"GET", strings.Replace(base, id, "AAAA", 1) + "invocation/next", 403, "InvalidStateTransition"},
		{"POST", base + "invocation/none/response", 400, "InvalidRequestID"},
		{"POST", base + "invocation/none/error", 400, "InvalidRequestID"},
		{"GET", base + "invocation/none/response", 405, ""},
		{"GET", "http://" + h.address + "/", 404, ""},
		{"POST", base + "init/error", 202, "OK"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), test.method, test.url, bytes.NewReader([]byte(`{}`)))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != test.status || !strings.Contains(string(body), test.says) {
			t.Errorf("%s %s: %d %s", test.method, test.url, response.StatusCode, body)
		}
	}
	ask(t, h, "f", order{})
}

func BenchmarkColdStart(b *testing.B) {
	h, _ := start(b, Config{Functions: []Function{function("f", nil)}, Output: func(string, string) {}})
	for b.Loop() {
		if _, err := h.Invoke(b.Context(), "f", []byte(`{}`)); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		h.registry.killAll()
		b.StartTimer()
	}
}

func BenchmarkWarm(b *testing.B) {
	h, _ := start(b, Config{Functions: []Function{function("f", nil)}, Output: func(string, string) {}})
	for b.Loop() {
		if _, err := h.Invoke(b.Context(), "f", []byte(`{"do":"print"}`)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMapping(b *testing.B) {
	f := function("f", map[string]string{"SQS": "yes"})
	q := newQueue()
	h, _ := start(b, Config{Functions: []Function{f}, Queues: q, Output: func(string, string) {}})
	q.send(b.N, strings.Repeat("x", 1000))
	b.ResetTimer()
	if _, err := h.AddMapping(Mapping{Function: "f", QueueURL: "u", QueueARN: testARN, BatchSize: 100, Window: time.Second}); err != nil {
		b.Fatal(err)
	}
	for visible, hidden := 1, 0; visible+hidden > 0; visible, hidden = q.counts() {
		time.Sleep(time.Millisecond)
	}
}

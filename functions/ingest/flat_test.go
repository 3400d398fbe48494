package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/events"
	"sluice/functions/ingest"
	"sluice/internal/bus"
	"sluice/internal/bus/bustest"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/telemetry"
)

func packed(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, content)
	_ = w.Close()
	return b.String()
}

// endless answers GetObject of uploads with a stream of records that is nowhere
// held.
type endless struct {
	objects.API
	line  string
	times int
}

func (e endless) GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if !strings.HasSuffix(*in.Key, ".jsonl") {
		return e.API.GetObject(ctx, in, o...)
	}
	r, w := io.Pipe()
	go func() {
		for range e.times {
			if _, err := io.WriteString(w, e.line); err != nil {
				return
			}
		}
		_ = w.Close()
	}()
	return &s3.GetObjectOutput{Body: r, ContentLength: aws.Int64(int64(e.times * len(e.line)))}, nil
}

// counted is a bus that keeps nothing but counts, and looks at the heap.
type counted struct{ events, peak atomic.Int64 }

func (c *counted) PublishAll(_ context.Context, all ...events.Envelope) []error {
	if n := c.events.Add(int64(len(all))); n%1000 < int64(len(all)) {
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		c.peak.Store(max(c.peak.Load(), int64(memory.HeapAlloc)))
	}
	return make([]error, len(all))
}

func TestMemoryStaysFlat(t *testing.T) {
	const times = 4000
	line := fmt.Sprintf("{\"text\":%q}\n", strings.Repeat("How long is a piece of string? ", 1000)) // 31 KB
	w := newWorldOn(t, func(api objects.API) objects.API { return endless{api, line, times} })
	c := &counted{}
	// What is live is what counts, not how far a busy machine lets the collector
	// fall behind.
	runtime.GC()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(48 << 20))
	h := ingest.New(w.store, bus.NewPayloads(w.store), c, telemetry.NewLogger(io.Discard, ingest.Name), w.now)
	w.handle = consume.Each(consume.Options{Function: ingest.Name, Log: telemetry.NewLogger(io.Discard, ingest.Name), Queues: w.queues, InFlight: 1, Defers: true}, h.Handle)
	if !w.deliver(t.Context(), "m", w.event("uploads/acme/summarize/large.jsonl")) || c.events.Load() != times+1 {
		t.Fatalf("%d events, %v", c.events.Load(), w.queues.given)
	}
	if peak := c.peak.Load(); peak > 96<<20 {
		t.Errorf("the heap grew to %d MiB over a file of %d MiB", peak>>20, times*len(line)>>20)
	}
}

// The publisher that the function really has, over a bus that refuses now and
// then.
func TestOverARefusingBus(t *testing.T) {
	w := newWorld(t)
	var entries atomic.Int64
	recorder := &bustest.Recorder{Refuse: func(types.PutEventsRequestEntry) string {
		if entries.Add(1)%17 == 0 {
			return "InternalFailure"
		}
		return ""
	}}
	log := telemetry.NewLogger(io.Discard, ingest.Name)
	h := ingest.New(w.store, bus.NewPayloads(w.store), bus.New(recorder, "sluice-test", ingest.Name), log, w.now)
	w.handle = consume.Each(consume.Options{Function: ingest.Name, Log: log, Queues: w.queues, InFlight: 1, Defers: true}, h.Handle)
	w.put(key, file(200), "")
	for range 5 {
		if w.deliver(t.Context(), "m", w.event(key)) {
			break
		}
	}
	w.bus.all = recorder.Records()
	complete(t, w, 200)
}

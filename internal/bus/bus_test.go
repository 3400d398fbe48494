package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"sluice/events"
	"sluice/internal/bus/bustest"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

func envelope(t *testing.T, id, text string) events.Envelope {
	t.Helper()
	e, err := events.New(events.Envelope{RequestID: id, Tenant: "acme"}, time.Now(), events.RequestReceived{Task: "summarize", Input: events.Input{Text: text}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestManyEventsShareFewCalls(t *testing.T) {
	recorder := &bustest.Recorder{}
	p := New(recorder, "bus", "ingest")
	var all []events.Envelope
	for i := range 95 {
		all = append(all, envelope(t, fmt.Sprintf("r-%d", i), "x"))
	}
	for i, err := range p.PublishAll(t.Context(), all...) {
		if err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	if n := len(recorder.Records()); n != 95 {
		t.Errorf("%d events on the bus", n)
	}
	// A slow machine may let the gathering end early now and then; ten a call is
	// the most, so ten calls are the least.
	if calls := recorder.Calls(); calls < 10 || calls > 40 {
		t.Errorf("%d calls for 95 events", calls)
	}
	if r := recorder.Records()[0]; r.Source != "sluice.ingest" || r.DetailType != "RequestReceived" {
		t.Errorf("%+v", r)
	}
}

func TestCallsStayBelowTheByteLimit(t *testing.T) {
	recorder := &bustest.Recorder{}
	p := New(recorder, "bus", "ingest")
	var all []events.Envelope
	for i := range 4 {
		all = append(all, envelope(t, fmt.Sprintf("r-%d", i), strings.Repeat("x", 400<<10)))
	}
	for _, err := range p.PublishAll(t.Context(), all...) {
		if err != nil {
			t.Error(err)
		}
	}
	if calls := recorder.Calls(); calls < 2 {
		t.Errorf("1.6 MB went in %d calls", calls)
	}
	err := p.Publish(t.Context(), envelope(t, "r", strings.Repeat("x", 1<<20)))
	if class, _ := fault.Of(err); class != fault.Park {
		t.Errorf("an event that is too large: %v", err)
	}
}

func TestOnlyRefusedEntriesAreSentAgain(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	recorder := &bustest.Recorder{Refuse: func(e types.PutEventsRequestEntry) string {
		mu.Lock()
		defer mu.Unlock()
		detail := aws.ToString(e.Detail)
		seen[detail]++
		if strings.Contains(detail, `"r-3"`) && seen[detail] < 3 {
			return "InternalFailure"
		}
		if strings.Contains(detail, `"r-4"`) {
			return "InternalFailure"
		}
		return ""
	}}
	p := New(recorder, "bus", "ingest")
	var all []events.Envelope
	for i := range 10 {
		all = append(all, envelope(t, fmt.Sprintf("r-%d", i), "x"))
	}
	for i, err := range p.PublishAll(t.Context(), all...) {
		if (err != nil) != (i == 4) {
			t.Errorf("event %d: %v", i, err)
		}
	}
	if n := len(recorder.Records()); n != 9 {
		t.Errorf("%d events on the bus", n)
	}
}

func TestACallThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := 2
		recorder := &bustest.Recorder{Fault: func() error {
			if failures--; failures >= 0 {
				return errors.New("connection reset")
			}
			return nil
		}}
		p := &Publisher{api: recorder, bus: "bus", source: "sluice.test", in: make(chan *entry)}
		n, err := p.entry(context.Background(), envelope(t, "r", "x"))
		if err != nil {
			t.Fatal(err)
		}
		p.put([]*entry{n})
		if err := <-n.done; err != nil {
			t.Error(err)
		}
	})
}

func TestLargeInputsTravelAsReferences(t *testing.T) {
	memory := objectstest.NewMemory()
	payloads := NewPayloads(objects.New(memory, "bucket"))
	small := events.Input{Text: "small"}
	if got, err := payloads.CheckIn(t.Context(), "acme", small); err != nil || got != small {
		t.Errorf("%+v %v", got, err)
	}
	text := strings.Repeat("ệ", 30<<10)
	for range 2 { // a second delivery writes the same object
		in, err := payloads.CheckIn(t.Context(), "acme", events.Input{Text: text})
		if err != nil || in.Text != "" || !strings.HasPrefix(in.Ref, "payloads/acme/") {
			t.Fatalf("%+v %v", in, err)
		}
		out, problem, err := payloads.CheckOut(t.Context(), "acme", in)
		if err != nil || problem != nil || out != text {
			t.Errorf("%d bytes, %v, %v", len(out), problem, err)
		}
	}
	if keys := memory.Keys(""); len(keys) != 1 {
		t.Errorf("objects %v", keys)
	}
}

func TestWrongReferencesAreProblems(t *testing.T) {
	memory := objectstest.NewMemory()
	memory.Set("payloads/acme/binary", []byte{0xff, 0xfe})
	memory.Set("payloads/acme/empty", nil)
	memory.Set("payloads/acme/large", make([]byte, events.MaxInputBytes+1))
	memory.Set("payloads/other/secret", []byte("x"))
	payloads := NewPayloads(objects.New(memory, "bucket"))
	for in, code := range map[events.Input]string{
		{Ref: "payloads/acme/none"}:                         events.CodeReference,
		{Ref: "payloads/other/secret"}:                      events.CodeReference,
		{Ref: "payloads/acme/../other/secret"}:              events.CodeReference,
		{Ref: "payloads/acme/binary"}:                       events.CodeEncoding,
		{Ref: "payloads/acme/empty"}:                        events.CodeEmpty,
		{Ref: "payloads/acme/large"}:                        events.CodeTooLarge,
		{Text: strings.Repeat("x", events.MaxInputBytes+1)}: events.CodeTooLarge,
	} {
		_, problem, err := payloads.CheckOut(t.Context(), "acme", in)
		if err != nil || problem == nil || problem.Code != code {
			t.Errorf("%.60s: %+v %v, want %s", in.Ref, problem, err, code)
		}
	}
	memory.Fault = func(string, string) error { return objectstest.Error(503, "SlowDown") }
	if _, problem, err := payloads.CheckOut(t.Context(), "acme", events.Input{Ref: "payloads/acme/none"}); err == nil || problem != nil {
		t.Errorf("S3 away: %v %v", problem, err)
	}
}

// Where nobody shares calls, nothing waits for others, and what is published together
// goes out in as few calls as it fits into.
func TestADirectPublisherWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorder := &bustest.Recorder{Refuse: func(e types.PutEventsRequestEntry) string {
			if strings.Contains(aws.ToString(e.Detail), `"never"`) {
				return "InternalFailure"
			}
			return ""
		}}
		p := NewDirect(recorder, "bus", "api")
		began := time.Now()
		if err := p.Publish(t.Context(), envelope(t, "r", "x")); err != nil || !time.Now().Equal(began) {
			t.Errorf("%v, after %s", err, time.Since(began))
		}
		for _, tt := range []struct{ n, bytes, calls int }{{0, 1, 0}, {10, 1, 1}, {11, 1, 2}, {25, 1, 3}, {4, 400 << 10, 2}} {
			before := recorder.Calls()
			var all []events.Envelope
			for i := range tt.n {
				all = append(all, envelope(t, fmt.Sprintf("r-%d", i), strings.Repeat("x", tt.bytes)))
			}
			errs := p.PublishAll(t.Context(), all...)
			if calls := recorder.Calls() - before; len(errs) != tt.n || errors.Join(errs...) != nil || calls != tt.calls {
				t.Errorf("%d events: %d calls, %v", tt.n, calls, errs)
			}
		}
		errs := p.PublishAll(t.Context(), envelope(t, "never", "x"), envelope(t, "r", strings.Repeat("x", 1<<20)), envelope(t, "last", "x"))
		if class, _ := fault.Of(errs[1]); errs[0] == nil || class != fault.Park || errs[2] != nil {
			t.Errorf("%v", errs)
		}
	})
}

package endpoint

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/events"
	"sluice/internal/local/disk"
	"sluice/internal/local/eventbridge"
	"sluice/internal/local/sqs"
)

const benchEnvironment = "bench"

// choreographed are services in memory with the buses, rules and queues of the
// choreography.
func choreographed(b *testing.B) *Services {
	b.Helper()
	store := disk.Memory()
	s, err := Assemble(store, b.TempDir(), Options{Account: account, Region: region})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close(); store.Close() })
	c, err := events.LoadChoreography()
	if err != nil {
		b.Fatal(err)
	}
	own := events.BusName(benchEnvironment)
	if _, err := s.EventBridge.CreateBus(b.Context(), eventbridge.Bus{Name: own}); err != nil {
		b.Fatal(err)
	}
	for name, sub := range c.Subscriptions {
		queue, bus := events.QueueName(benchEnvironment, name), own
		if sub.Bus != "own" {
			bus = sub.Bus
		}
		if _, err := s.SQS.CreateQueue(b.Context(), sqs.Caller{}, sqs.CreateQueueInput{QueueName: queue}); err != nil {
			b.Fatal(err)
		}
		rule := eventbridge.Rule{Bus: bus, Name: name, Pattern: sub.PatternFor("bucket", "set")}
		if _, err := s.EventBridge.PutRule(b.Context(), rule); err != nil {
			b.Fatal(err)
		}
		target := eventbridge.Target{ID: "queue", ARN: "arn:aws:sqs:" + region + ":" + account + ":" + queue}
		if err := s.EventBridge.PutTargets(b.Context(), bus, name, []eventbridge.Target{target}); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// callOf is a PutEvents call as a function makes it: ten events of a step of upload
// records, one record each.
func callOf(b *testing.B, step string, data events.Event) string {
	b.Helper()
	now := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
	type entry struct{ Source, DetailType, Detail, EventBusName string }
	var call struct{ Entries []entry }
	for n := range 10 {
		about := events.Envelope{RequestID: fmt.Sprintf("ug2s2wmgwrpfck3nyhf27vzsg-%d", n), Tenant: "local", CorrelationID: "ug2s2wmgwrpfck3nyhf27vzsg",
			Request: events.Request{Task: "summarize", Upload: &events.UploadRecord{ID: "ug2s2wmgwrpfck3nyhf27vzsg", Record: n}, Submitted: now}}
		e, err := events.New(about, now, data)
		if step == "analyze" && err == nil {
			e, err = e.Next(step, now, now, data)
		}
		if err != nil {
			b.Fatal(err)
		}
		detail, err := json.Marshal(e)
		if err != nil {
			b.Fatal(err)
		}
		call.Entries = append(call.Entries, entry{events.SourcePrefix + step, data.Type(), string(detail), events.BusName(benchEnvironment)})
	}
	body, err := json.Marshal(call)
	if err != nil {
		b.Fatal(err)
	}
	return string(body)
}

// What the machine pays for a PutEvents call of ten events, from the request's bytes
// to ten messages in a queue in memory.
func BenchmarkPutEvents(b *testing.B) {
	for step, data := range map[string]events.Event{
		"ingest": events.RequestReceived{Task: "summarize", Input: events.Input{Text: strings.Repeat("Đơn hàng của tôi vẫn chưa tới. ", 28)}},
		"analyze": events.AiCompleted{Answer: "answers/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
			Spend: events.Spend{Model: "sluice.local-statistical-v1", Usage: events.Usage{Input: 1234, Output: 56}, CostUSD: 0.000966}},
	} {
		b.Run(data.Type(), func(b *testing.B) {
			s := choreographed(b)
			handler, call := eventbridge.Handler(s.EventBridge), callOf(b, step, data)
			b.ReportAllocs()
			b.SetBytes(int64(len(call)))
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(call))
				r.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"FailedEntryCount":0`) {
					b.Fatal(w.Code, w.Body)
				}
			}
			heard := 0
			for _, counts := range s.SQS.AllCounts() {
				heard += counts.Visible
			}
			if heard != 10*b.N {
				b.Fatalf("%d messages, want %d", heard, 10*b.N)
			}
		})
	}
}

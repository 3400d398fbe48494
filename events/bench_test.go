package events

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// ownRecord is an upload record's Stored, as track hears it.
func ownRecord(tb testing.TB) Record {
	tb.Helper()
	now := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
	e, err := New(Envelope{RequestID: "ug2s2wmgwrpfck3nyhf27vzsg-17", Tenant: "local", CorrelationID: "ug2s2wmgwrpfck3nyhf27vzsg",
		Request: Request{Task: "summarize", Upload: &UploadRecord{"ug2s2wmgwrpfck3nyhf27vzsg", 17}, Submitted: now}}, now, RequestReceived{Task: "summarize"})
	if err != nil {
		tb.Fatal(err)
	}
	for _, step := range []string{"analyze", "store"} {
		spend := Spend{Model: "sluice.local-statistical-v1", Usage: Usage{Input: 1234, Output: 56}, CostUSD: 0.000966}
		if e, err = e.Next(step, now, now, Stored{Key: "results/dt=2026-01-02/ug2s2wmgwrpfck3nyhf27vzsg/abcdefghijklmnopqrstuvwxyz.ndjson",
			Answer: "answers/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Spend: spend}); err != nil {
			tb.Fatal(err)
		}
	}
	detail, err := json.Marshal(e.Ends(Completed))
	if err != nil {
		tb.Fatal(err)
	}
	return Record{ID: "1", Source: SourcePrefix + "store", DetailType: "Stored", Detail: detail}
}

// What every function pays for every message, at least.
func BenchmarkDecode(b *testing.B) {
	r := ownRecord(b)
	b.SetBytes(int64(len(r.Detail)))
	for b.Loop() {
		e, err := Decode(r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := DataOf[Stored](e); err != nil {
			b.Fatal(err)
		}
	}
}

// What analyze pays for an upload record of 1 KB.
func BenchmarkDecodeRequest(b *testing.B) {
	e, err := New(Envelope{RequestID: "ug2s2wmgwrpfck3nyhf27vzsg-17", Tenant: "local", Request: Request{Task: "summarize"}}, time.Now(),
		RequestReceived{Task: "summarize", Input: Input{Text: strings.Repeat("Đơn hàng của tôi vẫn chưa tới. ", 28)}})
	if err != nil {
		b.Fatal(err)
	}
	detail, err := json.Marshal(e)
	if err != nil {
		b.Fatal(err)
	}
	r := Record{ID: "1", Source: SourcePrefix + "ingest", DetailType: "RequestReceived", Detail: detail}
	b.SetBytes(int64(len(r.Detail)))
	for b.Loop() {
		if _, _, problems := DecodeRequest(r, Tenants{}); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

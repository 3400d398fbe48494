package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/events"
	"sluice/internal/ledger"
)

// ledgerOf is a data folder whose ledger was written age ago.
func ledgerOf(t *testing.T, age time.Duration, write func(*testing.T, *ledger.Ledger)) string {
	t.Helper()
	folder := t.TempDir()
	var lines bytes.Buffer
	lines.WriteString("analyze  {\"level\":\"INFO\"}\n")
	write(t, ledger.New(&lines, "local", func() time.Time { return time.Now().Add(-age) }))
	lines.WriteString(`{"ledger":"begin","line":"cut`)
	if err := os.WriteFile(filepath.Join(folder, "ledger.jsonl"), lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func work(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	for i, task := range []string{"classify", "classify", "summarize"} {
		call := ledger.Call{ID: fmt.Sprint("c-", i), Model: "nova", Task: task, Tenant: "acme", Lane: "standard", Records: 10, EstimateUSD: 0.5}
		_ = l.Begin(t.Context(), call)
		l.End(t.Context(), ledger.Ended{Call: call, Status: ledger.Answered, Usage: events.Usage{Input: 1000, Output: 100}, USD: 0.25, Priced: true,
			Answered: 10, PackingSavedUSD: 1})
	}
	_ = l.Begin(t.Context(), ledger.Call{ID: "lost", Model: "nova", Task: "summarize", Tenant: "beta", Records: 4, EstimateUSD: 0.5})
	l.Reused(t.Context(), ledger.Paid{Task: "classify", Tenant: "acme", Answers: 7, Spend: events.Spend{Model: "nova", CostUSD: 0.125}})
	l.Duplicate(t.Context(), ledger.Paid{RequestID: "r-1", Task: "classify", Tenant: "acme", Spend: events.Spend{Model: "nova", CostUSD: 0.025}})
	l.Orphan(t.Context(), ledger.Paid{RequestID: "r-2", Task: "classify", Tenant: "acme", Spend: events.Spend{Model: "nova", CostUSD: 0.075}})
}

func TestCostShowsWhatWasPaidSavedAndLost(t *testing.T) {
	r := sluice(t, ledgerOf(t, time.Hour, work), "cost")
	if r.code != 0 {
		t.Fatalf("exit %d\n%s", r.code, r.err)
	}
	for _, want := range []string{
		"TASK CALLS THROTTLED RECORDS PER CALL INPUT OUTPUT CACHED REUSED PAID",
		"classify 2 0 20 10.0 2000 200 0 7 $0.5000", "summarize 1 0 10 10.0 1000 100 0 0 $0.2500", "total 3 0 30 10.0 3000 300 0 7 $0.7500",
		"paid $0.7500 " + costIs, "saved by packing $3.0000 30 records in 3 calls", "saved by reuse $0.1250 7 answers",
		"duplicate spend $0.0250 1 answers", "orphan spend $0.0750 1 answers", "unfinished $0.5000 1 calls", "throttled 0 of 3 calls",
	} {
		if !strings.Contains(strings.Join(strings.Fields(r.out), " "), want) {
			t.Errorf("%q is not in\n%s", want, r.out)
		}
	}
}

func TestCostIsOneDocumentAndToldApart(t *testing.T) {
	folder := ledgerOf(t, 30*time.Hour, work)
	for by, want := range map[string]string{"task": "classify summarize", "tenant": "acme beta", "model": "nova", "lane": " standard", "day": "-"} {
		var a account
		r := sluice(t, folder, "cost", "--by", by, "--json")
		if err := json.Unmarshal([]byte(r.out), &a); err != nil || r.code != 0 {
			t.Fatalf("exit %d, %v\n%s%s", r.code, err, r.out, r.err)
		}
		var names []string
		for _, g := range a.Groups {
			names = append(names, g.Name)
		}
		if got := strings.Join(names, " "); by != "day" && got != want || by == "day" && len(names) != 1 {
			t.Errorf("by %s: %q, want %q", by, got, want)
		}
		if a.Total.USD != 0.75 || a.Total.Unfinished != 1 || a.Total.UnfinishedUSD != 0.5 || a.Total.OrphanUSD != 0.075 || a.Total.DuplicateUSD != 0.025 {
			t.Errorf("by %s: %+v", by, a.Total)
		}
	}
	if d := document(t, sluice(t, folder, "cost", "--since", "1d", "--json")); len(d["groups"].([]any)) != 0 || d["total"].(map[string]any)["usd"] != 0.0 {
		t.Errorf("of the last day: %v", d)
	}
}

func TestCostWithoutCallsSaysSo(t *testing.T) {
	r := sluice(t, t.TempDir(), "cost", "--since", "90m")
	if r.code != 0 || r.out != "" || !strings.Contains(r.err, "no model calls since") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestMistakesAboutCostAreOfUsage(t *testing.T) {
	for _, args := range [][]string{{"--since", "yesterday"}, {"--since", "0d"}, {"--since", "-1h"}, {"--since", "99999d"}, {"--by", "color"}, {"more"}} {
		r := sluice(t, t.TempDir(), append([]string{"cost"}, args...)...)
		if r.code != exitUsage || strings.Count(strings.TrimSpace(r.err), "\n") != 0 {
			t.Errorf("%v: exit %d, %q", args, r.code, r.err)
		}
	}
}

// The machine is killed with its functions in the middle of their calls; what
// they printed before must be in the ledger, once.
func TestTheLedgerLosesNothingWhenTheMachineIsKilled(t *testing.T) {
	const records = 600
	data, file := t.TempDir(), numbered(t, records)
	args := []string{"run", file, "--task", "summarize", "--json"}
	for i := range 4 {
		c := command(t, data, args...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(500+i*150) * time.Millisecond)
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	if r := sluice(t, data, args...); r.code != 0 {
		t.Fatalf("exit %d\n%.2000s%s", r.code, r.out, r.err)
	}
	lines, open, answered := map[string]bool{}, map[string]int{}, 0
	err := ledger.ReadFolder(data, time.Time{}, func(l ledger.Line) error {
		if lines[l.Name] {
			t.Errorf("line %s is there twice", l.Name)
		}
		lines[l.Name] = true
		switch _, begun := open[l.ID]; {
		case l.Kind == ledger.Begun:
			open[l.ID] = l.Records
		case l.Kind == ledger.Over && !begun:
			t.Errorf("call %s ended and has not begun", l.ID)
		case l.Kind == ledger.Over:
			answered += l.Answered
			delete(open, l.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, unknown := range open {
		answered += unknown
	}
	if answered < records {
		t.Errorf("%d records have their answers, and the ledger knows of %d", records, answered)
	}
	t.Logf("%d lines; %d calls were cut off by 4 kills", len(lines), len(open))
}

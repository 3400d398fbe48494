package ledger

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/events"
)

// account writes a day's work: call by call, at a time of its own.
func account(t *testing.T, now *time.Time) string {
	t.Helper()
	var out bytes.Buffer
	l := New(&out, "dev", func() time.Time { return *now })
	calls := 0
	ended := func(tenant string, status Status, usage events.Usage, usd float64, priced bool) {
		calls++
		c := call
		c.ID, c.Tenant = fmt.Sprint("c-", calls), tenant
		if err := l.Begin(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if status != "" {
			l.End(t.Context(), Ended{Call: c, Status: status, Usage: usage, USD: usd, Priced: priced, Answered: 9, PackingSavedUSD: 0.5, LaneSavedUSD: 0.25, CacheSavedUSD: -0.125, ReclaimedTokens: 100})
		}
	}
	some := events.Usage{Input: 100, Output: 10}
	ended("acme", Answered, some, 0.1, true)
	ended("acme", Answered, some, 0.2, true)
	ended("acme", Throttled, events.Usage{}, 0, true)
	ended("acme", Overloaded, events.Usage{}, 0, true)
	ended("beta", Answered, some, 0, false)
	ended("beta", Lost, events.Usage{}, 0, true)
	ended("beta", "", events.Usage{}, 0, false)
	l.Reused(t.Context(), Paid{Tenant: "acme", Answers: 3, Spend: events.Spend{CostUSD: 0.03}})
	l.Reused(t.Context(), Paid{Tenant: "acme", Spend: events.Spend{CostUSD: 0.01}})
	l.Duplicate(t.Context(), Paid{Tenant: "acme", Spend: events.Spend{CostUSD: 0.02}})
	l.Orphan(t.Context(), Paid{Tenant: "beta", Spend: events.Spend{CostUSD: 0.05}})
	*now = now.Add(12 * time.Hour)
	ended("gamma", "", events.Usage{}, 0, false)
	return out.String()
}

func TestTheSum(t *testing.T) {
	now := noon
	text := account(t, &now)
	acme := Totals{Calls: 2, Throttles: 1, Overloads: 1, Records: 20, Answered: 18, Usage: events.Usage{Input: 200, Output: 20}, USD: 0.3,
		Reused: 4, ReusedUSD: 0.04, PackedUSD: 1, LaneUSD: 0.5, CacheUSD: -0.25, ReclaimedTokens: 200, Duplicates: 1, DuplicateUSD: 0.02}
	beta := Totals{Calls: 1, Records: 10, Answered: 9, Usage: events.Usage{Input: 100, Output: 10}, Unpriced: 1, PackedUSD: 0.5, LaneUSD: 0.25, CacheUSD: -0.125, ReclaimedTokens: 100,
		Orphans: 1, OrphanUSD: 0.05, Unfinished: 2, UnfinishedUSD: 0.004}
	gamma := Totals{InFlight: 1}
	all := Totals{Calls: 3, Throttles: 1, Overloads: 1, Records: 30, Answered: 27, Usage: events.Usage{Input: 300, Output: 30}, USD: 0.3, Unpriced: 1,
		Reused: 4, ReusedUSD: 0.04, PackedUSD: 1.5, LaneUSD: 0.75, CacheUSD: -0.375, ReclaimedTokens: 300, Duplicates: 1, DuplicateUSD: 0.02, Orphans: 1, OrphanUSD: 0.05,
		Unfinished: 2, UnfinishedUSD: 0.004, InFlight: 1}
	sum := NewSum(ByTenant, time.Time{})
	if err := Read(strings.NewReader(text), sum.Add); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a result changes nothing
		total, groups := sum.Result(now)
		if diff := cmp.Diff(all, total); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]Group{{"acme", acme}, {"beta", beta}, {"gamma", gamma}}, groups); diff != "" {
			t.Error(diff)
		}
	}
	total, _ := sum.Result(now.Add(underWay))
	if total.InFlight != 0 || total.Unfinished != 3 {
		t.Errorf("what began long ago: %d in flight, %d unfinished", total.InFlight, total.Unfinished)
	}
}

// Lines of several logs come in no order.
func TestTheSumKnowsNoOrder(t *testing.T) {
	now := noon
	var lines []Line
	if err := Read(strings.NewReader(account(t, &now)), func(l Line) error { lines = append(lines, l); return nil }); err != nil {
		t.Fatal(err)
	}
	of := func(lines []Line) Totals {
		sum := NewSum(ByTask, noon.Add(-time.Hour))
		for _, l := range lines {
			_ = sum.Add(l)
		}
		total, _ := sum.Result(now.Add(time.Hour))
		return total
	}
	want := of(lines)
	rapid.Check(t, func(t *rapid.T) {
		if diff := cmp.Diff(want, of(rapid.Permutation(lines).Draw(t, "order"))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheSumIsToldApart(t *testing.T) {
	now := noon
	text := account(t, &now)
	for by, want := range map[By]string{
		ByDay: "2026-11-24 2026-11-25", ByTask: "classify none", ByModel: "none nova", ByLane: " standard", ByTenant: "acme beta gamma",
	} {
		sum := NewSum(by, time.Time{})
		if err := Read(strings.NewReader(text), sum.Add); err != nil {
			t.Fatal(err)
		}
		var names []string
		_, groups := sum.Result(now)
		for _, g := range groups {
			names = append(names, g.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %q, want %q", by, got, want)
		}
		if parsed, err := ParseBy(string(by)); err != nil || parsed != by {
			t.Error(parsed, err)
		}
	}
	if _, err := ParseBy("color"); err == nil {
		t.Error("color is taken")
	}
	since := NewSum(ByDay, noon.Add(time.Hour))
	if err := Read(strings.NewReader(text), since.Add); err != nil {
		t.Fatal(err)
	}
	if total, _ := since.Result(now); !cmp.Equal(total, Totals{InFlight: 1}) {
		t.Errorf("since an hour later: %+v", total)
	}
}

func TestTheFileKeepsTheNewestLinesAndTurns(t *testing.T) {
	folder := t.TempDir()
	line := func(i int) string {
		return fmt.Sprintf(`{"ledger":"begin","line":"w-%d","time":"2026-11-24T12:00:00Z","id":"c-%d"}`, i, i)
	}
	const perFile, lines = 10, 155
	for i := range lines {
		f, err := Open(folder) // each line by another process
		if err != nil {
			t.Fatal(err)
		}
		f.full = int64(perFile * (len(line(100)) - 3))
		if err := f.Add(line(i)); err != nil {
			t.Fatal(err)
		}
		if err := f.Add(`{"level":"INFO"}`); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if files, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(files) != filesInPast+1 {
		t.Errorf("%d files, %v", len(files), err)
	}
	var got []string
	if err := ReadFolder(folder, time.Time{}, func(l Line) error {
		got = append(got, l.ID)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) < filesInPast*(perFile-1) {
		t.Errorf("%d lines are kept", len(got))
	}
	for i, id := range got {
		if want := fmt.Sprint("c-", lines-len(got)+i); id != want {
			t.Fatalf("line %d is %s, want %s", i, id, want)
		}
	}
	if err := ReadFolder(folder, time.Now().Add(time.Hour), func(l Line) error { return fmt.Errorf("%s is there", l.ID) }); err != nil {
		t.Error(err)
	}
	if err := ReadFolder(t.TempDir(), time.Time{}, func(Line) error { return os.ErrInvalid }); err != nil {
		t.Error(err)
	}
}

func TestALedgerIsReadWhileItTurns(t *testing.T) {
	folder := t.TempDir()
	f, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	f.full = 2000
	var last atomic.Int64
	last.Store(-1)
	done := make(chan error, 1)
	go func() {
		for i := range 3000 {
			if err := f.Add(fmt.Sprintf(`{"ledger":"begin","line":"w-%d","time":"2026-11-24T12:00:00Z","records":%d}`, i, i)); err != nil {
				done <- err
				return
			}
			last.Store(int64(i))
		}
		done <- f.Close()
	}()
	for reading := true; reading; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			reading = false
		default:
		}
		before, next := last.Load(), 0
		err := ReadFolder(folder, time.Time{}, func(l Line) error {
			if l.Records < next {
				return fmt.Errorf("line %d comes after line %d", l.Records, next-1)
			}
			next = l.Records + 1
			return nil
		})
		if err != nil || int64(next-1) < before {
			t.Fatalf("read up to line %d, and line %d was there: %v", next-1, before, err)
		}
	}
}

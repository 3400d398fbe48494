package machine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/internal/ledger"
)

// printedBy is what a function prints that makes some calls.
func printedBy(t *testing.T, from, to int) string {
	t.Helper()
	var out bytes.Buffer
	l := ledger.New(&out, "local", time.Now)
	for i := from; i < to; i++ {
		if err := l.Begin(context.Background(), ledger.Call{ID: fmt.Sprint("c-", i)}); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// calls are the ids in a ledger, and how often each is there.
func calls(t *testing.T, data string) map[string]int {
	t.Helper()
	seen := map[string]int{}
	if err := ledger.ReadFolder(data, time.Time{}, func(l ledger.Line) error { seen[l.ID]++; return nil }); err != nil {
		t.Fatal(err)
	}
	return seen
}

func expectOnce(t *testing.T, data string, want int) {
	t.Helper()
	seen := calls(t, data)
	for i := range want {
		if id := fmt.Sprint("c-", i); seen[id] != 1 {
			t.Errorf("call %s is there %d times", id, seen[id])
		}
	}
	if len(seen) != want {
		t.Errorf("%d calls, want %d", len(seen), want)
	}
}

func TestTheNextKeeperTakesOverWhatAKilledOneLeft(t *testing.T) {
	data := t.TempDir()
	killed, err := openKeeper(data)
	if err != nil {
		t.Fatal(err)
	}
	text := printedBy(t, 0, 20)
	if err := os.WriteFile(filepath.Join(killed.printed(), "analyze-1"), []byte(text+text[:70]), 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	output := killed.output(&log, slog.New(slog.DiscardHandler))
	for _, line := range strings.Split(text, "\n")[:7] { // so far it came
		output("analyze", line)
	}
	output("analyze", "REPORT")
	if n := strings.Count(log.String(), "analyze "); n != 8 {
		t.Errorf("%d lines of 8 were logged", n)
	}
	living, err := openKeeper(data)
	if err != nil {
		t.Fatal(err)
	}
	expectOnce(t, data, 7) // nothing is taken from who is alive
	if err := living.close(); err != nil {
		t.Fatal(err)
	}
	if err := killed.lock.Close(); err != nil { // as the system does when it dies
		t.Fatal(err)
	}
	for range 2 {
		next, err := openKeeper(data)
		if err != nil {
			t.Fatal(err)
		}
		expectOnce(t, data, 20)
		if err := next.close(); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(data, "printed")); err != nil || len(left) != 1 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestWithoutAFolderThereIsNoLedger(t *testing.T) {
	var none *keeper
	if none.printed() != "" || none.close() != nil {
		t.Error("a machine that keeps nothing keeps a ledger")
	}
	none.output(io.Discard, nil)("analyze", strings.TrimSpace(printedBy(t, 0, 1)))
}

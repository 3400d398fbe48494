package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestWhatIsMissingIsRestoredOnce(t *testing.T) {
	printed := write(noon, func(ctx context.Context, l *Ledger) {
		for i := range 10 {
			c := call
			c.ID = fmt.Sprint("c-", i)
			_ = l.Begin(ctx, c)
		}
	})
	lines := strings.SplitAfter(strings.TrimSuffix(printed, "\n"), "\n")
	folder := t.TempDir()
	f, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 1, 5} { // what the other one had added before it died
		if err := f.Add(strings.TrimSuffix(lines[i], "\n")); err != nil {
			t.Fatal(err)
		}
	}
	left := `{"level":"INFO"}` + "\n" + printed + lines[3][:60]
	for _, want := range []int{7, 0} {
		if got, err := f.Restore(strings.NewReader(left)); err != nil || got != want {
			t.Errorf("%d lines restored, want %d; %v", got, want, err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	if err := ReadFolder(folder, time.Time{}, func(l Line) error { seen[l.ID]++; return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if n := seen[fmt.Sprint("c-", i)]; n != 1 {
			t.Errorf("call %d is there %d times", i, n)
		}
	}
	if _, err := f.Restore(strings.NewReader(printed)); err != nil {
		t.Errorf("nothing is missing, so nothing is added: %v", err)
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheTableIsPrintedAndWritten(t *testing.T) {
	out := filepath.Join(t.TempDir(), "quota.md")
	var printed bytes.Buffer
	if err := run(&printed, out, 1); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(out)
	if err != nil || !bytes.Equal(written, printed.Bytes()) {
		t.Fatalf("what is written is not what is printed: %v", err)
	}
	if rows := strings.Count(printed.String(), "\n| "); rows != 1+(1+len(naive))*len(windows) {
		t.Errorf("%d rows:\n%s", rows, &printed)
	}
}

func TestNoSeedsNoTable(t *testing.T) {
	if err := run(&bytes.Buffer{}, "", 0); err == nil {
		t.Error("a table of no seeds")
	}
}

// Package disktest helps to test what stands on package disk.
package disktest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Killed copies a store's file and its journals while they are in use: what a new
// process would find if the one that has them were killed now. It returns the
// copy's path. Nothing else may lie in the folder.
func Killed(t testing.TB, path string) string {
	t.Helper()
	folder, copied := filepath.Dir(path), t.TempDir()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	// What a journal holds may be settled meanwhile, so the file is copied last.
	for _, entry := range slices.Backward(entries) {
		raw, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, entry.Name()), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(copied, filepath.Base(path))
}

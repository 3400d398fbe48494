package disk

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Any bytes of a file may be wrong: it is told, or it did not matter; never a
// wrong value, never a crash.
func FuzzDamage(f *testing.F) {
	path := filepath.Join(f.TempDir(), "state.db")
	s, err := Open(path)
	if err != nil {
		f.Fatal(err)
	}
	want := map[string]string{}
	var group []Change // one commit, so that every run damages the same file
	for i := range 300 {
		key, value := fmt.Sprintf("%04d", i), fmt.Sprintf("value %d", i)
		want[key] = value
		group = append(group, put("a", key, value), put("b", key, value))
	}
	s.Enqueue(append(group, put("a", "long", string(bytes.Repeat([]byte("long "), 2000))))...)
	want["long"] = string(bytes.Repeat([]byte("long "), 2000))
	s.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	whole = bytes.TrimRight(whole, "\x00")
	for page := range len(whole) / 4096 {
		f.Add(uint32(page*4096+8), []byte{0xff, 0x13})
		f.Add(uint32(page*4096), []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	}
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		broken := bytes.Clone(whole)
		at %= uint32(len(broken))
		for i := range patch {
			if int(at)+i < len(broken) {
				broken[int(at)+i] ^= patch[i]
			}
		}
		file := filepath.Join(t.TempDir(), "broken.db")
		if err := os.WriteFile(file, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		readAll(t, file, want) // complains about wrong values itself
	})
}

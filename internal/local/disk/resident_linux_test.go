package disk

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// residentOf is how much of a mapped file is in this process's memory, in KiB.
func residentOf(t *testing.T, path string) int {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip("SKIPPED: this system has no /proc/self/smaps: ", err)
	}
	sum, inside := 0, false
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		switch {
		case strings.Contains(fields[0], "-"):
			inside = strings.HasSuffix(strings.TrimSpace(line), path)
		case inside && fields[0] == "Rss:":
			kib, _ := strconv.Atoi(fields[1])
			sum += kib
		}
	}
	return sum
}

// The file is not needed in memory as a whole: neither for writing, nor to open it
// again, nor to read it.
func TestTheFileDoesNotStayInMemory(t *testing.T) {
	const values, size = 1200, 64 << 10 // 75 MiB
	path := filepath.Join(t.TempDir(), "state.db")
	store, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	value := make([]byte, size)
	rand.Read(value)
	key := func(i int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(i)) }
	for i := range values {
		if err := store.Enqueue(Change{"b", key(i), value}).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	f := store.(*file)
	if err := f.flush(); err != nil { // until then it is read from memory
		t.Fatal(err)
	}
	read := func() {
		t.Helper()
		for i := range values {
			if got, found, err := store.Get("b", key(i)); err != nil || !found || !bytes.Equal(got, value) {
				t.Fatalf("value %d: %d bytes, %t, %v", i, len(got), found, err)
			}
		}
	}
	read()
	whole := residentOf(t, path)
	if whole < values*size/1024/2 {
		t.Fatalf("%d KiB of the file are resident after reading it all: the test measures nothing", whole)
	}
	if err := f.db.View(func(tx *bolt.Tx) error { letGo(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	if left := residentOf(t, path); left > whole/10 {
		t.Errorf("%d of %d KiB are still resident", left, whole)
	}
	read() // it comes back
	f.released = f.released.Add(-releaseEvery)
	if err := store.Enqueue(Change{"b", key(0), value}).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil { // the goroutine that settles has ended
		t.Fatal(err)
	}
	if f.released.IsZero() {
		t.Error("what settles does not let go")
	}
	if store, err = Open(path); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if left := residentOf(t, path); left > whole/2 {
		t.Errorf("%d of %d KiB are resident after opening", left, whole)
	}
	read()
}

package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"weak"

	bolt "go.etcd.io/bbolt"
)

func open(t *testing.T, path string) *file {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.(*file)
}

func TestAFileThatIsHeldIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	open(t, path)
	if _, err := Open(path); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Errorf("second Open: %v", err)
	}
}

func TestAnotherProgramsFileIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err }); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("Open: %v", err)
	}
}

// Whatever happens to the file, damage is told by Open, Get or Scan with the
// file's path: never a wrong value, never a panic.
func TestDamageIsToldWithThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	want := map[string]string{}
	var group []Change // one commit, so that no freed page holds an older copy
	for i := range 400 {
		key, value := fmt.Sprintf("%04d", i), strings.Repeat(fmt.Sprint(i), 500)
		want[key] = value
		group = append(group, put("a", key, value))
	}
	s.Enqueue(group...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole = bytes.TrimRight(whole, "\x00") // the file grows ahead of what it holds
	damages := map[string]func([]byte) []byte{
		"not a data file": func([]byte) []byte { return []byte(strings.Repeat("not a data file ", 4096)) },
		"few bytes":       func(b []byte) []byte { return b[:100] },
		"both metas":      func(b []byte) []byte { copy(b, make([]byte, 8192)); return b },
		"cut short":       func(b []byte) []byte { return b[:len(b)/2] },
		"a flipped bit": func(b []byte) []byte {
			b[bytes.Index(b, []byte("399399399399"))+700] ^= 1
			return b
		},
		"zeroed from the middle": func(b []byte) []byte { clear(b[len(b)/3 : len(b)/3*2]); return b },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			broken := filepath.Join(t.TempDir(), "broken.db")
			if err := os.WriteFile(broken, damage(append([]byte{}, whole...)), 0o600); err != nil {
				t.Fatal(err)
			}
			err := readAll(t, broken, want)
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), broken) {
				t.Errorf("told: %v", err)
			}
		})
	}
}

func readAll(t *testing.T, path string, want map[string]string) error {
	s, err := Open(path)
	if err != nil {
		return err
	}
	defer s.Close()
	scanned := s.Scan("a", nil, func(key, value []byte) error {
		if want[string(key)] != string(value) {
			t.Errorf("Scan gave a wrong value of %s", key)
		}
		return nil
	})
	for key := range want {
		value, found, err := s.Get("a", []byte(key))
		if err == nil && found && string(value) != want[key] {
			t.Errorf("Get gave a wrong value of %s", key)
		}
	}
	return scanned
}

func TestAFailedWriteIsToldToEveryLaterTicket(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"))
	if err := s.Enqueue(put("a", "1", "v")).Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	s.mu.Lock()
	s.commit = func(*batch) error { return full }
	s.mu.Unlock()
	for range 3 {
		if err := s.Enqueue(put("a", "2", "v")).Wait(context.Background()); !errors.Is(err, full) {
			t.Fatalf("got %v", err)
		}
	}
	<-s.Failed()
	if !errors.Is(s.Err(), full) {
		t.Errorf("Err is %v", s.Err())
	}
	if err := s.Scan("a", nil, func(_, _ []byte) error { return nil }); !errors.Is(err, full) {
		t.Errorf("Scan: %v", err)
	}
}

// A group is on disk whole or not at all, and in the order of the Enqueue
// calls, wherever the writing stopped.
func TestGroupsAreAtomicAndInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	real, commits := s.commit, 0
	s.mu.Lock()
	s.commit = func(b *batch) error {
		if commits++; commits > 3 {
			return errors.New("power cut")
		}
		return real(b)
	}
	s.mu.Unlock()
	var writers sync.WaitGroup
	var order sync.Mutex
	n, durable := 0, 0
	for range 8 {
		writers.Go(func() {
			for range 20 {
				order.Lock()
				n++
				mine := n
				ticket := s.Enqueue(put("left", fmt.Sprintf("%06d", mine), "v"), put("right", fmt.Sprintf("%06d", mine), "v"))
				order.Unlock()
				if ticket.Wait(context.Background()) == nil {
					order.Lock()
					durable = max(durable, mine)
					order.Unlock()
				}
			}
		})
	}
	writers.Wait()
	s.Close()
	again := open(t, path)
	for _, bucket := range []string{"left", "right"} {
		count := 0
		err := again.Scan(bucket, nil, func(key, _ []byte) error {
			if count++; string(key) != fmt.Sprintf("%06d", count) {
				return fmt.Errorf("%s is number %d", key, count)
			}
			return nil
		})
		if err != nil || count != durable {
			t.Errorf("%s: %d keys, %v; %d were answered", bucket, count, err, durable)
		}
	}
}

func TestAChangeNoFileCanHoldHarmsNobodyElse(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			for _, bad := range []Change{put("a", "", "v"), put("", "1", "v"), put("a", strings.Repeat("k", bolt.MaxKeySize+1), "v"), put(formatBucket, "format", "2")} {
				if err := s.Enqueue(put("a", "1", "v"), bad).Wait(context.Background()); !errors.Is(err, errBadChange) {
					t.Errorf("%.20q: %v", bad.Key, err)
				}
			}
			mustGet(t, s, "a", "1", "")
			if err := s.Enqueue(put("a", "1", "v")).Wait(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnEmptyValueIsAValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	s.Enqueue(Change{Bucket: "a", Key: []byte("1"), Value: []byte{}})
	s.Close()
	value, found, err := open(t, path).Get("a", []byte("1"))
	if err != nil || !found || len(value) != 0 {
		t.Errorf("Get = %q, %v, %v", value, found, err)
	}
}

func TestATicketDoesNotKeepWhatIsDurable(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"))
	value := new([1 << 16]byte)
	kept := weak.Make(value)
	ticket := s.Enqueue(Change{Bucket: "a", Key: []byte("k"), Value: value[:]})
	if err := ticket.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.flush(); err != nil { // until then it is read from memory
		t.Fatal(err)
	}
	value = nil    //nolint:wastedassign // it is the last reference
	for range 10 { // the committing goroutine may still hold the last batch
		runtime.GC()
		if kept.Value() == nil {
			break
		}
		runtime.Gosched()
	}
	if kept.Value() != nil {
		t.Error("the value is in memory as long as its ticket")
	}
	if err := ticket.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/disk/disktest"
)

// abandoned leaves a store's folder as a killed process would: nothing is settled.
func abandoned(t *testing.T, groups ...[]Change) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	for _, group := range groups {
		if err := s.Enqueue(group...).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return disktest.Killed(t, path)
}

func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func write(t *testing.T, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// all is what a store holds, "bucket/key" to value.
func all(t *testing.T, s Store, buckets ...string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, bucket := range buckets {
		if err := s.Scan(bucket, nil, func(key, value []byte) error { got[bucket+"/"+string(key)] = string(value); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func TestWhatTheJournalHoldsSurvivesAKill(t *testing.T) {
	path := abandoned(t,
		[]Change{put("a", "1", "one"), put("a", "2", "two"), put("b", "1", "")},
		[]Change{put("a", "1", "uno"), {Bucket: "a", Key: []byte("2")}, put("b", "2", strings.Repeat("long", 5000))})
	if names := namesIn(t, filepath.Dir(path)); len(names) < 2 {
		t.Fatalf("there is no journal to test: %v", names)
	}
	for range 2 { // the second time there is nothing left to settle
		s := open(t, path)
		want := map[string]string{"a/1": "uno", "b/1": "", "b/2": strings.Repeat("long", 5000)}
		if diff := cmp.Diff(want, all(t, s, "a", "b")); diff != "" {
			t.Error(diff)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if names := namesIn(t, filepath.Dir(path)); !slices.Equal(names, []string{"state.db"}) {
			t.Errorf("left in the folder: %v", names)
		}
	}
}

// journaled is a journal with three batches, and where each of them ends.
func journaled(t *testing.T) (raw []byte, ends []int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	j, err := newJournal(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		b := newBatch()
		b.add([]Change{put("a", fmt.Sprint(i), "value"), put("b", fmt.Sprint(i), "")})
		if err := j.append(b); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(j.size))
	}
	if raw, err = os.ReadFile(journalPath(path, 1)); err != nil {
		t.Fatal(err)
	}
	return raw, ends
}

// replayed is what comes of a journal.
func replayed(t *testing.T, raw []byte) (*batch, int, error) {
	t.Helper()
	path, into := filepath.Join(t.TempDir(), "journal"), newBatch()
	write(t, path, raw)
	batches, err := replay(path, into)
	return into, batches, err
}

// Wherever a journal ends, what was written whole is there, and nothing else.
func TestAJournalMayEndAnywhere(t *testing.T) {
	raw, ends := journaled(t)
	for end := range len(raw) + 1 {
		whole := 0
		for whole < len(ends) && ends[whole] <= end {
			whole++
		}
		torn := end != len(journalMark) && !slices.Contains(ends, end)
		into, batches, err := replayed(t, raw[:end])
		if batches != whole || len(into.buckets["a"]) != whole || errors.Is(err, errTorn) != torn || err != nil && !torn {
			t.Errorf("cut at %d: %d batches are whole, but there are %d: %v, %v", end, whole, batches, into.buckets, err)
		}
	}
}

// A journal that is not what was written is told, or what is wrong is in the last
// batch, of which nobody knows whether it was written whole.
func TestADamagedJournalIsTold(t *testing.T) {
	raw, ends := journaled(t)
	for at := range raw {
		broken := bytes.Clone(raw)
		broken[at] ^= 0x40
		_, batches, err := replayed(t, broken)
		if torn := errors.Is(err, errTorn); torn && (at < ends[1] || batches != 2) || !torn && !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d: %d batches, %v", at, batches, err)
		}
	}
	path := filepath.Join(t.TempDir(), "state.db")
	raw[len(raw)/2] ^= 1
	write(t, journalPath(path, 5), raw)
	if _, err := Open(path); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "journal 5") {
		t.Errorf("Open: %v", err)
	}
}

func TestOnlyTheLastBatchMayBeTorn(t *testing.T) {
	raw, _ := journaled(t)
	for name, later := range map[string][]byte{"an empty journal": []byte(journalMark), "a mark that is not whole": []byte(journalMark[:3]), "batches": raw} {
		path := filepath.Join(t.TempDir(), "state.db")
		write(t, journalPath(path, 3), raw[:len(raw)-1])
		write(t, journalPath(path, 4), later)
		s, err := Open(path)
		if s != nil {
			s.Close()
		}
		if wrong := errors.Is(err, ErrDamaged); wrong != (name == "batches") || err != nil && !wrong {
			t.Errorf("%s behind a torn one: %v", name, err)
		}
	}
}

// While many write and the journals turn, everybody reads what was written last, and
// a kill at the end loses nothing.
func TestJournalsTurnUnderWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	var writing sync.WaitGroup
	for writer := range 4 {
		writing.Go(func() {
			for i := range 200 {
				key := fmt.Sprintf("%d-%d", writer, i%10)
				if err := s.Enqueue(put("a", key, fmt.Sprint(i))).Wait(context.Background()); err != nil {
					t.Error(err)
				}
				got, found, err := s.Get("a", []byte(key))
				if err != nil || !found || string(got) != fmt.Sprint(i) {
					t.Errorf("%s: %q %v %v, want %d", key, got, found, err, i)
				}
				if i%20 == 0 {
					if err := s.flush(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	writing.Wait()
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	turns, number := s.turns, s.journal.number
	s.mu.Unlock()
	if turns < 10 || number != turns+1 {
		t.Errorf("%d turns, journal %d", turns, number)
	}
	if names := namesIn(t, filepath.Dir(path)); len(names) != 2 {
		t.Errorf("left in the folder: %v", names)
	}
}

func TestWhatCannotBeSettledStaysInItsJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	if err := s.Enqueue(put("a", "1", "one")).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.db.Close() // so that nothing can be written to it
	if err := s.flush(); err == nil {
		t.Fatal("it was settled in a file that is closed")
	}
	<-s.Failed()
	if err := s.Enqueue(put("a", "2", "two")).Wait(t.Context()); err == nil {
		t.Error("a store that has failed took more")
	}
	s.Close()
	want := map[string]string{"a/1": "one"}
	if diff := cmp.Diff(want, all(t, open(t, path), "a")); diff != "" {
		t.Error(diff)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(journalMark))
	f.Add([]byte(journalMark + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	b := newBatch()
	b.add([]Change{put("a", "1", "one"), {Bucket: "a", Key: []byte("2")}})
	path := filepath.Join(f.TempDir(), "state.db")
	j, err := newJournal(path, 1)
	if err != nil {
		f.Fatal(err)
	}
	if err := j.append(b); err != nil {
		f.Fatal(err)
	}
	raw, err := os.ReadFile(journalPath(path, 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "1")
		write(t, path, raw)
		into := newBatch()
		if _, err := replay(path, into); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, errTorn) {
			t.Errorf("%v", err)
		}
		for bucket, keys := range into.buckets {
			for key := range keys {
				if err := check([]Change{{Bucket: bucket, Key: []byte(key)}}); err != nil {
					t.Errorf("%q %q: %v", bucket, key, err)
				}
			}
		}
	})
}

// A large batch is settled in pieces, and read whole meanwhile.
func TestALargeBatchIsSettledInPieces(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"))
	want := map[string]string{}
	var group []Change
	for i := range 2*pieceKeys + 10 {
		key := fmt.Sprintf("%06d", i)
		want["a/"+key], want["b/"+key] = "a", "b"
		group = append(group, put("a", key, "a"), put("b", key, "b"))
	}
	if err := s.Enqueue(group...).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	pieces := 0
	if err := s.pending.inPieces(s.db, pieceKeys, func() { pieces++ }); err != nil || pieces != 6 {
		t.Errorf("%d pieces, want 6: %v", pieces, err)
	}
	for _, key := range []string{"000000", fmt.Sprintf("%06d", 2*pieceKeys)} {
		mustGet(t, s, "b", key, "b")
	}
	if diff := cmp.Diff(want, all(t, s, "a", "b")); diff != "" {
		t.Error(diff)
	}
}

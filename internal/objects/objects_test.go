package objects_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

func TestConditionalWrites(t *testing.T) {
	memory := objectstest.NewMemory()
	store := objects.New(memory, "bucket")
	etag, err := store.Create(t.Context(), "k", objects.Text, []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Create(t.Context(), "k", objects.Text, []byte("two")); !errors.Is(err, objects.ErrExists) {
		t.Errorf("second Create: %v", err)
	}
	next, err := store.Replace(t.Context(), "k", objects.Text, []byte("two"), etag)
	if err != nil || next == etag {
		t.Fatalf("Replace: %s %v", next, err)
	}
	for name, test := range map[string]struct{ key, etag string }{"changed": {"k", etag}, "gone": {"none", etag}} {
		if _, err := store.Replace(t.Context(), test.key, objects.Text, []byte("x"), test.etag); !errors.Is(err, objects.ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := store.Get(t.Context(), "k", 0)
	if err != nil || string(got.Body) != "two" || got.ETag != next {
		t.Errorf("Get: %+v %v", got, err)
	}
}

func TestAConflictIsTriedAgainAndNotTakenForExists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := objectstest.NewMemory()
		conflicts := 3
		memory.Fault = func(operation, _ string) error {
			if conflicts--; operation == "PutObject" && conflicts >= 0 {
				return objectstest.Error(http.StatusConflict, "ConditionalRequestConflict")
			}
			return nil
		}
		if _, err := objects.New(memory, "bucket").Create(t.Context(), "k", objects.Text, []byte("one")); err != nil {
			t.Error(err)
		}
		if string(memory.Body("k")) != "one" {
			t.Error("nothing was written")
		}
		memory.Fault = func(string, string) error {
			return objectstest.Error(http.StatusConflict, "ConditionalRequestConflict")
		}
		if _, err := objects.New(memory, "bucket").Create(t.Context(), "k2", objects.Text, nil); err == nil || errors.Is(err, objects.ErrExists) {
			t.Errorf("conflicts without end: %v", err)
		}
	})
}

func TestReading(t *testing.T) {
	memory := objectstest.NewMemory()
	memory.Set("k", []byte("0123456789"))
	store := objects.New(memory, "bucket")
	if _, err := store.Get(t.Context(), "none", 0); !errors.Is(err, objects.ErrNotFound) {
		t.Error(err)
	}
	if _, err := store.Get(t.Context(), "k", 9); !errors.Is(err, objects.ErrTooLarge) {
		t.Error(err)
	}
	if _, err := store.Open(t.Context(), "k", 0, `"other"`); !errors.Is(err, objects.ErrChanged) {
		t.Error(err)
	}
	for offset, want := range map[int64]string{0: "0123456789", 4: "456789", 10: "", 99: ""} {
		r, err := store.Open(t.Context(), "k", offset, "")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil || string(body) != want || r.Size != int64(len(want)) {
			t.Errorf("from %d: %q, size %d, %v", offset, body, r.Size, err)
		}
		r.Close()
	}
}

func TestListGoesOverAllPages(t *testing.T) {
	memory := objectstest.NewMemory()
	for i := range 2500 {
		memory.Set(string([]byte{'p', '/', byte('a' + i/625), byte('a' + i/25%25), byte('a' + i%25)}), bytes.Repeat([]byte("x"), i%3))
	}
	memory.Set("q/other", nil)
	count, last := 0, ""
	for info, err := range objects.New(memory, "bucket").List(t.Context(), "p/") {
		if err != nil {
			t.Fatal(err)
		}
		if info.Key <= last {
			t.Fatalf("%s after %s", info.Key, last)
		}
		count, last = count+1, info.Key
	}
	if count != 2500 {
		t.Errorf("%d objects", count)
	}
}

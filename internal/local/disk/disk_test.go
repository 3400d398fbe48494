package disk

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func put(bucket, key, value string) Change {
	return Change{Bucket: bucket, Key: []byte(key), Value: []byte(value)}
}

func stores(t *testing.T) map[string]Store {
	t.Helper()
	durable, err := Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Store{"bolt": durable, "memory": Memory()}
	t.Cleanup(func() {
		for _, s := range all {
			s.Close()
		}
	})
	return all
}

func mustGet(t *testing.T, s Store, bucket, key, want string) {
	t.Helper()
	value, found, err := s.Get(bucket, []byte(key))
	if err != nil || found != (want != "") || string(value) != want {
		t.Errorf("Get(%s, %s) = %q, %v, %v; want %q", bucket, key, value, found, err, want)
	}
}

func TestWritesAreReadableAtOnceAndLater(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s.Enqueue(put("a", "1", "one"))
			mustGet(t, s, "a", "1", "one")
			s.Enqueue(put("a", "1", "uno"), put("b", "1", "other"), put("a", "2", "two"))
			mustGet(t, s, "a", "1", "uno")
			last := s.Enqueue(Change{Bucket: "a", Key: []byte("2")})
			mustGet(t, s, "a", "2", "")
			if err := last.Wait(context.Background()); err != nil {
				t.Fatal(err)
			}
			mustGet(t, s, "a", "1", "uno")
			mustGet(t, s, "a", "2", "")
			mustGet(t, s, "b", "1", "other")
			var seen []string
			err := s.Scan("a", []byte("1"), func(key, value []byte) error {
				seen = append(seen, string(key)+"="+string(value))
				return nil
			})
			if got := strings.Join(seen, " "); err != nil || got != "1=uno" {
				t.Errorf("Scan gave %q, %v", got, err)
			}
		})
	}
}

func TestWhatWasAnsweredIsThereAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 50 {
				if err := s.Enqueue(put("q", fmt.Sprintf("%d-%d", w, i), "v")).Wait(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	s.Enqueue(put("q", "last", "enqueued before Close"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Enqueue(put("q", "late", "v")).Wait(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	count := 0
	if err := again.Scan("q", nil, func(_, _ []byte) error { count++; return nil }); err != nil || count != 8*50+1 {
		t.Errorf("%d keys, %v; want %d", count, err, 8*50+1)
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	never := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := (Ticket{&batch{done: never}}).Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

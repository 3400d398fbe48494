package answers

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

func TestWhatWasBegunIsEndedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHands()
		defer h.end()
		hold := make(chan struct{})
		var waiting sync.WaitGroup
		for range mostHands {
			waiting.Go(func() { _ = h.do(func() error { <-hold; return nil }) })
		}
		synctest.Wait()
		var mu sync.Mutex
		var done []string
		note := func(what string) func() error {
			return func() error {
				mu.Lock()
				defer mu.Unlock()
				done = append(done, what)
				return nil
			}
		}
		for range 50 {
			waiting.Go(func() { _ = h.do(note("looked up")) })
		}
		synctest.Wait()
		for range 50 {
			waiting.Go(func() { _ = h.doFirst(note("kept")) })
		}
		synctest.Wait()
		hold <- struct{}{} // one hand works, the others are busy on
		synctest.Wait()
		close(hold)
		waiting.Wait()
		if got := slices.Index(done, "looked up"); got != 50 || len(done) != 100 {
			t.Errorf("of %d, the first record was looked up after %d answers were kept, want after 50", len(done), got)
		}
	})
}

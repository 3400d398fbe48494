package analyze

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/events"
	"sluice/internal/answers/kept"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

// records are n records of an upload, each with a text of its own.
func records(t *testing.T, n int) [][]byte {
	t.Helper()
	all := make([][]byte, n)
	for i := range all {
		all[i] = payload(t, "ingest")
		for path, value := range map[string]any{
			"requestId": fmt.Sprintf("u1-%d", i+1), "data/input/text": fmt.Sprintf("canary number %d", i),
			"data/upload/record": i + 1, "request/upload/record": i + 1,
		} {
			all[i] = edited(t, all[i], path, value)
		}
	}
	return all
}

func TestAnswersOfAnUploadAreBundled(t *testing.T) {
	const n = 2*kept.LeastBundle + 1
	w := newWorld(t)
	if left := w.send(records(t, n)...); left != 0 {
		t.Fatalf("%d messages left", left)
	}
	keys := w.memory.Keys(kept.BundlePrefix)
	if len(keys) != 1 || w.memory.Counts()["PutObject"] != n+1 {
		t.Fatalf("bundles %v, %d writes", keys, w.memory.Counts()["PutObject"])
	}
	store := objects.New(w.memory, "b")
	bundle, err := kept.LoadBundle(t.Context(), store, keys[0])
	if err != nil || len(bundle) != n {
		t.Fatalf("%d answers, %v", len(bundle), err)
	}
	for _, r := range w.bus.Records() {
		e := w.decode(r)
		said := data[events.AiCompleted](t, e)
		answer, err := kept.Load(t.Context(), store, said.Answer)
		if err != nil {
			t.Fatal(err)
		}
		told, found := bundle.Find("acme", e.RequestID, said.Answer)
		if said.Bundle != keys[0] || !found || string(told.Answer) != string(answer.Answer) || told.Task != answer.Task || told.TaskVersion != answer.TaskVersion {
			t.Errorf("%s: %+v is told %+v, kept %+v", e.RequestID, said, told, answer)
		}
	}
	// Reused answers are bundled as well, and again after a second delivery.
	if left := w.send(records(t, n)...); left != 0 || len(w.memory.Keys(kept.BundlePrefix)) == 0 {
		t.Errorf("%d messages left", left)
	}
}

func TestWhatIsNotBundled(t *testing.T) {
	var single [][]byte
	for i := range 2 * kept.LeastBundle {
		single = append(single, text(t, fmt.Sprintf("r-%d", i), fmt.Sprintf("canary %d", i)))
	}
	for name, batch := range map[string][][]byte{
		"too few":               records(t, kept.LeastBundle-1),
		"by themselves":         single,
		"too few beside others": append(records(t, kept.LeastBundle-1), single...),
	} {
		w := newWorld(t)
		if left := w.send(batch...); left != 0 || len(w.bus.Of("AiCompleted")) != len(batch) {
			t.Errorf("%s: %d messages left, %d answered", name, left, len(w.bus.Of("AiCompleted")))
		}
		if keys := w.memory.Keys(kept.BundlePrefix); len(keys) != 0 {
			t.Errorf("%s: %v", name, keys)
		}
	}
}

func TestABundleThatCannotBeWrittenCostsNoAnswer(t *testing.T) {
	for name, fails := range map[string]func() error{
		"error": func() error { return objectstest.Error(403, "AccessDenied") },
		"panic": func() error { panic("boom") },
	} {
		w := newWorld(t)
		w.memory.Fault = func(operation, key string) error {
			if operation == "PutObject" && strings.HasPrefix(key, kept.BundlePrefix) {
				return fails()
			}
			return nil
		}
		if left := w.send(records(t, kept.LeastBundle)...); left != 0 {
			t.Errorf("%s: %d messages left", name, left)
		}
		for _, r := range w.bus.Of("AiCompleted") {
			if said := data[events.AiCompleted](t, w.decode(r)); said.Bundle != "" {
				t.Errorf("%s: names %s", name, said.Bundle)
			}
		}
		if len(w.bus.Of("AiCompleted")) != kept.LeastBundle || !strings.Contains(w.log.String(), "not written together") {
			t.Errorf("%s: %d answered; %s", name, len(w.bus.Of("AiCompleted")), w.log)
		}
	}
}

// gathering is bundles alone, with the clock of synctest.
type gathering struct {
	*bundles
	memory *objectstest.Memory
	wait   sync.WaitGroup
	mu     sync.Mutex
	keys   []string
}

func gather(ctx context.Context, messages int) *gathering {
	memory := objectstest.NewMemory()
	return &gathering{memory: memory, bundles: newBundles(ctx, objects.New(memory, "b"), slog.New(slog.DiscardHandler), messages)}
}

// add adds answers, each by its own message.
func (g *gathering) add(n int, answer string) {
	for i := range n {
		g.wait.Go(func() {
			key := g.place().add(kept.Told{RequestID: fmt.Sprint(i), Tenant: "acme", Key: fmt.Sprint("answers/", i), Answer: json.RawMessage(answer)})
			g.mu.Lock()
			defer g.mu.Unlock()
			g.keys = append(g.keys, key)
		})
	}
}

// bundled is how many of those that were added need not wait any more, and how
// many of them are in a bundle.
func (g *gathering) bundled() (back, in int) {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range g.keys {
		if key != "" {
			in++
		}
	}
	return len(g.keys), in
}

func (g *gathering) expect(t *testing.T, what string, back, in, objects int) {
	t.Helper()
	gotBack, gotIn := g.bundled()
	if n := len(g.memory.Keys("")); gotBack != back || gotIn != in || n != objects {
		t.Errorf("%s: %d back, %d in %d bundles; want %d, %d, %d", what, gotBack, gotIn, n, back, in, objects)
	}
}

func TestHowLongAnAnswerWaitsForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gather(t.Context(), 1000)
		g.add(kept.LeastBundle, `1`)
		g.expect(t, "others may come", 0, 0, 0)
		time.Sleep(bundleWait)
		g.expect(t, "none came", kept.LeastBundle, kept.LeastBundle, 1)
		g.add(kept.LeastBundle-1, `2`)
		time.Sleep(bundleWait)
		g.expect(t, "too few came", 2*kept.LeastBundle-1, kept.LeastBundle, 1)
		g.add(kept.MostBundle, `3`)
		g.expect(t, "it is full", 2*kept.LeastBundle-1+kept.MostBundle, kept.LeastBundle+kept.MostBundle, 2)
	})
	synctest.Test(t, func(t *testing.T) {
		g := gather(t.Context(), kept.LeastBundle+3)
		g.add(kept.LeastBundle, `1`)
		g.expect(t, "others may come", 0, 0, 0)
		for range 3 {
			p := g.place()
			p.leave()
			p.leave()
		}
		g.expect(t, "no others will come", kept.LeastBundle, kept.LeastBundle, 1)
	})
	synctest.Test(t, func(t *testing.T) {
		g := gather(t.Context(), kept.LeastBundle)
		g.add(3, `1`)
		g.expect(t, "all may come", 0, 0, 0)
		g.place().leave()
		g.expect(t, "one too few will come", 3, 0, 0)
		g.add(kept.LeastBundle-4, `1`)
		g.expect(t, "nobody waits for too few", kept.LeastBundle-1, 0, 0)
	})
}

func TestABundleStaysSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gather(t.Context(), 1000)
		third := `"` + strings.Repeat("x", kept.BundleBytes/kept.LeastBundle) + `"`
		g.add(2*kept.LeastBundle, third)
		time.Sleep(bundleWait)
		for _, key := range g.memory.Keys("") {
			if n := len(g.memory.Body(key)); n > 2*kept.BundleBytes {
				t.Errorf("%d bytes", n)
			}
		}
		g.expect(t, "large answers", 2*kept.LeastBundle, 0, 0) // twelve fit, which are too few
		if key := g.place().add(kept.Told{Answer: json.RawMessage(`"` + strings.Repeat("x", kept.BundleBytes) + `"`)}); key != "" {
			t.Errorf("a huge one is in %s", key)
		}
	})
}

func TestWhoeverMustGoDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := gather(ctx, 1000)
		g.add(kept.LeastBundle, `1`)
		g.expect(t, "others may come", 0, 0, 0)
		cancel()
		g.expect(t, "the invocation is over", kept.LeastBundle, 0, 0)
		time.Sleep(bundleWait) // the timer goes off
	})
}

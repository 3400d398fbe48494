package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sluice/events"
	"sluice/internal/answers/kept"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

// bundled has the answers of AiCompleted events in a bundle as well.
func (w *world) bundled(t *testing.T, batch []consume.Message, edit func(*kept.Told)) (key string, named []consume.Message) {
	t.Helper()
	store := objects.New(w.memory, "b")
	all := make([]kept.Told, len(batch))
	said := make([]events.AiCompleted, len(batch))
	for i, m := range batch {
		n := decode(m)
		a, err := kept.Load(t.Context(), store, n.said.Answer)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = kept.Told{RequestID: n.event.RequestID, Tenant: a.Tenant, Task: a.Task, TaskVersion: a.TaskVersion, Key: a.Key, Answer: a.Answer}
		edit(&all[i])
		said[i] = n.said
	}
	key, err := kept.SaveBundle(t.Context(), store, all)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range batch {
		said[i].Bundle = key
		e := decode(m).event
		if e.Data, err = json.Marshal(said[i]); err != nil {
			t.Fatal(err)
		}
		named = append(named, message(t, e))
	}
	return key, named
}

func uploaded(t *testing.T, w *world, n int) []consume.Message {
	t.Helper()
	var batch []consume.Message
	for position := 1; position <= n; position++ {
		batch = append(batch, w.completed(t, "uone", position, false))
	}
	return batch
}

// segment is what the world has stored of the upload.
func (w *world) segment(t *testing.T) []byte {
	t.Helper()
	var all []byte
	for _, key := range w.memory.Keys("results/") {
		all = append(all, w.memory.Body(key)...)
	}
	return all
}

func TestABundleIsReadOnce(t *testing.T) {
	const n = 30
	alone, together := newWorld(), newWorld()
	noErrors(t, alone.handler.Handle(t.Context(), uploaded(t, alone, n)))

	batch := uploaded(t, together, n)
	_, first := together.bundled(t, batch[:20], func(*kept.Told) {})
	_, second := together.bundled(t, batch[20:29], func(*kept.Told) {})
	batch = append(append(first, second...), batch[29])
	before := together.memory.Counts()["GetObject"]
	noErrors(t, together.handler.Handle(t.Context(), batch))
	if reads := together.memory.Counts()["GetObject"] - before; reads != 3 {
		t.Errorf("%d reads for two bundles and one answer", reads)
	}
	if got, want := together.segment(t), alone.segment(t); !bytes.Equal(got, want) || len(want) == 0 {
		t.Errorf("stored %s, want %s", got, want)
	}
}

// Whatever a bundle lacks is read where it is kept.
func TestNobodyDependsOnABundle(t *testing.T) {
	for name, spoil := range map[string]func(w *world, key string){
		"gone":    func(w *world, key string) { w.memory.Remove(key) },
		"damaged": func(w *world, key string) { w.memory.Set(key, []byte("nonsense")) },
		"empty":   func(w *world, key string) { w.memory.Set(key, nil) },
		"huge":    func(w *world, key string) { w.memory.Set(key, bytes.Repeat([]byte("x"), 3*kept.BundleBytes)) },
		"one line less": func(w *world, key string) {
			_, left, _ := bytes.Cut(w.memory.Body(key), []byte("\n"))
			w.memory.Set(key, left)
		},
		"S3 fails": func(w *world, key string) {
			w.memory.Fault = func(_, of string) error {
				if of == key {
					return objectstest.Error(500, "InternalError")
				}
				return nil
			}
		},
	} {
		w := newWorld()
		key, batch := w.bundled(t, uploaded(t, w, 20), func(*kept.Told) {})
		spoil(w, key)
		noErrors(t, w.handler.Handle(t.Context(), batch))
		if n := len(w.stored(t)); n != 20 || bytes.Count(w.segment(t), []byte(canary)) != 20 {
			t.Errorf("%s: %d stored", name, n)
		}
	}
}

// A line of another's is not the request's, and what is wrong with its own is told
// as ever.
func TestABundleIsNotTrustedMoreThanTheAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(*kept.Told)
		stored bool
	}{
		"another tenant":  {func(t *kept.Told) { t.Tenant = "evil" }, true}, // read where it is kept
		"another request": {func(t *kept.Told) { t.RequestID += "0" }, true},
		"another answer":  {func(t *kept.Told) { t.Key += "0" }, true},
		"another task":    {func(t *kept.Told) { t.Task = "classify" }, false},
	} {
		w := newWorld()
		_, batch := w.bundled(t, uploaded(t, w, 2), func(told *kept.Told) {
			told.Answer = json.RawMessage(strings.Replace(string(told.Answer), "canary", "bundled", 1))
			c.edit(told)
		})
		errs := w.handler.Handle(t.Context(), batch)
		if (errs[0] == nil) != c.stored || (errs[1] == nil) != c.stored || bytes.Contains(w.segment(t), []byte("bundled")) {
			t.Error(name, fmt.Sprint(errs), string(w.segment(t)))
		}
	}
}

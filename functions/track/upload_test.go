package track

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects/objectstest"
	"sluice/internal/requests"
)

const fiveRecords = `id,text,outcome
7,` + canary + `,mine
8,"two
lines, quoted",
9,ba,
10,bốn,x
11,năm,
`

// five is an upload of five records that end in every way.
func five(w *world) []consume.Message {
	received := w.upload("tickets.csv", fiveRecords, 5)
	return []consume.Message{
		w.stored(1, `{"label":"billing","tags":["a","b"],"more":{"x":[1]},"sure":true}`),
		w.rejected(3, 5, "tooLarge", "encoding"),
		w.stored(2, `{"label":"other","score":0.10}`),
		received,
		w.failed(4),
		w.parked(5, 1, "RequestReceived", events.Parked),
	}
}

const fiveRows = `
id|text|outcome|sluice.outcome|reason|answer.label|answer.tags|answer.more|answer.sure|answer.score|requestId|model|costUSD
7|` + canary + `|mine|completed||billing|a; b|{"x":[1]}|true||ID-1|stand-in|0.25
8|two
lines, quoted||completed||other||||0.10|ID-2|stand-in|0.25
9|ba||rejected|tooLarge, encoding: /text: is tooLarge; /text: is encoding||||||ID-3||
10|bốn|x|failed|tooLong: the answer did not fit||||||ID-4|m|0.25
11|năm||parked|crash: it timed out||||||ID-5||`

func TestUploadIsReported(t *testing.T) {
	w := newWorld(t)
	batch := five(w)
	w.handle(batch...)
	equalRows(t, w.rows(), strings.ReplaceAll(fiveRows, "ID", w.id))
	said := w.completed()
	if len(said) != 1 {
		t.Fatalf("%d said", len(said))
	}
	for _, c := range said {
		if c.Records != 5 || c.Completed != 2 || c.Rejected != 1 || c.Failed != 1 || c.Parked != 1 || c.Missing != 0 || !c.WantsReport ||
			c.CostUSD != 0.75 || c.Usage != (events.Usage{Input: 30, Output: 6}) || c.Reasons["crash"] != 1 || c.Reasons["tooLarge"] != 1 ||
			c.Results != "reports/acme/"+w.id+"/results.csv" || c.Report != "reports/acme/"+w.id+"/report.html" || c.File != w.file {
			t.Errorf("%+v", c)
		}
	}
	for _, want := range []string{"tickets.csv", canary, "tooLong", "results.csv", "$0.75", `class="rejected"`} {
		if !strings.Contains(w.page(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	p := w.progress()
	if p.Done == nil || p.Done.Said != requests.Ended || p.Level() != requests.Ended {
		t.Errorf("%+v", p.Done)
	}
	if strings.Contains(w.logs.String(), "canary") || strings.Contains(fmt.Sprint(w.bus.Records()), "canary") {
		t.Error("the text is in a log or an event")
	}
	w.noTempFiles()
}

// However the messages come, and however often, the end is the same.
func TestRedeliveryInAnyOrder(t *testing.T) {
	var want string
	for round := range 12 {
		w := newWorld(t)
		batch := five(w)
		batch = append(batch, batch...)
		rand.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
		for part := range slices.Chunk(batch, 1+round%5) {
			for i, err := range w.handler.Handle(context.Background(), part) {
				if class, _ := fault.Of(err); err != nil && (class != fault.Defer || part[i].Record.DetailType != "UploadReceived") {
					t.Fatal(err)
				}
			}
		}
		w.handle(batch...)
		got := string(w.memory.Body("reports/acme/" + w.id + "/results.csv"))
		if want == "" {
			want = got
		}
		if c := w.progress().Done; got != want || len(w.completed()) != 1 || c == nil {
			t.Errorf("round %d: %d said, %+v\n%s", round, len(w.completed()), c, got)
		}
		if p := w.progress(); p.CostUSD != 0.75 || p.Usage.Input != 30 {
			t.Errorf("round %d: $%v, %+v", round, p.CostUSD, p.Usage)
		}
	}
}

func TestFewWrites(t *testing.T) {
	w := newWorld(t)
	const records = 1000
	var lines strings.Builder
	for i := range records {
		fmt.Fprintf(&lines, "record %d\n", i)
	}
	received := w.upload("many.txt", lines.String(), records)
	var batch []consume.Message
	for position := 1; position <= records; position++ {
		if position%100 == 0 {
			batch = append(batch, w.rejected(position, position, "encoding"))
			continue
		}
		batch = append(batch, w.stored(position, `{"label":"billing"}`))
	}
	before := w.memory.Counts()["PutObject"]
	w.handle(batch[:500]...)
	w.handle(append(batch[500:], received)...)
	// Two batches: problems and a swap each; at the end two files and two marks.
	if puts := w.memory.Counts()["PutObject"] - before; puts > 8 {
		t.Errorf("%d PUTs for %d records in two batches", puts, records)
	}
	if rows := w.rows(); len(rows) != records+1 || rows[100][2] != "encoding: /text: is encoding" || rows[1000][0] != "record 999" {
		t.Errorf("%d rows, %v", len(rows), rows[100])
	}
	if page := w.page(); !strings.Contains(page, "The first 200 of 1000") || !strings.Contains(page, "<td class=\"number\">990</td>") {
		t.Error("the page does not say what it shows")
	}
}

func TestDeadline(t *testing.T) {
	w := newWorld(t)
	batch := five(w)
	received := batch[3]
	first := w.deferred(received)
	if first < time.Hour || first > 2*time.Hour {
		t.Errorf("looks again after %s of a day", first)
	}
	w.handle(batch[0], batch[1])
	// It looks often enough near the end, and never too often.
	looks := 0
	for deadline := submitted.Add(24 * time.Hour); w.clock.Before(deadline); looks++ {
		w.clock = w.clock.Add(w.deferred(received))
	}
	if late := w.clock.Sub(submitted.Add(24 * time.Hour)); late > time.Minute || looks > 300 {
		t.Errorf("%s late after %d looks", late, looks)
	}
	w.handle(received)
	var missing events.UploadCompleted
	for _, missing = range w.completed() {
	}
	if missing.Missing != 3 || missing.Completed != 1 || !slices.Equal(missing.MissingRecords, []int{2, 4, 5}) {
		t.Fatalf("%+v", missing)
	}
	if rows := w.rows(); len(rows) != 6 || rows[2][3] != "missing" || rows[2][4] != missingReason {
		t.Errorf("%v", rows)
	}
	w.handle(received) // nothing waits any more

	t.Run("late records", func(t *testing.T) {
		old := w.memory.Body("reports/acme/" + w.id + "/results.csv")
		w.clock = w.clock.Add(time.Hour)
		late := w.deferred(batch[2])
		if late > quiet || string(old) != string(w.memory.Body("reports/acme/"+w.id+"/results.csv")) {
			t.Errorf("comes back after %s", late)
		}
		w.clock = w.clock.Add(late)
		w.handle(batch[2])
		if rows := w.rows(); rows[2][3] != "completed" || len(w.completed()) != 1 {
			t.Errorf("%v, %d said", rows[2], len(w.completed()))
		}
		w.handle(batch...) // the rest: that is news
		if said := w.completed(); len(said) != 2 || w.progress().Done.Said != requests.Ended {
			t.Errorf("%d said", len(said))
		}
	})
}

// Hundreds of redriven records are one piece of news, not hundreds.
func TestRedriveIsSaidOnce(t *testing.T) {
	w := newWorld(t)
	const records = 30
	batch := []consume.Message{w.upload("many.txt", strings.Repeat("a line\n", records), records)}
	for position := 1; position <= records; position++ {
		batch = append(batch, w.parked(position, 1, "RequestReceived", events.Parked))
	}
	w.handle(batch...)
	w.clock = w.clock.Add(time.Hour)
	for position := 1; position <= records; position++ {
		m := w.storedAt(position, 2, `{"label":"x"}`)
		if position < records {
			w.deferred(m)
		} else {
			w.handle(m)
		}
	}
	p := w.progress()
	if said := w.completed(); len(said) != 2 || p.Done.Said != requests.Settled || len(p.ReasonCounts()) != 0 {
		t.Errorf("%d said, %+v", len(said), p.Done)
	}
	if rows := w.rows(); rows[30][1] != "completed" {
		t.Errorf("%v", rows[30])
	}
	for position := 1; position < records; position++ { // those that waited have nothing to do
		w.handle(w.storedAt(position, 2, `{"label":"x"}`))
	}
	if len(w.bus.Of("UploadCompleted")) != 2 {
		t.Errorf("said %d times", len(w.bus.Of("UploadCompleted")))
	}
}

// An error at any call to S3 or the bus leaves something to go on from.
func TestCrashAtEveryStep(t *testing.T) {
	for _, after := range []bool{false, true} {
		for k := 1; ; k++ {
			w := newWorld(t)
			batch := five(w)
			calls, struck := 0, false
			var mu sync.Mutex
			strike := func() error {
				mu.Lock()
				defer mu.Unlock()
				if calls++; calls == k {
					struck = true
					return objectstest.Error(500, "InternalError")
				}
				return nil
			}
			if after {
				w.memory.After = func(string, string) error { return strike() }
			} else {
				w.memory.Fault = func(string, string) error { return strike() }
			}
			todo := batch
			for round := 0; len(todo) > 0; round++ {
				if round == 5 {
					t.Fatalf("fault at call %d: no end", k)
				}
				var again []consume.Message
				for i, err := range w.handler.Handle(context.Background(), todo) {
					if err != nil {
						again = append(again, todo[i])
					}
				}
				todo = again
			}
			if !struck {
				break
			}
			equalRows(t, w.rows(), strings.ReplaceAll(fiveRows, "ID", w.id))
			if p := w.progress(); len(w.completed()) != 1 || p.Done == nil || p.Done.Said != requests.Ended || p.CostUSD != 0.75 {
				t.Errorf("fault at call %d (after it: %t): %d said, %+v", k, after, len(w.completed()), p.Done)
			}
			w.noTempFiles()
		}
	}
}

func TestTheBusFails(t *testing.T) {
	w := newWorld(t)
	batch := five(w)
	w.bus.Fault = func() error { return errors.New("no bus") }
	failed := 0
	for i, err := range w.handler.Handle(context.Background(), batch) {
		if err != nil {
			failed++
			if batch[i].Record.DetailType != "UploadReceived" {
				t.Errorf("%s carries it", batch[i].Record.DetailType)
			}
		}
	}
	if failed != 1 || w.progress().Done.Said != requests.Unsaid {
		t.Errorf("%d failed", failed)
	}
	w.bus.Fault = nil
	w.handle(batch[3])
	if len(w.completed()) != 1 {
		t.Error("not said")
	}
}

func TestRivals(t *testing.T) {
	w := newWorld(t)
	const records = 400
	batch := []consume.Message{w.upload("many.txt", strings.Repeat("a line\n", records), records)}
	for position := 1; position <= records; position++ {
		batch = append(batch, w.stored(position, `{"label":"x"}`))
	}
	var running sync.WaitGroup
	for part := range slices.Chunk(batch, 50) {
		h := w.another()
		running.Go(func() {
			for _, err := range h.Handle(context.Background(), part) {
				if class, _ := fault.Of(err); err != nil && class != fault.Defer {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	w.handle(batch[0])
	if p := w.progress(); p.Counts().Completed != records || p.CostUSD != records*0.25 || len(w.completed()) != 1 || len(w.rows()) != records+1 {
		t.Errorf("%+v, %d said", p.Counts(), len(w.completed()))
	}
}

package track

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sluice/events"
	"sluice/internal/bus"
	"sluice/internal/bus/bustest"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/requests"
	"sluice/internal/results"
	"sluice/internal/telemetry"
	"sluice/internal/upload"
)

var submitted = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

const canary = "canary-7f3 điện thoại hỏng"

// world is one bucket, one bus, one clock, and one upload in it.
type world struct {
	t       *testing.T
	memory  *objectstest.Memory
	store   *objects.Store
	bus     *bustest.Recorder
	handler *Handler
	clock   time.Time
	logs    bytes.Buffer

	file events.UploadFile
	id   string
	each bool // a mail per record was asked for
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, memory: objectstest.NewMemory(), bus: &bustest.Recorder{}, clock: submitted.Add(time.Minute)}
	w.store = objects.New(w.memory, "b")
	w.handler = w.another()
	return w
}

// another is another process of the function.
func (w *world) another() *Handler {
	return New(w.store, bus.New(w.bus, "own", Name), telemetry.NewLogger(&w.logs, Name), func() time.Time { return w.clock }, w.t.TempDir())
}

// upload puts a file there as ingest has taken it in.
func (w *world) upload(name, content string, records int) consume.Message {
	w.t.Helper()
	key := "uploads/acme/classify/" + name
	w.memory.Set(key, []byte(content))
	etag := upload.PlainETag(objectstest.ETag([]byte(content)))
	w.file = events.UploadFile{Bucket: "b", Key: key, ETag: etag, Bytes: int64(len(content))}
	w.id = upload.ID("b", key, etag)
	intake := upload.Intake{ID: w.id, File: w.file, Tenant: "acme", Definition: upload.Definition{Task: "classify", Notify: []string{"a@example.com"}},
		Submitted: submitted, Records: records, Done: true}
	if _, err := upload.SaveIntake(context.Background(), w.store, &intake, ""); err != nil {
		w.t.Fatal(err)
	}
	e, err := events.New(events.Envelope{RequestID: w.id, Tenant: "acme", CorrelationID: w.id,
		Request: events.Request{Task: "classify", Upload: &events.UploadRecord{ID: w.id}, Submitted: submitted}}, submitted,
		events.UploadReceived{File: w.file, Records: records, Deadline: submitted.Add(24 * time.Hour), WantsReport: true})
	return w.message("ingest", e, err)
}

func (w *world) message(source string, e events.Envelope, err error) consume.Message {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	detail, err := json.Marshal(e)
	if err != nil {
		w.t.Fatal(err)
	}
	return consume.Message{ID: e.ID, Record: events.Record{ID: "1", Source: "sluice." + source, DetailType: e.Type(), Detail: detail, Time: e.Time}}
}

// about is the RequestReceived of a record, or of a single request (position 0).
func (w *world) about(position int) events.Envelope {
	e := events.Envelope{RequestID: "r1", Tenant: "acme", Request: events.Request{Task: "classify", Submitted: submitted, WantsMail: w.each}}
	if position > 0 {
		e.RequestID, e.CorrelationID = upload.RequestID(w.id, position), w.id
		e.Request.Upload = &events.UploadRecord{ID: w.id, Record: position}
	}
	e, err := events.New(e, submitted, events.RequestReceived{})
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) next(position int, step string, attempt int, outcome events.Outcome, data events.Event) consume.Message {
	about := w.about(position)
	about.Attempt = attempt
	e, err := about.Next(step, submitted, submitted.Add(time.Second), data)
	if outcome != "" {
		e = e.Ends(outcome)
	}
	return w.message(step, e, err)
}

var spend = events.Spend{Model: "m", AnsweredBy: "stand-in", Usage: events.Usage{Input: 10, Output: 2}, CostUSD: 0.25}

// stored is Stored, with its result in a segment of its own.
func (w *world) stored(position int, answer string) consume.Message {
	return w.storedAt(position, 1, answer)
}

func (w *world) storedAt(position, attempt int, answer string) consume.Message {
	about := w.about(position)
	key := results.Key(submitted, "acme", about.RequestID)
	if position > 0 {
		body, err := results.Lines([]results.Result{{RequestID: about.RequestID, Tenant: "acme", Upload: about.Request.Upload, Attempt: attempt,
			Answer: json.RawMessage(answer), Spend: spend}})
		if err != nil {
			w.t.Fatal(err)
		}
		key = results.SegmentKey(submitted, w.id, about.ID, fmt.Sprint(attempt))
		w.memory.Set(key, body)
	}
	outcome := events.Completed
	if w.each {
		outcome = ""
	}
	return w.next(position, "store", attempt, outcome, events.Stored{Key: key, Answer: "answers/x", Spend: spend})
}

func (w *world) rejected(position, line int, codes ...string) consume.Message {
	var reasons []events.Problem
	for _, code := range codes {
		reasons = append(reasons, events.Problem{Field: "/text", Code: code, Message: "is " + code})
	}
	return w.next(position, "ingest", 1, events.Rejected, events.RequestRejected{Reasons: reasons, Line: line})
}

func (w *world) failed(position int) consume.Message {
	return w.next(position, "analyze", 1, events.Failed, events.AiFailed{Class: events.FailureTooLong, Message: "the answer did not fit", Spend: spend})
}

func (w *world) parked(position, attempt int, about string, outcome events.Outcome) consume.Message {
	return w.next(position, "park", attempt, outcome, events.RequestParked{Cause: "it timed out", Class: "crash", Queue: "q-dlq", Key: "parked/acme/x/1.json", Event: about})
}

// handle gives a batch to the function; no message may fail.
func (w *world) handle(batch ...consume.Message) {
	w.t.Helper()
	for i, err := range w.handler.Handle(context.Background(), batch) {
		if err != nil {
			w.t.Errorf("message %d (%s): %v", i, batch[i].Record.DetailType, err)
		}
	}
}

// deferred gives one message to the function and returns when it comes back.
func (w *world) deferred(m consume.Message) time.Duration {
	w.t.Helper()
	err := w.handler.Handle(context.Background(), []consume.Message{m})[0]
	class, after := fault.Of(err)
	if err == nil || class != fault.Defer || after <= 0 {
		w.t.Fatalf("%s: %v of class %s after %s, want a deferral", m.Record.DetailType, err, class, after)
	}
	return after
}

func (w *world) progress() *requests.Progress {
	w.t.Helper()
	p, err := requests.LoadProgress(context.Background(), w.store, w.id)
	if err != nil {
		w.t.Fatal(err)
	}
	return &p
}

// completed are the UploadCompleted that were said, by id: copies are one.
func (w *world) completed() map[string]events.UploadCompleted {
	w.t.Helper()
	said := map[string]events.UploadCompleted{}
	for _, r := range w.bus.Of("UploadCompleted") {
		e, err := events.Decode(r)
		if err != nil {
			w.t.Fatal(err)
		}
		if said[e.ID], err = events.DataOf[events.UploadCompleted](e); err != nil {
			w.t.Fatal(err)
		}
		if e.Subject != w.id || e.Terminal || e.CorrelationID != w.id || e.Tenant != "acme" {
			w.t.Errorf("%+v", e)
		}
	}
	return said
}

func (w *world) rows() [][]string {
	w.t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(w.memory.Body("reports/acme/" + w.id + "/results.csv"))).ReadAll()
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

func (w *world) page() string { return string(w.memory.Body("reports/acme/" + w.id + "/report.html")) }

func (w *world) noTempFiles() {
	w.t.Helper()
	if left, _ := os.ReadDir(w.handler.tempDir); len(left) > 0 {
		w.t.Errorf("%v stay behind", left)
	}
}

func equalRows(t *testing.T, got [][]string, want string) {
	t.Helper()
	var lines []string
	for _, row := range got {
		lines = append(lines, strings.Join(row, "|"))
	}
	if have := strings.Join(lines, "\n"); have != strings.TrimSpace(want) {
		t.Errorf("rows:\n%s\nwant:\n%s", have, want)
	}
}

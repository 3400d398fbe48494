package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"sluice/events"
	"sluice/internal/answers/kept"
	"sluice/internal/bus"
	"sluice/internal/bus/bustest"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/results"
	"sluice/internal/telemetry"
)

var (
	submitted = time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)
	now       = time.Date(2026, 3, 4, 8, 0, 0, 0, time.UTC) // three days later
)

const canary = "canary-7f3 điện thoại hỏng"

type world struct {
	memory  *objectstest.Memory
	bus     *bustest.Recorder
	handler *Handler
}

func newWorld() *world {
	w := &world{memory: objectstest.NewMemory(), bus: &bustest.Recorder{}}
	w.handler = New(objects.New(w.memory, "b"), bus.New(w.bus, "own", Name), func() time.Time { return now })
	return w
}

// completed is an AiCompleted as analyze says it, with its answer kept. Position
// 0 is a single request.
func (w *world) completed(t *testing.T, id string, position int, wantsMail bool) consume.Message {
	t.Helper()
	about := events.Envelope{RequestID: id, Tenant: "acme", Request: events.Request{Task: "summarize", Submitted: submitted, WantsMail: wantsMail}}
	if position > 0 {
		about.RequestID = fmt.Sprintf("%s-%d", id, position)
		about.Request.Upload = &events.UploadRecord{ID: id, Record: position}
	}
	spend := events.Spend{Model: "m", AnsweredBy: "stand-in", Usage: events.Usage{Input: 12, Output: 3}, CostUSD: 0.25}
	key := "answers/" + about.RequestID
	answer, _ := json.Marshal(map[string]string{"summary": canary + about.RequestID})
	err := kept.Save(t.Context(), objects.New(w.memory, "b"), kept.Answer{Key: key, Tenant: "acme", Task: "summarize", TaskVersion: "v3",
		Answer: answer, Spend: spend, RequestID: about.RequestID, Time: submitted})
	if err != nil {
		t.Fatal(err)
	}
	received, err := events.New(about, submitted, events.RequestReceived{Task: "summarize", Input: events.Input{Text: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := received.Next("analyze", submitted, submitted.Add(time.Second), events.AiCompleted{Answer: key, Spend: spend})
	if err != nil {
		t.Fatal(err)
	}
	return message(t, e)
}

func message(t *testing.T, e events.Envelope) consume.Message {
	t.Helper()
	detail, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return consume.Message{ID: e.ID, Record: events.Record{ID: "1", Source: "sluice.analyze", DetailType: e.Type(), Detail: detail, Time: e.Time}}
}

func (w *world) stored(t *testing.T) map[string]events.Envelope {
	t.Helper()
	said := map[string]events.Envelope{}
	for _, r := range w.bus.Of("Stored") {
		e, err := events.Decode(r)
		if err != nil {
			t.Fatal(err)
		}
		said[e.RequestID] = e
	}
	return said
}

func noErrors(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Errorf("message %d: %v", i, err)
		}
	}
}

func TestSingleRequest(t *testing.T) {
	for _, wantsMail := range []bool{false, true} {
		w := newWorld()
		noErrors(t, w.handler.Handle(t.Context(), []consume.Message{w.completed(t, "r1", 0, wantsMail)}))
		const key = "results/dt=2026-03-01/acme/r1.json"
		var r results.Result
		if err := json.Unmarshal(w.memory.Body(key), &r); err != nil {
			t.Fatal(err)
		}
		if r.RequestID != "r1" || r.Upload != nil || !strings.Contains(string(r.Answer), canary) || r.CostUSD != 0.25 || r.TaskVersion != "v3" ||
			!r.Submitted.Equal(submitted) || !r.Completed.Equal(submitted.Add(time.Second)) || r.Attempt != 1 || len(r.Timeline) != 1 {
			t.Errorf("%+v", r)
		}
		e := w.stored(t)["r1"]
		data, err := events.DataOf[events.Stored](e)
		if err != nil || data.Key != key || data.Answer != "answers/r1" || data.CostUSD != 0.25 || data.AnsweredBy != "stand-in" {
			t.Errorf("%+v, %v", data, err)
		}
		if e.Terminal == wantsMail || (e.Outcome == events.Completed) == wantsMail || e.Hop != 2 || len(e.Timeline) != 2 {
			t.Errorf("wants mail %t: %+v", wantsMail, e)
		}
	}
}

func TestUploadRecordsShareASegment(t *testing.T) {
	w := newWorld()
	var batch []consume.Message
	for position := 1; position <= 40; position++ {
		batch = append(batch, w.completed(t, "uone", position, false))
	}
	batch = append(batch, w.completed(t, "utwo", 7, false), w.completed(t, "r1", 0, false), batch[3])
	before := w.memory.Counts()["PutObject"]
	noErrors(t, w.handler.Handle(t.Context(), batch))
	if puts := w.memory.Counts()["PutObject"] - before; puts != 3 {
		t.Errorf("%d PUTs for two uploads and a single request", puts)
	}
	one := w.memory.Keys("results/dt=2026-03-01/upload=uone/")
	if len(one) != 1 || len(w.memory.Keys("results/dt=2026-03-01/upload=utwo/")) != 1 {
		t.Fatalf("%v", w.memory.Keys("results/"))
	}
	lines := bytes.Split(bytes.TrimSpace(w.memory.Body(one[0])), []byte("\n"))
	if len(lines) != 40 {
		t.Fatalf("%d lines, want one per record", len(lines))
	}
	for i, line := range lines {
		var r results.Result
		if err := json.Unmarshal(line, &r); err != nil || r.Upload.Record != i+1 || !strings.Contains(string(r.Answer), fmt.Sprintf("uone-%d\"", i+1)) {
			t.Errorf("line %d: %s, %v", i, line, err)
		}
	}
	said := w.stored(t)
	if data, _ := events.DataOf[events.Stored](said["uone-5"]); len(said) != 42 || data.Key != one[0] {
		t.Errorf("%d said, %s", len(said), data.Key)
	}
}

func TestRedeliveryInAnyOrderWritesTheSame(t *testing.T) {
	w := newWorld()
	a, b := w.completed(t, "uone", 1, false), w.completed(t, "uone", 2, false)
	noErrors(t, w.handler.Handle(t.Context(), []consume.Message{a, b}))
	keys, body := w.memory.Keys("results/"), w.memory.Body(w.memory.Keys("results/")[0])
	ids := w.stored(t)
	noErrors(t, w.handler.Handle(t.Context(), []consume.Message{b, a}))
	again := w.memory.Keys("results/")
	if len(again) != 1 || again[0] != keys[0] || !bytes.Equal(body, w.memory.Body(again[0])) {
		t.Errorf("%v, then %v", keys, again)
	}
	for id, e := range w.stored(t) {
		if ids[id].ID != e.ID {
			t.Errorf("%s: another id for the same event", id)
		}
	}
}

// Each of these is one bad message between two good upload records.
func TestOneBadMessageChangesNoNeighbour(t *testing.T) {
	cases := []struct {
		name  string
		spoil func(w *world, m *consume.Message)
		class fault.Class
	}{
		{"not our event", func(_ *world, m *consume.Message) { m.Record.Detail = []byte(`{"version":1}`) }, fault.Park},
		{"another type", func(_ *world, m *consume.Message) { m.Record.DetailType = "Stored" }, fault.Park},
		{"answer is gone", func(w *world, _ *consume.Message) { w.memory.Remove("answers/uone-2") }, fault.Park},
		{"answer of another tenant", func(w *world, _ *consume.Message) {
			w.memory.Set("answers/uone-2", bytes.ReplaceAll(w.memory.Body("answers/uone-2"), []byte(`"acme"`), []byte(`"evil"`)))
		}, fault.Park},
		{"answer of another task", func(w *world, _ *consume.Message) {
			w.memory.Set("answers/uone-2", bytes.ReplaceAll(w.memory.Body("answers/uone-2"), []byte(`"summarize"`), []byte(`"classify"`)))
		}, fault.Park},
		{"S3 fails", func(w *world, _ *consume.Message) {
			w.memory.Fault = func(operation, key string) error {
				if key == "answers/uone-2" {
					return objectstest.Error(500, "InternalError")
				}
				return nil
			}
		}, fault.Retry},
		{"reading panics", func(w *world, _ *consume.Message) {
			w.memory.Fault = func(_, key string) error {
				if key == "answers/uone-2" {
					panic(canary)
				}
				return nil
			}
		}, fault.Retry},
		{"the bus refuses it", func(w *world, _ *consume.Message) {
			w.bus.Refuse = func(e types.PutEventsRequestEntry) string {
				if strings.Contains(*e.Detail, `"uone-2"`) {
					return "InternalFailure"
				}
				return ""
			}
		}, fault.Retry},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			batch := []consume.Message{w.completed(t, "uone", 1, false), w.completed(t, "uone", 2, false), w.completed(t, "uone", 3, false)}
			c.spoil(w, &batch[1])
			errs := w.handler.Handle(t.Context(), batch)
			if errs[0] != nil || errs[2] != nil {
				t.Errorf("neighbours: %v, %v", errs[0], errs[2])
			}
			if class, _ := fault.Of(errs[1]); errs[1] == nil || class != c.class {
				t.Errorf("%v of class %s, want %s", errs[1], class, c.class)
			} else if strings.Contains(errs[1].Error(), canary) {
				t.Error("the error tells the text")
			}
			said := w.stored(t)
			if _, bad := said["uone-2"]; bad || len(said) != 2 {
				t.Errorf("said %d", len(said))
			}
		})
	}
}

func TestAFailedSegmentFailsItsRecordsOnly(t *testing.T) {
	for name, fails := range map[string]func() error{
		"error": func() error { return objectstest.Error(503, "SlowDown") },
		"panic": func() error { panic("boom") },
	} {
		w := newWorld()
		batch := []consume.Message{w.completed(t, "uone", 1, false), w.completed(t, "uone", 2, false), w.completed(t, "utwo", 1, false), w.completed(t, "r1", 0, false)}
		w.memory.Fault = func(operation, key string) error {
			if operation == "PutObject" && strings.Contains(key, "upload=uone") {
				return fails()
			}
			return nil
		}
		errs := w.handler.Handle(t.Context(), batch)
		if errs[0] == nil || errs[1] == nil || errs[2] != nil || errs[3] != nil {
			t.Errorf("%s: %v", name, errs)
		}
		if said := w.stored(t); len(said) != 2 {
			t.Errorf("%s: %d said", name, len(said))
		}
	}
}

// The whole way of a batch, as Lambda brings it: nothing of the answers is
// logged or said, and what is no event is given up alone.
func TestNothingOfTheAnswerLeaves(t *testing.T) {
	w := newWorld()
	var lines bytes.Buffer
	handle := lambda.NewHandler(consume.All(consume.Options{Function: Name, Log: telemetry.NewLogger(&lines, Name), Queues: noQueues{}}, w.handler.Handle))
	type record struct {
		MessageID string `json:"messageId"`
		Body      string `json:"body"`
	}
	batch := []record{{MessageID: "poison", Body: canary}}
	for i, m := range []consume.Message{w.completed(t, "uone", 1, false), w.completed(t, "uone", 2, false)} {
		body, _ := json.Marshal(m.Record)
		batch = append(batch, record{MessageID: fmt.Sprint(i), Body: string(body)})
	}
	w.memory.Remove("answers/uone-2")
	payload, _ := json.Marshal(map[string]any{"Records": batch})
	response, err := handle.Invoke(t.Context(), payload)
	if err != nil || strings.Count(string(response), "itemIdentifier") != 2 {
		t.Errorf("%s, %v", response, err)
	}
	if strings.Contains(lines.String(), "canary") || lines.Len() == 0 {
		t.Error(lines.String())
	}
	for _, r := range w.bus.Records() {
		if bytes.Contains(r.Detail, []byte("canary")) {
			t.Errorf("%s", r.Detail)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Setenv("SLUICE_BUS", "own")
	t.Setenv("SLUICE_BUCKET", "")
	if _, err := LoadConfig(); err == nil || !strings.Contains(err.Error(), "SLUICE_BUCKET") {
		t.Error(err)
	}
	t.Setenv("SLUICE_BUCKET", "b")
	if c, err := LoadConfig(); err != nil || c != (Config{Bus: "own", Bucket: "b"}) {
		t.Errorf("%+v, %v", c, err)
	}
}

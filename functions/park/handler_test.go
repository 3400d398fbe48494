package park

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/bus"
	"sluice/internal/bus/bustest"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/telemetry"
	"sluice/internal/upload"
)

var (
	submitted = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	now       = submitted.Add(time.Hour)
)

const canary = "canary-7f3 a@example.com"

type world struct {
	t       *testing.T
	memory  *objectstest.Memory
	bus     *bustest.Recorder
	logs    bytes.Buffer
	handler *Handler
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, memory: objectstest.NewMemory(), bus: &bustest.Recorder{}}
	config := Config{Bus: "own", Bucket: "b", Environment: "test"}
	if err := config.Tenants.UnmarshalText([]byte("111111111111=acme")); err != nil {
		t.Fatal(err)
	}
	w.handler = New(config, objects.New(w.memory, "b"), bus.New(w.bus, "own", Name), telemetry.NewLogger(&w.logs, Name), func() time.Time { return now })
	return w
}

func (w *world) said() (events.Envelope, events.RequestParked) {
	w.t.Helper()
	all := w.bus.Records()
	if len(all) == 0 {
		w.t.Fatal("nothing was said")
	}
	e, err := events.Decode(all[len(all)-1])
	if err != nil {
		w.t.Fatal(err)
	}
	d, err := events.DataOf[events.RequestParked](e)
	if err != nil {
		w.t.Fatal(err)
	}
	return e, d
}

func (w *world) object(key string) Parked {
	w.t.Helper()
	var p Parked
	if err := json.Unmarshal(w.memory.Body(key), &p); err != nil {
		w.t.Fatalf("%s: %v (%v)", key, err, w.memory.Keys("parked/"))
	}
	return p
}

// gaveUp are the attributes of a message that a function gave up on.
var gaveUp = map[string]string{"cause": "the bucket is closed", "class": "park", "function": "analyze", "receives": "3"}

func message(subscription, body string, attributes map[string]string) consume.Message {
	m := consume.Message{ID: "m-1", Queue: "sluice-test-" + subscription + "-dlq", Body: []byte(body), Receives: 1, Sent: submitted, Attributes: attributes}
	m.Record, _ = events.ParseRecord(m.Body)
	return m
}

func body(t *testing.T, r events.Record) string {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// event is the body of one of our events about request r1.
func event(t *testing.T, change func(*events.Envelope), data events.Event) string {
	t.Helper()
	about, err := events.New(events.Envelope{RequestID: "r1", Tenant: "acme", CorrelationID: "c1",
		Request: events.Request{Task: "summarize", Submitted: submitted}}, submitted, events.RequestReceived{})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&about)
	}
	e, err := about.Next("before", submitted, submitted, data)
	if err != nil {
		t.Fatal(err)
	}
	detail, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return body(t, events.Record{ID: "e-1", Source: "sluice.before", DetailType: e.Type(), Account: "000000000000", Time: submitted, Detail: detail})
}

func upstream(t *testing.T, detail string) string {
	t.Helper()
	return body(t, events.Record{ID: "e-2", Source: "shop", DetailType: "RequestReceived", Account: "111111111111", Time: submitted, Detail: json.RawMessage(detail)})
}

const s3Event = `{"id":"e-3","source":"aws.s3","detail-type":"Object Created","account":"0","time":"2026-03-01T09:00:00Z","region":"us-east-1",
"detail":{"version":"0","bucket":{"name":"b"},"object":{"key":"uploads/acme/classify/x.csv","size":3,"etag":"abc","sequencer":"1"}}}`

func mailed(e *events.Envelope) { e.Request.WantsMail = true }

func TestWhoseAndWhetherItEnds(t *testing.T) {
	uploadID := upload.ID("b", "uploads/acme/classify/x.csv", "abc")
	nobodyKey := func(body string) string { return "parked/unknown/" + events.ID("parked", body) + "/1.json" }
	stored := events.Stored{Key: "results/x", Answer: "answers/x"}
	cases := []struct {
		name         string
		subscription string
		body         string
		key          string
		ends         bool
	}{
		{"upstream's request", "analyze", upstream(t, `{"requestId":"r9","data":{"task":"summarize","input":{"text":"`+canary+`"},"notify":{"email":["a@example.com"]}}}`), "parked/acme/r9/1.json", true},
		{"upstream's without an id", "analyze", upstream(t, `{"data":{"task":"summarize","input":{"text":"x"}}}`), "parked/acme/" + events.ID("request", "111111111111", "e-2") + "/1.json", true},
		{"upstream's that is no JSON object", "analyze", upstream(t, `"`+canary+`"`), "parked/acme/" + events.ID("request", "111111111111", "e-2") + "/1.json", true},
		{"an answer", "store", event(t, nil, events.AiCompleted{Answer: "answers/x"}), "parked/acme/r1/1.json", true},
		{"a later attempt", "store", event(t, func(e *events.Envelope) { e.Attempt = 3 }, events.AiCompleted{Answer: "answers/x"}), "parked/acme/r1/3.json", true},
		{"an upload record's", "store", event(t, func(e *events.Envelope) { e.Request.Upload = &events.UploadRecord{ID: "u1", Record: 4} }, events.AiCompleted{Answer: "a"}), "parked/acme/r1/1.json", true},
		{"the mail about a result", "notify", event(t, mailed, stored), "parked/acme/r1/1.json", true},
		{"the mail about a failure", "notify", event(t, mailed, events.AiFailed{Class: "refused"}), "parked/acme/r1/1.json", false},
		{"the mail about a rejection", "notify", event(t, mailed, events.RequestRejected{Reasons: []events.Problem{{Code: "x"}}}), "parked/acme/r1/1.json", false},
		{"the mail about an upload", "notify", event(t, nil, events.UploadCompleted{Results: "r", Report: "p", WantsReport: true}), "parked/acme/r1/1.json", false},
		{"track's, a result", "track", event(t, nil, stored), "parked/acme/r1/1.json", false},
		{"track's, a result to be mailed", "track", event(t, mailed, stored), "parked/acme/r1/1.json", false},
		{"track's, a total", "track", event(t, nil, events.UploadReceived{File: events.UploadFile{Key: "k"}}), "parked/acme/r1/1.json", false},
		{"an upload", "ingest", s3Event, "parked/acme/" + uploadID + "/1.json", false},
		{"an upload of no tenant", "ingest", strings.ReplaceAll(s3Event, "uploads/acme/", "uploads/../"), "parked/unknown/" + upload.ID("b", "uploads/../classify/x.csv", "abc") + "/1.json", false},
		{"not JSON", "analyze", canary, nobodyKey(canary), true},
		{"no event", "store", `{"hello":1}`, nobodyKey(`{"hello":1}`), true},
		{"no event in track's queue", "track", `[]`, nobodyKey(`[]`), false},
		{"an event of another", "store", `{"id":"1","source":"x","detail-type":"canary-7f3 says a@example.com","detail":{}}`, nobodyKey(`{"id":"1","source":"x","detail-type":"canary-7f3 says a@example.com","detail":{}}`), true},
		{"ours, but damaged", "store", strings.Replace(event(t, nil, events.AiCompleted{Answer: "a"}), `"answer":"a"`, `"answer":7`, 1), "parked/acme/r1/1.json", true},
		{"ours, with a bad tenant", "store", strings.Replace(event(t, nil, events.AiCompleted{Answer: "a"}), `"tenant":"acme"`, `"tenant":"../x"`, 1), "", true},
		{"ours, in a circle", "store", strings.Replace(event(t, nil, events.AiCompleted{Answer: "a"}), `"hop":1`, `"hop":99`, 1), "parked/acme/r1/1.json", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			m := message(c.subscription, c.body, gaveUp)
			if c.key == "" {
				c.key = nobodyKey(c.body)
			}
			var id string
			for round := range 3 {
				if err := w.handler.Handle(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				e, d := w.said()
				if round > 0 && e.ID != id {
					t.Error("the id is another one the second time")
				}
				id = e.ID
				if d.Key != c.key || d.Cause != "the bucket is closed" || d.Class != "park" || d.Queue != m.Queue {
					t.Errorf("%+v, want the key %s", d, c.key)
				}
				if e.Terminal != c.ends || (e.Outcome == events.Parked) != c.ends {
					t.Errorf("terminal %t, outcome %q", e.Terminal, e.Outcome)
				}
				if strings.Count(c.key, "/") != 3 || !strings.Contains(c.key, "/"+e.RequestID+"/") || !strings.Contains(c.key, "/"+e.Tenant+"/") {
					t.Errorf("%s for %s of %s", c.key, e.RequestID, e.Tenant)
				}
			}
			p := w.object(c.key)
			if p.Body != c.body || p.Queue != "sluice-test-"+c.subscription || p.Function != "analyze" || !p.FirstSeen.Equal(submitted) || !p.ParkedAt.Equal(now) ||
				p.Attributes["receives"] != "3" || p.MessageID != "m-1" {
				t.Errorf("%+v", p)
			}
			if keys := w.memory.Keys("parked/"); len(keys) != 1 {
				t.Errorf("%v", keys)
			}
			if told := w.logs.String() + fmt.Sprint(w.bus.Records()); strings.Contains(told, "canary") {
				t.Errorf("it is told: %s", told)
			}
		})
	}
}

func TestSubjectOfAnUpload(t *testing.T) {
	w := newWorld(t)
	if err := w.handler.Handle(t.Context(), message("ingest", s3Event, nil)); err != nil {
		t.Fatal(err)
	}
	e, d := w.said()
	if e.Subject[0] != 'u' || e.Request.Upload == nil || e.Request.Upload.ID != e.Subject || e.Request.Upload.Record != 0 || d.Event != "Object Created" || e.Request.Task != "classify" {
		t.Errorf("%+v, %+v", e, d)
	}
}

func TestWhyItIsHere(t *testing.T) {
	cases := []struct {
		name       string
		attributes map[string]string
		class, in  string
	}{
		{"given up", gaveUp, "park", "closed"},
		{"received too often", nil, "crash", "too often"},
		{"other attributes", map[string]string{"cause": "half"}, "crash", "too often"},
		{"undeliverable", map[string]string{"RULE_ARN": "arn:aws:events:x", "TARGET_ARN": "arn:aws:sqs:x", "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": canary},
			"undeliverable", "NO_PERMISSIONS"},
		{"undeliverable, strange code", map[string]string{"ERROR_CODE": "A B\r\n<c>"}, "undeliverable", "ABc"},
	}
	for _, c := range cases {
		w := newWorld(t)
		if err := w.handler.Handle(t.Context(), message("store", event(t, nil, events.AiCompleted{Answer: "a"}), c.attributes)); err != nil {
			t.Fatal(err)
		}
		if _, d := w.said(); d.Class != c.class || !strings.Contains(d.Cause, c.in) || strings.Contains(d.Cause, "canary") {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func TestTwoMessagesAboutOneAttempt(t *testing.T) {
	w := newWorld(t)
	one, other := message("notify", event(t, mailed, events.Stored{Key: "k", Answer: "a"}), gaveUp), message("track", event(t, mailed, events.Stored{Key: "k", Answer: "a"}), nil)
	ids := map[string]bool{}
	for _, m := range []consume.Message{one, other, one, other} {
		if err := w.handler.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		e, d := w.said()
		ids[e.ID] = true
		if got := w.object(d.Key); got.Queue+"-dlq" != m.Queue {
			t.Errorf("%s holds %s", d.Key, got.Queue)
		}
	}
	if keys := w.memory.Keys("parked/acme/r1/1"); len(keys) != 2 || len(ids) != 2 {
		t.Errorf("%v, %d ids", keys, len(ids))
	}
}

func TestAParkedParkingIsKeptAndNotSaidAgain(t *testing.T) {
	w := newWorld(t)
	m := message("notify", event(t, mailed, events.RequestParked{Cause: "x", Class: "crash", Queue: "q", Key: "k"}), gaveUp)
	if err := w.handler.Handle(t.Context(), m); err != nil || len(w.bus.Records()) != 0 || len(w.memory.Keys("parked/")) != 1 {
		t.Errorf("%v, %d said", err, len(w.bus.Records()))
	}
	if !strings.Contains(w.logs.String(), "message parked") {
		t.Error("nobody is told")
	}
}

// queues is SQS: it has no dead-letter queue of a dead-letter queue.
type queues struct{ hidden []int32 }

func (q *queues) GetQueueUrl(_ context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	if strings.HasSuffix(*in.QueueName, "-dlq-dlq") {
		return nil, errors.New("no such queue")
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: aws.String("http://127.0.0.1/q")}, nil
}

func (q *queues) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	q.hidden = append(q.hidden, in.VisibilityTimeout)
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func (q *queues) SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return nil, errors.New("nothing is sent from here")
}

func TestWhateverFailsLeavesTheMessage(t *testing.T) {
	faults := map[string]func(*world){
		"S3 refuses": func(w *world) {
			w.memory.Fault = func(string, string) error { return objectstest.Error(403, "AccessDenied") }
		},
		"S3 fails": func(w *world) {
			w.memory.Fault = func(string, string) error { return objectstest.Error(503, "SlowDown") }
		},
		"the bus fails": func(w *world) { w.bus.Fault = func() error { return objectstest.Error(400, "ValidationException") } },
		"a panic":       func(w *world) { w.memory.Fault = func(string, string) error { panic(canary) } },
	}
	for name, strike := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, q := newWorld(t), &queues{}
			strike(w)
			handle := lambda.NewHandler(consume.Each(consume.Options{Function: Name, Log: w.handler.log, Queues: q, Anything: true, Defers: true,
				MaxFailures: 1 << 30}, w.handler.Handle))
			for receive := 1; receive <= 5; receive++ {
				payload, _ := json.Marshal(map[string]any{"Records": []map[string]any{{
					"messageId": "m-1", "body": canary, "eventSourceARN": "arn:aws:sqs:us-east-1:0:sluice-test-store-dlq",
					"attributes": map[string]string{"ApproximateReceiveCount": fmt.Sprint(receive)},
				}}})
				response, err := handle.Invoke(t.Context(), payload)
				if err != nil || !strings.Contains(string(response), `"m-1"`) {
					t.Fatalf("receive %d: %s, %v", receive, response, err)
				}
			}
			if strings.Contains(w.logs.String(), "canary") || len(q.hidden) != 5 {
				t.Errorf("%v\n%s", q.hidden, w.logs.String())
			}
			w.memory.Fault, w.bus.Fault = nil, nil
			if err := w.handler.Handle(t.Context(), message("store", canary, nil)); err != nil {
				t.Error(err)
			}
			w.said()
		})
	}
}

func TestAfterALostAnswer(t *testing.T) {
	w := newWorld(t)
	w.memory.After = func(string, string) error { return errors.New("connection reset") }
	m := message("store", event(t, nil, events.AiCompleted{Answer: "a"}), gaveUp)
	err := w.handler.Handle(t.Context(), m)
	if class, after := fault.Of(err); class != fault.Defer || after != 30*time.Second {
		t.Errorf("%v after %s", err, after)
	}
	w.memory.After = nil
	if err := w.handler.Handle(t.Context(), m); err != nil || len(w.memory.Keys("parked/")) != 1 {
		t.Errorf("%v, %v", err, w.memory.Keys("parked/"))
	}
}

func TestPause(t *testing.T) {
	for receives, want := range map[int]time.Duration{0: 30 * time.Second, 1: 30 * time.Second, 2: time.Minute, 5: 8 * time.Minute, 8: time.Hour, 1000: time.Hour} {
		if got := pause(receives); got != want {
			t.Errorf("%d: %s", receives, got)
		}
	}
}

func TestConfig(t *testing.T) {
	for name, value := range map[string]string{"SLUICE_BUS": "own", "SLUICE_BUCKET": "b", "SLUICE_ENVIRONMENT": "test", "SLUICE_TENANTS": "1=acme"} {
		t.Setenv(name, value)
	}
	if c, err := LoadConfig(); err != nil || c.Environment != "test" {
		t.Errorf("%+v, %v", c, err)
	}
	t.Setenv("SLUICE_TENANTS", "nonsense")
	if _, err := LoadConfig(); err == nil {
		t.Error("taken")
	}
}

func FuzzBodies(f *testing.F) {
	f.Add([]byte(s3Event), "ingest")
	f.Add([]byte(canary), "track")
	f.Add([]byte(`{"source":"sluice.x","detail-type":"Stored","detail":{"requestId":"r","tenant":"t","attempt":-1,"hop":1e9}}`), "notify")
	f.Add([]byte(`{"source":"x","detail-type":"RequestReceived","detail":[]}`), "analyze")
	f.Add([]byte(`{"source":"sluice.x","detail-type":"RequestReceived","detail":{"requestId":"r","tenant":"t","correlationId":"`+strings.Repeat("c", 200)+
		`","request":{"task":"../x","upload":{"id":"a b","record":-1}},"hop":99,"attempt":-5,"data":{}}}`), "analyze")
	f.Fuzz(func(t *testing.T, body []byte, subscription string) {
		w := newWorld(t)
		if err := w.handler.Handle(t.Context(), message(subscription, string(body), nil)); err != nil {
			t.Fatal(err)
		}
		keys := w.memory.Keys("")
		if len(keys) != 1 || strings.Count(keys[0], "/") != 3 || strings.Contains(keys[0], "..") {
			t.Fatalf("%v", keys)
		}
		if len(w.bus.Records()) > 0 {
			w.said() // whatever came in, what goes out can be read
		}
	})
}

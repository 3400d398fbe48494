package feedback

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"sluice/events"
	"sluice/internal/bus"
	"sluice/internal/bus/bustest"
	"sluice/internal/consume"
	"sluice/internal/mailtag"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/reputation"
	"sluice/internal/suppression"
)

const (
	secret  = "0123456789abcdef0123456789abcdef"
	address = "recipient@example.com" // as in the samples
)

var now = time.Date(2017, 8, 5, 0, 42, 0, 0, time.UTC)

// noList is an SES that suppressed nobody by itself.
type noList struct{}

func (noList) ListSuppressedDestinations(context.Context, *sesv2.ListSuppressedDestinationsInput, ...func(*sesv2.Options)) (*sesv2.ListSuppressedDestinationsOutput, error) {
	return &sesv2.ListSuppressedDestinationsOutput{}, nil
}

type world struct {
	t       testing.TB
	memory  *objectstest.Memory
	store   *objects.Store
	bus     *bustest.Recorder
	logged  bytes.Buffer
	clock   time.Time
	handler *Handler
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, memory: objectstest.NewMemory(), bus: &bustest.Recorder{}, clock: now}
	w.store = objects.New(w.memory, "b")
	config := Config{Bus: "own", Bucket: "b", Environment: "test", ConfigurationSet: "ConfigSet", SuppressionSecret: secret}
	w.handler = New(config, w.store, noList{}, bus.New(w.bus, "own", Name), slog.New(slog.NewJSONHandler(&w.logged, nil)), func() time.Time { return w.clock })
	return w
}

// sample is an event of testdata, changed: the mail's tags are those of notify
// about a request unless it is told otherwise.
func sample(t testing.TB, name string, change ...func(detail map[string]any)) consume.Message {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	record, err := events.ParseRecord(body)
	if err != nil {
		t.Fatal(err)
	}
	var detail map[string]any
	if err := json.Unmarshal(record.Detail, &detail); err != nil {
		t.Fatal(err)
	}
	tagged(t, detail)
	for _, c := range change {
		c(detail)
	}
	if record.Detail, err = json.Marshal(detail); err != nil {
		t.Fatal(err)
	}
	return consume.Message{ID: name, Record: record, Receives: 1}
}

func tagged(t testing.TB, detail map[string]any) {
	t.Helper()
	first, err := events.New(events.Envelope{RequestID: "r1", Tenant: "acme", Request: events.Request{Task: "summarize", Submitted: now, WantsMail: true}}, now, events.RequestReceived{})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := first.Next("store", now, now, events.Stored{})
	if err != nil {
		t.Fatal(err)
	}
	tags := detail["mail"].(map[string]any)["tags"].(map[string]any)
	for _, tag := range mailtag.Of(stored, "test") {
		tags[tag.Name] = []string{tag.Value}
	}
}

func untagged(detail map[string]any) {
	tags := detail["mail"].(map[string]any)["tags"].(map[string]any)
	for name := range tags {
		if name != "ses:configuration-set" {
			delete(tags, name)
		}
	}
}

// set changes a field of a part of the detail.
func set(part, field string, value any) func(map[string]any) {
	return func(detail map[string]any) { detail[part].(map[string]any)[field] = value }
}

func (w *world) handle(messages ...consume.Message) {
	w.t.Helper()
	for _, err := range w.handler.Handle(context.Background(), messages) {
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// reason is why the address is suppressed, "" if it is not.
func (w *world) reason(address string) suppression.Reason {
	w.t.Helper()
	found, err := suppression.New(w.store, secret, func() time.Time { return w.clock }).Check(context.Background(), address)
	if err != nil {
		w.t.Fatal(err)
	}
	return found[address].Reason
}

func (w *world) counts() reputation.Count {
	w.t.Helper()
	s, err := reputation.New(w.store, func() time.Time { return w.clock }).Standing(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return s.Count
}

func (w *world) said() []events.Envelope {
	w.t.Helper()
	var all []events.Envelope
	for _, r := range w.bus.Records() {
		e, err := events.Decode(r)
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

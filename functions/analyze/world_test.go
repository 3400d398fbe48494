package analyze

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/answers"
	"sluice/internal/bedrock"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/budget"
	"sluice/internal/bus"
	"sluice/internal/bus/bustest"
	"sluice/internal/consume"
	"sluice/internal/ledger"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/pacing"
	"sluice/internal/requests"
	"sluice/internal/suppression"
	"sluice/internal/task"
	"sluice/internal/telemetry"
)

// canary is in every text and address of these tests, and may be in no event,
// log line or dead letter.
const canary = "canary"

var now = time.Date(2026, 3, 4, 8, 0, 5, 0, time.UTC)

// world is the function with everything around it in memory.
type world struct {
	t      *testing.T
	memory *objectstest.Memory
	bus    *bustest.Recorder
	model  *bedrocktest.Model
	queues *queues
	log    *output
	handle consume.Handler
	limits budget.Limits
	// paused are the queues that were paused, and until when.
	paused []string
	// workflow runs audited requests; nil where there is none.
	workflow *executions
	handler  *Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, memory: objectstest.NewMemory(), bus: &bustest.Recorder{}, model: &bedrocktest.Model{}, queues: &queues{}, log: &output{}}
	w.restart()
	return w
}

// output is what the program prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(line)
}

// String is all of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// restart puts a new process in the place of the old one.
func (w *world) restart() {
	w.t.Helper()
	store := objects.New(w.memory, "b")
	table, err := bedrock.LoadModels()
	if err != nil {
		w.t.Fatal(err)
	}
	keys, err := answers.NewKeys(strings.Repeat("k", answers.LeastSecret))
	if err != nil {
		w.t.Fatal(err)
	}
	var tenants events.Tenants
	if err := tenants.UnmarshalText([]byte("123456789012=acme")); err != nil {
		w.t.Fatal(err)
	}
	clock := func() time.Time { return now }
	log := telemetry.NewLogger(w.log, Name)
	parts := Parts{
		Tenants: tenants, Payloads: bus.NewPayloads(store), Tasks: task.NewRegistry(store, time.Now), Book: requests.New(store),
		Answers: answers.New(store, bedrock.New(w.model, table, "test"), answers.Options{
			Keys: keys, DefaultModel: "anthropic.claude-haiku-4-5", Models: table, Now: clock,
			Pace:   func(string) pacing.Config { return pacing.Config{Sandboxes: 1, InFlight: 10} },
			Ledger: ledger.New(w.log, "test", clock), Budget: budget.New(store, w.limits, clock),
		}),
		Mappings: w, PastBudget: w.limits.Past, Permit: suppression.Permit{List: w.suppressions(), Domains: w.domains()},
		Store: store, Bus: bus.New(w.bus, "own", Name), Log: log, Now: clock,
	}
	if w.workflow != nil {
		parts.Workflow = w.workflow
	}
	h := New(parts)
	w.handler = h
	w.handle = consume.All(consume.Options{Function: Name, Log: log, Queues: w.queues, Defers: true}, h.Handle)
}

// Pause implements Mappings.
func (w *world) Pause(_ context.Context, queueARN string, until time.Time) error {
	w.paused = append(w.paused, queueARN+" "+until.Format(time.RFC3339))
	return nil
}

// send delivers bodies as one batch and returns how many of them stay in the
// queue. The canary must be nowhere afterwards.
func (w *world) send(bodies ...[]byte) int {
	w.t.Helper()
	var batch awsevents.SQSEvent
	for i, body := range bodies {
		batch.Records = append(batch.Records, awsevents.SQSMessage{
			MessageId: strconv.Itoa(i), ReceiptHandle: "r" + strconv.Itoa(i), Body: string(body), EventSourceARN: "arn:aws:sqs:us-east-1:0:sluice-test-analyze",
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": "1772611200000"},
		})
	}
	response, err := w.handle(w.t.Context(), batch)
	if err != nil {
		w.t.Fatal(err)
	}
	if strings.Contains(w.log.String(), canary) {
		w.t.Errorf("the log holds what it must not: %s", w.log)
	}
	for _, r := range w.bus.Records() {
		if strings.Contains(string(r.Detail), canary) {
			w.t.Errorf("an event holds what it must not: %s", r.Detail)
		}
	}
	for _, attributes := range w.queues.attributes() {
		if strings.Contains(attributes, canary) {
			w.t.Errorf("a dead letter's attributes hold what they must not: %s", attributes)
		}
	}
	return len(response.BatchItemFailures)
}

// one is the only event that was said since the beginning, decoded.
func (w *world) one(kind string) events.Envelope {
	w.t.Helper()
	all := w.bus.Records()
	if len(all) != 1 || all[0].DetailType != kind || all[0].Source != "sluice.analyze" {
		w.t.Fatalf("said %s, want one %s; log: %s", kinds(all), kind, w.log)
	}
	return w.decode(all[0])
}

func (w *world) decode(r events.Record) events.Envelope {
	w.t.Helper()
	e, err := events.Decode(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func kinds(records []events.Record) []string {
	var names []string
	for _, r := range records {
		names = append(names, r.DetailType)
	}
	return names
}

func data[D events.Event](t *testing.T, e events.Envelope) D {
	t.Helper()
	d, err := events.DataOf[D](e)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) status(id string) requests.Status {
	w.t.Helper()
	s, err := requests.New(objects.New(w.memory, "b")).Get(w.t.Context(), "acme", id)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func payload(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// edited is a payload with a part of its detail replaced, named by path.
func edited(t *testing.T, body []byte, path string, value any) []byte {
	t.Helper()
	var record map[string]any
	if err := json.Unmarshal(body, &record); err != nil {
		t.Fatal(err)
	}
	at := record["detail"].(map[string]any)
	parts := strings.Split(path, "/")
	for _, part := range parts[:len(parts)-1] {
		at = at[part].(map[string]any)
	}
	if value == nil {
		delete(at, parts[len(parts)-1])
	} else {
		at[parts[len(parts)-1]] = value
	}
	changed, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// text is a request of its own about a text.
func text(t *testing.T, id, text string) []byte {
	t.Helper()
	return edited(t, edited(t, payload(t, "upstream"), "requestId", id), "data/input", map[string]any{"text": text})
}

// said makes the model answer so, from the first call on.
func (w *world) said(out *bedrockruntime.ConverseOutput, err error) {
	w.model.Say = func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		return out, err
	}
}

// queues implements consume.API.
type queues struct {
	mu     sync.Mutex
	hidden []int32
	sent   []*sqs.SendMessageInput
}

func (q *queues) GetQueueUrl(_ context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	return &sqs.GetQueueUrlOutput{QueueUrl: in.QueueName}, nil
}

func (q *queues) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hidden = append(q.hidden, in.VisibilityTimeout)
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func (q *queues) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, in)
	return &sqs.SendMessageOutput{}, nil
}

func (q *queues) attributes() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []string
	for _, m := range q.sent {
		for name, value := range m.MessageAttributes {
			all = append(all, name+"="+aws.ToString(value.StringValue))
		}
	}
	slices.Sort(all)
	return all
}

package ingest_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/functions/ingest"
	"sluice/internal/bus"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/telemetry"
	"sluice/internal/upload"
)

//go:embed testdata/object-created.json
var objectCreated []byte

const bucket = "sluice-test"

var created = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// world is what is around the function.
type world struct {
	t      *testing.T
	s3     *objectstest.Memory
	store  *objects.Store
	bus    *said
	queues *queues
	log    bytes.Buffer
	handle consume.Handler
	now    func() time.Time
	// receives counts the deliveries of each message.
	receives map[string]int
}

func newWorld(t *testing.T) *world {
	return newWorldOn(t, nil)
}

// newWorldOn puts an API around the bucket in memory.
func newWorldOn(t *testing.T, around func(objects.API) objects.API) *world {
	w := &world{t: t, s3: objectstest.NewMemory(), bus: &said{}, queues: &queues{}, receives: map[string]int{}}
	w.now = func() time.Time { return created.Add(2 * time.Second) }
	var api objects.API = w.s3
	if around != nil {
		api = around(api)
	}
	w.store = objects.New(api, bucket)
	log := telemetry.NewLogger(&w.log, ingest.Name)
	h := ingest.New(w.store, bus.NewPayloads(w.store), w.bus, log, func() time.Time { return w.now() })
	w.handle = consume.Each(consume.Options{Function: ingest.Name, Log: log, Queues: w.queues, InFlight: 1, Defers: true}, h.Handle)
	return w
}

// put uploads a file, and its definition if there is one.
func (w *world) put(key, content, definition string) {
	if definition != "" {
		w.s3.Set(upload.DefinitionKey(key), []byte(definition))
	}
	w.s3.Set(key, []byte(content))
}

// event is S3's event about the object as it is now.
func (w *world) event(key string) string {
	w.t.Helper()
	body := w.s3.Body(key)
	return w.edited(func(detail map[string]any) {
		detail["object"].(map[string]any)["key"] = key
		detail["object"].(map[string]any)["size"] = len(body)
		detail["object"].(map[string]any)["etag"] = upload.PlainETag(objectstest.ETag(body))
	})
}

// edited is the event in testdata with its detail changed.
func (w *world) edited(change func(detail map[string]any)) string {
	w.t.Helper()
	var record map[string]any
	if err := json.Unmarshal(objectCreated, &record); err != nil {
		w.t.Fatal(err)
	}
	change(record["detail"].(map[string]any))
	body, err := json.Marshal(record)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(body)
}

// deliver gives a message to the function once, and tells whether it is done.
func (w *world) deliver(ctx context.Context, id, body string) bool {
	w.t.Helper()
	w.receives[id]++
	response, err := w.handle(ctx, awsevents.SQSEvent{Records: []awsevents.SQSMessage{{
		MessageId: id, ReceiptHandle: "receipt", Body: body, EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:sluice-local-ingest",
		Attributes: map[string]string{"ApproximateReceiveCount": fmt.Sprint(w.receives[id]), "SentTimestamp": "1763890200000"},
	}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(response.BatchItemFailures) == 0
}

// takeIn delivers the file's event, which must be done at once.
func (w *world) takeIn(key string) {
	w.t.Helper()
	if !w.deliver(w.t.Context(), "m-1", w.event(key)) || len(w.queues.given) > 0 {
		w.t.Fatalf("not done; given up: %v\n%s", w.queues.given, w.log.String())
	}
}

// intake is what is stored about the file as it is now.
func (w *world) intake(key string) upload.Intake {
	w.t.Helper()
	i, _, err := upload.LoadIntake(w.t.Context(), w.store, upload.ID(bucket, key, objectstest.ETag(w.s3.Body(key))))
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

// said is the bus: it keeps what is said on it.
type said struct {
	// refuse is asked for every event.
	refuse func(events.Envelope) error
	// takes is how long a call takes.
	takes time.Duration

	mu  sync.Mutex
	all []events.Record
}

func (s *said) PublishAll(ctx context.Context, all ...events.Envelope) []error {
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
	}
	errs := make([]error, len(all))
	for i, e := range all {
		if errs[i] = ctx.Err(); errs[i] == nil && s.refuse != nil {
			errs[i] = s.refuse(e)
		}
		if errs[i] != nil {
			continue
		}
		detail, err := json.Marshal(e)
		errs[i] = err
		s.mu.Lock()
		s.all = append(s.all, events.Record{ID: fmt.Sprint("e-", len(s.all)), Source: events.SourcePrefix + ingest.Name, DetailType: e.Type(),
			Account: "000000000000", Time: e.Time, Detail: detail})
		s.mu.Unlock()
	}
	return errs
}

// request is a RequestReceived as analyze reads it.
type request struct {
	envelope events.Envelope
	data     events.RequestReceived
}

// requests are what was asked, by position; every one must be without problems.
func (s *said) requests(t *testing.T) map[int]request {
	t.Helper()
	found := map[int]request{}
	for _, r := range s.all {
		if r.DetailType != "RequestReceived" {
			continue
		}
		e, data, problems := events.DecodeRequest(r, events.Tenants{})
		if len(problems) > 0 {
			t.Errorf("RequestReceived: %v", problems)
		}
		if data.Upload == nil || e.Request.Upload == nil || *data.Upload != *e.Request.Upload {
			t.Fatalf("the record's place is not told alike: %s", r.Detail)
		}
		found[data.Upload.Record] = request{e, data}
	}
	return found
}

type rejection struct {
	envelope events.Envelope
	data     events.RequestRejected
}

func (s *said) rejections(t *testing.T) map[int]rejection {
	t.Helper()
	found := map[int]rejection{}
	for _, r := range s.all {
		if r.DetailType != "RequestRejected" {
			continue
		}
		e, data := decoded[events.RequestRejected](t, r)
		if !e.Terminal || e.Outcome != events.Rejected || e.Request.Upload == nil {
			t.Errorf("not the end of a record: %s", r.Detail)
		}
		found[e.Request.Upload.Record] = rejection{e, data}
	}
	return found
}

// received is the one UploadReceived; all copies of it must be equal but for the
// time.
func (s *said) received(t *testing.T) (events.Envelope, events.UploadReceived) {
	t.Helper()
	var last events.Envelope
	var data events.UploadReceived
	for _, r := range s.all {
		if r.DetailType != "UploadReceived" {
			continue
		}
		e, d := decoded[events.UploadReceived](t, r)
		if last.ID != "" && (last.ID != e.ID || data != d) {
			t.Errorf("two things are said of one upload: %+v, %+v", data, d)
		}
		last, data = e, d
	}
	if last.ID == "" {
		t.Fatal("UploadReceived was not said")
	}
	return last, data
}

func decoded[D events.Event](t *testing.T, r events.Record) (events.Envelope, D) {
	t.Helper()
	e, err := events.Decode(r)
	if err != nil {
		t.Fatal(err)
	}
	d, err := events.DataOf[D](e)
	if err != nil {
		t.Fatal(err)
	}
	return e, d
}

// ids are those of all events of a type, with how often each was said.
func (s *said) ids(kind string) map[string]int {
	found := map[string]int{}
	for _, r := range s.all {
		var e events.Envelope
		if r.DetailType == kind && json.Unmarshal(r.Detail, &e) == nil {
			found[e.ID]++
		}
	}
	return found
}

// queues is SQS as consume uses it.
type queues struct {
	// hidden are the visibility timeouts that were set, in seconds.
	hidden []int32
	// given are the causes of the messages that were given up.
	given []string
}

func (q *queues) GetQueueUrl(_ context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	return &sqs.GetQueueUrlOutput{QueueUrl: aws.String("http://127.0.0.1/" + *in.QueueName)}, nil
}

func (q *queues) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	q.hidden = append(q.hidden, in.VisibilityTimeout)
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func (q *queues) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	q.given = append(q.given, *in.MessageAttributes[consume.AttributeCause].StringValue)
	return &sqs.SendMessageOutput{}, nil
}

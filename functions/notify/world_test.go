package notify

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"sluice/events"
	"sluice/internal/bus"
	"sluice/internal/bus/bustest"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/requests"
	"sluice/internal/results"
	"sluice/internal/upload"
)

var submitted = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

const (
	vietnamese = "Khách hàng phàn nàn: điện thoại hỏng sau hai ngày 📱"
	address    = "canary.person@example.com"
	secret     = "0123456789abcdef0123456789abcdef"
)

// post is SES: it keeps what it took, and answers as it is told.
type post struct {
	mu     sync.Mutex
	taken  []*sesv2.SendEmailInput
	answer func(n int, to string) error
}

func (p *post) SendEmail(_ context.Context, in *sesv2.SendEmailInput, _ ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = append(p.taken, in)
	if p.answer != nil {
		if err := p.answer(len(p.taken), in.Destination.ToAddresses[0]); err != nil {
			return nil, err
		}
	}
	return &sesv2.SendEmailOutput{MessageId: aws.String("message")}, nil
}

type world struct {
	t       testing.TB
	memory  *objectstest.Memory
	store   *objects.Store
	bus     *bustest.Recorder
	ses     *post
	clock   time.Time
	handler *Handler
}

func newWorld(t testing.TB, domains string) *world {
	w := &world{t: t, memory: objectstest.NewMemory(), bus: &bustest.Recorder{}, ses: &post{}, clock: submitted.Add(time.Minute)}
	w.store = objects.New(w.memory, "b")
	config := Config{Bus: "own", Bucket: "b", Environment: "test", ConfigurationSet: "set", Sender: "Sluice <sluice@example.com>",
		SuppressionSecret: secret}
	if err := config.Domains.UnmarshalText([]byte(domains)); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.handler, err = New(config, w.store, w.ses, bus.New(w.bus, "own", Name), func() time.Time { return w.clock }); err != nil {
		t.Fatal(err)
	}
	return w
}

// admitted is a single request that wants mail, as analyze admitted it.
func (w *world) admitted(notify ...string) events.Envelope {
	w.t.Helper()
	_, err := requests.New(w.store).Admit(context.Background(), requests.Status{RequestID: "r1", Tenant: "acme", Task: "summarize",
		Fingerprint: "f", Submitted: submitted, Notify: notify})
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := events.New(events.Envelope{RequestID: "r1", Tenant: "acme", Request: events.Request{Task: "summarize", Submitted: submitted, WantsMail: true}},
		submitted, events.RequestReceived{})
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// record is a record of an upload whose definition names recipients.
func (w *world) record(each bool, notify ...string) events.Envelope {
	w.t.Helper()
	intake := upload.Intake{ID: "u1", Tenant: "acme", Definition: upload.Definition{Task: "summarize", Notify: notify, MailEach: each}, Submitted: submitted}
	if _, err := upload.SaveIntake(context.Background(), w.store, &intake, ""); err != nil {
		w.t.Fatal(err)
	}
	e, err := events.New(events.Envelope{RequestID: "u1-2", Tenant: "acme", CorrelationID: "u1", Request: events.Request{Task: "summarize",
		Submitted: submitted, WantsMail: true, Upload: &events.UploadRecord{ID: "u1", Record: 2}}}, submitted, events.RequestReceived{})
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// stored is Stored with the result where it says.
func (w *world) stored(about events.Envelope, answer string) consume.Message {
	w.t.Helper()
	result := results.Result{RequestID: about.RequestID, Tenant: about.Tenant, Task: about.Request.Task, Upload: about.Request.Upload,
		Submitted: submitted, Answer: json.RawMessage(answer)}
	all, key := []results.Result{result}, results.Key(submitted, about.Tenant, about.RequestID)
	if about.Request.Upload != nil {
		other := result
		other.RequestID, other.Answer = "u1-22", json.RawMessage(`{"summary":"of another record"}`)
		other.Upload = &events.UploadRecord{ID: "u1", Record: 22}
		all, key = append(all, other), results.SegmentKey(submitted, "u1", "e")
	}
	body, err := results.Lines(all)
	if err != nil {
		w.t.Fatal(err)
	}
	w.memory.Set(key, body)
	return w.next(about, events.Completed, events.Stored{Key: key, Answer: "answers/x",
		Spend: events.Spend{Model: "m", AnsweredBy: "stand-in", CostUSD: 0.0000421}})
}

// next is an event that follows; an outcome ends the request.
func (w *world) next(about events.Envelope, outcome events.Outcome, data events.Event) consume.Message {
	w.t.Helper()
	e, err := about.Next("before", submitted, submitted.Add(time.Second), data)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, stored := data.(events.Stored); !stored && outcome != "" {
		e = e.Ends(outcome)
	}
	detail, err := json.Marshal(e)
	if err != nil {
		w.t.Fatal(err)
	}
	return consume.Message{ID: e.ID, Record: events.Record{ID: "1", Source: "sluice.before", DetailType: e.Type(), Detail: detail, Time: e.Time}}
}

func (w *world) completed() consume.Message {
	w.t.Helper()
	return w.completedAs("level-1", 990)
}

func (w *world) completedAs(id string, completed int) consume.Message {
	w.t.Helper()
	e, err := events.New(events.Envelope{ID: id, RequestID: "u1", Tenant: "acme", Request: events.Request{Task: "summarize", Submitted: submitted,
		Upload: &events.UploadRecord{ID: "u1"}}}, submitted, events.UploadCompleted{
		File: events.UploadFile{Bucket: "b", Key: "uploads/acme/summarize/Phản hồi tháng 3.csv"}, Records: 1000, Completed: completed, Rejected: 7, Failed: 2,
		Missing: 1, MissingRecords: []int{17}, Reused: 57, CostUSD: 0.41, Reasons: map[string]int{"tooLarge": 7, "refused": 2},
		Results: "reports/acme/u1/results.csv", Report: "reports/acme/u1/report.html", WantsReport: true})
	if err != nil {
		w.t.Fatal(err)
	}
	detail, err := json.Marshal(e)
	if err != nil {
		w.t.Fatal(err)
	}
	return consume.Message{ID: id, Record: events.Record{ID: "1", Source: "sluice.track", DetailType: e.Type(), Detail: detail, Time: e.Time}}
}

// said is the newest event that was said.
func (w *world) said() (events.Envelope, events.Record) {
	w.t.Helper()
	all := w.bus.Records()
	if len(all) == 0 {
		w.t.Fatal("nothing was said")
	}
	e, err := events.Decode(all[len(all)-1])
	if err != nil {
		w.t.Fatal(err)
	}
	return e, all[len(all)-1]
}

func (w *world) notified() []events.Recipient {
	w.t.Helper()
	e, _ := w.said()
	d, err := events.DataOf[events.Notified](e)
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Recipients
}

func (w *world) skipped() events.NotificationSkipped {
	w.t.Helper()
	e, _ := w.said()
	d, err := events.DataOf[events.NotificationSkipped](e)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) handle(m consume.Message) {
	w.t.Helper()
	if err := w.handler.Handle(context.Background(), m); err != nil {
		w.t.Fatal(err)
	}
}

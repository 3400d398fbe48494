package consume

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/telemetry"
)

// queues notes what was asked of SQS.
type queues struct {
	mu     sync.Mutex
	hidden map[string]int32 // by receipt handle
	given  []*sqs.SendMessageInput
	err    error
}

func (q *queues) GetQueueUrl(_ context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	return &sqs.GetQueueUrlOutput{QueueUrl: aws.String("https://queues/" + *in.QueueName)}, nil
}

func (q *queues) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hidden[*in.ReceiptHandle] = in.VisibilityTimeout
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func (q *queues) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return nil, q.err
	}
	q.given = append(q.given, in)
	return &sqs.SendMessageOutput{}, nil
}

func options(q *queues, log *bytes.Buffer) Options {
	return Options{Function: "analyze", Queues: q, Log: slog.New(slog.NewJSONHandler(log, nil))}
}

// batch is n messages m0, m1, … of the queue sluice-test-analyze.
func batch(n int, change ...func(i int, m *awsevents.SQSMessage)) awsevents.SQSEvent {
	var b awsevents.SQSEvent
	for i := range n {
		m := awsevents.SQSMessage{
			MessageId: fmt.Sprintf("m%d", i), ReceiptHandle: fmt.Sprintf("r%d", i), EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:sluice-test-analyze",
			Body:       fmt.Sprintf(`{"id":"e%d","source":"sluice.ingest","detail-type":"RequestReceived","detail":{"requestId":"q%d"}}`, i, i),
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
		}
		for _, c := range change {
			c(i, &m)
		}
		b.Records = append(b.Records, m)
	}
	return b
}

func failures(r awsevents.SQSEventResponse) []string {
	var ids []string
	for _, f := range r.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	slices.Sort(ids)
	return ids
}

func TestEachMessageIsSettledByItself(t *testing.T) {
	q, log := &queues{hidden: map[string]int32{}}, &bytes.Buffer{}
	handler := Each(options(q, log), func(_ context.Context, m Message) error {
		switch m.ID {
		case "m1":
			return errors.New("lost connection")
		case "m2":
			return fault.DeferFor(90*time.Second, errors.New("quota"))
		case "m3":
			return fault.Errorf(fault.Park, "cannot go on")
		case "m4":
			var none []int
			return fmt.Errorf("%d", none[len(m.ID)])
		case "m5":
			panic("somebody's text")
		}
		return nil
	})
	got, err := handler(t.Context(), batch(7))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"m1", "m2", "m4", "m5"}, failures(got)); diff != "" {
		t.Errorf("stay in the queue (-want +got):\n%s", diff)
	}
	if q.hidden["r2"] != 90 {
		t.Errorf("m2 is hidden for %d s", q.hidden["r2"])
	}
	for _, receipt := range []string{"r1", "r4", "r5"} {
		if s := q.hidden[receipt]; s < 1 || s > 3 {
			t.Errorf("%s is hidden for %d s", receipt, s)
		}
	}
	if len(q.given) != 1 || *q.given[0].QueueUrl != "https://queues/sluice-test-analyze-dlq" || *q.given[0].MessageAttributes[AttributeCause].StringValue != "cannot go on" {
		t.Errorf("given up: %+v", q.given)
	}
	if strings.Contains(log.String(), "somebody's text") {
		t.Error("a panic's text is in the log")
	}
}

func TestTheThirdFailureGivesUp(t *testing.T) {
	tests := map[string]struct {
		defers   bool
		receives []string
		want     int // the receive that gives up, from 0
	}{
		"failures count":                       {false, []string{"1", "2", "3"}, 2},
		"those that others saw count":          {false, []string{"6"}, 0},
		"a few other receives are not counted": {false, []string{"5", "6"}, 1},
		"deferrals do not count":               {true, []string{"40", "41", "42"}, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			q := &queues{hidden: map[string]int32{}}
			o := options(q, &bytes.Buffer{})
			o.Defers = test.defers
			handler := Each(o, func(context.Context, Message) error { return errors.New("no luck") })
			for i, receives := range test.receives {
				got, _ := handler(t.Context(), batch(1, func(_ int, m *awsevents.SQSMessage) { m.Attributes["ApproximateReceiveCount"] = receives }))
				if gone := len(got.BatchItemFailures) == 0; gone != (i == test.want) {
					t.Errorf("receive %d: given up is %v", i, gone)
				}
			}
			if len(q.given) != 1 {
				t.Errorf("%d messages in the dead-letter queue", len(q.given))
			}
		})
	}
}

func TestAMessageThatCannotBeGivenUpStays(t *testing.T) {
	q := &queues{hidden: map[string]int32{}, err: errors.New("SQS is away")}
	handler := Each(options(q, &bytes.Buffer{}), func(context.Context, Message) error { return fault.Errorf(fault.Park, "cannot go on") })
	got, _ := handler(t.Context(), batch(1))
	if diff := cmp.Diff([]string{"m0"}, failures(got)); diff != "" {
		t.Error(diff)
	}
}

func TestABodyThatIsNoEventIsGivenUpUnlessAnythingIsTaken(t *testing.T) {
	for _, anything := range []bool{false, true} {
		q := &queues{hidden: map[string]int32{}}
		o := options(q, &bytes.Buffer{})
		o.Anything = anything
		var handled atomic.Int32
		handler := Each(o, func(context.Context, Message) error { handled.Add(1); return nil })
		got, _ := handler(t.Context(), batch(3, func(i int, m *awsevents.SQSMessage) {
			if i == 1 {
				m.Body = "{not json"
			}
		}))
		if len(got.BatchItemFailures) != 0 {
			t.Errorf("anything %v: %v", anything, failures(got))
		}
		want, given := int32(2), 1
		if anything {
			want, given = 3, 0
		}
		if handled.Load() != want || len(q.given) != given {
			t.Errorf("anything %v: handled %d, given up %d", anything, handled.Load(), len(q.given))
		}
	}
}

func TestAPanicInABatchIsTracedToItsMessage(t *testing.T) {
	q := &queues{hidden: map[string]int32{}}
	handler := All(options(q, &bytes.Buffer{}), func(_ context.Context, messages []Message) []error {
		for _, m := range messages {
			if m.ID == "m2" {
				panic("poison")
			}
		}
		return make([]error, len(messages))
	})
	got, err := handler(t.Context(), batch(4))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"m2"}, failures(got)); diff != "" {
		t.Error(diff)
	}
}

func TestMessagesDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queues{hidden: map[string]int32{}}
		o := options(q, &bytes.Buffer{})
		o.InFlight = 2
		var done []time.Duration
		var mu sync.Mutex
		began := time.Now()
		handler := Each(o, func(_ context.Context, m Message) error {
			work := time.Second
			if m.ID == "m0" {
				work = 10 * time.Second
			}
			time.Sleep(work)
			mu.Lock()
			defer mu.Unlock()
			done = append(done, time.Since(began))
			return nil
		})
		if _, err := handler(t.Context(), batch(6)); err != nil {
			t.Fatal(err)
		}
		const s = time.Second
		want := []time.Duration{1 * s, 2 * s, 3 * s, 4 * s, 5 * s, 10 * s}
		if diff := cmp.Diff(want, done); diff != "" {
			t.Errorf("ends (-want +got):\n%s", diff)
		}
	})
}

func TestWhatWasNotBegunGoesBackUncounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queues{hidden: map[string]int32{}}
		o := options(q, &bytes.Buffer{})
		o.InFlight = 1
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		handler := Each(o, func(ctx context.Context, m Message) error {
			select {
			case <-time.After(5 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		got, err := handler(ctx, batch(4, func(_ int, m *awsevents.SQSMessage) { m.Attributes["ApproximateReceiveCount"] = "2" }))
		if err != nil {
			t.Fatal(err)
		}
		// 8 of the 10 seconds are for work: m0 ends, m1 is cut off, m2 and m3 never began.
		if diff := cmp.Diff([]string{"m1", "m2", "m3"}, failures(got)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]int32{0, 0}, []int32{q.hidden["r2"], q.hidden["r3"]}); diff != "" || len(q.given) != 0 {
			t.Errorf("not begun: %v, given up %d", q.hidden, len(q.given))
		}
	})
}

// lines are the lines that were logged, by their msg; those of times and
// durations are left out.
func lines(t *testing.T, log *bytes.Buffer) map[string][]map[string]any {
	t.Helper()
	all := map[string][]map[string]any{}
	for decoder := json.NewDecoder(log); decoder.More(); {
		var line map[string]any
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		msg, _ := line["msg"].(string)
		for _, name := range []string{"time", "level", "msg", "waitMs", "durationMs", "environment", "function", "_aws", "QueueAge"} {
			delete(line, name)
		}
		all[msg] = append(all[msg], line)
	}
	return all
}

func TestEveryMessageHasOneLineAndTheBatchItsMetrics(t *testing.T) {
	q, log := &queues{hidden: map[string]int32{}}, &bytes.Buffer{}
	handler := Each(Options{Function: "analyze", Queues: q, Log: telemetry.NewLogger(log, "analyze")}, func(_ context.Context, m Message) error {
		if m.ID == "m1" {
			return errors.New("no luck")
		}
		return nil
	})
	whole := func(i int, m *awsevents.SQSMessage) {
		m.Body = fmt.Sprintf(`{"id":"e","source":"sluice.ingest","detail-type":"RequestReceived","detail":{"id":"v%d","requestId":"q%d","correlationId":"u"}}`, i, i)
		m.Attributes["AWSTraceHeader"] = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
	}
	for range 2 {
		if _, err := handler(t.Context(), batch(2, whole)); err != nil {
			t.Fatal(err)
		}
	}
	about := func(i int, outcome string, cold bool) map[string]any {
		return map[string]any{"outcome": outcome, "coldStart": cold, "messageId": fmt.Sprint("m", i), "receives": 1.0, "eventId": fmt.Sprint("v", i),
			"trace": "1-5759e988-bd862e3fe1be46a994272793", "requestId": fmt.Sprint("q", i), "correlationId": "u", "event": "RequestReceived"}
	}
	unhappy := func(cold bool, failures float64) map[string]any {
		line := about(1, "retry", cold)
		line["error"], line["failures"], line["givenUp"] = "no luck", failures, false
		return line
	}
	want := map[string][]map[string]any{
		"handled": {about(0, "done", true), about(0, "done", false)}, "not handled": {unhappy(true, 1), unhappy(false, 2)},
		"metrics": {{"Received": 2.0, "Messages": 2.0, "Retried": 1.0, "ColdStarts": 1.0}, {"Received": 2.0, "Messages": 2.0, "Retried": 1.0}},
	}
	if diff := cmp.Diff(want, lines(t, log)); diff != "" {
		t.Error(diff)
	}
}

func TestNamesAreReadWhereverTheyStand(t *testing.T) {
	want := named{"e", "r", "c"}
	for _, detail := range []string{
		`{"id":"e","subject":"s","requestId":"r","tenant":"t","correlationId":"c","data":{"id":"x"}}`,
		`{"data":{"id":"x","requestId":"y"},"correlationId":"c","id":"e","requestId":"r"}`,
		`{"id":"e","subject":"\"","requestId":"r","correlationId":"c"}`, `{ "id": "e", "requestId": "r", "correlationId": "c" }`,
	} {
		if got := peek([]byte(detail)); got != want {
			t.Errorf("%s: %+v", detail, got)
		}
	}
	for _, detail := range []string{``, `{`, `{"`, `{"id`, `{"id"`, `{"id":`, `{"id":"`, `[]`, `null`, `{"id":1}`} {
		if got := peek([]byte(detail)); got != (named{}) {
			t.Errorf("%s: %+v", detail, got)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add([]byte(`{"id":"e","requestId":"r","correlationId":"c","data":{}}`))
	f.Fuzz(func(t *testing.T, detail []byte) {
		if n, found := atTheBeginning(detail); found && json.Valid(detail) {
			var slow map[string]json.RawMessage
			if json.Unmarshal(detail, &slow) != nil || n.ID == "" || slow["id"] == nil {
				t.Errorf("%q: %+v", detail, n)
			}
		}
	})
}

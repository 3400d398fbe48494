package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"sluice/events"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// printed are lines without their time.
func printed(t *testing.T, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for decoder := json.NewDecoder(out); decoder.More(); {
		var line map[string]any
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		delete(line, "time")
		all = append(all, line)
	}
	return all
}

// begin is a recorder's first invocation, whose clock goes a second with each look.
func begin(t *testing.T, out *bytes.Buffer) (context.Context, *Invocation) {
	t.Helper()
	t.Setenv("SLUICE_ENVIRONMENT", "test")
	at := noon
	r := NewRecorder(NewLogger(out, "store"), func() time.Time { at = at.Add(time.Second); return at })
	ctx := context.WithValue(t.Context(), lambdaTrace, "Root=1-aa-bb;Parent=cc;Sampled=1") //nolint:staticcheck // the runtime library's own key
	return r.Begin(lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "i-1"}))
}

// chain is an event of a request and the one that follows from it.
func chain(t *testing.T, id string, data events.Event) (events.Envelope, events.Envelope) {
	t.Helper()
	about := events.Envelope{RequestID: id, Tenant: "acme", Request: events.Request{Task: "classify", Submitted: noon}}
	first, err := events.New(about, noon, events.AiCompleted{Answer: "answers/x"})
	if err != nil {
		t.Fatal(err)
	}
	next, err := first.Next("store", noon, noon.Add(1500*time.Millisecond), data)
	if err != nil {
		t.Fatal(err)
	}
	return first, next
}

func TestWhatIsSaidIsToldWithTheMessageThatCausedIt(t *testing.T) {
	var out bytes.Buffer
	ctx, v := begin(t, &out)
	first, stored := chain(t, "r-1", events.Stored{Key: "results/x"})
	span := v.Span(Source{IDs: IDs{"r-1", "r-1", "AiCompleted"}, EventID: first.ID, MessageID: "m-1", Sent: noon.Add(-3 * time.Second), Receives: 2,
		Trace: "Root=1-dd-ee;Sampled=0"})
	if got := Trace(ctx, stored); got != "Root=1-dd-ee;Sampled=0" {
		t.Errorf("the event goes on with the trace %q", got)
	}
	Said(ctx, stored.Ends(events.Completed))
	_, stranger := chain(t, "r-2", events.Stored{Key: "results/y"})
	if got := Trace(ctx, stranger); got != "Root=1-aa-bb;Parent=cc;Sampled=1" {
		t.Errorf("an event of nobody's goes on with the trace %q", got)
	}
	Said(ctx, stranger)
	span.Done(ctx, Done)
	v.End(ctx)
	base := func(line map[string]any) map[string]any {
		line["environment"], line["function"], line["level"] = "test", "store", "INFO"
		return line
	}
	metrics := func(dimensions any, names ...string) map[string]any {
		var list []any
		for _, name := range names {
			unit := "Count"
			if name == "EndedAfter" || name == "QueueAge" {
				unit = "Milliseconds"
			}
			list = append(list, map[string]any{"Name": name, "Unit": unit})
		}
		return map[string]any{"Namespace": "Sluice", "Dimensions": dimensions, "Metrics": list}
	}
	at := func(second int, directives ...any) map[string]any {
		return map[string]any{"Timestamp": float64(noon.Add(time.Duration(second) * time.Second).UnixMilli()), "CloudWatchMetrics": directives}
	}
	want := []map[string]any{
		base(map[string]any{"msg": "said", "requestId": "r-2", "correlationId": "r-2", "event": "Stored", "eventId": stranger.ID, "outcome": ""}),
		base(map[string]any{"msg": "handled", "outcome": "done", "coldStart": true, "durationMs": 1000.0, "messageId": "m-1", "receives": 2.0, "waitMs": 4000.0,
			"eventId": first.ID, "ended": "completed", "trace": "1-dd-ee", "invocation": "i-1", "said": map[string]any{"Stored": 1.0},
			"requestId": "r-1", "correlationId": "r-1", "event": "AiCompleted"}),
		base(map[string]any{"msg": "metrics", "task": "classify", "Completed": 1.0,
			"_aws": at(3, metrics([]any{[]any{"environment"}, []any{"environment", "task"}}, "Completed"))}),
		base(map[string]any{"msg": "metrics", "EndedAfter": 1500.0, "ColdStarts": 1.0, "Messages": 1.0, "QueueAge": 4000.0,
			"_aws": at(3, metrics([]any{[]any{"environment"}}, "EndedAfter"), metrics([]any{[]any{"environment", "function"}}, "ColdStarts", "Messages", "QueueAge"))}),
	}
	if diff := cmp.Diff(want, printed(t, &out)); diff != "" {
		t.Error(diff)
	}
}

func TestEventsAreCountedByWhatTheySay(t *testing.T) {
	mailed := events.Mailed{MessageID: "ses-1"}
	for name, tt := range map[string]struct {
		said  events.Event
		ends  events.Outcome
		want  map[string]any
		mails []string
	}{
		"rejected": {events.RequestRejected{Reasons: []events.Problem{{Code: events.CodeTooLarge}}}, events.Rejected,
			map[string]any{"Rejected": 1.0, "EndedAfter": 1500.0, "Unanswered tooLarge": 1.0}, nil},
		"rejected in words": {events.RequestRejected{Reasons: []events.Problem{{Code: "some words"}}}, events.Rejected,
			map[string]any{"Rejected": 1.0, "EndedAfter": 1500.0, "Unanswered other": 1.0}, nil},
		"failed": {events.AiFailed{Class: events.FailureRefused}, events.Failed,
			map[string]any{"Failed classify": 1.0, "EndedAfter": 1500.0, "Unanswered refused": 1.0}, nil},
		"parked": {events.RequestParked{Class: "crash"}, events.Parked,
			map[string]any{"Parked": 1.0, "EndedAfter": 1500.0, "Unanswered parked_crash": 1.0}, nil},
		"notified": {events.Notified{Recipients: []events.Recipient{{Outcome: events.MailSent, MessageID: "a"}, {Outcome: events.MailSent, MessageID: "b"}, {Outcome: events.MailSkipped}}},
			events.Completed, map[string]any{"Completed classify": 1.0, "EndedAfter": 1500.0, "NotifiedAfter": 1500.0, "Mails": 2.0}, []string{"a", "b"}},
		"delivered":   {events.EmailDelivered{Mailed: mailed}, "", map[string]any{"Delivered": 1.0}, []string{"ses-1"}},
		"bounced":     {events.EmailBounced{Mailed: mailed, Kind: events.BouncePermanent}, "", map[string]any{"Bounces": 1.0}, []string{"ses-1"}},
		"full":        {events.EmailBounced{Mailed: mailed, Kind: events.BounceTransient}, "", map[string]any{"SoftBounces": 1.0}, []string{"ses-1"}},
		"complained":  {events.EmailComplained{Mailed: mailed}, "", map[string]any{"Complaints": 1.0}, []string{"ses-1"}},
		"on its way":  {events.Stored{Key: "x"}, "", map[string]any{}, nil},
		"not counted": {events.UploadCompleted{}, "", map[string]any{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			ctx, v := begin(t, &out)
			v.cold = false
			first, next := chain(t, "r-1", tt.said)
			if tt.ends != "" {
				next = next.Ends(tt.ends)
			}
			Said(ctx, next)
			got := map[string]any{}
			for at, values := range v.sums {
				for m, n := range values {
					label := m.name
					if at.value != "" {
						label += " " + at.value
					}
					got[label] = n[0]
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			span := v.Span(Source{EventID: first.ID})
			Said(ctx, next)
			if diff := cmp.Diff(tt.mails, span.mails); diff != "" || span.ids.RequestID != "r-1" {
				t.Errorf("%+v %s", span.ids, diff)
			}
		})
	}
}

// A time of submission that says nothing makes no duration.
func TestImpossibleDurationsAreLeftOut(t *testing.T) {
	var out bytes.Buffer
	_, v := begin(t, &out)
	for _, submitted := range []time.Time{{}, time.Unix(0, 0), noon.Add(time.Hour)} {
		_, e := chain(t, "r-1", events.Stored{})
		e.Request.Submitted = submitted
		v.flow(v.own, e.Ends(events.Completed))
	}
	if got := v.sums[series{all, ""}][endedAfter]; len(got) != 0 {
		t.Error(got)
	}
}

// A document of CloudWatch's holds at most a hundred values of a metric.
func TestManyValuesTakeManyDocuments(t *testing.T) {
	var out bytes.Buffer
	ctx, v := begin(t, &out)
	for i := range 250 {
		_, e := chain(t, fmt.Sprint("r-", i), events.Stored{})
		v.flow(v.own, e.Ends(events.Completed))
	}
	v.End(ctx)
	var sizes []int
	completed, documents := 0.0, 0
	for _, line := range printed(t, &out) {
		if values, many := line["EndedAfter"].([]any); many {
			sizes = append(sizes, len(values))
		}
		if n, is := line["Completed"].(float64); is {
			completed += n
			documents++
		}
	}
	if diff := cmp.Diff([]int{100, 100, 50}, sizes); diff != "" || completed != 250 || documents != 1 {
		t.Errorf("%v completed in %d documents; %s", completed, documents, diff)
	}
}

func TestWhoWritesNoLinesRecordsNothing(t *testing.T) {
	t.Setenv("AWS_LAMBDA_LOG_LEVEL", "ERROR")
	var out bytes.Buffer
	ctx, v := NewRecorder(NewLogger(&out, "store"), time.Now).Begin(t.Context())
	span := v.Span(Source{MessageID: "m"})
	Said(span.Start(ctx), events.Envelope{})
	span.Stop()
	span.Done(ctx, Done)
	v.End(ctx)
	if v != nil || out.Len() != 0 {
		t.Errorf("%v %s", v, &out)
	}
	t.Setenv("AWS_LAMBDA_LOG_LEVEL", "WARN")
	ctx, v = NewRecorder(NewLogger(&out, "store"), time.Now).Begin(t.Context())
	v.Span(Source{MessageID: "m"}).Done(ctx, Done)
	v.End(ctx)
	if out.Len() != 0 {
		t.Errorf("at WARN: %s", &out)
	}
}

// Whichever door a request comes through, it is counted there once.
func TestARequestIsReceivedOnce(t *testing.T) {
	completed, stored := chain(t, "r-1", events.Stored{})
	completed.Hop = 1
	rejected, err := events.New(events.Envelope{RequestID: "r-2", Tenant: "acme"}, noon, events.RequestRejected{})
	if err != nil {
		t.Fatal(err)
	}
	later := rejected
	later.Hop = 1
	for name, tt := range map[string]struct {
		source Source
		said   events.Envelope
		want   float64
	}{
		"the queue brings it":          {Source{IDs: IDs{Event: "RequestReceived"}, MessageID: "m", Receives: 1}, completed, 1},
		"the queue brings it again":    {Source{IDs: IDs{Event: "RequestReceived"}, MessageID: "m", Receives: 2}, completed, 0},
		"the queue's is rejected":      {Source{IDs: IDs{Event: "RequestReceived"}, MessageID: "m", Receives: 1}, later.Ends(events.Rejected), 1},
		"the API answers it":           {Source{IDs: IDs{Event: "http"}}, completed, 1},
		"a bad record of a file":       {Source{IDs: IDs{Event: "Object Created"}, MessageID: "m", Receives: 1}, rejected.Ends(events.Rejected), 1},
		"something that is further on": {Source{IDs: IDs{Event: "AiCompleted"}, MessageID: "m", Receives: 1}, stored, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, v := begin(t, &bytes.Buffer{})
			Said(v.Span(tt.source).Start(ctx), tt.said)
			got := 0.0
			if n := v.sums[series{all, ""}][received]; len(n) > 0 {
				got = n[0]
			}
			if got != tt.want {
				t.Errorf("counted %v times", got)
			}
		})
	}
}

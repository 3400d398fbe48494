package mailtag

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/events"
)

var at = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func told(tags []Tag) map[string][]string {
	m := map[string][]string{"ses:configuration-set": {"set"}}
	for _, t := range tags {
		m[t.Name] = []string{t.Value}
	}
	return m
}

func mailed(t *testing.T, about events.Envelope, data events.Event) events.Envelope {
	t.Helper()
	first, err := events.New(about, at, events.RequestReceived{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := first.Next("store", at, at, data)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestARequestComesBackFromItsTags(t *testing.T) {
	request := events.Request{Task: "summarize", Submitted: at, WantsMail: true}
	audited := request
	audited.Audit = true
	record := request
	record.Upload = &events.UploadRecord{ID: "u1", Record: 7}
	for name, e := range map[string]events.Envelope{
		"single": mailed(t, events.Envelope{RequestID: "r-1", Tenant: "acme", Request: request}, events.Stored{}),
		"audited": mailed(t, events.Envelope{RequestID: "r-1", Tenant: "acme", Request: audited,
			Execution: "arn:aws:states:us-east-1:123456789012:execution:sluice-prod:acme_r-1"}, events.Stored{}),
		"record":   mailed(t, events.Envelope{RequestID: "u1-7", Tenant: "acme", CorrelationID: "u1", Request: record, Attempt: 2}, events.AiFailed{}),
		"report":   mailed(t, events.Envelope{RequestID: "u1", Tenant: "acme", Request: record}, events.UploadCompleted{}),
		"upstream": mailed(t, events.Envelope{RequestID: "r-1", Subject: "s-1", Tenant: "acme", Request: request}, events.Stored{}),
	} {
		got, about, ours := About(told(Of(e, "dev")))
		want := events.Envelope{RequestID: e.RequestID, Tenant: e.Tenant, Subject: e.Subject, CorrelationID: e.CorrelationID, CausationID: e.ID,
			Attempt: e.Attempt, Hop: e.Hop + 1, Request: e.Request, Execution: e.Execution}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(events.Envelope{})); diff != "" || about != e.Type() || !ours {
			t.Errorf("%s: %s %t\n%s", name, about, ours, diff)
		}
	}
}

func TestWhatDoesNotFitIsLeftOut(t *testing.T) {
	e := mailed(t, events.Envelope{RequestID: "r-1", Tenant: "acme", CorrelationID: "order 4711 / é", Request: events.Request{Task: "x", Submitted: at}}, events.Stored{})
	tags := Of(e, "dev")
	for _, tag := range tags {
		if !fits.MatchString(tag.Value) || !fits.MatchString(tag.Name) {
			t.Errorf("%+v", tag)
		}
	}
	if got, _, ours := About(told(tags)); !ours || got.CorrelationID != "r-1" {
		t.Errorf("%+v", got)
	}
}

func TestMailsOfOthers(t *testing.T) {
	for name, tags := range map[string]map[string][]string{
		"no tags": nil, "no tenant": {requestID: {"r"}}, "empty": {requestID: {}, tenant: {}},
		"bad id": {requestID: {"a b"}, tenant: {"acme"}}, "bad tenant": {requestID: {"r"}, tenant: {"ACME"}}, "long": {requestID: {strings.Repeat("r", 65)}, tenant: {"acme"}},
	} {
		if e, _, ours := About(tags); ours {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// Whatever the tags say, the event that follows fits its schema.
func TestAnythingMakesAnEventThatFits(t *testing.T) {
	value := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9_-]{0,300}`), rapid.StringMatching(`-?[0-9]{1,30}`))
	names := []string{subject, correlationID, cause, about, task, submitted, wantsMail, upload, record, attempt, hop, audit, execution}
	rapid.Check(t, func(t *rapid.T) {
		tags := map[string][]string{requestID: {"r-1"}, tenant: {"acme"}}
		for _, name := range names {
			tags[name] = rapid.SliceOfN(value, 0, 2).Draw(t, name)
		}
		e, kind, ours := About(tags)
		if !ours {
			t.Fatal("not ours")
		}
		said, err := events.New(e, at, events.EmailDelivered{Mailed: events.Mailed{About: kind, MessageID: "m", Recipient: events.AddressHash("a@example.com"),
			Key: strings.Repeat("a", 52), At: at}})
		if err != nil {
			t.Fatal(err)
		}
		detail, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := events.Decode(events.Record{Source: "sluice.feedback", DetailType: said.Type(), Detail: detail}); err != nil {
			t.Fatal(err)
		}
	})
}

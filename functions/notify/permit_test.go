package notify

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/links"
	"sluice/internal/mailtag"
	"sluice/internal/objects/objectstest"
	"sluice/internal/reputation"
	"sluice/internal/suppression"
)

func (w *world) suppress(address string, reason suppression.Reason) {
	w.t.Helper()
	if err := w.handler.list.Suppress(context.Background(), w.handler.list.Key(address), suppression.Entry{Reason: reason, Time: w.clock}); err != nil {
		w.t.Fatal(err)
	}
}

func TestWhoIsSuppressedIsNotMailed(t *testing.T) {
	for _, reason := range []suppression.Reason{suppression.Complaint, suppression.Unsubscribed, suppression.Manual, suppression.Bounce} {
		words := reason.Words()
		w := newWorld(t, "*")
		w.suppress(address, reason)
		m := w.stored(w.admitted(strings.ToUpper(address)), `{"a":"b"}`)
		for range 2 {
			w.handle(m)
		}
		e, raw := w.said()
		got := w.skipped()
		if len(w.ses.taken) != 0 || !strings.Contains(got.Reason, words) || len(got.Recipients) != 1 || got.Recipients[0].Reason != words || !e.Terminal || e.Outcome != events.Completed {
			t.Errorf("%s: %d mails, %+v", reason, len(w.ses.taken), got)
		}
		if strings.Contains(string(raw.Detail), "@") {
			t.Errorf("%s: the event tells the address", reason)
		}
	}
}

func TestOnlyTheSuppressedAreLeftOut(t *testing.T) {
	w := newWorld(t, "*")
	w.suppress("b@example.com", suppression.Bounce)
	w.handle(w.stored(w.admitted("a@example.com", "b@example.com", "c@example.com"), `{"a":"b"}`))
	got := w.notified()
	if len(w.ses.taken) != 2 || got[0].Outcome != events.MailSent || got[1].Outcome != events.MailSkipped || got[1].Reason == "" || got[2].Outcome != events.MailSent {
		t.Errorf("%d mails, %+v", len(w.ses.taken), got)
	}
}

func TestAMailThatWasSentStaysSent(t *testing.T) {
	w := newWorld(t, "*")
	m := w.stored(w.admitted(address), `{"a":"b"}`)
	w.handle(m)
	w.suppress(address, suppression.Complaint)
	w.handle(m)
	if len(w.ses.taken) != 1 || w.notified()[0].Outcome != events.MailSent {
		t.Errorf("%d mails, %+v", len(w.ses.taken), w.notified())
	}
}

func TestWhoIsFreeAgainIsMailed(t *testing.T) {
	w := newWorld(t, "*")
	w.suppress(address, suppression.Bounce)
	m := w.stored(w.admitted(address), `{"a":"b"}`)
	w.handle(m)
	w.clock = w.clock.Add(time.Minute)
	if err := w.handler.list.Lift(t.Context(), w.handler.list.Key(address)); err != nil {
		t.Fatal(err)
	}
	w.handle(m)
	if len(w.ses.taken) != 1 {
		t.Errorf("%d mails after the suppression was lifted", len(w.ses.taken))
	}
}

// A suppression that is in force when the claim is taken is seen, even if it came
// between everything that was read before and the mail.
func TestNoMailBeginsAfterASuppression(t *testing.T) {
	w := newWorld(t, "*")
	m := w.stored(w.admitted(address), `{"a":"b"}`)
	w.memory.Fault = func(operation, key string) error {
		if operation == "GetObject" && strings.HasPrefix(key, "results/") {
			w.suppress(address, suppression.Bounce)
		}
		return nil
	}
	if w.handle(m); len(w.ses.taken) != 0 || w.skipped().Reason == "" {
		t.Errorf("%d mails", len(w.ses.taken))
	}
}

func TestWhatCannotBeLookedUpIsNotMailed(t *testing.T) {
	w := newWorld(t, "*")
	m := w.stored(w.admitted(address), `{"a":"b"}`)
	w.memory.Fault = func(_, key string) error {
		if strings.HasPrefix(key, "suppressions/") {
			return objectstest.Error(500, "InternalError")
		}
		return nil
	}
	err := w.handler.Handle(t.Context(), m)
	if class, _ := fault.Of(err); class != fault.Retry || len(w.ses.taken) != 0 || strings.Contains(fmt.Sprint(err), "@") {
		t.Errorf("%v, %d mails", err, len(w.ses.taken))
	}
	w.memory.Fault = nil
	if w.handle(m); len(w.ses.taken) != 1 {
		t.Errorf("%d mails: the claim was not freed", len(w.ses.taken))
	}
}

func (w *world) count(kind reputation.Kind, n int) {
	w.t.Helper()
	reports := make([]reputation.Report, n)
	for i := range reports {
		reports[i] = reputation.Report{Kind: kind, Sent: w.clock, ID: fmt.Sprint(kind, i)}
	}
	if _, err := reputation.New(w.store, func() time.Time { return w.clock }).Add(context.Background(), reports); err != nil {
		w.t.Fatal(err)
	}
}

func TestTheBreaker(t *testing.T) {
	for _, bad := range []struct {
		kind reputation.Kind
		n    int
	}{{reputation.Bounce, 40}, {reputation.Complaint, 1}} {
		w := newWorld(t, "*")
		w.count(reputation.Send, 1000)
		w.handle(w.stored(w.admitted(address), `{"a":"b"}`))
		w.count(bad.kind, bad.n)
		w.clock = w.clock.Add(reputation.Fresh)
		m := w.next(w.admitted(address), events.Failed, events.AiFailed{Class: "refused", Message: "m"})
		var waits []time.Duration
		for m.Receives = 1; m.Receives <= 8; m.Receives++ {
			class, after := fault.Of(w.handler.Handle(t.Context(), m))
			if class != fault.Defer {
				t.Fatalf("%s: class %s", bad.kind, class)
			}
			waits = append(waits, after)
		}
		if len(w.ses.taken) != 1 || len(w.bus.Records()) != 1 || waits[0] != 5*time.Minute || waits[7] != 2*time.Hour {
			t.Errorf("%s: %d mails, %v", bad.kind, len(w.ses.taken), waits)
		}
		if err := reputation.New(w.store, func() time.Time { return w.clock }).Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.clock = w.clock.Add(reputation.Fresh)
		if w.handle(m); len(w.ses.taken) != 2 || w.notified()[0].Outcome != events.MailSent {
			t.Errorf("%s: %d mails after the reset", bad.kind, len(w.ses.taken))
		}
	}
}

// While sending is stopped, a message must not use up its receives (100) or its
// time in the queue (14 days) before the breaker closes by itself.
func TestAStoppedMessageOutlivesTheBreaker(t *testing.T) {
	var waited time.Duration
	receives := 0
	for waited < reputation.Window {
		receives++
		waited += stoppedPause(receives)
	}
	if receives >= 95 || waited > 13*24*time.Hour {
		t.Errorf("%d receives, %s", receives, waited)
	}
}

func TestTags(t *testing.T) {
	w := newWorld(t, "*")
	w.handle(w.stored(w.record(true, address), `{"summary":"one"}`))
	tags := map[string][]string{}
	for _, tag := range w.ses.taken[0].EmailTags {
		tags[*tag.Name] = []string{*tag.Value}
	}
	e, about, ours := mailtag.About(tags)
	if !ours || about != "Stored" || e.RequestID != "u1-2" || e.Tenant != "acme" || e.CorrelationID != "u1" || e.Request.Upload.Record != 2 || tags["environment"][0] != "test" {
		t.Errorf("%v: %+v", tags, e)
	}
}

func valueOf(in []types.MessageHeader, name string) string {
	for _, h := range in {
		if *h.Name == name {
			return *h.Value
		}
	}
	return ""
}

func TestReportsHaveLinks(t *testing.T) {
	w := newWorld(t, "*")
	config := w.handler.config
	config.APIURL, config.LinkSecret = "https://api.example.com", secret
	var err error
	if w.handler, err = New(config, w.store, w.ses, w.handler.bus, w.handler.now); err != nil {
		t.Fatal(err)
	}
	record := w.record(true, address)
	w.handle(w.completed())
	w.handle(w.stored(record, `{"summary":"one"}`))
	simple := w.ses.taken[0].Content.Simple
	opener, err := links.New("https://api.example.com", secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{*simple.Body.Text.Data, *simple.Body.Html.Data} {
		_, rest, _ := strings.Cut(body, "https://api.example.com/reports/")
		token := rest[:strings.IndexAny(rest+" ", "\"\n <")]
		if c, err := opener.Open(token, w.clock); err != nil || c != (links.Claim{Kind: links.KindReport, Tenant: "acme", Subject: "u1"}) {
			t.Errorf("%q opens %+v, %v", token, c, err)
		}
	}
	token := strings.TrimSuffix(strings.TrimPrefix(valueOf(simple.Headers, "List-Unsubscribe"), "<https://api.example.com/unsubscribe/"), ">")
	if c, err := opener.Open(token, w.clock); err != nil || c.Kind != links.KindUnsubscribe || c.Subject != w.handler.list.Key(address) {
		t.Errorf("%q opens %+v, %v", token, c, err)
	}
	if valueOf(simple.Headers, "List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		t.Errorf("%+v", simple.Headers)
	}
	if len(w.ses.taken[1].Content.Simple.Headers) != 0 {
		t.Error("a result has the headers of a list")
	}
}

// What a mail costs: 3 reads (the recipients, the result, the suppression), one
// more where the counts are not known yet, and 2 writes (the claim and its mark).
func TestReadsPerMail(t *testing.T) {
	w := newWorld(t, "*")
	for i := range 10 {
		m := w.stored(w.admitted(address), `{"a":"b"}`)
		before := w.memory.Counts()
		for _, key := range w.memory.Keys("claims/") {
			w.memory.Remove(key)
		}
		w.handle(m)
		after := w.memory.Counts()
		reads, writes := after["GetObject"]-before["GetObject"], after["PutObject"]-before["PutObject"]
		if most := 3; i > 0 && reads > most || reads > most+1 || writes != 2 {
			t.Errorf("mail %d: %d reads, %d writes", i, reads, writes)
		}
	}
}

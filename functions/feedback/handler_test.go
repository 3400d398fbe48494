package feedback

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects/objectstest"
	"sluice/internal/reputation"
	"sluice/internal/suppression"
)

const (
	messageID  = "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000"
	feedbackID = "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000"
)

// The samples have the fields and values of those that AWS documents
// (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html),
// as EventBridge delivers them.
func TestWhatSESReports(t *testing.T) {
	at := time.Date(2017, 8, 5, 0, 41, 2, 669_000_000, time.UTC)
	came := time.Date(2017, 8, 5, 0, 41, 3, 0, time.UTC)
	mailed := events.Mailed{About: "Stored", MessageID: messageID, Recipient: events.AddressHash(address), Key: suppression.Key(secret, address), At: at}
	unsent := mailed
	unsent.At = came
	bounced := func(kind events.BounceKind, subType string, suppressed bool) events.Event {
		return events.EmailBounced{Mailed: mailed, Kind: kind, SubType: subType, FeedbackID: feedbackID, Suppressed: suppressed}
	}
	bounce := func(kind, subType string) []func(map[string]any) {
		return []func(map[string]any){set("bounce", "bounceType", kind), set("bounce", "bounceSubType", subType)}
	}
	one := func(n ...int) reputation.Count { return reputation.Count{Sends: n[0], Bounces: n[1], Complaints: n[2]} }
	cases := map[string]struct {
		sample string
		change []func(map[string]any)
		says   events.Event
		reason suppression.Reason
		counts reputation.Count
	}{
		"send":              {"send", nil, nil, "", one(1, 0, 0)},
		"delivery":          {"delivery", nil, events.EmailDelivered{Mailed: mailed}, "", one(0, 0, 0)},
		"permanent bounce":  {"bounce", nil, bounced(events.BouncePermanent, "General", true), suppression.Bounce, one(0, 1, 0)},
		"on SES's own list": {"bounce", bounce("Permanent", "OnAccountSuppressionList"), bounced(events.BouncePermanent, "OnAccountSuppressionList", true), suppression.Bounce, one(0, 0, 0)},
		"on everybody's list": {"bounce", bounce("Permanent", "Suppressed"), bounced(events.BouncePermanent, "Suppressed", true),
			suppression.Bounce, one(0, 1, 0)},
		"unsubscribed at SES": {"bounce", bounce("Permanent", "UnsubscribedRecipient"), bounced(events.BouncePermanent, "UnsubscribedRecipient", true),
			suppression.Unsubscribed, one(0, 0, 0)},
		"transient bounce":    {"bounce-transient", nil, bounced(events.BounceTransient, "MailboxFull", false), "", one(0, 0, 0)},
		"undetermined bounce": {"bounce", bounce("Undetermined", "Undetermined"), bounced(events.BounceUndetermined, "Undetermined", false), "", one(0, 0, 0)},
		"complaint": {"complaint", nil, events.EmailComplained{Mailed: mailed, FeedbackType: "abuse", FeedbackID: feedbackID},
			suppression.Complaint, one(0, 0, 1)},
		"complaint of a mail that SES kept": {"complaint", []func(map[string]any){set("complaint", "complaintSubType", "OnAccountSuppressionList")},
			events.EmailComplained{Mailed: mailed, FeedbackType: "abuse", FeedbackID: feedbackID}, suppression.Complaint, one(0, 0, 0)},
		"no spam after all": {"complaint", []func(map[string]any){set("complaint", "complaintFeedbackType", "not-spam")}, nil, "", one(0, 0, 0)},
		"reject":            {"reject", nil, events.EmailBounced{Mailed: unsent, Kind: events.BounceRejected}, "", one(0, 0, 0)},
		"rendering failure": {"rendering-failure", nil, events.EmailBounced{Mailed: unsent, Kind: events.BounceUnrendered}, "", one(0, 0, 0)},
		"delay":             {"delivery-delay", nil, nil, "", one(0, 0, 0)},
		// The rule does not let these in; they do no harm.
		"open":         {"open", nil, nil, "", one(0, 0, 0)},
		"click":        {"click", nil, nil, "", one(0, 0, 0)},
		"subscription": {"subscription", nil, nil, "", one(0, 0, 0)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := sample(t, c.sample, c.change...)
			w.handle(m)
			if got := w.reason(address); got != c.reason {
				t.Errorf("suppressed for %q", got)
			}
			if got := w.counts(); got != c.counts {
				t.Errorf("counted %+v", got)
			}
			said := w.said()
			if c.says == nil {
				if len(said) != 0 {
					t.Errorf("said %s", said[0].Type())
				}
				return
			}
			want, err := json.Marshal(c.says)
			if err != nil {
				t.Fatal(err)
			}
			if len(said) != 1 || said[0].Type() != c.says.Type() || cmp.Diff(string(want), string(said[0].Data)) != "" {
				t.Fatalf("said %d events: %s", len(said), cmp.Diff(string(want), string(said[0].Data)))
			}
			if e := said[0]; e.RequestID != "r1" || e.Tenant != "acme" || e.Request.Task != "summarize" || e.Hop != 2 || e.Terminal {
				t.Errorf("%+v", e)
			}
			w.handle(m)
			if again := w.said(); again[1].ID != said[0].ID || w.counts().Bounces != c.counts.Bounces || w.counts().Complaints != c.counts.Complaints {
				t.Error("a second delivery is something else")
			}
		})
	}
}

func TestNothingTellsTheAddress(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"send", "delivery", "bounce", "bounce-transient", "complaint", "reject", "rendering-failure", "delivery-delay", "open", "click", "subscription"} {
		w.handle(sample(t, name))
	}
	for _, r := range w.bus.Records() {
		if strings.Contains(string(r.Detail), "@") {
			t.Errorf("the event tells it: %s", r.Detail)
		}
	}
	for _, key := range w.memory.Keys("") {
		if strings.Contains(string(w.memory.Body(key)), "@") {
			t.Errorf("%s tells it", key)
		}
	}
	if strings.Contains(w.logged.String(), "@") || strings.Contains(w.logged.String(), "Message sent") {
		t.Errorf("the log tells it: %s", w.logged.String())
	}
}

// The report names the address that a mail was forwarded to; the one that was
// mailed is what would be mailed again.
func TestTheMailedAddressIsSuppressedToo(t *testing.T) {
	w := newWorld(t)
	w.handle(sample(t, "bounce", set("bounce", "bouncedRecipients", []recipient{{"Old Box <OLD.box@example.org>"}})))
	if w.reason(address) != suppression.Bounce || w.reason("old.box@example.org") != suppression.Bounce {
		t.Errorf("%q, %q", w.reason(address), w.reason("old.box@example.org"))
	}
	if said := w.said(); len(said) != 1 || !strings.Contains(string(said[0].Data), events.AddressHash(address)) {
		t.Errorf("%d events", len(said))
	}
}

func TestMailsOfOthers(t *testing.T) {
	w := newWorld(t)
	w.handle(sample(t, "bounce", untagged))
	if w.reason(address) != suppression.Bounce || len(w.said()) != 0 || w.counts().Bounces != 1 {
		t.Errorf("%q, %d events, %+v", w.reason(address), len(w.said()), w.counts())
	}
	other := newWorld(t)
	other.handle(sample(t, "bounce", func(d map[string]any) {
		d["mail"].(map[string]any)["tags"].(map[string]any)["ses:configuration-set"] = []string{"another"}
	}))
	if other.reason(address) != "" || len(other.said()) != 0 || other.counts() != (reputation.Count{}) {
		t.Error("a mail of another environment was taken in")
	}
	several := newWorld(t)
	several.handle(sample(t, "bounce", untagged, set("mail", "destination", []string{address, "fine@example.com"})))
	if several.reason(address) != suppression.Bounce || several.reason("fine@example.com") != "" {
		t.Error("who did not bounce is suppressed")
	}
}

func TestTheSimulatorsMailsDoNotCount(t *testing.T) {
	w := newWorld(t)
	const simulator = "bounce@simulator.amazonses.com"
	for _, name := range []string{"send", "bounce"} {
		change := []func(map[string]any){set("mail", "destination", []string{simulator})}
		if name == "bounce" {
			change = append(change, set("bounce", "bouncedRecipients", []recipient{{simulator}}))
		}
		w.handle(sample(t, name, change...))
	}
	if w.counts() != (reputation.Count{}) || w.reason(simulator) != suppression.Bounce {
		t.Errorf("%+v, %q", w.counts(), w.reason(simulator))
	}
}

func TestBouncesAboutTheMailAreNotTheAddresss(t *testing.T) {
	w := newWorld(t)
	for d := range 5 {
		when := now.AddDate(0, 0, d).Format(time.RFC3339)
		w.handle(sample(t, "bounce-transient", set("bounce", "bounceSubType", "MessageTooLarge"), set("bounce", "timestamp", when)))
	}
	if got := w.reason(address); got != "" {
		t.Errorf("suppressed for %s", got)
	}
	for d := range suppression.TransientDays {
		when := now.AddDate(0, 0, d).Format(time.RFC3339)
		w.handle(sample(t, "bounce-transient", set("bounce", "timestamp", when)))
	}
	said := w.said()
	last, err := events.DataOf[events.EmailBounced](said[len(said)-1])
	if w.reason(address) != suppression.Bounce || err != nil || !last.Suppressed {
		t.Errorf("%q, %+v, %v", w.reason(address), last, err)
	}
}

func TestWhatIsNoReport(t *testing.T) {
	w := newWorld(t)
	for name, detail := range map[string]string{
		"no JSON": `recipient@example.com`, "no object": `["recipient@example.com"]`, "no kind": `{"mail":{"messageId":"m"}}`,
		"no mail": `{"eventType":"Bounce"}`, "wrong types": `{"eventType":"Bounce","mail":{"messageId":"m","destination":"recipient@example.com"}}`,
		"a long id": `{"eventType":"Bounce","mail":{"messageId":"` + strings.Repeat("m", 257) + `"}}`,
	} {
		m := sample(t, "bounce")
		m.Record.Detail = json.RawMessage(detail)
		err := w.handler.Handle(t.Context(), []consume.Message{m})[0]
		if class, _ := fault.Of(err); err == nil || class != fault.Park || strings.Contains(err.Error(), "@") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A report that cannot be written down is not lost, and its neighbours are not
// disturbed.
func TestTroubleIsOnlyOnesOwn(t *testing.T) {
	w := newWorld(t)
	bad := suppression.Key(secret, address)
	w.memory.Fault = func(_, key string) error {
		if strings.Contains(key, bad) {
			return objectstest.Error(500, "InternalError")
		}
		return nil
	}
	other := sample(t, "bounce", set("mail", "destination", []string{"b@example.com"}), set("bounce", "bouncedRecipients", []recipient{{"b@example.com"}}))
	other.ID = "other"
	messages := []consume.Message{sample(t, "bounce"), other}
	errs := w.handler.Handle(t.Context(), messages)
	if errs[0] == nil || errs[1] != nil || len(w.said()) != 1 || w.counts().Bounces != 1 {
		t.Errorf("%v, %d events, %+v", errs, len(w.said()), w.counts())
	}
	w.memory.Fault = nil
	w.handle(messages[0])
	if w.reason(address) != suppression.Bounce || w.counts().Bounces != 2 {
		t.Errorf("%q, %+v", w.reason(address), w.counts())
	}
}

func TestCountsThatCannotBeWrittenBringTheMessageBack(t *testing.T) {
	w := newWorld(t)
	w.memory.Fault = func(_, key string) error {
		if key == reputation.Key {
			return objectstest.Error(500, "InternalError")
		}
		return nil
	}
	messages := []consume.Message{sample(t, "bounce"), sample(t, "delivery")}
	errs := w.handler.Handle(t.Context(), messages)
	if errs[0] == nil || errs[1] != nil {
		t.Errorf("%v", errs)
	}
	w.memory.Fault = nil
	w.handle(messages[0])
	if w.counts().Bounces != 1 {
		t.Errorf("%+v", w.counts())
	}
}

func TestStoppedSendingIsLogged(t *testing.T) {
	w := newWorld(t)
	var batch []consume.Message
	for range 1000 {
		batch = append(batch, sample(t, "send"))
	}
	for i := range batch {
		batch[i].ID = batch[i].ID + string(rune(i))
	}
	w.handle(batch...)
	if w.handle(sample(t, "complaint")); !strings.Contains(w.logged.String(), "all sending is stopped") {
		t.Errorf("counted %+v, logged %s", w.counts(), w.logged.String())
	}
}

func TestConfig(t *testing.T) {
	for name, value := range map[string]string{"SLUICE_BUS": "own", "SLUICE_BUCKET": "b", "SLUICE_ENVIRONMENT": "test",
		"SLUICE_CONFIGURATION_SET": "set", "SLUICE_SUPPRESSION_SECRET": secret} {
		t.Setenv(name, value)
	}
	if c, err := LoadConfig(); err != nil || c.SuppressionSecret != secret {
		t.Errorf("%+v, %v", c, err)
	}
	for name, bad := range map[string]string{"SLUICE_CONFIGURATION_SET": "", "SLUICE_SUPPRESSION_SECRET": secret[:31]} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, bad)
			if _, err := LoadConfig(); err == nil || strings.Contains(err.Error(), secret[:31]) {
				t.Error(err)
			}
		})
	}
}

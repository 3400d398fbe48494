package analyze

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"sluice/events"
	"sluice/internal/objects"
	"sluice/internal/suppression"
)

// suppressions are those of the world's bucket.
func (w *world) suppressions() *suppression.List {
	return suppression.New(objects.New(w.memory, "b"), strings.Repeat("s", suppression.MinSecret), func() time.Time { return now })
}

func (w *world) suppress(reason suppression.Reason, addresses ...string) {
	w.t.Helper()
	for _, address := range addresses {
		list := w.suppressions()
		if err := list.Suppress(w.t.Context(), list.Key(address), suppression.Entry{Reason: reason}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// domains are those that may be mailed.
func (w *world) domains() (d suppression.Domains) {
	w.t.Helper()
	if err := d.UnmarshalText([]byte("example.com")); err != nil {
		w.t.Fatal(err)
	}
	return d
}

const (
	lan       = "canary.lan@example.com"
	ada       = "canary.ada@example.com"
	elsewhere = "canary@example.org"
)

// mailing is a request of its own whose answer is to be mailed.
func mailing(t *testing.T, id, words string, anyway bool, addresses ...string) []byte {
	t.Helper()
	n := map[string]any{"email": append([]string{}, addresses...)}
	if anyway {
		n["answerAnyway"] = true
	}
	return edited(t, text(t, id, words), "data/notify", n)
}

// A dead recipient costs no tokens.
func TestNothingIsSpentOnWhomNobodyMayMail(t *testing.T) {
	w := newWorld(t)
	w.suppress(suppression.Bounce, lan)
	for range 2 { // SQS delivers twice
		if left := w.send(payload(t, "full")); left != 0 {
			t.Fatalf("%d messages left; log: %s", left, w.log)
		}
	}
	said := w.bus.Records()
	if len(said) != 2 {
		t.Fatalf("said %v", kinds(said))
	}
	first, second := w.decode(said[0]), w.decode(said[1])
	if first.ID != second.ID || first.Type() != "NotificationSkipped" || !first.Terminal || first.Outcome != events.Skipped {
		t.Errorf("%+v, then %+v", first, second)
	}
	skipped := data[events.NotificationSkipped](t, first)
	if skipped.About != "RequestReceived" || !strings.Contains(skipped.Reason, "bounced") || len(skipped.Recipients) != 1 ||
		skipped.Recipients[0] != (events.Recipient{Hash: events.AddressHash(lan), Outcome: events.MailSkipped, Reason: suppression.Bounce.Words()}) {
		t.Errorf("%+v", skipped)
	}
	if calls := w.model.Calls(); len(calls) != 0 {
		t.Errorf("%d calls", len(calls))
	}
	if strings.Contains(w.log.String(), "inputTokens") {
		t.Errorf("something stands in the ledger: %s", w.log)
	}
}

func TestWhoElseIsAnswered(t *testing.T) {
	for name, tt := range map[string]struct {
		suppressed []string
		body       []byte
		reason     string // of NotificationSkipped; "": the model is asked
	}{
		"nobody is suppressed":     {nil, mailing(t, "r", "late", false, lan), ""},
		"one of two":               {[]string{lan}, mailing(t, "r", "late", false, lan, ada), ""},
		"both":                     {[]string{lan, ada}, mailing(t, "r", "late", false, lan, ada), "spam"},
		"in other letters, twice":  {[]string{lan}, mailing(t, "r", "late", false, strings.ToUpper(lan), lan), "spam"},
		"another domain":           {nil, mailing(t, "r", "late", false, elsewhere), "this domain may not be mailed"},
		"each for a reason":        {[]string{lan}, mailing(t, "r", "late", false, lan, elsewhere), "spam; this domain"},
		"the answer is wanted too": {[]string{lan}, mailing(t, "r", "late", true, lan), ""},
		"nobody is to be mailed":   {[]string{lan}, text(t, "r", "late"), ""},
		"an empty list":            {[]string{lan}, mailing(t, "r", "late", false), ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.suppress(suppression.Complaint, tt.suppressed...)
			if left := w.send(tt.body); left != 0 {
				t.Fatalf("%d messages left; log: %s", left, w.log)
			}
			calls := len(w.model.Calls())
			if tt.reason == "" {
				if w.one("AiCompleted"); calls != 1 || w.status("r").Skip != nil {
					t.Errorf("%d calls, %+v", calls, w.status("r").Skip)
				}
				return
			}
			skipped := data[events.NotificationSkipped](t, w.one("NotificationSkipped"))
			if calls != 0 || !strings.Contains(skipped.Reason, tt.reason) || !reflect.DeepEqual(w.status("r").Skip, &skipped) {
				t.Errorf("%d calls, said %+v, wrote %+v", calls, skipped, w.status("r").Skip)
			}
		})
	}
}

// How a request ends is decided once, so it has one end whatever becomes of its
// recipient, and of equal inputs, between two deliveries.
func TestARequestHasOneEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		suppressed bool // at the first delivery
		between    func(*world)
		want       string
	}{
		"lifted": {true, func(w *world) { w.lift(lan) }, "NotificationSkipped"},
		"an equal input was answered": {true, func(w *world) {
			w.send(mailing(w.t, "other", "late", false, ada))
		}, "NotificationSkipped"},
		"both": {true, func(w *world) {
			w.lift(lan)
			w.send(mailing(w.t, "other", "late", false, lan))
		}, "NotificationSkipped"},
		"suppressed": {false, func(w *world) { w.suppress(suppression.Bounce, lan) }, "AiCompleted"},
		"suppressed, and the answer is no more": {false, func(w *world) {
			w.suppress(suppression.Bounce, lan)
			for _, key := range w.memory.Keys("answers/") {
				w.memory.Remove(key)
			}
		}, "AiCompleted"},
		"nobody can tell": {false, func(w *world) {
			w.memory.Set("suppressions/"+w.suppressions().Key(lan)+".json", []byte("[]"))
		}, "AiCompleted"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if tt.suppressed {
				w.suppress(suppression.Bounce, lan)
			}
			w.send(mailing(t, "r", "late", false, lan))
			tt.between(w)
			w.restart()
			if left := w.send(mailing(t, "r", "late", false, lan)); left != 0 {
				t.Fatalf("%d messages left; log: %s", left, w.log)
			}
			w.oneEnd("r", tt.want)
		})
	}
}

// The process dies after it wrote the decision down, and before it said so.
func TestADecisionOutlivesItsProcess(t *testing.T) {
	w := newWorld(t)
	w.suppress(suppression.Bounce, lan)
	w.bus.Fault = func() error { return errors.New("the process is gone") }
	if left := w.send(mailing(t, "r", "late", false, lan)); left != 1 || len(w.bus.Records()) != 0 {
		t.Fatalf("%d messages left, said %v", left, kinds(w.bus.Records()))
	}
	w.bus.Fault = nil
	w.lift(lan)
	w.restart()
	w.send(mailing(t, "r", "late", false, lan))
	w.oneEnd("r", "NotificationSkipped")
	if w.send(mailing(t, "next", "late", false, lan)); len(w.model.Calls()) != 1 {
		t.Error("who is free again is not answered")
	}
}

// Whether the answer is wanted anyway is a part of what is asked, but no part of the
// answer.
func TestAnsweredAnyway(t *testing.T) {
	w := newWorld(t)
	w.suppress(suppression.Bounce, lan)
	w.send(mailing(t, "r", "late", false, lan))
	w.send(mailing(t, "r", "late", true, lan))
	said := w.bus.Records()
	if got := kinds(said); len(got) != 2 || got[1] != "RequestRejected" {
		t.Fatalf("said %v", got)
	}
	if rejected := data[events.RequestRejected](t, w.decode(said[1])); rejected.ConflictsWith != "r" || w.decode(said[1]).RequestID == "r" {
		t.Errorf("%+v", rejected)
	}
	w.send(mailing(t, "s", "late", true, lan))
	w.send(mailing(t, "t", "late", false, ada))
	if calls := len(w.model.Calls()); calls != 1 {
		t.Errorf("%d calls for one answer", calls)
	}
}

// What a workflow runs ends as was decided when it was admitted.
func TestAWorkflowsRequestHasOneEnd(t *testing.T) {
	w := newWorld(t)
	w.suppress(suppression.Bounce, lan)
	body := mailing(t, "r", "late", false, lan)
	w.send(body)
	w.lift(lan)
	step := edited(t, edited(t, body, "data/notify", nil), "execution", "arn:aws:states:us-east-1:123456789012:execution:sluice:r")
	step = edited(t, step, "request", map[string]any{"task": "summarize", "submitted": now, "wantsMail": true})
	w.send(edited(t, bytes.Replace(step, []byte("shop.support"), []byte("sluice.analyze"), 1), "tenant", "acme"))
	if got := kinds(w.bus.Records()); len(got) != 2 {
		t.Errorf("said %v", got)
	}
	w.oneEnd("r", "NotificationSkipped")
}

// A list that cannot be read is no reason to spend, nor to give up.
func TestSuppressionsThatCannotBeReadKeepTheRequest(t *testing.T) {
	w := newWorld(t)
	w.memory.Fault = func(_, key string) error {
		if strings.HasPrefix(key, suppression.Prefix) {
			return errors.New("connection reset")
		}
		return nil
	}
	if left := w.send(mailing(t, "r", "late", false, lan)); left != 1 || len(w.bus.Records()) != 0 || len(w.model.Calls()) != 0 {
		t.Fatalf("%d messages left, said %v", left, kinds(w.bus.Records()))
	}
	w.memory.Fault = nil
	w.suppress(suppression.Bounce, lan)
	w.send(mailing(t, "r", "late", false, lan))
	w.one("NotificationSkipped")
}

// lift lets an address be mailed again.
func (w *world) lift(address string) {
	w.t.Helper()
	list := suppression.New(objects.New(w.memory, "b"), strings.Repeat("s", suppression.MinSecret), func() time.Time { return now.Add(time.Hour) })
	if err := list.Lift(w.t.Context(), list.Key(address)); err != nil {
		w.t.Fatal(err)
	}
}

// oneEnd checks that all that was said of a request is one event, however often.
func (w *world) oneEnd(id, kind string) {
	w.t.Helper()
	ids := map[string]bool{}
	for _, r := range w.bus.Records() {
		if e := w.decode(r); e.RequestID == id {
			ids[r.DetailType+" "+e.ID] = true
			if r.DetailType != kind {
				w.t.Errorf("said %s, want %s; log: %s", r.DetailType, kind, w.log)
			}
		}
	}
	if len(ids) != 1 {
		w.t.Errorf("%d events: %v; log: %s", len(ids), ids, w.log)
	}
}

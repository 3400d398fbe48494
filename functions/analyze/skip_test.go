package analyze

import (
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

const lan = "canary.lan@example.com"

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
}

func TestWhoElseIsAnswered(t *testing.T) {
	ada := "canary.ada@example.com"
	notify := func(more bool, addresses ...string) map[string]any {
		n := map[string]any{"email": append([]string{}, addresses...)}
		if more {
			n["answerAnyway"] = true
		}
		return n
	}
	for name, tt := range map[string]struct {
		suppressed []string
		notify     any
		calls      int
	}{
		"nobody is suppressed":     {nil, notify(false, lan), 1},
		"one of two":               {[]string{lan}, notify(false, lan, ada), 1},
		"both":                     {[]string{lan, ada}, notify(false, lan, ada), 0},
		"in other letters":         {[]string{lan}, notify(false, strings.ToUpper(lan)), 0},
		"the answer is wanted too": {[]string{lan}, notify(true, lan), 1},
		"nobody is to be mailed":   {[]string{lan}, nil, 1},
		"an empty list":            {[]string{lan}, notify(false), 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.suppress(suppression.Complaint, tt.suppressed...)
			if left := w.send(edited(t, payload(t, "full"), "data/notify", tt.notify)); left != 0 {
				t.Fatalf("%d messages left; log: %s", left, w.log)
			}
			if calls := len(w.model.Calls()); calls != tt.calls {
				t.Errorf("%d calls, want %d; said %v", calls, tt.calls, kinds(w.bus.Records()))
			}
		})
	}
}

// What was paid for goes its way, so that a request does not end twice.
func TestAnAnswerThatIsThereIsNotSkipped(t *testing.T) {
	w := newWorld(t)
	w.send(payload(t, "full"))
	w.suppress(suppression.Bounce, lan)
	w.send(payload(t, "full"))
	if got := kinds(w.bus.Records()); len(got) != 2 || got[0] != "AiCompleted" || got[1] != "AiCompleted" || len(w.model.Calls()) != 1 {
		t.Errorf("said %v with %d calls", got, len(w.model.Calls()))
	}
}

func TestSuppressionsThatCannotBeReadKeepTheRequest(t *testing.T) {
	w := newWorld(t)
	w.memory.Set("suppressions/"+w.suppressions().Key(lan)+".json", []byte("[]"))
	w.send(payload(t, "full"))
	if len(w.model.Calls()) != 0 || len(w.bus.Records()) != 0 {
		t.Errorf("%d calls, said %v", len(w.model.Calls()), kinds(w.bus.Records()))
	}
}

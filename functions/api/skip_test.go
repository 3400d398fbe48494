package api

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"sluice/events"
	"sluice/internal/requests"
	"sluice/internal/suppression"
)

const (
	dead      = "canary.dead@example.com"
	elsewhere = "canary@example.org"
)

// mailing is a request whose answer is to be mailed.
func mailing(id, notify string) string {
	return fmt.Sprintf(`{"requestId": %q, "task": "sentiment", "input": {"text": "canary"}, "notify": %s}`, id, notify)
}

func (w *world) suppress(address string) {
	w.t.Helper()
	list := suppressionsOf(w)
	w.must(list.Suppress(w.t.Context(), list.Key(address), suppression.Entry{Reason: suppression.Complaint}))
}

func (w *world) lift(address string) {
	w.t.Helper()
	w.clock.pass(time.Hour)
	list := suppressionsOf(w)
	w.must(list.Lift(w.t.Context(), list.Key(address)))
}

// What goes through the queue and asks for nothing but a mail that nobody may get is
// written down as such; analyze reads that and says so. Whoever waits is answered.
func TestHowARequestEndsIsDecidedWhenItIsAdmitted(t *testing.T) {
	w := newWorld(t)
	w.suppress(dead)
	for id, tt := range map[string]struct {
		notify string
		skip   bool
	}{
		"dead":      {`{"email": ["Canary.Dead@example.com"]}`, true},
		"elsewhere": {`{"email": ["` + dead + `", "` + elsewhere + `"]}`, true},
		"anyway":    {`{"email": ["` + dead + `"], "answerAnyway": true}`, false},
		"alive":     {`{"email": ["` + dead + `", "canary@example.com"]}`, false},
		"nobody":    {`{"email": []}`, false},
	} {
		w.want(202, receive(mailing(id, tt.notify)))
		if s := w.status(id); (s.Skip != nil) != tt.skip || s.State != requests.Received {
			t.Errorf("%s: %+v", id, s)
		}
	}
	if said := len(w.bus.Of("RequestReceived")); said != 5 {
		t.Errorf("%d requests were handed on", said)
	}
	w.want(200, generate(mailing("waits", `{"email": ["`+dead+`"]}`)))
	w.want(202, generate(mailing("waits-not", `{"email": ["`+dead+`"]}`), "prefer", "respond-async"))
	if w.status("waits").Skip != nil || w.status("waits-not").Skip != nil {
		t.Error("whoever waits is not answered")
	}
	if _, data := w.received(5); !data.Notify.AnswerAnyway {
		t.Errorf("%+v", data)
	}
}

// The process dies after the request was written down, and before it was handed on;
// its recipient is free again when it comes once more.
func TestADecisionStandsWhenTheRequestComesAgain(t *testing.T) {
	w := newWorld(t)
	w.suppress(dead)
	body, key := mailing("r", `{"email": ["`+dead+`"]}`), []string{"idempotency-key", "k"}
	w.bus.Fault = func() error { return errors.New("the process is gone") }
	w.want(503, receive(body, key...))
	w.bus.Fault = nil
	w.lift(dead)
	w.restart()
	w.want(202, receive(body, key...))
	w.want(202, receive(body, key...))
	if s := w.status("r"); s.Skip == nil || s.Skip.About != (events.RequestReceived{}).Type() {
		t.Errorf("%+v", s)
	}
	w.want(202, receive(mailing("next", `{"email": ["`+dead+`"]}`)))
	if w.status("next").Skip != nil {
		t.Error("who is free again is not answered")
	}
}

// Whether the answer is wanted anyway is a part of the request, and no part of the
// answer.
func TestAnsweredAnywayIsAnotherRequest(t *testing.T) {
	w := newWorld(t)
	only, anyway := `{"email": ["canary@example.com"]}`, `{"email": ["canary@example.com"], "answerAnyway": true}`
	w.want(202, receive(mailing("r", only)))
	w.want(409, receive(mailing("r", anyway)))
	w.want(409, generate(mailing("r", only)))
	w.want(202, receive(mailing("s", anyway)))
	w.want(200, generate(mailing("a", only)))
	w.want(200, generate(`{"requestId": "b", "task": "sentiment", "input": {"text": "canary"}}`))
	if calls := len(w.model.Calls()); calls != 1 {
		t.Errorf("%d calls for one answer", calls)
	}
}

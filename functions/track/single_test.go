package track

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/requests"
)

func TestSingleRequests(t *testing.T) {
	sent := events.Notified{About: "Stored", Recipients: []events.Recipient{{Hash: "h", Outcome: events.MailSent}}}
	mail := events.Mailed{About: "Stored", MessageID: "m", Recipient: strings.Repeat("h", 26), Key: strings.Repeat("k", 52), At: submitted}
	other := mail
	other.MessageID = "n"
	skipped := events.NotificationSkipped{About: "Stored", Reason: "no domain is allowed"}
	cases := []struct {
		name    string
		each    bool
		admit   bool
		said    func(*world) []consume.Message
		state   requests.State
		outcome events.Outcome
		check   func(requests.Status) bool
	}{
		{"stored", false, true, func(w *world) []consume.Message { return []consume.Message{w.stored(0, `{}`)} },
			requests.Stored, events.Completed, func(s requests.Status) bool {
				return s.Result != "" && s.Spend.CostUSD == 0.25 && len(s.Notify) == 1 && s.Fingerprint == "f" && len(s.Timeline) == 1
			}},
		{"stored, to be mailed", true, true, func(w *world) []consume.Message { return []consume.Message{w.stored(0, `{}`)} },
			requests.Stored, "", func(s requests.Status) bool { return !s.Terminal() }},
		{"notified", true, true, func(w *world) []consume.Message {
			return []consume.Message{w.stored(0, `{}`), w.next(0, "notify", 1, events.Completed, sent)}
		}, requests.Notified, events.Completed, func(s requests.Status) bool { return s.Mail[0].Outcome == events.MailSent && s.Result != "" }},
		{"nobody may be mailed", true, true, func(w *world) []consume.Message {
			return []consume.Message{w.stored(0, `{}`), w.next(0, "notify", 1, events.Completed, skipped)}
		}, requests.Notified, events.Completed, func(s requests.Status) bool { return s.MailSkipped != "" }},
		{"nobody may be mailed, so it was not answered", true, true, func(w *world) []consume.Message {
			return []consume.Message{w.next(0, "analyze", 1, events.Skipped, events.NotificationSkipped{About: "RequestReceived", Reason: "all bounced"})}
		}, requests.Skipped, events.Skipped, func(s requests.Status) bool { return s.MailSkipped == "all bounced" && s.Result == "" }},
		{"mailed, and the mail came back", true, true, func(w *world) []consume.Message {
			return []consume.Message{w.stored(0, `{}`), w.next(0, "notify", 1, events.Completed, sent), w.next(0, "feedback", 1, "", events.EmailDelivered{Mailed: mail}),
				w.next(0, "feedback", 1, "", events.EmailBounced{Mailed: mail, Kind: events.BouncePermanent, SubType: "General"}),
				w.next(0, "feedback", 1, "", events.EmailComplained{Mailed: other, FeedbackType: "abuse"})}
		}, requests.Notified, events.Completed, func(s requests.Status) bool {
			return len(s.Deliveries) == 2 && s.Became("m") == requests.Bounced && s.Became("n") == requests.Complained
		}},
		{"rejected, never admitted", false, false, func(w *world) []consume.Message { return []consume.Message{w.rejected(0, 0, "tooLarge", "encoding")} },
			requests.Rejected, events.Rejected, func(s requests.Status) bool {
				return len(s.Reasons) == 2 && s.Task == "classify" && s.Submitted.Equal(submitted) && s.CorrelationID == "r1" && s.RequestID == "r1"
			}},
		{"failed, and mailed about it", false, true, func(w *world) []consume.Message {
			return []consume.Message{w.failed(0), w.next(0, "notify", 1, "", sent)}
		}, requests.Failed, events.Failed, func(s requests.Status) bool {
			return s.Reasons[0].Code == "tooLong" && s.Spend.CostUSD == 0.25 && len(s.Mail) == 1
		}},
		{"parked", false, true, func(w *world) []consume.Message {
			return []consume.Message{w.parked(0, 1, "RequestReceived", events.Parked)}
		},
			requests.Parked, events.Parked, func(s requests.Status) bool { return s.Reasons[0].Code == "crash" && s.Parked != "" }},
		{"parked, redriven, stored", false, true, func(w *world) []consume.Message {
			return []consume.Message{w.parked(0, 1, "RequestReceived", events.Parked), w.storedAt(0, 2, `{}`)}
		}, requests.Stored, events.Completed, func(s requests.Status) bool { return s.Attempt == 2 && s.Reasons == nil }},
		{"stored, its mail given up", true, true, func(w *world) []consume.Message {
			return []consume.Message{w.stored(0, `{}`), w.parked(0, 1, "Stored", events.Parked)}
		}, requests.Stored, events.Parked, func(s requests.Status) bool { return s.Result != "" && s.Parked != "" }},
		{"and redriven", true, true, func(w *world) []consume.Message {
			return []consume.Message{w.stored(0, `{}`), w.parked(0, 1, "Stored", events.Parked), w.next(0, "notify", 2, events.Completed, sent)}
		}, requests.Notified, events.Completed, func(s requests.Status) bool { return s.Attempt == 2 }},
		{"a message about it was parked that ends nothing", false, true, func(w *world) []consume.Message {
			return []consume.Message{w.stored(0, `{}`), w.parked(0, 1, "Stored", "")}
		}, requests.Stored, events.Completed, func(s requests.Status) bool { return s.Parked != "" && s.Reasons == nil }},
	}
	for _, c := range cases {
		for round := range 6 { // the first in order, the others in any
			w := newWorld(t)
			w.each = c.each
			if c.admit {
				_, err := w.handler.book.Admit(context.Background(), requests.Status{RequestID: "r1", Tenant: "acme", Task: "classify",
					Fingerprint: "f", Submitted: submitted, Notify: []string{"a@example.com"}})
				if err != nil {
					t.Fatal(err)
				}
			}
			said := c.said(w)
			batch := append(said, said...)
			if round > 0 {
				rand.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
			}
			w.handle(batch...)
			s, err := w.handler.book.Get(context.Background(), "acme", "r1")
			if err != nil || s.State != c.state || s.Outcome != c.outcome || !c.check(s) {
				t.Errorf("%s, round %d: %v\n%+v", c.name, round, err, s)
			}
			generation := s.Generation
			for _, m := range said {
				w.handle(m)
			}
			if s, _ := w.handler.book.Get(context.Background(), "acme", "r1"); s.Generation != generation {
				t.Errorf("%s, round %d: a second delivery wrote again", c.name, round)
			}
		}
	}
}

// What became of a mail is noted where there is a status: a request that nobody
// admitted, and an upload's record without recipients of its own, have none.
func TestWhatBecameOfAMailMakesNoStatus(t *testing.T) {
	mail := events.EmailDelivered{Mailed: events.Mailed{MessageID: "m", Recipient: strings.Repeat("h", 26), Key: strings.Repeat("k", 52), At: submitted}}
	w := newWorld(t)
	w.id = "u1"
	w.handle(w.next(0, "feedback", 1, "", mail), w.next(3, "feedback", 1, "", mail))
	if keys := w.memory.Keys(""); len(keys) != 0 {
		t.Errorf("written: %v", keys)
	}
}

package admission

import (
	"context"
	"errors"
	"testing"

	"sluice/events"
)

// permit says of each address why it may not be mailed, and counts how often it is
// asked.
type permit struct {
	why   []string
	err   error
	asked int
}

func (p *permit) Nobody(_ context.Context, addresses ...string) ([]string, error) {
	p.asked += len(addresses)
	return p.why, p.err
}

func TestSkip(t *testing.T) {
	notify := func(anyway bool, email ...string) *events.Notify {
		return &events.Notify{Email: email, AnswerAnyway: anyway}
	}
	for name, tt := range map[string]struct {
		data       events.RequestReceived
		why        []string
		asked      int
		reason     string // "": it is answered
		recipients int
	}{
		"no mail is wanted":        {events.RequestReceived{}, []string{"x"}, 0, "", 0},
		"nobody is named":          {events.RequestReceived{Notify: notify(false)}, []string{"x"}, 0, "", 0},
		"the answer is wanted too": {events.RequestReceived{Notify: notify(true, "a@x.org")}, []string{"x"}, 0, "", 0},
		"a record of an upload":    {events.RequestReceived{Notify: notify(false, "a@x.org"), Upload: &events.UploadRecord{ID: "u", Record: 1}}, []string{"x"}, 0, "", 0},
		"somebody may be mailed":   {events.RequestReceived{Notify: notify(false, "a@x.org", "b@x.org")}, nil, 2, "", 0},
		"nobody may be mailed": {events.RequestReceived{Notify: notify(false, "a@x.org", "b@y.org")}, []string{"it bounced", "closed"}, 2,
			"none of the recipients may be mailed, so the model was not asked: it bounced; closed", 2},
		"one address, twice": {events.RequestReceived{Notify: notify(false, "a@x.org", "A@x.org")}, []string{"it bounced", "it bounced"}, 2,
			"none of the recipients may be mailed, so the model was not asked: it bounced", 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := &permit{why: tt.why}
			said, err := Skip(t.Context(), p, tt.data)
			if err != nil || p.asked != tt.asked || (said == nil) != (tt.reason == "") {
				t.Fatalf("%+v, %v; asked of %d", said, err, p.asked)
			}
			if said == nil {
				return
			}
			if said.Reason != tt.reason || said.About != "RequestReceived" || len(said.Recipients) != tt.recipients ||
				said.Recipients[0] != (events.Recipient{Hash: events.AddressHash("a@x.org"), Outcome: events.MailSkipped, Reason: "it bounced"}) {
				t.Errorf("%+v", said)
			}
		})
	}
	broken := errors.New("broken")
	if said, err := Skip(t.Context(), &permit{err: broken}, events.RequestReceived{Notify: notify(false, "a@x.org")}); said != nil || !errors.Is(err, broken) {
		t.Errorf("%+v, %v", said, err)
	}
}

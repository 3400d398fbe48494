package notify

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"sluice/events"
	"sluice/internal/claim"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects/objectstest"
)

func TestMails(t *testing.T) {
	cases := []struct {
		name    string
		message func(*world) consume.Message
		subject string
		bodies  []string // in text and HTML
		ends    bool
	}{
		{"a result in Vietnamese", func(w *world) consume.Message {
			return w.stored(w.admitted(address), `{"summary":"`+vietnamese+`","labels":["hỏng","đổi trả"],"score":0.10}`)
		}, "summarize: " + vietnamese, []string{vietnamese, "đổi trả", "0.10", "s3://b/results/dt=2026-03-01/acme/r1.json", "stand-in", "$0.000042", "r1"}, true},
		{"an upload record's result", func(w *world) consume.Message {
			return w.stored(w.record(true, address), `{"summary":"one"}`)
		}, "summarize: one", []string{"one", "u1-2", "results/dt=2026-03-01/upload=u1/"}, true},
		{"an answer that is no object", func(w *world) consume.Message { return w.stored(w.admitted(address), `"just text"`) },
			"summarize: just text", []string{"just text"}, true},
		{"an answer without words", func(w *world) consume.Message { return w.stored(w.admitted(address), `{"list":[]}`) },
			"summarize: r1", []string{"list"}, true},
		{"failure", func(w *world) consume.Message {
			return w.next(w.admitted(address), events.Failed, events.AiFailed{Class: "refused", Message: "a filter stopped it"})
		}, "No answer: summarize r1", []string{"a filter stopped it", "refused"}, false},
		{"rejection", func(w *world) consume.Message {
			return w.next(w.record(true, address), events.Rejected, events.RequestRejected{File: "uploads/acme/x/file.csv", Line: 12,
				Reasons: []events.Problem{{Field: "/text", Code: "empty", Message: "the text is empty"}, {Code: "params", Message: "no such parameter"}}})
		}, "No answer: summarize u1-2", []string{"the text is empty", "/text", "no such parameter", "file.csv, line 12"}, false},
		{"parking", func(w *world) consume.Message {
			return w.next(w.admitted(address), events.Parked, events.RequestParked{Cause: "it timed out", Class: "crash", Queue: "q", Key: "k", Event: "AiCompleted"})
		}, "No answer: summarize r1", []string{"it timed out", "set aside"}, false},
		{"the report", func(w *world) consume.Message { w.record(false, address); return w.completed() },
			"Phản hồi tháng 3.csv: 990 of 1000 records answered", []string{"1000", "990", "57", "$0.41", "7 × tooLarge", "2 × refused", "17",
				"s3://b/reports/acme/u1/results.csv", "s3://b/reports/acme/u1/report.html"}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, "*")
			m := c.message(w)
			w.handle(m)
			if len(w.ses.taken) != 1 {
				t.Fatalf("%d mails", len(w.ses.taken))
			}
			in := w.ses.taken[0]
			simple := in.Content.Simple
			if got := *simple.Subject.Data; got != c.subject || *simple.Subject.Charset != "UTF-8" {
				t.Errorf("subject %q", got)
			}
			for _, want := range c.bodies {
				if !strings.Contains(*simple.Body.Text.Data, want) || !strings.Contains(*simple.Body.Html.Data, want) {
					t.Errorf("a body lacks %q:\n%s\n%s", want, *simple.Body.Text.Data, *simple.Body.Html.Data)
				}
			}
			if *in.FromEmailAddress != "Sluice <sluice@example.com>" || len(in.Destination.ToAddresses) != 1 || in.Destination.ToAddresses[0] != address ||
				*in.ConfigurationSetName != "set" || len(simple.Headers) != 0 {
				t.Errorf("%+v", in)
			}
			e, raw := w.said()
			if got := w.notified(); len(got) != 1 || got[0].Outcome != events.MailSent || got[0].MessageID != "message" || got[0].Hash != events.AddressHash(address) {
				t.Errorf("%+v", got)
			}
			if e.Terminal != c.ends || (e.Outcome == events.Completed) != c.ends {
				t.Errorf("terminal %t, outcome %q", e.Terminal, e.Outcome)
			}
			if strings.Contains(string(raw.Detail), "canary") || strings.Contains(string(raw.Detail), "Khách") {
				t.Errorf("the event tells: %s", raw.Detail)
			}
			for range 2 { // again, and by another process
				w.handle(m)
			}
			again, _ := w.said()
			if len(w.ses.taken) != 1 || again.ID != e.ID || w.notified()[0].MessageID != "message" {
				t.Errorf("%d mails after a second delivery", len(w.ses.taken))
			}
		})
	}
}

func TestNobodyIsMailed(t *testing.T) {
	cases := []struct {
		name    string
		domains string
		message func(*world) consume.Message
		left    int // recipients that are named as left out
		ends    bool
	}{
		{"other domains", "example.org, Example.net", func(w *world) consume.Message {
			return w.stored(w.admitted(address, "x@sub.example.org"), `{}`)
		}, 2, true},
		{"no addresses", "*", func(w *world) consume.Message { return w.stored(w.admitted(), `{}`) }, 0, true},
		{"bad addresses", "*", func(w *world) consume.Message {
			return w.stored(w.admitted("a@example.com\r\nBcc: b@example.com", "Name <a@example.com>", "nobody", "a@b@c", "", "a\x00@example.com",
				strings.Repeat("a", 250)+"@example.com", "a@example.com, b@example.com"), `{}`)
		}, 8, true},
		{"a request that nobody admitted", "*", func(w *world) consume.Message {
			about := w.admitted(address)
			w.memory.Remove("requests/acme/r1.json")
			return w.next(about, events.Parked, events.RequestParked{Key: "k", Event: "RequestReceived"})
		}, 0, false},
		{"a record of an upload that did not ask", "*", func(w *world) consume.Message { return w.stored(w.record(false, address), `{"a":"b"}`) }, 0, true},
		{"an upload of another tenant", "*", func(w *world) consume.Message {
			about := w.record(true, address)
			about.Tenant = "evil"
			return w.stored(about, `{"a":"b"}`)
		}, 0, true},
		{"a report of an upload that is not there", "*", func(w *world) consume.Message { return w.completed() }, 0, false},
	}
	for _, c := range cases {
		w := newWorld(t, c.domains)
		w.handle(c.message(w))
		e, raw := w.said()
		if got := w.skipped(); len(w.ses.taken) != 0 || len(got.Recipients) != c.left || got.Reason == "" || e.Terminal != c.ends {
			t.Errorf("%s: %d mails, %+v, terminal %t", c.name, len(w.ses.taken), got, e.Terminal)
		}
		if strings.Contains(string(raw.Detail), "@") {
			t.Errorf("%s: the event tells an address", c.name)
		}
	}
}

func TestNothingIsSaidWhereNoMailIsWanted(t *testing.T) {
	w := newWorld(t, "*")
	quiet := w.admitted(address)
	quiet.Request.WantsMail = false
	loud := quiet
	loud.Request.WantsMail = true
	for _, m := range []consume.Message{
		w.stored(quiet, `{}`),
		w.next(loud, "", events.RequestParked{Key: "k", Event: "Stored"}),
		w.next(loud, events.Parked, events.RequestParked{Key: "k", Event: "Stored"}), // a mail about a mail
	} {
		w.handle(m)
	}
	if len(w.ses.taken) != 0 || len(w.bus.Records()) != 0 {
		t.Errorf("%d mails, %d events", len(w.ses.taken), len(w.bus.Records()))
	}
}

func TestSomeRecipients(t *testing.T) {
	w := newWorld(t, "example.com")
	w.handle(w.stored(w.admitted(address, "CANARY.person@example.com ", "b@example.org", "c@example.com"), `{"a":"b"}`))
	got := w.notified()
	if len(w.ses.taken) != 2 || len(got) != 3 || got[0].Outcome != events.MailSent || got[1].Outcome != events.MailSkipped || got[2].Outcome != events.MailSent {
		t.Errorf("%d mails, %+v", len(w.ses.taken), got)
	}
}

func TestErrorsOfSES(t *testing.T) {
	lost := errors.New("read tcp: connection reset, to " + address)
	cases := []struct {
		name   string
		err    error
		class  fault.Class // "" is no error
		is     events.MailOutcome
		atOnce bool // the next try need not wait for the claim
	}{
		{"rejected", objectstest.Error(400, "MessageRejected"), "", events.MailRefused, true},
		{"bad request", objectstest.Error(400, "BadRequestException"), "", events.MailRefused, true},
		{"throttled", objectstest.Error(429, "TooManyRequestsException"), fault.Defer, "", true},
		{"limit", objectstest.Error(400, "LimitExceededException"), fault.Defer, "", true},
		{"paused", objectstest.Error(400, "SendingPausedException"), fault.Park, "", true},
		{"suspended", objectstest.Error(400, "AccountSuspendedException"), fault.Park, "", true},
		{"no rights", objectstest.Error(403, "AccessDeniedException"), fault.Park, "", true},
		{"no configuration set", objectstest.Error(404, "NotFoundException"), fault.Park, "", true},
		{"failed", objectstest.Error(500, "InternalServiceErrorException"), fault.Retry, "", false},
		{"lost", lost, fault.Retry, "", false},
		{"timed out", context.DeadlineExceeded, fault.Retry, "", false},
	}
	for _, c := range cases {
		w := newWorld(t, "*")
		m := w.stored(w.admitted(address), `{"a":"b"}`)
		w.ses.answer = func(int, string) error { return c.err }
		err := w.handler.Handle(t.Context(), m)
		class, _ := fault.Of(err)
		if c.class == "" {
			if err != nil || w.notified()[0].Outcome != c.is || w.notified()[0].Reason == "" {
				t.Errorf("%s: %v", c.name, err)
			}
			w.ses.answer = nil
			if w.handle(m); len(w.ses.taken) != 1 {
				t.Errorf("%s: tried again", c.name)
			}
			continue
		}
		if err == nil || class != c.class || strings.Contains(err.Error(), "@") || len(w.bus.Records()) != 0 {
			t.Errorf("%s: %v of class %s", c.name, err, class)
		}
		w.ses.answer = nil
		err = w.handler.Handle(t.Context(), m)
		if c.atOnce != (err == nil) || !c.atOnce && !errors.Is(err, claim.ErrHeld) {
			t.Errorf("%s, then at once: %v", c.name, err)
		}
		w.clock = w.clock.Add(time.Hour)
		if w.handle(m); len(w.ses.taken) != 2 || w.notified()[0].Outcome != events.MailSent {
			t.Errorf("%s: %d calls", c.name, len(w.ses.taken))
		}
	}
}

func TestOneRecipientsTroubleDoesNotMailTheOthersTwice(t *testing.T) {
	w := newWorld(t, "*")
	m := w.stored(w.admitted("a@example.com", "b@example.com", "c@example.com"), `{"a":"b"}`)
	w.ses.answer = func(_ int, to string) error {
		if to == "b@example.com" {
			return objectstest.Error(500, "InternalFailure")
		}
		return nil
	}
	if err := w.handler.Handle(t.Context(), m); err == nil || len(w.ses.taken) != 3 || len(w.bus.Records()) != 0 {
		t.Fatalf("%v, %d calls", err, len(w.ses.taken))
	}
	w.ses.answer = nil
	w.clock = w.clock.Add(time.Hour)
	if w.handle(m); len(w.ses.taken) != 4 || len(w.notified()) != 3 {
		t.Errorf("%d calls", len(w.ses.taken))
	}
	t.Run("a throttle stops the rest", func(t *testing.T) {
		w := newWorld(t, "*")
		m := w.stored(w.admitted("a@example.com", "b@example.com", "c@example.com"), `{"a":"b"}`)
		w.ses.answer = func(n int, _ string) error {
			if n == 2 {
				return objectstest.Error(429, "TooManyRequestsException")
			}
			return nil
		}
		if err := w.handler.Handle(t.Context(), m); err == nil || len(w.ses.taken) != 2 {
			t.Fatalf("%v, %d calls", err, len(w.ses.taken))
		}
		if w.handle(m); len(w.ses.taken) != 4 {
			t.Errorf("%d calls", len(w.ses.taken))
		}
	})
}

func TestReportsAreMailedOncePerLevel(t *testing.T) {
	w := newWorld(t, "*")
	w.record(false, address)
	w.handle(w.completedAs("level-1", 990))
	w.handle(w.completedAs("level-1", 992)) // said again after a crash, a little later
	w.handle(w.completedAs("level-2", 1000))
	if len(w.ses.taken) != 2 {
		t.Errorf("%d mails", len(w.ses.taken))
	}
}

func TestARedriveMailsOnlyNews(t *testing.T) {
	w := newWorld(t, "*")
	about := w.admitted(address)
	parked := events.RequestParked{Cause: "x", Class: "crash", Key: "k", Event: "AiCompleted"}
	again := about
	again.Attempt = 2
	for range 2 {
		w.handle(w.next(about, events.Parked, parked))
		w.handle(w.next(again, events.Parked, parked))
		w.handle(w.stored(about, `{"a":"b"}`))
		w.handle(w.stored(again, `{"a":"b"}`))
	}
	if len(w.ses.taken) != 3 {
		t.Errorf("%d mails, want two about the attempts and one with the result", len(w.ses.taken))
	}
}

func TestBadMessages(t *testing.T) {
	cases := map[string]func(*world) consume.Message{
		"not ours": func(w *world) consume.Message { m := w.completed(); m.Record.Detail = []byte(`{}`); return m },
		"not mailed": func(w *world) consume.Message {
			return w.next(w.admitted(address), "", events.AiCompleted{Answer: "a"})
		},
		"result is gone": func(w *world) consume.Message {
			m := w.stored(w.admitted(address), `{}`)
			w.memory.Remove("results/dt=2026-03-01/acme/r1.json")
			return m
		},
		"result of another": func(w *world) consume.Message {
			m := w.stored(w.admitted(address), `{}`)
			w.memory.Set("results/dt=2026-03-01/acme/r1.json", []byte(`{"requestId":"r2","tenant":"acme","answer":"x"}`))
			return m
		},
	}
	for name, message := range cases {
		w := newWorld(t, "*")
		err := w.handler.Handle(t.Context(), message(w))
		if class, _ := fault.Of(err); err == nil || class != fault.Park || len(w.ses.taken) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The SDK's own retry must not send twice.
func TestOneAttempt(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	client := sesv2.NewFromConfig(aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(server.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "k", SecretAccessKey: "s"}, nil
		})}, OneAttempt)
	w := newWorld(t, "*")
	w.handler.ses = client
	err := w.handler.Handle(t.Context(), w.stored(w.admitted(address), `{"a":"b"}`))
	if class, _ := fault.Of(err); class != fault.Retry || calls.Load() != 1 {
		t.Errorf("%v, %d calls", err, calls.Load())
	}
}

func TestConfig(t *testing.T) {
	for name, value := range map[string]string{"SLUICE_BUS": "own", "SLUICE_BUCKET": "b", "SLUICE_ENVIRONMENT": "test",
		"SLUICE_CONFIGURATION_SET": "set", "SLUICE_SENDER": "sluice@example.com", "SLUICE_RECIPIENT_DOMAINS": "a.org, B.org",
		"SLUICE_SUPPRESSION_SECRET": secret} {
		t.Setenv(name, value)
	}
	c, err := LoadConfig()
	if err != nil || !c.Domains.Allow("A.org") || !c.Domains.Allow("b.org") || c.Domains.Allow("c.org") || c.Domains.Allow("x.a.org") {
		t.Errorf("%+v, %v", c, err)
	}
	for name, bad := range map[string]string{"SLUICE_SENDER": "no address", "SLUICE_RECIPIENT_DOMAINS": " , ", "SLUICE_BUS": "",
		"SLUICE_SUPPRESSION_SECRET": "short", "SLUICE_API_URL": "https://api.example.com", "SLUICE_LINK_SECRET": secret} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, bad)
			if _, err := LoadConfig(); err == nil {
				t.Error("taken")
			}
		})
	}
}

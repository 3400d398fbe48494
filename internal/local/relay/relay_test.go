package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/ses"
)

// told records the events of mails.
type told struct {
	mu     sync.Mutex
	events []ses.Event
}

func (t *told) Publish(_ context.Context, events []ses.Event) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, events...)
	return nil
}

func (t *told) of(kind string) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.events {
		if e.DetailType == kind {
			n++
		}
	}
	return n
}

const (
	sender = "sluice@example.com"
	set    = "all"
)

// outbox is SES over a store, with a configuration set that tells of everything.
func outbox(t *testing.T, store disk.Store) (*ses.State, *told) {
	t.Helper()
	events := &told{}
	s, err := ses.New(store, events, ses.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.EnsureIdentity(t.Context(), sender), s.EnsureSet(t.Context(), set)); err != nil {
		t.Fatal(err)
	}
	return s, events
}

func post(t *testing.T, s *ses.State, subject string, to ...string) string {
	t.Helper()
	id, err := s.SendEmail(t.Context(), ses.Request{From: sender, To: to, ConfigurationSet: set,
		Simple: &ses.Simple{Subject: subject, Text: ".a line that begins with a dot\nand Tiếng Việt"}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// start runs a relay until the test ends or stop is called.
func start(t *testing.T, s Outbox, store disk.Store, o Options) (r *Relay, stop func() error) {
	t.Helper()
	o.Poll = 5 * time.Millisecond
	r, err := New(t.Context(), s, store, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return r, stop
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func subjects(letters []letter) (list []string) {
	for _, l := range letters {
		_, after, _ := strings.Cut(l.body, "Subject: ")
		subject, _, _ := strings.Cut(after, "\r\n")
		list = append(list, subject)
	}
	return list
}

func TestMailsAreRelayedOnceAndInOrder(t *testing.T) {
	store := disk.Memory()
	s, _ := outbox(t, store)
	post(t, s, "old", "a@example.com")
	server := serve(t, &mailServer{})
	r, stop := start(t, s, store, Options{Server: server.address})
	var want []string
	for i := range 150 {
		want = append(want, fmt.Sprintf("number %d", i))
		post(t, s, want[i], "a@example.com")
	}
	eventually(t, "all are there", func() bool { return len(server.got()) >= 150 })
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	post(t, s, "while it was off", "a@example.com")
	if left, err := r.Flush(t.Context()); left != 0 || err != nil {
		t.Errorf("%d left, %v", left, err)
	}
	again, stop := start(t, s, store, Options{Server: server.address}) // and knows what was relayed
	_ = stop()
	if _, err := again.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := server.got()
	if want = append(want, "while it was off"); !slices.Equal(subjects(got), want) {
		t.Errorf("%v", subjects(got))
	}
	if l := got[0]; l.from != sender || l.to != "a@example.com" || !strings.Contains(l.body, "Message-ID: <") {
		t.Errorf("%+v", l)
	}
}

func TestEachRecipientHasItsOwnFate(t *testing.T) {
	store := disk.Memory()
	s, events := outbox(t, store)
	var waits atomic.Int32
	server := serve(t, &mailServer{rcpt: func(to string) string {
		switch {
		case strings.HasPrefix(to, "gone"):
			return "550 5.1.1 <" + to + "> user unknown"
		case strings.HasPrefix(to, "later") && waits.Add(1) < 3:
			return "450 4.2.0 <" + to + "> greylisted"
		}
		return ""
	}})
	var log bytes.Buffer
	r, stop := start(t, s, store, Options{Server: server.address, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	id := post(t, s, "to many", "gone@example.com", "later@example.com", "here@example.com", "bounce@simulator.amazonses.com")
	post(t, s, "the next", "here@example.com")
	eventually(t, "everybody is done with", func() bool { return len(server.got()) == 3 })
	_ = stop()
	if left, err := r.Flush(t.Context()); left != 0 || err != nil {
		t.Errorf("%d left, %v", left, err)
	}
	var to []string
	for _, l := range server.got() {
		to = append(to, l.to)
	}
	if !slices.Equal(to, []string{"here@example.com", "here@example.com", "later@example.com"}) {
		t.Errorf("%v: whoever was put off held others up, or got it twice", to)
	}
	if server.tries() != 6 {
		t.Errorf("%d tries, want one refused for good, three for the greylist, two at once", server.tries())
	}
	if n := events.of("Email Bounced"); n != 2 { // the simulator's own, and ours
		t.Errorf("%d bounces", n)
	}
	m, err := s.Mail(id)
	if err != nil || m.Outcomes["gone@example.com"] != "Bounce" || m.Outcomes["here@example.com"] != "Delivery" {
		t.Errorf("%v %v", m.Outcomes, err)
	}
	if strings.Contains(log.String(), "@") {
		t.Errorf("the log has addresses: %s", &log)
	}
}

func TestARefusalOfTheContentIsABounce(t *testing.T) {
	store := disk.Memory()
	s, events := outbox(t, store)
	server := serve(t, &mailServer{data: func(string) string { return "554 5.6.0 spam" }})
	r, stop := start(t, s, store, Options{Server: server.address})
	post(t, s, "no", "a@example.com")
	eventually(t, "it is told", func() bool { return events.of("Email Bounced") == 1 })
	_ = stop()
	if left, err := r.Flush(t.Context()); left != 0 || err != nil || server.tries() != 1 {
		t.Errorf("%d left, %v, %d tries", left, err, server.tries())
	}
}

func TestWhatWasPutOffIsKnownToTheNextRelay(t *testing.T) {
	store := disk.Memory()
	s, _ := outbox(t, store)
	var open atomic.Bool
	server := serve(t, &mailServer{rcpt: func(string) string {
		if open.Load() {
			return ""
		}
		return "451 later"
	}})
	r, stop := start(t, s, store, Options{Server: server.address})
	id := post(t, s, "patience", "a@example.com")
	eventually(t, "it was tried", func() bool { return server.tries() > 0 })
	_ = stop()
	if left, err := r.Flush(t.Context()); left != 1 || err != nil {
		t.Errorf("%d left, %v", left, err)
	}
	if err := r.marks.setAfter(t.Context(), id); err != nil { // the line has moved past it
		t.Fatal(err)
	}
	open.Store(true)
	start(t, s, store, Options{Server: server.address})
	eventually(t, "it is relayed", func() bool { return len(server.got()) == 1 })
}

func TestAServerThatIsAwayLosesNothing(t *testing.T) {
	store := disk.Memory()
	s, events := outbox(t, store)
	server := serve(t, &mailServer{})
	away := server.address
	r, stop := start(t, s, store, Options{Server: "127.0.0.1:1"})
	post(t, s, "first", "a@example.com")
	post(t, s, "second", "a@example.com")
	_ = stop()
	if left, err := r.Flush(t.Context()); left != 2 || err != nil {
		t.Errorf("%d left, %v", left, err)
	}
	start(t, s, store, Options{Server: away})
	eventually(t, "both are there", func() bool { return len(server.got()) == 2 })
	if got := subjects(server.got()); !slices.Equal(got, []string{"first", "second"}) || events.of("Email Bounced") > 0 {
		t.Errorf("%v", got)
	}
}

// dying is a store that fails at the first mark: the process dies between the
// server's answer and the mark.
type dying struct{ disk.Store }

func (d dying) Enqueue(changes ...disk.Change) disk.Ticket {
	if changes[0].Bucket != bucketSent {
		return d.Store.Enqueue(changes...)
	}
	broken := disk.Memory()
	broken.Close()
	return broken.Enqueue(changes...)
}

func TestADeathBetweenTheServersAnswerAndTheMarkSendsTwiceNotNever(t *testing.T) {
	store := disk.Memory()
	s, _ := outbox(t, store)
	server := serve(t, &mailServer{})
	r, err := New(t.Context(), s, dying{Store: store}, Options{Server: server.address})
	if err != nil {
		t.Fatal(err)
	}
	post(t, s, "once or twice", "a@example.com")
	post(t, s, "behind it", "a@example.com")
	if err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "mark") {
		t.Fatalf("it goes on without a mark: %v", err)
	}
	if n := len(server.got()); n != 1 {
		t.Fatalf("%d mails, want 1: the next one's turn comes after the mark", n)
	}
	start(t, s, store, Options{Server: server.address})
	eventually(t, "all are there", func() bool { return len(server.got()) == 3 })
	got := server.got()
	if !slices.Equal(subjects(got), []string{"once or twice", "once or twice", "behind it"}) || got[0].body != got[1].body {
		t.Errorf("%v", subjects(got))
	}
}

func TestAServerThatHangsUpBeforeItsAnswerIsAskedAgain(t *testing.T) {
	store := disk.Memory()
	s, events := outbox(t, store)
	var calls atomic.Int32
	server := serve(t, &mailServer{data: func(string) string {
		if calls.Add(1) == 1 {
			return "hang up"
		}
		return ""
	}})
	start(t, s, store, Options{Server: server.address})
	post(t, s, "again", "a@example.com")
	eventually(t, "it is there", func() bool { return len(server.got()) == 1 })
	if events.of("Email Bounced") > 0 {
		t.Error("it bounced")
	}
}

func TestLoginAndEncryption(t *testing.T) {
	theirs, ours := certificate(t)
	tests := map[string]struct {
		server  *mailServer
		options Options
		user    string
		waits   bool
	}{
		"STARTTLS when it is offered":          {server: &mailServer{tls: theirs}, options: Options{TLS: ours}},
		"login over TLS":                       {server: &mailServer{tls: theirs, auth: true}, options: Options{TLS: ours, Username: "me", Password: "secret"}, user: ":me:secret"},
		"login on this machine":                {server: &mailServer{auth: true}, options: Options{Username: "me", Password: "secret"}, user: ":me:secret"},
		"credentials that are not taken: wait": {server: &mailServer{auth: true}, options: Options{Username: "me", Password: "wrong"}, waits: true},
		"a server that wants login: wait":      {server: &mailServer{auth: true}, waits: true},
		"a certificate nobody knows: wait":     {server: &mailServer{tls: theirs}, waits: true},
		"a server without login for one: wait": {server: &mailServer{}, options: Options{Username: "me", Password: "secret"}, waits: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store := disk.Memory()
			s, events := outbox(t, store)
			server := serve(t, test.server)
			test.options.Server = server.address
			r, err := New(t.Context(), s, store, test.options)
			if err != nil {
				t.Fatal(err)
			}
			post(t, s, "hello", "a@example.com")
			left, err := r.Flush(t.Context())
			if err != nil || events.of("Email Bounced") > 0 {
				t.Fatalf("%v, %d bounces", err, events.of("Email Bounced"))
			}
			got := server.got()
			if test.waits {
				if left != 1 || len(got) != 0 {
					t.Errorf("%d left, %v", left, got)
				}
				return
			}
			if left != 0 || len(got) != 1 || got[0].user != test.user {
				t.Errorf("%d left, %+v", left, got)
			}
		})
	}
}

func TestCredentialsGoNowhereInTheClear(t *testing.T) {
	s, err := newServer(Options{Server: "mail.example.com:587", Username: "me", Password: "secret"})
	if err != nil || s.loopback() {
		t.Fatal(err, s.loopback())
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]"} {
		if s, err := newServer(Options{Server: host + ":25"}); err != nil || !s.loopback() {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestWhatIsWrongWithTheOptionsIsTold(t *testing.T) {
	for _, o := range []Options{{Server: ""}, {Server: "mail.example.com"}, {Server: ":25"}, {Server: "a:x"}, {Server: "a:70000"},
		{Server: "a:25", Username: "me"}, {Server: "a:25", Password: "secret"}} {
		if _, err := newServer(o); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestTheLineMovesOnlyBehindMailsThatWereThereAWhileAgo(t *testing.T) {
	store := disk.Memory()
	s, _ := outbox(t, store)
	server := serve(t, &mailServer{})
	r, err := New(t.Context(), s, store, Options{Server: server.address})
	if err != nil {
		t.Fatal(err)
	}
	id := post(t, s, "one", "a@example.com")
	now := time.Now()
	for _, step := range []struct {
		at   time.Duration
		want string
	}{{0, ""}, {grace / 2, ""}, {grace, id}} {
		if err := r.advance(t.Context(), id, now.Add(step.at)); err != nil || r.after != step.want {
			t.Errorf("after %v: %q, %v", step.at, r.after, err)
		}
	}
	if after, _, err := r.marks.after(); after != id || err != nil {
		t.Error(after, err)
	}
}

func TestAServerThatSaysNothingDoesNotHoldTheEnd(t *testing.T) {
	store := disk.Memory()
	s, _ := outbox(t, store)
	silence := make(chan struct{})
	t.Cleanup(func() { close(silence) })
	server := serve(t, &mailServer{data: func(string) string { <-silence; return "" }})
	_, stop := start(t, s, store, Options{Server: server.address})
	post(t, s, "hello", "a@example.com")
	eventually(t, "it was tried", func() bool { return server.tries() > 0 })
	if err := stop(); !errors.Is(err, context.Canceled) { // or waits for five minutes
		t.Error(err)
	}
}

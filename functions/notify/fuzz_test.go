package notify

import (
	"context"
	"encoding/json"
	"net/mail"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sluice/events"
)

// FuzzHeaders puts anything into what reaches a header: the address and the
// answer that the subject is made of. Either nothing is sent, or the mail goes to
// that one address with a subject of one line.
func FuzzHeaders(f *testing.F) {
	for _, seed := range [][2]string{
		{"a@example.com", vietnamese}, {"a@example.com\r\nBcc: x@evil.org", "x"}, {"a@example.com", "x\r\nBcc: x@evil.org"},
		{"a@example.com,b@evil.org", "\x00"}, {"\"a\\\"b\"@example.com", "\u2028x"}, {"a@example.com\u0085", strings.Repeat("é", 500)},
		{"=?utf-8?q?a?=@example.com", "=?utf-8?b?DQo=?="},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, to, answer string) {
		w := newWorld(t, "example.com")
		raw, _ := json.Marshal(map[string]string{"summary": answer})
		if err := w.handler.Handle(context.Background(), w.stored(w.admitted(to), string(raw))); err != nil {
			t.Fatal(err)
		}
		e, _ := w.said()
		if len(w.ses.taken) == 0 {
			if e.Type() != "NotificationSkipped" {
				t.Errorf("%s without a mail", e.Type())
			}
			return
		}
		in := w.ses.taken[0]
		parsed, err := mail.ParseAddressList("<" + in.Destination.ToAddresses[0] + ">")
		if err != nil || len(parsed) != 1 || !strings.HasSuffix(strings.ToLower(parsed[0].Address), "@example.com") ||
			events.AddressHash(in.Destination.ToAddresses[0]) != events.AddressHash(to) {
			t.Errorf("%q went to %q", to, in.Destination.ToAddresses)
		}
		subject := *in.Content.Simple.Subject.Data
		if strings.IndexFunc(subject, unicode.IsControl) >= 0 || strings.ContainsAny(subject, "\u2028\u2029") || !utf8.ValidString(subject) || utf8.RuneCountInString(subject) > maxTitle+1 {
			t.Errorf("subject %q", subject)
		}
		for _, body := range []string{*in.Content.Simple.Body.Text.Data, *in.Content.Simple.Body.Html.Data} {
			if !utf8.ValidString(body) || strings.Contains(body, "\x00") {
				t.Errorf("body %q", body)
			}
		}
	})
}

func TestHTMLIsEscaped(t *testing.T) {
	w := newWorld(t, "*")
	w.handle(w.stored(w.admitted(address), `{"<b>name</b>":"<script>alert(1)</script>","list":["<img src=x>"]}`))
	html := *w.ses.taken[0].Content.Simple.Body.Html.Data
	for _, bad := range []string{"<script", "<img", "<b>"} {
		if strings.Contains(html, bad) {
			t.Errorf("%s in %s", bad, html)
		}
	}
	if text := *w.ses.taken[0].Content.Simple.Body.Text.Data; !strings.Contains(text, "<script>alert(1)</script>") {
		t.Errorf("the text is not as it was said: %s", text)
	}
}

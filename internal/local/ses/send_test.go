package ses

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/internal/local/disk"
)

const (
	subject = "Báo cáo: 1.024 yêu cầu đã được trả lời trong tệp “đơn hàng tháng mười một”"
	body    = "Kính gửi anh Minh,\n\nĐã có 1.024 câu trả lời. Xem tại <b>đây</b> = kết quả.\n" + "Một dòng rất dài: dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddđ\n.\n"
)

func TestASimpleMailArrivesIntact(t *testing.T) {
	s, _ := newState(t)
	m := mustSend(t, s, Request{
		From: "Sluice báo tin <" + sender + ">", To: []string{"\"Nguyễn, Minh\" <" + reader + ">", "b@example.org"}, Cc: []string{"c@example.org"}, Bcc: []string{"secret@example.org"},
		ReplyTo: []string{"=?UTF-8?B?xJDhu6lj?= <duc@example.org>"}, ConfigurationSet: "all", Tags: map[string]string{"request": "r-1"},
		Simple: &Simple{Subject: subject, Text: body, HTML: "<p>" + body + "</p>",
			Headers:     []Header{{"List-Unsubscribe", "<https://example.org/u?x=1>"}, {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"}},
			Attachments: []Attachment{{FileName: "kết quả.csv", ContentType: "text/csv", Content: []byte("a,b\n1,2\n")}}},
	})
	if m.Subject != subject || m.Text != body || m.From.Name != "Sluice báo tin" || m.ReplyTo[0].Name != "Đức" || m.Tags["request"] != "r-1" {
		t.Errorf("outbox has %+v", m)
	}
	back, err := parseRaw(m.Raw)
	if err != nil {
		t.Fatalf("%v in\n%s", err, m.Raw)
	}
	if back.Subject != subject || back.Text != body || back.HTML != "<p>"+body+"</p>" {
		t.Errorf("the MIME has subject %q, text %q, HTML %q", back.Subject, back.Text, back.HTML)
	}
	if !slices.Equal(back.To, m.To) || !slices.Equal(back.Cc, m.Cc) || back.From != m.From || !slices.Equal(back.ReplyTo, m.ReplyTo) {
		t.Errorf("the MIME is from %v to %v, %v; reply to %v", back.From, back.To, back.Cc, back.ReplyTo)
	}
	if bytes.Contains(m.Raw, []byte("secret@example.org")) {
		t.Error("the MIME tells of a blind copy")
	}
	if !bytes.Contains(m.Raw, []byte("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")) {
		t.Errorf("the MIME lacks the headers:\n%s", m.Raw)
	}
	if len(back.Attachments) != 1 || back.Attachments[0].FileName != "kết quả.csv" || string(back.Attachments[0].Content) != "a,b\n1,2\n" {
		t.Errorf("attachments %+v", back.Attachments)
	}
	for line := range bytes.SplitSeq(m.Raw, []byte("\r\n")) {
		if len(line) > 200 || !ascii(string(line)) || bytes.ContainsAny(line, "\r\n") {
			t.Errorf("line %q", line)
		}
	}
}

func TestARawMailIsReadAndSentOn(t *testing.T) {
	s, _ := newState(t)
	raw := "From: Sluice <" + sender + ">\nTo: " + reader + "\nBcc: secret@example.org,\n secret2@example.org\nSubject: =?ISO-8859-1?Q?Caf=E9?=\nMessage-ID: <mine@x>\n" +
		"X-SES-CONFIGURATION-SET: all\nX-SES-MESSAGE-TAGS: a=1, b=2\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=outer\n\n" +
		"--outer\nContent-Type: multipart/alternative; boundary=inner\n\n--inner\nContent-Type: text/plain; charset=windows-1258\nContent-Transfer-Encoding: base64\n\nSOAgTvRp\n" +
		"--inner\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<b>H=C3=A0</b>\n--inner--\n--outer\nContent-Type: image/png\n\nxx\n--outer--\n"
	m := mustSend(t, s, Request{Raw: []byte(raw)})
	if m.Subject != "Café" || m.Text != "Hà Nôi" || m.HTML != "<b>Hà</b>" || m.ConfigurationSet != "all" || m.Tags["b"] != "2" {
		t.Errorf("outbox has %+v", m)
	}
	if got := emails(m.recipients()); len(got) != 3 || got[0] != reader {
		t.Errorf("recipients %v", got)
	}
	text := string(m.Raw)
	if strings.Contains(text, "secret") || strings.Contains(text, "mine@x") || strings.Contains(text, "X-SES") || !strings.Contains(text, "Message-ID: <"+m.ID+"@email.amazonses.com>\r\n") {
		t.Errorf("sent on:\n%s", text)
	}
	only := mustSend(t, s, Request{Raw: []byte(raw), From: sender, To: []string{"one@example.org"}})
	if got := emails(only.recipients()); !slices.Equal(got, []string{"one@example.org"}) {
		t.Errorf("recipients %v", got)
	}
}

func TestTemplates(t *testing.T) {
	s, p := newState(t)
	err := s.PutTemplate(t.Context(), Template{Name: "report", Subject: "Chào {{name}}", Text: "{{#each items}}{{@index}}:{{this.k}} {{/each}}{{#if none}}x{{else}}y{{/if}}",
		HTML: "{{#with who}}<b>{{first}} {{name}}</b>{{/with}}{{! a remark }}{{{raw}}}"}, true)
	if err != nil {
		t.Fatal(err)
	}
	use := func(data string) Request {
		return Request{From: sender, To: []string{reader}, ConfigurationSet: "all", Template: &TemplateUse{Name: "report", Data: data}}
	}
	m := mustSend(t, s, use(`{"name":"Đức","items":[{"k":"a"},{"k":2}],"who":{"first":"Hà"},"raw":"<i>&"}`))
	if m.Subject != "Chào Đức" || m.Text != "0:a 1:2 y" || m.HTML != "<b>Hà Đức</b><i>&" {
		t.Errorf("got %q, %q, %q", m.Subject, m.Text, m.HTML)
	}
	p.take(t)
	m = mustSend(t, s, use(`{}`))
	types, details := p.take(t)
	if !slices.Equal(types, []string{"Email Rendering Failed"}) || details[0].Failure.ErrorMessage != "Attribute 'name' is not present in the rendering data." || m.Outcomes[""] == "" {
		t.Errorf("missing data: %v, %+v", types, m)
	}
	for name, r := range map[string]Request{"data": use(`[`), "a newline in the subject": use(`{"name":"a\nBcc: x@y.z","items":[],"who":{"first":"x"},"raw":""}`)} {
		if _, err := s.SendEmail(t.Context(), r); code(err) != CodeBadRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"{{#if a}}", "{{/if}}", "{{#if a}}{{/each}}", "{{#wrong a}}{{/wrong}}", "{{> partial}}"} {
		if err := s.PutTemplate(t.Context(), Template{Name: "bad", Text: bad}, true); code(err) != CodeBadRequest {
			t.Errorf("%s: %v", bad, err)
		}
	}
	deep := strings.Repeat("{{#each l}}", 30) + "x" + strings.Repeat("{{/each}}", 30)
	if _, err := renderTemplate(deep, `{"l":[1,2,3,4,5,6,7,8,9,0]}`); err == nil {
		t.Error("a template without measure was rendered")
	}
}

func TestWhatIsRefused(t *testing.T) {
	s, _ := newState(t)
	change := func(f func(*Request)) Request {
		r := simple(reader)
		f(&r)
		return r
	}
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("p%d@example.org", i)
	}
	for name, test := range map[string]struct {
		r    Request
		code string
	}{
		"nothing":            {Request{From: sender, To: []string{reader}}, CodeBadRequest},
		"two contents":       {change(func(r *Request) { r.Raw = []byte("x") }), CodeBadRequest},
		"no body":            {change(func(r *Request) { r.Simple.Text = "" }), CodeBadRequest},
		"no sender":          {change(func(r *Request) { r.From = "" }), CodeBadRequest},
		"unverified":         {change(func(r *Request) { r.From = "x@other.example" }), CodeRejected},
		"no recipient":       {change(func(r *Request) { r.To = nil }), CodeBadRequest},
		"51 recipients":      {change(func(r *Request) { r.To, r.Cc = many[:25], many[25:] }), CodeBadRequest},
		"no domain":          {change(func(r *Request) { r.To = []string{"minh"} }), CodeBadRequest},
		"two in one":         {change(func(r *Request) { r.To = []string{"a@b.example, c@d.example"} }), CodeBadRequest},
		"local part":         {change(func(r *Request) { r.To = []string{"đức@example.org"} }), CodeBadRequest},
		"newline in name":    {change(func(r *Request) { r.From = "A\r\nBcc: x@y.example <" + sender + ">" }), CodeBadRequest},
		"encoded newline":    {change(func(r *Request) { r.From = "=?utf-8?q?a=0D=0ABcc:_x?= <" + sender + ">" }), CodeBadRequest},
		"newline in subject": {change(func(r *Request) { r.Simple.Subject = "a\nBcc: x@y.example" }), CodeBadRequest},
		"newline in header":  {change(func(r *Request) { r.Simple.Headers = []Header{{"X-A", "a\r\nBcc: x@y.example"}} }), CodeBadRequest},
		"header name":        {change(func(r *Request) { r.Simple.Headers = []Header{{"X A:", "a"}} }), CodeBadRequest},
		"our header":         {change(func(r *Request) { r.Simple.Headers = []Header{{"bcc", "x@y.example"}} }), CodeBadRequest},
		"tag":                {change(func(r *Request) { r.Tags = map[string]string{"a": "b c"} }), CodeBadRequest},
		"set":                {change(func(r *Request) { r.ConfigurationSet = "none" }), CodeNotFound},
		"template":           {Request{From: sender, To: []string{reader}, Template: &TemplateUse{Name: "none"}}, CodeNotFound},
		"raw":                {Request{From: sender, To: []string{reader}, Raw: []byte("no header at all")}, CodeBadRequest},
		"raw with a bare CR": {Request{From: sender, To: []string{reader}, Raw: []byte("Subject: a\rBcc: b\n\nx")}, CodeBadRequest},
	} {
		if id, err := s.SendEmail(t.Context(), test.r); code(err) != test.code {
			t.Errorf("%s: %s, %v; want %s", name, id, err, test.code)
		}
	}
	if mails, err := s.Outbox(t.Context(), Filter{}); err != nil || len(mails) != 0 {
		t.Errorf("the outbox has %d mails (%v)", len(mails), err)
	}
	_, err := s.SendEmail(t.Context(), change(func(r *Request) { r.From = "x@other.example" }))
	if want := "MessageRejected: Email address is not verified. The following identities failed the check in region US-EAST-1: x@other.example"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := s.EnsureIdentity(t.Context(), "other.example"); err != nil {
		t.Fatal(err)
	}
	mustSend(t, s, change(func(r *Request) { r.From = "x@Mail.Other.example" }))
}

func TestWhatWasAnsweredIsThereAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	open := func() (*State, disk.Store) {
		store, err := disk.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(store, nil, Config{})
		if err != nil {
			t.Fatal(err)
		}
		return s, store
	}
	s, store := open()
	ctx := t.Context()
	for _, err := range []error{s.EnsureIdentity(ctx, "example.com"), s.EnsureSet(ctx, "all"), s.Suppress(ctx, "Gone@example.org", KindBounce),
		s.PutTemplate(ctx, Template{Name: "t", Text: "x"}, true)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	first := mustSend(t, s, simple(reader))
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	s, store = open()
	defer store.Close()
	second := mustSend(t, s, simple("Gone@EXAMPLE.org"))
	if second.Outcomes["Gone@EXAMPLE.org"] != "Bounce" {
		t.Errorf("outcomes %v", second.Outcomes)
	}
	mails, err := s.Outbox(ctx, Filter{})
	if err != nil || len(mails) != 2 || mails[0].ID != second.ID || mails[1].ID != first.ID || !bytes.Equal(mails[1].Raw, first.Raw) {
		t.Fatalf("outbox %v, %v", mails, err)
	}
	if _, err := s.Template("t"); err != nil {
		t.Error(err)
	}
	for name, f := range map[string]Filter{"to": {To: "MINH@example.org"}, "limit": {To: reader, Limit: 1}, "since": {Since: first.Time, To: reader}} {
		if mails, err := s.Outbox(ctx, f); err != nil || len(mails) != 1 || mails[0].ID != first.ID {
			t.Errorf("%s: %v, %v", name, mails, err)
		}
	}
	if mails, err := s.Outbox(ctx, Filter{Tags: map[string]string{"a": "b"}}); err != nil || len(mails) != 0 {
		t.Errorf("tags: %v, %v", mails, err)
	}
	if _, err := s.Mail("0100000000000063-x"); code(err) != CodeNotFound {
		t.Errorf("a mail that is not there: %v", err)
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add("Sluice", subject, "Minh <minh@example.org>", "X-Thing", "value", body, "<p>", "a.csv")
	f.Add("a\r\nBcc: x@y.z", "s\nX: y", "a@b.c\r\nDATA", "X-A", "1\r\n\r\nbody", "\r\n.\r\n", "--=_", "\"\r\n")
	f.Add("=?utf-8?q?=0D=0A?=", "=?utf-8?b?DQo=?= x", "\"a\\\"b\" <a@b.example>", "Bcc", "x", "\x00", "\xff", "é")
	s, _ := newState(f)
	f.Fuzz(func(t *testing.T, name, subject, to, header, value, text, html, file string) {
		r := Request{From: name + " <" + sender + ">", To: []string{to}, ReplyTo: []string{to}, Simple: &Simple{Subject: subject, Text: text, HTML: html,
			Attachments: []Attachment{{FileName: file, Description: subject, Content: []byte(text)}}}}
		if header != "" {
			r.Simple.Headers = []Header{{header, value}}
		}
		id, err := s.SendEmail(t.Context(), r)
		if err != nil {
			if code(err) != CodeBadRequest {
				t.Fatalf("%v", err)
			}
			return
		}
		m, err := s.Mail(id)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseRaw(m.Raw)
		if err != nil {
			t.Fatalf("%v in\n%s", err, m.Raw)
		}
		wantSubject := subject
		if plain(subject) { // the caller's own encoded words are words
			if decoded, err := decoder().DecodeHeader(subject); err == nil {
				wantSubject = decoded
			}
		}
		lines := strings.NewReplacer("\r\n", "\n", "\r", "\n")
		if back.Subject != wantSubject || back.Text != lines.Replace(text) || back.HTML != lines.Replace(html) {
			t.Fatalf("subject %q, text %q, HTML %q came back from\n%s", back.Subject, back.Text, back.HTML, m.Raw)
		}
		if back.From != m.From || !slices.Equal(back.To, m.To) || !slices.Equal(back.ReplyTo, m.To) || len(back.Cc)+len(back.Bcc) != 0 {
			t.Fatalf("from %v to %v, %v, %v came back from\n%s", back.From, back.To, back.Cc, back.Bcc, m.Raw)
		}
		if len(back.Attachments) != 1 || string(back.Attachments[0].Content) != text {
			t.Fatalf("attachments %+v came back from\n%s", back.Attachments, m.Raw)
		}
	})
}

func FuzzRaw(f *testing.F) {
	f.Add([]byte("Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a--\n"))
	f.Add([]byte("To: a@b.example\r\n\r\n"))
	s, _ := newState(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, err := s.SendEmail(t.Context(), Request{From: sender, To: []string{reader}, Raw: raw})
		if err != nil && code(err) != CodeBadRequest && code(err) != CodeNotFound {
			t.Fatalf("%q: %v", raw, err)
		}
	})
}

func FuzzTemplate(f *testing.F) {
	f.Add("{{#each a}}{{this}}{{else}}{{@index}}{{/each}}", `{"a":[1,{"b":2}]}`)
	f.Add("{{#if a}}{{{b.c}}}{{/if}}{{! x }}", `{"a":"x","b":{"c":null}}`)
	f.Fuzz(func(t *testing.T, src, data string) {
		renderTemplate(src, data)
	})
}

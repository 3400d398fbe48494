package ses

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"
)

// Request is what SendEmail is asked.
type Request struct {
	From             string
	To, Cc, Bcc      []string
	ReplyTo          []string
	ConfigurationSet string
	Tags             map[string]string

	// One of Simple, Raw and Template.
	Simple   *Simple
	Raw      []byte
	Template *TemplateUse
}

// Simple is a subject with bodies.
type Simple struct {
	Subject, Text, HTML string
	Headers             []Header
	Attachments         []Attachment
}

// TemplateUse names a template, or brings its content, and the data to fill
// it, a JSON object.
type TemplateUse struct {
	Name        string
	Content     *Template
	Data        string
	Headers     []Header
	Attachments []Attachment
}

// SendEmail takes a mail and returns its message id. When it answers, the mail
// is durable and its events have been handed on. Errors: BadRequestException,
// MessageRejected for a sender who is not verified, NotFoundException for a
// configuration set or a template, InternalServiceErrorException when the store
// has failed.
func (s *State) SendEmail(ctx context.Context, r Request) (string, error) {
	given := 0
	for _, is := range []bool{r.Simple != nil, len(r.Raw) > 0, r.Template != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		return "", badRequest("Content must contain exactly one of Simple, Raw and Template.")
	}
	m, err := s.draft(r)
	if err != nil {
		return "", err
	}
	if err := s.admit(m); err != nil {
		return "", err
	}
	m.ID, m.Time = s.nextID(), s.cfg.Now().UTC().Truncate(time.Millisecond)
	if r.Template != nil {
		if err := s.fill(m, r.Template); err != nil {
			return s.renderingFailed(ctx, m, err)
		}
	}
	if len(r.Raw) > 0 {
		m.Raw = rewriteHeader(r.Raw, rawOnly, []Header{
			{"Date", m.Time.Format(time.RFC1123Z)}, {"Message-ID", "<" + m.ID + "@email.amazonses.com>"},
		})
	} else if m.Raw, err = m.message(); err != nil {
		return "", badRequest("The message cannot be written: %s", err)
	}
	if len(m.Raw) > mostMailBytes {
		return "", badRequest("Message length is more than %d bytes long: %d", mostMailBytes, len(m.Raw))
	}
	outcomes := s.outcomes(m)
	if err := s.keep(ctx, m); err != nil {
		return "", err
	}
	s.publish(context.WithoutCancel(ctx), m, outcomes)
	return m.ID, nil
}

// rawOnly are headers of a raw message that are not passed on.
var rawOnly = []string{"Bcc", "Date", "Message-ID", "X-SES-CONFIGURATION-SET", "X-SES-MESSAGE-TAGS", "X-SES-SOURCE-ARN", "X-SES-FROM-ARN", "X-SES-RETURN-PATH-ARN"}

// draft puts a mail together from a request.
func (s *State) draft(r Request) (*Mail, error) {
	m := &Mail{}
	if len(r.Raw) > 0 {
		parsed, err := parseRaw(r.Raw)
		if err != nil {
			return nil, badRequest("%s", sentence(err))
		}
		m = parsed
		m.fromHeaders(r.Raw)
	}
	var err error
	if r.From != "" {
		if m.From, err = parseAddress(r.From); err != nil {
			return nil, err
		}
	}
	if m.From.Email == "" {
		return nil, badRequest("FromEmailAddress must be specified.")
	}
	if _, err := parseAddress(m.From.Email); err != nil {
		return nil, err
	}
	if len(r.To)+len(r.Cc)+len(r.Bcc) > 0 {
		m.To, m.Cc, m.Bcc = nil, nil, nil
	}
	for given, into := range map[*[]string]*[]Address{&r.To: &m.To, &r.Cc: &m.Cc, &r.Bcc: &m.Bcc, &r.ReplyTo: &m.ReplyTo} {
		if len(*given) > 0 {
			if *into, err = parseAddresses(*given); err != nil {
				return nil, err
			}
		}
	}
	for _, a := range m.recipients() {
		if _, err := parseAddress(a.Email); err != nil {
			return nil, err
		}
	}
	if r.ConfigurationSet != "" {
		m.ConfigurationSet = r.ConfigurationSet
	}
	if len(r.Tags) > 0 {
		m.Tags = r.Tags
	}
	if c := r.Simple; c != nil {
		m.Subject, m.Text, m.HTML, m.Headers, m.Attachments = c.Subject, c.Text, c.HTML, c.Headers, c.Attachments
		if c.Text == "" && c.HTML == "" {
			return nil, badRequest("Body must contain Text or Html.")
		}
	}
	if c := r.Template; c != nil {
		m.Template, m.Headers, m.Attachments = c.Name, c.Headers, c.Attachments
	}
	return m, m.checkFor(r)
}

// checkFor checks a mail; a raw one is the sender's own affair as far as its
// bodies and headers go.
func (m *Mail) checkFor(r Request) error {
	if len(r.Raw) == 0 {
		return m.check()
	}
	only := &Mail{To: m.To, Cc: m.Cc, Bcc: m.Bcc, Tags: m.Tags}
	return only.check()
}

// fromHeaders reads the headers by which a raw message says its configuration
// set and tags.
func (m *Mail) fromHeaders(raw []byte) {
	header, _, _ := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	for line := range strings.SplitSeq(string(header), "\n") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case strings.EqualFold(name, "X-SES-CONFIGURATION-SET"):
			m.ConfigurationSet = value
		case strings.EqualFold(name, "X-SES-MESSAGE-TAGS"):
			m.Tags = map[string]string{}
			for pair := range strings.SplitSeq(value, ",") {
				k, v, _ := strings.Cut(strings.TrimSpace(pair), "=")
				m.Tags[k] = v
			}
		}
	}
}

// admit checks the sender's identity and the configuration set.
func (s *State) admit(m *Mail) error {
	identity, verified := s.sender(m.From.Email)
	if !verified {
		return &Error{Code: CodeRejected, Message: "Email address is not verified. The following identities failed the check in region " +
			strings.ToUpper(s.cfg.Region) + ": " + m.From.String()}
	}
	if s.Account().SendingOff {
		return &Error{Code: codePaused, Message: "Email sending is disabled for your account."}
	}
	if m.ConfigurationSet == "" {
		m.ConfigurationSet = identity.ConfigurationSet
	}
	if m.ConfigurationSet == "" {
		return nil
	}
	set, err := s.Set(m.ConfigurationSet)
	if err != nil {
		return err
	}
	if set.SendingOff {
		return &Error{Code: codePaused, Message: "Email sending is disabled for the configuration set " + set.Name + "."}
	}
	return nil
}

// templateOf is the template that is used. Error: NotFoundException.
func (s *State) templateOf(use *TemplateUse) (*Template, error) {
	if use.Content != nil {
		return use.Content, nil
	}
	return s.Template(strings.TrimPrefix(use.Name, s.arn("template", "")))
}

// fill renders a template into the mail.
func (s *State) fill(m *Mail, use *TemplateUse) error {
	t, err := s.templateOf(use)
	if err != nil {
		return err
	}
	rendered, err := t.Render(use.Data)
	if err != nil {
		return err
	}
	m.Subject, m.Text, m.HTML = rendered.Subject, rendered.Text, rendered.HTML
	return m.check()
}

// Render fills a template with data, a JSON object. The error tells what is
// missing or wrong.
func (t *Template) Render(data string) (Template, error) {
	out := Template{Name: t.Name}
	for _, part := range []struct {
		from string
		into *string
	}{{t.Subject, &out.Subject}, {t.Text, &out.Text}, {t.HTML, &out.HTML}} {
		text, err := renderTemplate(part.from, data)
		if err != nil {
			return out, err
		}
		*part.into = text
	}
	return out, nil
}

// renderingFailed answers a mail whose template could not be filled: refused
// if the request is at fault; if data are missing, taken and given up, as SES
// does it.
func (s *State) renderingFailed(ctx context.Context, m *Mail, err error) (string, error) {
	var refused *Error
	if errors.As(err, &refused) {
		return "", err
	}
	var lacking missing
	if !errors.As(err, &lacking) {
		return "", badRequest("%s", sentence(err))
	}
	m.Outcomes = map[string]string{"": "RenderingFailure"}
	m.Attachments = nil
	if err := s.keep(ctx, m); err != nil {
		return "", err
	}
	s.publish(context.WithoutCancel(ctx), m, []outcome{{kind: KindRenderingFailure, reason: lacking.Error()}})
	return m.ID, nil
}

// sentence is an error's text with a capital letter.
func sentence(err error) string {
	text := err.Error()
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

package ses

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Mail is a mail as it lies in the outbox.
type Mail struct {
	// ID is SES's message id.
	ID   string    `json:"id"`
	Time time.Time `json:"time"`

	From    Address   `json:"from"`
	To      []Address `json:"to,omitempty"`
	Cc      []Address `json:"cc,omitempty"`
	Bcc     []Address `json:"bcc,omitempty"`
	ReplyTo []Address `json:"replyTo,omitempty"`
	Subject string    `json:"subject"`
	// Text and HTML are the bodies, decoded; either may be empty.
	Text string `json:"text,omitempty"`
	HTML string `json:"html,omitempty"`
	// Headers are those beyond the usual ones, as given.
	Headers     []Header     `json:"headers,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
	// Raw is the whole MIME message, CRLF line ends; without Bcc.
	Raw []byte `json:"raw"`

	ConfigurationSet string            `json:"configurationSet,omitempty"`
	Tags             map[string]string `json:"tags,omitempty"`
	Template         string            `json:"template,omitempty"`
	// Outcomes tells what became of it, by address: Delivery, Bounce, … A mail
	// that SES gave up before sending has one under "".
	Outcomes map[string]string `json:"outcomes,omitempty"`
}

// Header is one header line.
type Header struct{ Name, Value string }

// Attachment is a file that goes with a mail. Content is in Raw only, once the
// mail is in the outbox.
type Attachment struct {
	FileName    string `json:"fileName"`
	ContentType string `json:"contentType,omitempty"`
	Inline      bool   `json:"inline,omitempty"`
	ContentID   string `json:"contentId,omitempty"`
	Description string `json:"description,omitempty"`
	Content     []byte `json:"-"`
}

// recipients is everybody the mail goes to.
func (m *Mail) recipients() []Address {
	all := make([]Address, 0, len(m.To)+len(m.Cc)+len(m.Bcc))
	return append(append(append(all, m.To...), m.Cc...), m.Bcc...)
}

// Limits of a mail.
const (
	mostMailBytes     = 40 << 20
	mostHeaders       = 15
	longestHeaderName = 126
	longestHeader     = 996
	longestSubject    = 20_000
	mostTags          = 50
)

var (
	tagParts    = regexp.MustCompile(`^[A-Za-z0-9_.@-]{1,256}$`)
	headerNames = regexp.MustCompile(`^[!-9;-~]{1,126}$`)
)

// ownHeaders are those that SES writes itself or takes from elsewhere.
var ownHeaders = []string{"bcc", "cc", "content-disposition", "content-type", "content-transfer-encoding", "date", "from",
	"message-id", "mime-version", "reply-to", "return-path", "subject", "to", "sender"}

// check tells what is wrong with a mail that was put together from a request.
func (m *Mail) check() error {
	switch n := len(m.recipients()); {
	case n == 0:
		return badRequest("Destination must contain at least one recipient.")
	case n > mostRecipients:
		return badRequest("Recipient count exceeds %d.", mostRecipients)
	}
	if hasControl(m.Subject) {
		return badRequest("Subject contains control characters.")
	}
	if len(m.Subject) > longestSubject {
		return badRequest("Subject is too long.")
	}
	for _, body := range []string{m.Subject, m.Text, m.HTML} {
		if !utf8.ValidString(body) {
			return badRequest("The content is not valid UTF-8.")
		}
	}
	if err := m.checkHeaders(); err != nil {
		return err
	}
	for _, a := range m.Attachments {
		if a.FileName == "" || hasControl(a.FileName+a.ContentType+a.ContentID+a.Description) {
			return badRequest("Attachment is not valid: %q.", a.FileName)
		}
	}
	return m.checkTags()
}

func (m *Mail) checkHeaders() error {
	if len(m.Headers) > mostHeaders {
		return badRequest("The number of headers exceeds %d.", mostHeaders)
	}
	for _, h := range m.Headers {
		switch {
		case !headerNames.MatchString(h.Name):
			return badRequest("Header name is not valid.")
		case !ascii(h.Value) || hasControl(h.Value):
			return badRequest("Header value of %s contains illegal characters.", h.Name)
		case h.Value == "" || len(h.Name)+len(h.Value) > longestHeader:
			return badRequest("Header value of %s is empty or too long.", h.Name)
		}
		for _, own := range ownHeaders {
			if strings.EqualFold(h.Name, own) {
				return badRequest("Header %s may not be set.", h.Name)
			}
		}
	}
	return nil
}

func (m *Mail) checkTags() error {
	if len(m.Tags) > mostTags {
		return badRequest("The number of email tags exceeds %d.", mostTags)
	}
	for name, value := range m.Tags {
		if !tagParts.MatchString(name) || !tagParts.MatchString(value) {
			return badRequest("Email tag <%s> is not valid: only alphanumeric ASCII characters, '_', '-', '.' and '@' are allowed, 256 at most.", name)
		}
	}
	return nil
}

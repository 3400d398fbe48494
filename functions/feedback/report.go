package feedback

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"sluice/events"
	"sluice/internal/fault"
)

// report is an event of SES about one mail.
type report struct {
	kind string // eventType, one of the constants below
	// messageID is SES's name of the mail, sent is when it was sent, at when this
	// became of it.
	messageID string
	sent, at  time.Time
	tags      map[string][]string
	// to are the addresses that were mailed, about those that the report is about.
	to, about []string
	// kindOfBounce, word and feedbackID are of a bounce or a complaint. Word is the
	// sub-type or the type of feedback.
	kindOfBounce events.BounceKind
	word         string
	feedbackID   string
	// unsent: SES did not hand the mail over, for it knew the address.
	unsent bool
}

// The values of eventType
// (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html).
const (
	kindSend      = "Send"
	kindDelivery  = "Delivery"
	kindBounce    = "Bounce"
	kindComplaint = "Complaint"
	kindReject    = "Reject"
	kindRendering = "Rendering Failure"
	kindDelay     = "DeliveryDelay"
)

// detail is the event record as SES writes it.
type detail struct {
	EventType string `json:"eventType"`
	Mail      struct {
		Timestamp   string              `json:"timestamp"`
		MessageID   string              `json:"messageId"`
		Destination []string            `json:"destination"`
		Tags        map[string][]string `json:"tags"`
	} `json:"mail"`
	Delivery struct {
		Timestamp  string   `json:"timestamp"`
		Recipients []string `json:"recipients"`
	} `json:"delivery"`
	Bounce struct {
		BounceType        string      `json:"bounceType"`
		BounceSubType     string      `json:"bounceSubType"`
		BouncedRecipients []recipient `json:"bouncedRecipients"`
		Timestamp         string      `json:"timestamp"`
		FeedbackID        string      `json:"feedbackId"`
	} `json:"bounce"`
	Complaint struct {
		ComplainedRecipients  []recipient `json:"complainedRecipients"`
		Timestamp             string      `json:"timestamp"`
		FeedbackID            string      `json:"feedbackId"`
		ComplaintSubType      string      `json:"complaintSubType"`
		ComplaintFeedbackType string      `json:"complaintFeedbackType"`
	} `json:"complaint"`
	DeliveryDelay struct {
		DelayType         string      `json:"delayType"`
		DelayedRecipients []recipient `json:"delayedRecipients"`
		Timestamp         string      `json:"timestamp"`
	} `json:"deliveryDelay"`
}

type recipient struct {
	EmailAddress string `json:"emailAddress"`
}

// decode reads an event of SES. The error, of class Park, does not quote it.
func decode(r events.Record) (report, error) {
	var d detail
	if json.Unmarshal(r.Detail, &d) != nil || d.EventType == "" || d.Mail.MessageID == "" {
		return report{}, fault.Errorf(fault.Park, "the detail is not an event of SES about a mail")
	}
	p := report{kind: d.EventType, messageID: d.Mail.MessageID, tags: d.Mail.Tags, to: d.Mail.Destination,
		sent: timeOf(d.Mail.Timestamp, r.Time)}
	p.at = timeOf("", r.Time)
	switch p.kind {
	case kindDelivery:
		p.at, p.about = timeOf(d.Delivery.Timestamp, r.Time), d.Delivery.Recipients
	case kindBounce:
		b := d.Bounce
		p.at, p.about, p.word, p.feedbackID = timeOf(b.Timestamp, r.Time), addresses(b.BouncedRecipients), word(b.BounceSubType), b.FeedbackID
		p.kindOfBounce = bounceKind(b.BounceType)
		p.unsent = slices.Contains(unsentSubTypes, b.BounceSubType)
	case kindComplaint:
		c := d.Complaint
		p.at, p.about, p.word, p.feedbackID = timeOf(c.Timestamp, r.Time), addresses(c.ComplainedRecipients), word(c.ComplaintFeedbackType), c.FeedbackID
		p.unsent = slices.Contains(unsentSubTypes, c.ComplaintSubType)
	case kindReject:
		p.kindOfBounce = events.BounceRejected
	case kindRendering:
		p.kindOfBounce = events.BounceUnrendered
	case kindDelay:
		p.at, p.about, p.word = timeOf(d.DeliveryDelay.Timestamp, r.Time), addresses(d.DeliveryDelay.DelayedRecipients), word(d.DeliveryDelay.DelayType)
	}
	if len(p.feedbackID) > maxID || len(p.messageID) > maxID {
		return report{}, fault.Errorf(fault.Park, "an id of SES has more than %d characters", maxID)
	}
	return p, nil
}

// maxID bounds the ids of SES, which have about 70 characters.
const maxID = 256

// unsentSubTypes are of mails to addresses that the account's own list, or the
// recipient's choice, kept SES from sending to. SES does not count them.
var unsentSubTypes = []string{"OnAccountSuppressionList", "UnsubscribedRecipient"}

// aboutTheMail are sub-types of transient bounces that say nothing of the address.
var aboutTheMail = []string{"MessageTooLarge", "ContentRejected", "AttachmentRejected"}

func bounceKind(kind string) events.BounceKind {
	switch kind {
	case "Permanent":
		return events.BouncePermanent
	case "Transient":
		return events.BounceTransient
	}
	return events.BounceUndetermined
}

// timeOf reads a time of SES; where there is none that can be read, it is when
// the event came.
func timeOf(text string, otherwise time.Time) time.Time {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC()
	}
	return otherwise.UTC()
}

func addresses(all []recipient) []string {
	list := make([]string, len(all))
	for i, one := range all {
		list[i] = one.EmailAddress
	}
	return list
}

// word keeps of a word of SES what words are made of: the type of feedback comes
// from the mail's recipient's provider.
func word(text string) string {
	text = strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			return c
		}
		return -1
	}, text)
	return text[:min(len(text), 64)]
}

// recipients are those whom an event is said about: the one that was mailed, or
// those that the report is about where several were.
func (p report) recipients() []string {
	if len(p.to) == 1 || len(p.about) == 0 {
		return p.to
	}
	return p.about
}

// blamed are the addresses that the report is about, and the one that was mailed
// if it was the only one.
func (p report) blamed() []string {
	all := slices.Clone(p.about)
	if len(p.to) == 1 {
		all = append(all, p.to[0])
	}
	return all
}

// simulatorDomain is that of SES's mailbox simulator, whose mails SES does not
// count.
const simulatorDomain = "@simulator.amazonses.com"

func simulated(address string) bool {
	return strings.HasSuffix(strings.ToLower(strings.TrimRight(strings.TrimSpace(address), ">")), simulatorDomain)
}

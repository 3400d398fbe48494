package ses

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// stamp is how SES writes times in event records.
const stamp = "2006-01-02T15:04:05.000Z"

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// record is the detail of an event: SES's event record.
type record struct {
	EventType     string         `json:"eventType"`
	Mail          mailRecord     `json:"mail"`
	Send          *struct{}      `json:"send,omitempty"`
	Delivery      *deliveryPart  `json:"delivery,omitempty"`
	Bounce        *bouncePart    `json:"bounce,omitempty"`
	Complaint     *complaintPart `json:"complaint,omitempty"`
	Reject        *rejectPart    `json:"reject,omitempty"`
	Failure       *failurePart   `json:"failure,omitempty"`
	DeliveryDelay *delayPart     `json:"deliveryDelay,omitempty"`
}

type mailRecord struct {
	Timestamp        string              `json:"timestamp"`
	Source           string              `json:"source"`
	SourceARN        string              `json:"sourceArn"`
	SendingAccountID string              `json:"sendingAccountId"`
	MessageID        string              `json:"messageId"`
	Destination      []string            `json:"destination"`
	HeadersTruncated bool                `json:"headersTruncated"`
	Headers          []headerRecord      `json:"headers"`
	CommonHeaders    commonHeaders       `json:"commonHeaders"`
	Tags             map[string][]string `json:"tags"`
}

type headerRecord struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type commonHeaders struct {
	From      []string `json:"from"`
	ReplyTo   []string `json:"replyTo,omitempty"`
	Date      string   `json:"date,omitempty"`
	To        []string `json:"to,omitempty"`
	Cc        []string `json:"cc,omitempty"`
	MessageID string   `json:"messageId"`
	Subject   string   `json:"subject"`
}

type deliveryPart struct {
	Timestamp            string   `json:"timestamp"`
	ProcessingTimeMillis int      `json:"processingTimeMillis"`
	Recipients           []string `json:"recipients"`
	SMTPResponse         string   `json:"smtpResponse"`
	RemoteMtaIP          string   `json:"remoteMtaIp"`
	ReportingMTA         string   `json:"reportingMTA"`
}

type recipientPart struct {
	EmailAddress   string `json:"emailAddress"`
	Action         string `json:"action,omitempty"`
	Status         string `json:"status,omitempty"`
	DiagnosticCode string `json:"diagnosticCode,omitempty"`
}

type bouncePart struct {
	BounceType        string          `json:"bounceType"`
	BounceSubType     string          `json:"bounceSubType"`
	BouncedRecipients []recipientPart `json:"bouncedRecipients"`
	Timestamp         string          `json:"timestamp"`
	FeedbackID        string          `json:"feedbackId"`
	ReportingMTA      string          `json:"reportingMTA"`
}

type complaintPart struct {
	ComplainedRecipients  []recipientPart `json:"complainedRecipients"`
	Timestamp             string          `json:"timestamp"`
	FeedbackID            string          `json:"feedbackId"`
	UserAgent             string          `json:"userAgent"`
	ComplaintFeedbackType string          `json:"complaintFeedbackType"`
	ArrivalDate           string          `json:"arrivalDate"`
}

type rejectPart struct {
	Reason string `json:"reason"`
}

type failurePart struct {
	ErrorMessage string `json:"errorMessage"`
	TemplateName string `json:"templateName"`
}

type delayPart struct {
	Timestamp         string          `json:"timestamp"`
	DelayType         string          `json:"delayType"`
	ExpirationTime    string          `json:"expirationTime"`
	DelayedRecipients []recipientPart `json:"delayedRecipients"`
	ReportingMTA      string          `json:"reportingMTA"`
}

// reportingMTA names the machine that reports: this one.
const reportingMTA = "local.smtp-out.amazonses.com"

// detailType is what EventBridge calls an event of a kind.
func detailType(kind string) string {
	switch kind {
	case KindSend:
		return "Email Sent"
	case KindDelivery:
		return "Email Delivered"
	case KindBounce:
		return "Email Bounced"
	case KindComplaint:
		return "Email Complaint Received"
	case KindReject:
		return "Email Rejected"
	case KindRenderingFailure:
		return "Email Rendering Failed"
	}
	return "Email Delivery Delayed"
}

// publish hands on the events that the mail's configuration set wants.
func (s *State) publish(ctx context.Context, m *Mail, outcomes []outcome) {
	var events []Event
	now := s.cfg.Now().UTC()
	for _, o := range outcomes {
		if m.ConfigurationSet == "" || !s.wants(m.ConfigurationSet, o.kind) {
			continue
		}
		var detail bytes.Buffer
		enc := json.NewEncoder(&detail)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s.record(m, o, now)); err != nil {
			s.cfg.Log.Error("ses: an event cannot be written", "kind", o.kind, "error", err.Error())
			continue
		}
		events = append(events, Event{DetailType: detailType(o.kind), Time: now, Detail: bytes.TrimSpace(detail.Bytes()),
			Resources: []string{s.arn("configuration-set", m.ConfigurationSet)}})
	}
	if len(events) == 0 || s.publisher == nil {
		return
	}
	if err := s.publisher.Publish(ctx, events); err != nil {
		s.cfg.Log.Warn("ses: events were lost", "events", len(events), "error", err.Error())
	}
}

func (s *State) record(m *Mail, o outcome, now time.Time) record {
	r := record{EventType: label(o.kind), Mail: s.mailRecord(m)}
	at := now.Format(stamp)
	to := []recipientPart{{EmailAddress: o.recipient}}
	switch o.kind {
	case KindSend:
		r.Send = &struct{}{}
	case KindDelivery:
		r.Delivery = &deliveryPart{Timestamp: at, ProcessingTimeMillis: int(now.Sub(m.Time).Milliseconds()), Recipients: []string{o.recipient},
			SMTPResponse: "250 2.0.0 OK", RemoteMtaIP: "127.0.0.1", ReportingMTA: reportingMTA}
	case KindBounce:
		to[0].Action, to[0].Status, to[0].DiagnosticCode = bounceWords(o)
		r.Bounce = &bouncePart{BounceType: o.bounceType, BounceSubType: o.bounceSubType, BouncedRecipients: to, Timestamp: at,
			FeedbackID: newID(0), ReportingMTA: "dns; " + reportingMTA}
	case KindComplaint:
		r.Complaint = &complaintPart{ComplainedRecipients: to, Timestamp: at, FeedbackID: newID(0), UserAgent: "Amazon SES Mailbox Simulator",
			ComplaintFeedbackType: "abuse", ArrivalDate: at}
	case KindReject:
		r.Reject = &rejectPart{Reason: o.reason}
	case KindRenderingFailure:
		r.Failure = &failurePart{ErrorMessage: o.reason, TemplateName: m.Template}
	case KindDeliveryDelay:
		to[0].Status, to[0].DiagnosticCode = "4.4.1", "smtp; 421 4.4.1 Unable to connect to remote host"
		r.DeliveryDelay = &delayPart{Timestamp: at, DelayType: "TransientCommunicationFailure",
			ExpirationTime: m.Time.Add(14 * time.Hour).Format(stamp), DelayedRecipients: to, ReportingMTA: reportingMTA}
	}
	return r
}

func bounceWords(o outcome) (action, status, diagnostic string) {
	switch {
	case strings.Contains(o.bounceSubType, "Suppress"):
		return "failed", "5.1.1", "Amazon SES did not send the message to this address because it is on the suppression list for your account."
	case o.bounceType == "Transient":
		return "", "", ""
	}
	return "failed", "5.1.1", "smtp; 550 5.1.1 user unknown"
}

func (s *State) mailRecord(m *Mail) mailRecord {
	r := mailRecord{
		Timestamp: m.Time.Format(stamp), Source: m.From.header(), SendingAccountID: s.cfg.Account, MessageID: m.ID,
		Destination: emails(m.recipients()), Headers: []headerRecord{}, Tags: map[string][]string{},
		CommonHeaders: commonHeaders{From: headers(m.From.list()), To: headers(m.To), Cc: headers(m.Cc), ReplyTo: headers(m.ReplyTo),
			MessageID: m.ID, Subject: m.Subject, Date: m.Time.Format(time.RFC1123Z)},
	}
	if identity, ok := s.sender(m.From.Email); ok {
		r.SourceARN = s.arn("identity", identity.Name)
	}
	if msg, err := mail.ReadMessage(bytes.NewReader(m.Raw)); err == nil {
		for _, name := range sortedKeys(msg.Header) {
			for _, value := range msg.Header[name] {
				r.Headers = append(r.Headers, headerRecord{name, value})
			}
		}
	}
	for name, value := range m.Tags {
		r.Tags[name] = []string{value}
	}
	domain := m.From.Email[strings.LastIndexByte(m.From.Email, '@')+1:]
	r.Tags["ses:configuration-set"] = []string{m.ConfigurationSet}
	r.Tags["ses:from-domain"] = []string{domain}
	r.Tags["ses:source-ip"] = []string{"127.0.0.1"}
	r.Tags["ses:caller-identity"] = []string{"local"}
	return r
}

func (a Address) list() []Address { return []Address{a} }

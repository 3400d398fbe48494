package ses

import (
	"bytes"
	"context"
	"strings"

	"sluice/internal/local/disk"
)

// outcome is what became of a mail for some of its recipients.
type outcome struct {
	kind      string // KindSend, KindDelivery, …
	recipient string // "" for the whole mail
	// Of a bounce.
	bounceType, bounceSubType string
	reason                    string // of a rejection or a rendering failure
}

// simulatorDomain is the mailbox simulator's: who writes to it learns what he
// asks for.
const simulatorDomain = "simulator.amazonses.com"

// eicar is the harmless file that every virus scanner takes for a virus.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR`

// outcomes decides what becomes of a mail and notes it in the mail.
func (s *State) outcomes(m *Mail) []outcome {
	m.Outcomes = map[string]string{}
	list := []outcome{{kind: KindSend}}
	if m.infected() {
		m.Outcomes[""] = "Reject"
		return append(list, outcome{kind: KindReject, reason: "Bad content"})
	}
	for _, to := range emails(m.recipients()) {
		if _, twice := m.Outcomes[to]; twice {
			continue
		}
		became := s.outcomesFor(to, m.ConfigurationSet)
		list = append(list, became...)
		m.Outcomes[to] = label(became[len(became)-1].kind)
	}
	return list
}

// label is how event records name a kind.
func label(kind string) string {
	switch kind {
	case KindSend:
		return "Send"
	case KindReject:
		return "Reject"
	case KindBounce:
		return "Bounce"
	case KindComplaint:
		return "Complaint"
	case KindDelivery:
		return "Delivery"
	case KindRenderingFailure:
		return "Rendering Failure"
	case KindDeliveryDelay:
		return "DeliveryDelay"
	}
	return kind
}

func (m *Mail) infected() bool {
	for _, a := range m.Attachments {
		if bytes.Contains(a.Content, []byte(eicar)) {
			return true
		}
	}
	return strings.Contains(m.Text, eicar) || strings.Contains(m.HTML, eicar)
}

func (s *State) outcomesFor(to, set string) []outcome {
	delivered := outcome{kind: KindDelivery, recipient: to}
	bounced := outcome{kind: KindBounce, recipient: to, bounceType: "Permanent", bounceSubType: "General"}
	at := strings.LastIndexByte(to, '@')
	if strings.EqualFold(to[at+1:], simulatorDomain) {
		mailbox, _, _ := strings.Cut(strings.ToLower(to[:at]), "+")
		switch mailbox {
		case "bounce":
			return []outcome{bounced}
		case "suppressionlist":
			bounced.bounceSubType = "Suppressed"
			return []outcome{bounced}
		case "complaint":
			return []outcome{delivered, {kind: KindComplaint, recipient: to}}
		case "ooto":
			bounced.bounceType = "Transient"
			return []outcome{delivered, bounced}
		}
		return []outcome{delivered}
	}
	if x, err := s.Suppression(to); err == nil && s.suppresses(x.Reason, set) {
		bounced.bounceSubType = "OnAccountSuppressionList"
		return []outcome{bounced}
	}
	return []outcome{delivered}
}

// Feedback brings about what becomes of a sent mail later: KindDelivery,
// KindBounce (permanent), KindComplaint or KindDeliveryDelay for one of its
// recipients. A bounce or complaint puts the address on the suppression list, if
// the mail's configuration set says so, or else the account.
// Errors: NotFoundException for the mail, BadRequestException.
func (s *State) Feedback(ctx context.Context, id, recipient, kind string) error {
	m, err := s.Mail(id)
	if err != nil {
		return err
	}
	to := ""
	for _, a := range m.recipients() {
		if strings.EqualFold(a.Email, recipient) {
			to = a.Email
		}
	}
	if to == "" {
		return badRequest("The mail did not go to this address.")
	}
	became := outcome{kind: kind, recipient: to}
	switch kind {
	case KindBounce:
		became.bounceType, became.bounceSubType = "Permanent", "General"
	case KindComplaint, KindDelivery, KindDeliveryDelay:
	default:
		return badRequest("Feedback of the kind %s cannot be brought about.", kind)
	}
	if (kind == KindBounce || kind == KindComplaint) && s.suppresses(kind, m.ConfigurationSet) {
		if err := s.Suppress(ctx, to, kind); err != nil {
			return err
		}
	}
	if err := s.note(ctx, m.ID, to, label(kind)); err != nil {
		return err
	}
	s.publish(context.WithoutCancel(ctx), m, []outcome{became})
	return nil
}

// note writes an outcome into a mail of the outbox.
func (s *State) note(ctx context.Context, id, to, became string) error {
	return s.change(ctx, func() (disk.Ticket, error) {
		m, err := s.Mail(id)
		if err != nil {
			return disk.Ticket{}, err
		}
		if m.Outcomes == nil {
			m.Outcomes = map[string]string{}
		}
		m.Outcomes[to] = became
		return s.enqueue(m)
	})
}

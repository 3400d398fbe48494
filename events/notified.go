package events

import (
	"slices"
	"strings"
)

// Notified: what became of the mail to each recipient. Said by notify when
// every recipient has an outcome. Terminal when it follows Stored; after a
// failure, a rejection or an upload's end it reports only.
type Notified struct {
	// About is the detail-type that the mail is about.
	About      string      `json:"about"`
	Recipients []Recipient `json:"recipients"`
}

// Recipient is one recipient's outcome. The address itself stays out of events.
type Recipient struct {
	// Hash is [AddressHash] of the address.
	Hash    string      `json:"hash"`
	Outcome MailOutcome `json:"outcome"`
	// MessageID is SES's, when it took the mail.
	MessageID string `json:"messageId,omitempty"`
	// Reason is one sentence, when it did not.
	Reason string `json:"reason,omitempty"`
}

// MailOutcome says what became of one mail.
type MailOutcome string

// The outcomes of a mail.
const (
	MailSent    MailOutcome = "sent"    // SES accepted it
	MailRefused MailOutcome = "refused" // SES will never take it
	MailSkipped MailOutcome = "skipped" // the address may not be mailed
	MailUnknown MailOutcome = "unknown" // sent or not: the answer was lost, and a second mail is not risked
)

// SkippedBecause is one sentence about recipients that were left out: why, and
// each reason that they have, once.
func SkippedBecause(why string, recipients []Recipient) string {
	var all []string
	for _, one := range recipients {
		if one.Reason != "" && !slices.Contains(all, one.Reason) {
			all = append(all, one.Reason)
		}
	}
	if len(all) == 0 {
		return why
	}
	return why + ": " + strings.Join(all, "; ")
}

// AddressHash names an address in events, claims and logs without telling it.
func AddressHash(address string) string { return ID("address", normalAddress(address)) }

// Type implements [Event].
func (Notified) Type() string { return "Notified" }

// Version implements [Event].
func (Notified) Version() int { return 1 }

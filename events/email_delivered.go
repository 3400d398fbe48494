package events

import "time"

// EmailDelivered: the mail server of a recipient took a mail. Said by feedback,
// joined to the request that caused the mail. Not terminal.
type EmailDelivered struct {
	Mailed
}

// Mailed says which mail to whom. It is carried by EmailDelivered, EmailBounced
// and EmailComplained, once per recipient.
type Mailed struct {
	// About is the detail-type that the mail was about.
	About string `json:"about,omitempty"`
	// MessageID is SES's name of the mail, as in Notified.
	MessageID string `json:"messageId"`
	// Recipient is [AddressHash] of the address, as in Notified.
	Recipient string `json:"recipient"`
	// Key names the address under suppressions/.
	Key string `json:"key"`
	// At is when it happened, as SES says.
	At time.Time `json:"at"`
}

// Type implements [Event].
func (EmailDelivered) Type() string { return "EmailDelivered" }

// Version implements [Event].
func (EmailDelivered) Version() int { return 1 }

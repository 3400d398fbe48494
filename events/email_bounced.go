package events

// EmailBounced: a mail that SES accepted did not reach its recipient. Said by
// feedback, joined to the request that caused the mail. Not terminal: the request
// ended when the mail was handed over.
type EmailBounced struct {
	Mailed
	Kind BounceKind `json:"kind"`
	// SubType is SES's word for it ("General", "MailboxFull"), "" if it said none.
	SubType string `json:"subType,omitempty"`
	// FeedbackID is SES's name of the report, "" if it gave none.
	FeedbackID string `json:"feedbackId,omitempty"`
	// Suppressed: the address is not mailed any more.
	Suppressed bool `json:"suppressed"`
}

// BounceKind says how a mail failed to arrive.
type BounceKind string

// The kinds of bounces. The last two are SES's own doing: the mail never left it.
const (
	BouncePermanent    BounceKind = "permanent"    // the address does not exist, or SES knows that it is dead
	BounceTransient    BounceKind = "transient"    // it may pass: mailbox full, no answer for hours
	BounceUndetermined BounceKind = "undetermined" // SES cannot tell which of both
	BounceRejected     BounceKind = "rejected"     // SES found a virus in it
	BounceUnrendered   BounceKind = "unrendered"   // a template and its data do not fit
)

// Type implements [Event].
func (EmailBounced) Type() string { return "EmailBounced" }

// Version implements [Event].
func (EmailBounced) Version() int { return 1 }

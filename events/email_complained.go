package events

// EmailComplained: a recipient called a mail spam. The address is not mailed any
// more. Said by feedback, joined to the request that caused the mail. Not
// terminal.
type EmailComplained struct {
	Mailed
	// FeedbackType is the mail provider's word for it ("abuse"), "" if it said none.
	FeedbackType string `json:"feedbackType,omitempty"`
	// FeedbackID is SES's name of the report, "" if it gave none.
	FeedbackID string `json:"feedbackId,omitempty"`
}

// Type implements [Event].
func (EmailComplained) Type() string { return "EmailComplained" }

// Version implements [Event].
func (EmailComplained) Version() int { return 1 }

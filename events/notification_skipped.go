package events

// NotificationSkipped: mail was asked for, and nobody may be mailed. Said by
// notify, and by analyze about a request that asks for nothing but a mail: that is
// not answered at all. Terminal when it follows Stored or RequestReceived.
type NotificationSkipped struct {
	// About is the detail-type that the mail would have been about.
	About string `json:"about"`
	// Reason is one sentence.
	Reason string `json:"reason"`
	// Recipients are those that were left out.
	Recipients []Recipient `json:"recipients,omitempty"`
}

// Type implements [Event].
func (NotificationSkipped) Type() string { return "NotificationSkipped" }

// Version implements [Event].
func (NotificationSkipped) Version() int { return 1 }

package requests

import (
	"slices"
	"time"
)

// Became is what became of a mail that SES took.
type Became string

// What becomes of a mail. A later one replaces an earlier one, never the other way
// round: a mail server may take a mail and send it back, and who got it may call
// it spam.
const (
	Delivered  Became = "delivered"  // the recipient's mail server took it
	Bounced    Became = "bounced"    // it came back, or never left SES
	Complained Became = "complained" // its recipient calls it spam
)

var finality = map[Became]int{Delivered: 1, Bounced: 2, Complained: 3}

// Delivery is what became of one mail.
type Delivery struct {
	// MessageID is SES's, as in Mail.
	MessageID string `json:"messageId"`
	Became    Became `json:"became"`
	// Reason is SES's word for it, "" if it said none.
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// mostDeliveries bounds what is kept: there are 50 recipients, and few of them are
// mailed twice.
const mostDeliveries = 200

// Deliver notes what became of a mail. Hearing it again, or after something later,
// changes nothing.
func (s *Status) Deliver(d Delivery) {
	at := slices.IndexFunc(s.Deliveries, func(one Delivery) bool { return one.MessageID == d.MessageID })
	switch {
	case at < 0 && len(s.Deliveries) < mostDeliveries:
		// A new list: whoever has the old status compares it.
		s.Deliveries = append(slices.Clone(s.Deliveries), d)
	case at >= 0 && finality[s.Deliveries[at].Became] < finality[d.Became]:
		s.Deliveries = slices.Clone(s.Deliveries)
		s.Deliveries[at] = d
	}
}

// Became is what became of a mail, by SES's name of it; "" if that is not known.
func (s Status) Became(messageID string) Became {
	for _, one := range s.Deliveries {
		if one.MessageID == messageID {
			return one.Became
		}
	}
	return ""
}

package suppression

import (
	"slices"
	"time"
)

// Reason says why an address may not be mailed.
type Reason string

// The reasons, the strongest first.
const (
	Complaint    Reason = "complaint"    // the owner called a mail spam
	Unsubscribed Reason = "unsubscribed" // the owner wants no more
	Manual       Reason = "manual"       // an operator said so
	Bounce       Reason = "bounce"       // the address does not exist, or does not work for days
)

var strongest = []Reason{Complaint, Unsubscribed, Manual, Bounce}

// Words says for people why an address is not mailed; it is part of a sentence.
func (r Reason) Words() string {
	switch r {
	case Complaint:
		return "the address's owner called an earlier mail spam"
	case Unsubscribed:
		return "the address's owner wants no more mails"
	case Manual:
		return "an operator suppressed the address"
	}
	return "earlier mails to the address bounced"
}

// Entry is one report about an address.
type Entry struct {
	Reason Reason `json:"reason"`
	// Detail is a word of whoever reported, "" if there is none: the bounce's
	// sub-type, or the kind of complaint.
	Detail string `json:"detail,omitempty"`
	// Time is when it happened, as whoever reported says; whole milliseconds count.
	Time time.Time `json:"time"`
	// FeedbackID is SES's name of the report.
	FeedbackID string `json:"feedbackId,omitempty"`
	// MessageID is SES's name of the mail that it is about.
	MessageID string `json:"messageId,omitempty"`
}

// The rule for bounces that may pass.
const (
	// TransientDays is on how many days in a row of mails they must have happened.
	TransientDays = 3
	// TransientWindow is within which time.
	TransientWindow = 14 * 24 * time.Hour
)

// keptDays bounds how many days of transient bounces are remembered.
const keptDays = 30

// known is what is known of an address: the object. Merging two of them gives
// the same whatever the order, and merging one twice changes nothing.
type known struct {
	Facts     map[Reason]Entry `json:"facts,omitempty"`
	Listed    map[Reason]Entry `json:"listed,omitempty"`    // of SES's own list
	Unlisted  time.Time        `json:"unlisted,omitzero"`   // when the address was not on it any more
	Transient []string         `json:"transient,omitempty"` // days, oldest first
	Delivered string           `json:"delivered,omitempty"` // a day
	Lifted    time.Time        `json:"lifted,omitzero"`
}

// day is a UTC day as text that sorts by time.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// merge adds what another object knows.
func (k known) merge(other known) known {
	merged := known{Facts: newest(k.Facts, other.Facts), Listed: newest(k.Listed, other.Listed),
		Delivered: max(k.Delivered, other.Delivered), Lifted: later(k.Lifted, other.Lifted), Unlisted: later(k.Unlisted, other.Unlisted)}
	days := slices.Concat(k.Transient, other.Transient)
	slices.Sort(days)
	days = slices.Compact(days)
	merged.Transient = days[max(len(days)-keptDays, 0):]
	return merged
}

// newest gives for each reason the newest report.
func newest(a, b map[Reason]Entry) map[Reason]Entry {
	all := map[Reason]Entry{}
	for _, reports := range []map[Reason]Entry{a, b} {
		for reason, e := range reports {
			if have, found := all[reason]; !found || newer(e, have) {
				all[reason] = e
			}
		}
	}
	return all
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// newer orders reports of one reason totally, so that which one is kept does not
// depend on which came first.
func newer(a, b Entry) bool {
	switch {
	case !a.Time.Equal(b.Time):
		return a.Time.After(b.Time)
	case a.FeedbackID != b.FeedbackID:
		return a.FeedbackID > b.FeedbackID
	case a.MessageID != b.MessageID:
		return a.MessageID > b.MessageID
	}
	return a.Detail > b.Detail
}

// entry is why the address is suppressed; false if it is not.
func (k known) entry() (Entry, bool) {
	for _, reason := range strongest {
		if e, found := k.Facts[reason]; found && e.Time.After(k.Lifted) {
			return e, true
		}
		if e, found := k.Listed[reason]; found && e.Time.After(k.Lifted) && (reason == Complaint || e.Time.After(k.Unlisted)) {
			return e, true
		}
	}
	if last := k.row(); last != "" {
		at, _ := time.Parse(time.DateOnly, last)
		return Entry{Reason: Bounce, Detail: "transient", Time: at}, true
	}
	return Entry{}, false
}

// row is the last day of a row of transient bounces that is long enough, "" if
// there is none.
func (k known) row() string {
	after := k.Delivered
	if !k.Lifted.IsZero() {
		after = max(after, day(k.Lifted))
	}
	var days []time.Time
	for _, d := range k.Transient {
		if at, err := time.Parse(time.DateOnly, d); err == nil && d > after {
			days = append(days, at)
		}
	}
	for i := TransientDays - 1; i < len(days); i++ {
		if days[i].Sub(days[i-TransientDays+1]) < TransientWindow {
			return day(days[i])
		}
	}
	return ""
}

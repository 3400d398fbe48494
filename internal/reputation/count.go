package reputation

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// When all sending stops.
const (
	// MaxBounces and MaxComplaints are shares of the mails sent.
	MaxBounces    = 0.04
	MaxComplaints = 0.0008
	// MinSends is from how many mails on a share means anything.
	MinSends = 1000
	// WindowDays is how many days count, today among them.
	WindowDays = 7
)

// Window is the time that counts.
const Window = WindowDays * 24 * time.Hour

// Kind is what became of a mail.
type Kind string

// The kinds that count.
const (
	Send      Kind = "send"
	Bounce    Kind = "bounce"
	Complaint Kind = "complaint"
)

// Report is what became of one mail.
type Report struct {
	Kind Kind
	// Sent is when the mail was sent, whenever this became of it.
	Sent time.Time
	// ID names the report: equal ids are the same one.
	ID string
}

// Count is a number of mails, and what became of them.
type Count struct {
	Sends      int `json:"sends"`
	Bounces    int `json:"bounces"`
	Complaints int `json:"complaints"`
}

// Standing is how we stand.
type Standing struct {
	Count
	// Stopped: nothing may be sent. Why is one sentence then.
	Stopped bool
	Why     string
}

// today is one day of the object.
type today struct {
	Count
	// Told are the bounces and complaints that were counted.
	Told []string `json:"told,omitempty"`
}

// keptIDs bounds how many bounces and complaints of a day are known by name.
const keptIDs = 2000

// state is the object.
type state struct {
	Days map[string]today `json:"days"` // by the day of sending
	// Reset is when an operator let mails go again.
	Reset time.Time `json:"reset,omitzero"`
	// Stopped is when, and why, sending was found to be stopped; for people.
	Stopped *stop `json:"stopped,omitempty"`
	// Batches are the newest that were counted.
	Batches []string `json:"batches,omitempty"`
}

type stop struct {
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// oldest is the first day of the window.
func oldest(now time.Time) string { return day(now.AddDate(0, 0, 1-WindowDays)) }

// standing sums the window up.
func (s state) standing(now time.Time) Standing {
	var sum Standing
	for name, d := range s.Days {
		if name >= oldest(now) {
			sum.Sends += d.Sends
			sum.Bounces += d.Bounces
			sum.Complaints += d.Complaints
		}
	}
	switch {
	case sum.Sends < MinSends:
	case float64(sum.Bounces) >= MaxBounces*float64(sum.Sends):
		sum.Stopped, sum.Why = true, fmt.Sprintf("%d of the last %d mails bounced, which is %.1f %% or more", sum.Bounces, sum.Sends, 100*MaxBounces)
	case float64(sum.Complaints) >= MaxComplaints*float64(sum.Sends):
		sum.Stopped, sum.Why = true, fmt.Sprintf("%d of the last %d mails were called spam, which is %.2f %% or more", sum.Complaints, sum.Sends, 100*MaxComplaints)
	}
	return sum
}

// add counts reports; those of mails from before the window or the reset are
// left out.
func (s state) add(now time.Time, reports []Report) state {
	next := s
	next.Days = maps.Clone(s.Days)
	if next.Days == nil {
		next.Days = map[string]today{}
	}
	for _, r := range reports {
		name := day(r.Sent)
		if name < oldest(now) || !s.Reset.IsZero() && !r.Sent.After(s.Reset) {
			continue
		}
		d := next.Days[name]
		if r.Kind != Send {
			if slices.Contains(d.Told, r.ID) {
				continue
			}
			if len(d.Told) < keptIDs {
				d.Told = append(slices.Clip(d.Told), r.ID)
			}
		}
		switch r.Kind {
		case Send:
			d.Sends++
		case Bounce:
			d.Bounces++
		case Complaint:
			d.Complaints++
		}
		next.Days[name] = d
	}
	maps.DeleteFunc(next.Days, func(name string, _ today) bool { return name < oldest(now) })
	return next.noted(now)
}

// noted writes down for people whether sending is stopped.
func (s state) noted(now time.Time) state {
	switch standing := s.standing(now); {
	case !standing.Stopped:
		s.Stopped = nil
	case s.Stopped == nil:
		s.Stopped = &stop{now.UTC(), standing.Why}
	default:
		s.Stopped = &stop{s.Stopped.Since, standing.Why}
	}
	return s
}

package pacing

import "time"

// State is a Governor at one moment, for metrics.
type State struct {
	// Rate is how many tokens a minute this sandbox may use now; 0 while the quota
	// is not known.
	Rate float64
	// Gain is which part of its share that is.
	Gain float64
	// InFlight is how many calls are in flight, Reserved what they reserve.
	InFlight int
	Reserved float64
	// Used is what was used, or is reserved, of the last sixty seconds.
	Used float64
	// PausedUntil is when a pause ends; the zero time if there is none.
	PausedUntil time.Time
	// Quota is the account's quota in tokens a minute as it was told, or as it was
	// learned from the first throttle; 0 is not known.
	Quota float64
}

// State tells how the governor stands.
func (g *Governor) State(now time.Time) State {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.advance(now)
	s := State{Gain: g.gain.value, InFlight: g.inFlight, Reserved: g.reserved, Used: g.tokens.used,
		Rate: g.tune.rate * g.gain.value * g.share, Quota: g.share * g.parts}
	if g.now < g.pause.until {
		s.PausedUntil = g.origin.Add(time.Duration(g.pause.until * float64(time.Second)))
	}
	return s
}

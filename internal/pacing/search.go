package pacing

import "math"

// search looks for a quota that nobody told: the first throttle may have come
// early, or for another reason. After some time without one the share grows
// fast, as long as it is all used, until the next one.
type search struct {
	on     bool
	wanted float64 // when a call last had to wait for its share
}

// grow lets time pass. It gives the share and the gain on it.
func (s *search) grow(t *tuning, from, to, share float64, a gain) (float64, gain) {
	if to-a.since < t.quiet || from-s.wanted > t.idle {
		return share, a
	}
	s.on = true
	return share * math.Exp((to-from)*t.search), a
}

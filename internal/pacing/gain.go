package pacing

import "math"

// gain is which part of its share the sandbox takes.
type gain struct {
	value   float64
	ceiling float64
	last    float64 // when it was cut
	since   float64 // the last throttle
	clean   float64 // calls that went through since
	ever    bool    // it was cut
	debt    float64 // throttles that calls have yet to make up for
	idle    float64 // the ceiling above 1 that shows that another sandbox is idle
	tries   float64 // to take more than was told that failed
	missed  float64 // when the last one did
}

// grow lets time pass.
func (a *gain) grow(t *tuning, from, to float64, told bool) {
	if to <= from {
		return
	}
	if a.value < a.ceiling {
		a.value = min(a.ceiling, a.value+(to-from)*t.recover*a.ceiling)
		return
	}
	if !a.mayProbe(t, to, told) {
		return
	}
	a.value = min(a.value*math.Exp((to-from)*t.probe), t.most)
	a.ceiling = a.value
}

// mayProbe tells that the gain may rise above its ceiling: after long without a
// throttle and enough calls to make up for the last one, or after very long. More
// than was told is tried only after very many calls, since then every sandbox
// is throttled if none was idle.
func (a *gain) mayProbe(t *tuning, now float64, told bool) bool {
	if told && a.ceiling >= 1 {
		return a.clean >= t.callsOver*math.Exp2(a.tries)
	}
	clean := now - a.since
	return clean >= t.anyway || clean >= t.clean && a.clean >= t.calls && a.debt <= 0
}

// settled counts a call that went through.
func (a *gain) settled(t *tuning) {
	a.clean++
	a.debt = max(a.debt-t.share, 0)
}

// throttled cuts.
//
// Used is what part of its share the sandbox used in the last minute, if all of
// that was in demand; else more than its gain.
func (a *gain) throttled(t *tuning, now, used float64) {
	a.since, a.clean = now, 0
	a.debt = min(a.debt+1, t.debt)
	if a.ever && now-a.last < t.cutEvery {
		return
	}
	a.ever, a.last = true, now
	over := a.value > 1
	a.ceiling = max(min(a.value, max(used, a.value*t.deepest))*t.under, t.least)
	a.value = max(min(a.value, a.ceiling)*t.cut, t.least)
	if over {
		a.failed(t, now)
	}
}

// failed ends a try to take more than was told. If it came less far than one idle
// sandbox would have let it, or failed again at once, none was idle: the try only
// used up what the quota had saved. Then the gain goes back to 1, from below, so
// that some is saved again.
func (a *gain) failed(t *tuning, now float64) {
	if a.ceiling < a.idle || a.tries > 0 && now-a.missed < t.clean {
		a.ceiling, a.value = min(a.ceiling, 1), min(a.value, t.back)
	}
	a.missed, a.tries = now, min(a.tries+1, t.triesMost)
}

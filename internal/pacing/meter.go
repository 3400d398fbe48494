package pacing

import "math"

// Slots divide the window's sixty seconds. A slot is counted until the whole of
// it is past, so a window holds up to a slot more than a minute.
const (
	slotSeconds = 0.25
	windowSlots = 60/slotSeconds + 1
)

// meter counts an amount (tokens, calls) against this sandbox's share of a
// limit per minute.
type meter struct {
	limit float64 // a minute; 0 is none: it only counts
	rate  float64 // that comes back, a second
	cap   float64 // the level's highest
	level float64 // what may be taken at once; negative while something is owed
	saved float64 // what was not taken for want of demand: it comes back little by little

	at    float64 // may lie ahead: until then nothing comes back
	spare float64 // when much was saved last: not all was in demand
	now   float64
	head  int64 // the present slot, counted from time 0
	used  float64
	slots [windowSlots]float64

	begun bool    // something was taken once
	taken float64 // when, last
}

// advance brings the meter to a time, in seconds, at a rate a minute.
func (m *meter) advance(t *tuning, now, perMinute float64) {
	m.rate = perMinute / 60
	m.cap = m.rate * t.burst
	m.now = now
	if now > m.at {
		came := (now - m.at) * m.rate
		late := 0.0
		if m.used < t.thin*m.rate*60 {
			late = min(m.saved, came*t.faster)
		}
		m.saved -= late
		m.give(t, came+late)
		m.at = now
	}
	if m.saved > m.rate*t.saved/2 {
		m.spare = now
	}
	if now-m.taken > t.lapse || m.used < t.lull*m.rate*60 {
		m.saved = 0 // the others save as well, when there is little to do
	}
	slot := int64(now / slotSeconds)
	if slot-m.head >= windowSlots {
		clear(m.slots[:])
		m.head, m.used = slot, 0
	}
	for m.head < slot {
		m.head++
		i := m.head % windowSlots
		m.used -= m.slots[i]
		m.slots[i] = 0
	}
}

// give fills the level, and with what it does not hold the savings.
func (m *meter) give(t *tuning, amount float64) {
	m.level += amount
	if more := m.level - m.cap; more > 0 {
		m.saved = min(m.saved+more, m.rate*t.saved)
		m.level = m.cap
	}
}

// drain leaves nothing to be taken, and lets nothing come back until a time.
func (m *meter) drain(until float64) {
	m.level, m.saved = min(m.level, 0), 0
	m.at = max(m.at, until)
}

// take takes an amount and tells in which slot. The window holds more, if more is
// expected to be used.
func (m *meter) take(amount, expected float64) int64 {
	m.begun, m.taken = true, m.now
	m.level -= amount
	held := max(amount, expected)
	m.slots[m.head%windowSlots] += held
	m.used += held
	return m.head
}

// settle replaces an amount that was taken in a slot by what was used. An excess
// counts from now on, as it does in the clock's minute; what is given back is
// given back to when it was taken.
func (m *meter) settle(t *tuning, slot int64, amount, expected, used float64) {
	m.give(t, amount-used)
	held := max(amount, expected)
	at := slot
	if used > held {
		at = m.head
	}
	if m.head-at < windowSlots {
		m.slots[at%windowSlots] += used - held
		m.used += used - held
	}
}

// wait is in how many seconds an amount may be taken; 0 is now. The window may
// be exceeded by whoever is idle with a call that is larger than all of it.
func (m *meter) wait(amount, expected, window float64, idle bool) float64 {
	wait := 0.0
	if need := min(amount, m.cap) - m.level; need > 0 && m.begun {
		wait = need / m.rate
	}
	held := max(amount, expected)
	if over := m.used + held - window; over > 0 && !(idle && held >= window) {
		wait = max(wait, m.until(over))
	}
	return wait
}

// until is in how many seconds so much will have left the window.
func (m *meter) until(amount float64) float64 {
	for s := m.head - windowSlots + 1; s <= m.head; s++ {
		if s < 0 {
			continue
		}
		if amount -= m.slots[s%windowSlots]; amount <= 0 {
			return max(float64(s+windowSlots)*slotSeconds-m.now, 0)
		}
	}
	return math.Nextafter(60, 61)
}

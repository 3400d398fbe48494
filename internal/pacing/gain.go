package pacing

import (
	"math"
	"time"
)

// tuning holds what was found by simulation.
type tuning struct {
	rate   float64 // of the share that is used
	burst  float64 // seconds of the share that may be taken at once
	saved  float64 // seconds of the share that are made up for later
	faster float64 // by how much more of the share, then
	thin   float64 // and only while the window holds less of a minute at the present rate
	window float64 // of the share of a minute that the window holds
	slack  float64 // calls that it may hold beside
	gate   float64 // of the share of a minute that may be reserved beside a first call
	room   float64 // of the whole quota that one call may reserve

	cut       float64 // of the gain, by a throttle
	deepest   float64 // where the ceiling may be at least, of the gain
	under     float64 // where the ceiling is, of the gain at a throttle
	cutEvery  float64 // seconds
	recover   float64 // of the gain, a second, up to the ceiling
	probe     float64 // the same, above
	clean     float64 // seconds without a throttle before that
	calls     float64 // calls without one before that
	anyway    float64 // seconds without one, however few calls
	callsOver float64 // calls without one before more is taken than was told
	share     float64 // of calls that may be throttled in the long run
	debt      float64 // throttles that are remembered at most for that
	least     float64 // gain
	most      float64 // gain

	pause, pauseMost float64 // seconds
	growth           float64 // of the pause, by every throttle in a row
	feel             float64 // seconds between the first calls after a pause
}

var standard = tuning{
	rate: 0.99, burst: 4.5, saved: 12, faster: 0.45, thin: 1, window: 1, slack: 0.6, gate: 0.6, room: 0.09,
	cut: 0.97, deepest: 0.85, under: 0.98, cutEvery: 5, recover: 0.005, probe: 0.0025,
	clean: 60, calls: 60, anyway: 600, callsOver: 10000, share: 0.01, debt: 1, least: 0.05, most: 1.7,
	pause: 3, growth: 2, pauseMost: 24, feel: 0.5,
}

// dayPause is for how long nothing is admitted after a DayQuota.
const dayPause = 10 * time.Minute

// gain is which part of its share the sandbox takes.
type gain struct {
	value   float64
	ceiling float64
	last    float64 // when it was cut
	since   float64 // the last throttle
	clean   float64 // calls that went through since
	ever    bool    // it was cut
	debt    float64 // throttles that calls have yet to make up for
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
		return a.clean >= t.callsOver
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
func (a *gain) throttled(t *tuning, now, used float64) bool {
	a.since, a.clean = now, 0
	a.debt = min(a.debt+1, t.debt)
	if a.ever && now-a.last < t.cutEvery {
		return false
	}
	a.ever, a.last = true, now
	a.ceiling = max(min(a.value, max(used, a.value*t.deepest))*t.under, t.least)
	a.value = max(min(a.value, a.ceiling)*t.cut, t.least)
	return true
}

func (g *Governor) throttled(p Pass) {
	if g.share == 0 {
		g.learn()
	}
	used := g.tokens.used / g.share
	if g.now-g.tokens.spare < 60 && g.pause.row < 2 {
		used = math.Inf(1)
	}
	g.gain.throttled(&g.tune, g.now, used)
	g.tokens.level, g.tokens.saved = min(g.tokens.level, 0), 0
	g.pause.throttled(&g.tune, g.now, p.began)
	g.tokens.at = max(g.tokens.at, g.pause.until)
}

// learn takes what was used in the last minute as this sandbox's share.
func (g *Governor) learn() {
	g.told = false
	g.share = max(g.tokens.used, g.average, 1)
	g.tokens.limit = g.share
	g.tokens.level = 0
}

// pause is when nothing is admitted.
type pause struct {
	until float64
	began float64
	row   int // throttles in a row
	busy  int // 503s in a row

	feeling bool // the first call after a throttle is yet to come
	seed    uint64
}

func (p *pause) begin(until float64) { p.until = max(p.until, until) }

func (p *pause) throttled(t *tuning, now, began float64) {
	if began < p.began {
		p.begin(now + t.pause*p.jitter(now)/2)
		return
	}
	p.began = now
	p.feeling = true
	p.begin(now + min(t.pause*math.Pow(t.growth, float64(p.row)), t.pauseMost)*p.jitter(now))
	p.row++
}

func (p *pause) overloaded(now, began float64) {
	if began < p.began {
		return
	}
	p.began = now
	p.begin(now + min(0.5*math.Pow(2, float64(p.busy)), 8)*p.jitter(now))
	p.busy++
}

// cleared: a call that began then went through.
func (p *pause) cleared(began float64) {
	if began >= p.began {
		p.row, p.busy = 0, 0
	}
}

// jitter is between 0.5 and 1.5, the same for the same history.
func (p *pause) jitter(now float64) float64 {
	p.seed += math.Float64bits(now) | 1
	z := p.seed + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return 0.5 + float64(z>>11)/(1<<53)
}

// admitted: after a throttle the first call goes alone, to see what comes of it.
func (p *pause) admitted(t *tuning, now float64) {
	if p.feeling {
		p.feeling = false
		p.until = now + t.feel
	}
}

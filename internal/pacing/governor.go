package pacing

import (
	"math"
	"sync"
	"time"
)

// Config says what a sandbox may use of a model's quota.
type Config struct {
	// TokensPerMinute is the account's quota for the model, for all sandboxes
	// together; 0 is not known.
	TokensPerMinute int
	// RequestsPerMinute is how many calls it may have in a minute, for all
	// sandboxes together; 0 is no limit known.
	RequestsPerMinute int
	// Sandboxes is how many share the quota (the maximum concurrency of the event
	// source mapping); less than 1 is 1.
	Sandboxes int
	// InFlight is the most calls that this sandbox has at the same time; less than
	// 1 is 1.
	InFlight int
}

// Estimate is what a call is thought to take of the quota, in its tokens.
type Estimate struct {
	// Reserve is what it takes while it runs: input, cache reads and writes, and
	// max_tokens.
	Reserve float64
	// Settle is what it will have used: input, cache writes, and the model's burn
	// rate times the output that is expected.
	Settle float64
}

// Pass is an admitted call. Each is settled or refused exactly once.
type Pass struct {
	estimate Estimate
	slot     int64 // where in the window
	request  int64 // the same, in that of requests
	began    float64
}

// Refusal is why a call was refused.
type Refusal int

const (
	// Throttled: too many tokens or requests a minute (HTTP 429).
	Throttled Refusal = iota
	// Overloaded: the service has no capacity, whoever asks (HTTP 503).
	Overloaded
	// DayQuota: too many tokens a day (HTTP 429). It does not clear in a minute.
	DayQuota
)

// Governor admits the calls of one sandbox to one model. It may be used by many
// goroutines.
type Governor struct {
	mu     sync.Mutex
	tune   tuning
	origin time.Time
	now    float64 // seconds since origin; never goes back

	told     bool    // what is known was told, not learned
	share    float64 // this sandbox's tokens per minute; 0 is not known
	parts    float64 // N
	inFlight int
	most     int
	reserved float64

	tokens   meter
	requests meter // only where there is a limit
	counted  bool  // there is one

	gain    gain
	pause   pause
	search  search
	average float64 // what a call settles, smoothed; 0 before the first
}

// New makes the governor of a sandbox that starts now, with nothing saved up.
func New(c Config, now time.Time) *Governor {
	parts := float64(max(c.Sandboxes, 1))
	g := &Governor{tune: standard(), origin: now, parts: parts, most: max(c.InFlight, 1)}
	g.gain = gain{value: 1, ceiling: 1, idle: 1 + 0.5/parts}
	if c.TokensPerMinute > 0 {
		g.told, g.share = true, float64(c.TokensPerMinute)/parts
	}
	if c.RequestsPerMinute > 0 {
		g.told, g.counted = true, true
		g.requests.limit = float64(c.RequestsPerMinute) / parts
	}
	g.tokens.limit = g.share
	g.refill()
	return g
}

// Room is the largest Reserve that a call should have: a pack is made to fit
// it. It does not shrink while calls are in flight, since a full pack later is
// cheaper than a small one at once; but with every throttle in a row it does, as
// a call may simply be too large ever to be admitted. +Inf while the quota is not
// known.
func (g *Governor) Room(now time.Time) float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.advance(now)
	if g.share == 0 {
		return math.Inf(1)
	}
	large := max(g.tune.gate*g.share, g.tune.room*g.share*g.parts)
	return g.gain.value * large * math.Pow(g.tune.shrink, float64(g.pause.row))
}

// Admit admits a call, with a duration of 0, or says how long to wait at least;
// then ask again, or earlier, after any Settle or Refused. A sandbox that has
// nothing in flight and is not paused gets a call through in the end, however
// large it is. After a DayQuota nothing is admitted for a while: whoever is told
// to wait for minutes should put off the records instead.
func (g *Governor) Admit(now time.Time, e Estimate) (Pass, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.advance(now)
	if wait := g.wait(e); wait > 0 {
		return Pass{}, duration(wait)
	}
	p := Pass{estimate: e, began: g.now}
	p.slot = g.tokens.take(e.Reserve, e.Settle)
	p.request = g.requests.take(1, 1)
	g.inFlight++
	g.reserved += e.Reserve
	g.pause.admitted(&g.tune, g.now)
	return p, 0
}

// full is how long to wait, in seconds, for a call in flight to end.
const full = 0.2

// wait is in how many seconds the call may begin; 0 is now.
func (g *Governor) wait(e Estimate) float64 {
	if g.now < g.pause.until {
		return g.pause.until - g.now
	}
	if g.inFlight >= g.most {
		return full
	}
	idle := g.inFlight == 0
	wait := 0.0
	if g.counted {
		wait = g.requests.wait(1, 1, g.requests.limit*g.gain.value, idle)
	}
	if g.share == 0 {
		return wait
	}
	if !idle && g.reserved+e.Reserve > g.gate() {
		g.search.wanted = g.now
		return max(wait, full)
	}
	slack := g.tune.slack
	if g.gain.ceiling < 1 {
		slack = g.tune.tight
	}
	window := g.tune.window*g.gain.value*g.share + slack*max(g.average, e.Settle)
	if held := g.tokens.wait(e.Reserve, e.Settle, window, idle); held > 0 {
		g.search.wanted = g.now
		wait = max(wait, held)
	}
	return wait
}

// gate is how much may be reserved in flight, beside a first call.
func (g *Governor) gate() float64 { return g.tune.gate * g.share * max(1, g.gain.value) }

// Settle says that a call has ended and what it used: input, cache writes and
// burn × output. Of a call whose usage is not known, its Estimate.Settle.
func (g *Governor) Settle(now time.Time, p Pass, used float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.advance(now)
	g.ended(p)
	g.tokens.settle(&g.tune, p.slot, p.estimate.Reserve, p.estimate.Settle, used)
	if g.average == 0 {
		g.average = used
	}
	g.average += (used - g.average) / 32
	g.gain.settled(&g.tune)
	g.pause.cleared(p.began)
}

// Refused says that a call was refused; nothing was charged for it.
//
//	Throttled   the sandbox pauses for seconds, longer every time in a row, and then takes less
//	Overloaded  it pauses for a second or a few, and takes as much as before
//	DayQuota    it pauses for ten minutes
func (g *Governor) Refused(now time.Time, p Pass, why Refusal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.advance(now)
	g.ended(p)
	g.tokens.settle(&g.tune, p.slot, p.estimate.Reserve, p.estimate.Settle, 0)
	g.requests.settle(&g.tune, p.request, 1, 1, 0)
	switch why {
	case Throttled:
		g.throttled(p)
	case Overloaded:
		g.pause.overloaded(g.now, p.began)
	case DayQuota:
		g.pause.begin(g.now + dayPause.Seconds())
	}
}

func (g *Governor) throttled(p Pass) {
	if g.share == 0 || !g.told && g.search.on {
		g.learn(p.estimate.Settle)
	}
	used := g.tokens.used / g.share
	if g.now-g.tokens.spare < 60 && g.pause.row < 2 {
		used = math.Inf(1)
	}
	g.gain.throttled(&g.tune, g.now, used)
	g.pause.throttled(&g.tune, g.now, p.began)
	g.tokens.drain(g.pause.until)
	g.requests.drain(g.pause.until)
}

// learn takes what was used in the last minute as this sandbox's share; but not
// less than half of what was learned before, as a throttle need not tell of a
// quota, and a call a minute at least.
func (g *Governor) learn(call float64) {
	g.told, g.search.on = false, false
	g.share = max(g.tokens.used, g.average, g.share/2, call, 1)
	g.tokens.limit, g.tokens.level = g.share, 0
}

func (g *Governor) ended(p Pass) {
	g.inFlight = max(g.inFlight-1, 0)
	g.reserved = max(g.reserved-p.estimate.Reserve, 0)
	if g.inFlight == 0 {
		g.reserved = 0 // sums of floats drift
	}
}

// advance brings everything to a time.
func (g *Governor) advance(now time.Time) {
	at := now.Sub(g.origin).Seconds()
	if at <= g.now {
		return
	}
	g.gain.grow(&g.tune, g.now, at, g.told)
	if !g.told && g.share > 0 {
		g.share, g.gain = g.search.grow(&g.tune, g.now, at, g.share, g.gain)
		g.tokens.limit = g.share
	}
	g.now = at
	g.refill()
}

// refill brings the meters to the present, at the present rate.
func (g *Governor) refill() {
	rate := g.tune.rate * g.gain.value
	g.tokens.advance(&g.tune, g.now, g.tokens.limit*rate)
	if g.counted {
		g.requests.advance(&g.tune, g.now, g.requests.limit*rate)
	}
}

// longest is the longest wait that is told, in seconds: a time.Duration ends there.
const longest = 1e9

func duration(seconds float64) time.Duration {
	return max(time.Duration(min(seconds, longest)*float64(time.Second)), time.Millisecond)
}

package pacing

import (
	"math"
	"time"
)

// dayPause is for how long nothing is admitted after a DayQuota.
const dayPause = 10 * time.Minute

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

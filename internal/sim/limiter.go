package sim

import "math"

// limiter is the client-side rate limiter of the SDK's adaptive retry mode: a
// token bucket of attempts whose rate is cut by throttles and grows by a cubic
// between them. It does nothing before the first throttle.
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)
type limiter struct {
	enabled       bool
	fill, level   float64 // attempts a second, attempts
	at            float64
	measured      float64 // attempts a second
	counted       float64
	bucket        float64 // of half a second
	lastMax       float64
	lastThrottled float64
}

const (
	cubicBeta  = 0.7
	cubicScale = 0.4
	leastFill  = 0.5
	smoothing  = 0.8
)

// acquire takes a token, or says in how many seconds to ask again.
func (l *limiter) acquire(now float64) float64 {
	if !l.enabled {
		return 0
	}
	l.refill(now)
	if l.level < 1 {
		return (1-l.level)/l.fill + 1e-6
	}
	l.level--
	return 0
}

func (l *limiter) refill(now float64) {
	l.level = min(l.level+(now-l.at)*l.fill, max(l.fill, 1))
	l.at = now
}

// update hears of a response.
func (l *limiter) update(now float64, throttled bool) {
	l.measure(now)
	var rate float64
	if throttled {
		l.lastMax = l.measured
		if l.enabled {
			l.lastMax = min(l.measured, l.fill)
		}
		l.lastThrottled, l.enabled = now, true
		rate = l.lastMax * cubicBeta
	} else {
		window := math.Cbrt(l.lastMax * (1 - cubicBeta) / cubicScale)
		since := now - l.lastThrottled - window
		rate = cubicScale*since*since*since + l.lastMax
	}
	l.refill(now)
	l.fill = max(min(rate, 2*l.measured), leastFill)
	l.level = min(l.level, max(l.fill, 1))
}

// measure smooths the rate of responses over half seconds.
func (l *limiter) measure(now float64) {
	bucket := math.Floor(now*2) / 2
	l.counted++
	if bucket > l.bucket {
		l.measured = l.measured*(1-smoothing) + l.counted/(bucket-l.bucket)*smoothing
		l.counted, l.bucket = 0, bucket
	}
}

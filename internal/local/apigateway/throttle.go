package apigateway

import (
	"time"

	"golang.org/x/time/rate"
)

// Throttle is a token bucket.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type Throttle struct {
	// Rate is how many requests a second go through in the long run, 0 for no
	// throttle; Burst how many at once, at least 1.
	Rate  float64
	Burst int
}

// bucket is a throttle at work; nil lets everything through.
func (t Throttle) bucket() *rate.Limiter {
	if t.Rate <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(t.Rate), max(t.Burst, 1))
}

// throttles are the buckets of a stage: one for each route that has its own, and
// one for all others together.
type throttles struct {
	all *rate.Limiter
	own map[string]*rate.Limiter
}

func newThrottles(all Throttle, own map[string]Throttle) throttles {
	t := throttles{all: all.bucket(), own: map[string]*rate.Limiter{}}
	for key, limit := range own {
		t.own[key] = limit.bucket()
	}
	return t
}

// allows takes a token for a request to a route.
func (t throttles) allows(key string, now time.Time) bool {
	bucket, own := t.own[key]
	if !own {
		bucket = t.all
	}
	return bucket == nil || bucket.AllowN(now, 1)
}

package quota

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// Shape is how tokens per minute are counted.
type Shape string

// The shapes of the window.
const (
	// Bucket refills evenly, up to Burst of a minute's quota.
	Bucket Shape = "bucket"
	// Minute starts afresh with every minute of the clock.
	Minute Shape = "minute"
	// Sliding counts the last sixty seconds.
	Sliding Shape = "sliding"
)

// Config is the quota of one model. A limit of 0 is no limit.
type Config struct {
	// TokensPerMinute is the quota in settled tokens.
	TokensPerMinute int64 `json:"tokensPerMinute"`
	// RequestsPerMinute counts admitted calls.
	RequestsPerMinute int64 `json:"requestsPerMinute"`
	// TokensPerDay is the quota in settled tokens of a UTC day.
	TokensPerDay int64 `json:"tokensPerDay"`
	// Window is the shape of the minute; empty means Bucket.
	Window Shape `json:"window,omitempty"`
	// Burst is the capacity of a bucket as a share of one minute's quota,
	// (0, 1]; 0 means 1.
	Burst float64 `json:"burst,omitempty"`
	// Burn is how many tokens of quota one output token costs; 0 means what
	// AWS lists for the model.
	Burn float64 `json:"burn,omitempty"`
}

// Check tells what is wrong with a Config.
func (c Config) Check() error {
	switch {
	case c.TokensPerMinute < 0 || c.RequestsPerMinute < 0 || c.TokensPerDay < 0:
		return fmt.Errorf("quota: a limit must not be negative (0 is no limit)")
	case c.Burst < 0 || c.Burst > 1 || math.IsNaN(c.Burst):
		return fmt.Errorf("quota: burst %v is outside 0 to 1", c.Burst)
	case c.Burn < 0 || c.Burn > 1000 || math.IsNaN(c.Burn):
		return fmt.Errorf("quota: burn %v is outside 0 to 1000", c.Burn)
	}
	switch c.Window {
	case "", Bucket, Minute, Sliding:
		return nil
	}
	return fmt.Errorf("quota: window %q is not one of bucket, minute, sliding", c.Window)
}

// Refusal is the limit that refused a call.
type Refusal int

// The limits that refuse.
const (
	Admitted Refusal = iota
	TooManyTokens
	TooManyRequests
	TooManyTokensPerDay
)

// Meter holds the quota of one model. It may be used by many goroutines.
type Meter struct {
	mu       sync.Mutex
	tokens   window // nil: no limit
	requests window // nil: no limit
	perDay   int64
	day      int64 // days since 1970
	dayUsed  float64
}

// New makes a full meter. The Config must have passed Check.
func New(c Config, now time.Time) *Meter {
	m := &Meter{perDay: c.TokensPerDay, day: dayOf(now)}
	if c.TokensPerMinute > 0 {
		m.tokens = newWindow(c.Window, float64(c.TokensPerMinute), c.Burst, now)
	}
	if c.RequestsPerMinute > 0 {
		m.requests = newWindow(c.Window, float64(c.RequestsPerMinute), c.Burst, now)
	}
	return m
}

// Reservation is what an admitted call holds until it settles.
type Reservation struct {
	tokens float64
	at     time.Time
	entry  *entry // Sliding only
}

// Reserve admits a call of so many tokens, or says which limit refuses it. A
// refused call is charged nothing.
func (m *Meter) Reserve(now time.Time, tokens int64) (Reservation, Refusal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turnDay(now)
	amount := float64(tokens)
	if m.perDay > 0 && m.dayUsed+amount > float64(m.perDay) {
		return Reservation{}, TooManyTokensPerDay
	}
	if m.requests != nil && m.requests.free(now) < 1 {
		return Reservation{}, TooManyRequests
	}
	if m.tokens != nil && m.tokens.free(now) < amount {
		return Reservation{}, TooManyTokens
	}
	r := Reservation{tokens: amount, at: now}
	if m.requests != nil {
		m.requests.take(now, 1)
	}
	if m.tokens != nil {
		r.entry = m.tokens.take(now, amount)
	}
	m.dayUsed += amount
	return r, Admitted
}

// Settle replaces a reservation by what the call really used, 0 for a call
// that failed. Each reservation is settled once.
func (m *Meter) Settle(now time.Time, r Reservation, used float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens != nil {
		m.tokens.settle(now, r, used)
	}
	m.turnDay(now)
	if dayOf(r.at) == m.day {
		m.dayUsed += used - r.tokens
	} else {
		m.dayUsed += math.Max(0, used-r.tokens)
	}
}

// Free is how many tokens a call could reserve now; +Inf without a limit.
func (m *Meter) Free(now time.Time) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens == nil {
		return math.Inf(1)
	}
	return m.tokens.free(now)
}

func (m *Meter) turnDay(now time.Time) {
	if d := dayOf(now); d > m.day {
		m.day, m.dayUsed = d, 0
	}
}

func dayOf(t time.Time) int64 { return t.Unix() / 86400 }

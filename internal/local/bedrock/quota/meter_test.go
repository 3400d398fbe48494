package quota

import (
	"math"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 2, 10, 0, 30, 0, time.UTC)

func TestReservationAndSettlement(t *testing.T) {
	for _, shape := range []Shape{Bucket, Minute, Sliding} {
		t.Run(string(shape), func(t *testing.T) {
			m := New(Config{TokensPerMinute: 1000, Window: shape}, start)
			first, refusal := m.Reserve(start, 800)
			if refusal != Admitted {
				t.Fatalf("first call refused: %v", refusal)
			}
			if _, refusal := m.Reserve(start, 300); refusal != TooManyTokens {
				t.Fatalf("a second call of 300 with 200 free: %v", refusal)
			}
			if free := m.Free(start); free != 200 {
				t.Fatalf("a refused call was charged: %v free, want 200", free)
			}
			m.Settle(start, first, 100)
			if free := m.Free(start); free != 900 {
				t.Fatalf("after settling 100: %v free, want 900", free)
			}
		})
	}
}

func TestDebt(t *testing.T) {
	for _, shape := range []Shape{Bucket, Minute, Sliding} {
		m := New(Config{TokensPerMinute: 1000, Window: shape}, start)
		r, _ := m.Reserve(start, 900)
		m.Settle(start, r, 1500)
		if free := m.Free(start); free != -500 {
			t.Errorf("%s: %v free, want a debt of 500", shape, free)
		}
	}
}

func TestWindowShapes(t *testing.T) {
	cases := []struct {
		shape Shape
		after time.Duration
		free  float64
	}{
		{Bucket, 6 * time.Second, 100},
		{Bucket, 90 * time.Second, 1000},
		{Minute, 29 * time.Second, 0},
		{Minute, 30 * time.Second, 1000},
		{Sliding, 59 * time.Second, 0},
		{Sliding, 60 * time.Second, 1000},
	}
	for _, c := range cases {
		m := New(Config{TokensPerMinute: 1000, Window: c.shape}, start)
		m.Reserve(start, 1000)
		if free := m.Free(start.Add(c.after)); math.Abs(free-c.free) > 1e-6 {
			t.Errorf("%s after %v: %v free, want %v", c.shape, c.after, free, c.free)
		}
	}
}

func TestSettlingInALaterWindow(t *testing.T) {
	later := start.Add(2 * time.Minute)
	for _, shape := range []Shape{Minute, Sliding} {
		m := New(Config{TokensPerMinute: 1000, Window: shape}, start)
		r, _ := m.Reserve(start, 600)
		m.Settle(later, r, 100)
		if free := m.Free(later); free != 1000 {
			t.Errorf("%s: an old reservation gave back to a new window: %v free", shape, free)
		}
		r, _ = m.Reserve(later, 600)
		m.Settle(later.Add(2*time.Minute), r, 700)
		if free := m.Free(later.Add(2 * time.Minute)); free != 900 {
			t.Errorf("%s: an excess of 100 was not charged: %v free", shape, free)
		}
	}
}

func TestBurst(t *testing.T) {
	m := New(Config{TokensPerMinute: 1000, Burst: 0.1}, start)
	if _, refusal := m.Reserve(start, 101); refusal != TooManyTokens {
		t.Errorf("101 tokens from a bucket of 100: %v", refusal)
	}
}

func TestRequestsPerMinute(t *testing.T) {
	m := New(Config{RequestsPerMinute: 2}, start)
	for i, want := range []Refusal{Admitted, Admitted, TooManyRequests} {
		if _, got := m.Reserve(start, 1); got != want {
			t.Errorf("call %d: %v, want %v", i, got, want)
		}
	}
}

func TestTokensPerDay(t *testing.T) {
	m := New(Config{TokensPerDay: 1000}, start)
	r, _ := m.Reserve(start, 900)
	m.Settle(start, r, 600)
	if _, got := m.Reserve(start, 500); got != TooManyTokensPerDay {
		t.Errorf("500 of 400 left today: %v", got)
	}
	if _, got := m.Reserve(start.Add(14*time.Hour), 500); got != Admitted {
		t.Errorf("the next day: %v", got)
	}
}

// A saturated meter settles no more than its quota over many minutes, whatever
// its shape.
func TestGoodputStaysWithinTheQuota(t *testing.T) {
	for _, shape := range []Shape{Bucket, Minute, Sliding} {
		m := New(Config{TokensPerMinute: 6000, Window: shape}, start)
		var settled float64
		now := start
		for range 10 * 60 * 10 {
			now = now.Add(100 * time.Millisecond)
			if r, refusal := m.Reserve(now, 100); refusal == Admitted {
				m.Settle(now, r, 50)
				settled += 50
			}
		}
		if perMinute := settled / 11; perMinute > 6000 || perMinute < 2500 {
			t.Errorf("%s: %v tokens settled a minute, quota 6000", shape, perMinute)
		}
	}
}

func TestBurn(t *testing.T) {
	cases := map[string]float64{
		"global.anthropic.claude-haiku-4-5-20251001-v1:0": 5,
		"us.anthropic.claude-sonnet-4-6":                  5,
		"anthropic.claude-opus-4-8-v1:0":                  15,
		"anthropic.claude-sonnet-5":                       10,
		"global.anthropic.claude-opus-5-v1:0":             10,
		"anthropic.claude-3-5-sonnet-20240620-v1:0":       5,
		"anthropic.claude-sonnet-4-20250514-v1:0":         5,
		"amazon.nova-micro-v1:0":                          1,
	}
	for model, want := range cases {
		if got := Burn(model); got != want {
			t.Errorf("%s: %v, want %v", model, got, want)
		}
	}
}

func TestConfigCheck(t *testing.T) {
	for _, bad := range []Config{{TokensPerMinute: -1}, {Burst: 2}, {Burn: -1}, {Window: "lunar"}, {Burst: math.NaN()}} {
		if bad.Check() == nil {
			t.Errorf("%+v passed", bad)
		}
	}
	if err := (Config{TokensPerMinute: 1, Window: Sliding}).Check(); err != nil {
		t.Error(err)
	}
}

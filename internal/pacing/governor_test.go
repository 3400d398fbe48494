package pacing

import (
	"math"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 2, 10, 0, 17, 0, time.UTC)

// calls lets as many calls begin as the governor admits until a time, each of
// them ending after a time, and tells how much they used.
func calls(t *testing.T, g *Governor, from, to time.Time, e Estimate, takes time.Duration) (used float64) {
	t.Helper()
	type call struct {
		pass Pass
		ends time.Time
	}
	var flying []call
	for now := from; now.Before(to); now = now.Add(20 * time.Millisecond) {
		for len(flying) > 0 && !flying[0].ends.After(now) {
			g.Settle(now, flying[0].pass, e.Settle)
			used += e.Settle
			flying = flying[1:]
		}
		for {
			p, wait := g.Admit(now, e)
			if wait > 0 {
				break
			}
			flying = append(flying, call{p, now.Add(takes)})
		}
	}
	for _, c := range flying {
		g.Settle(to, c.pass, e.Settle)
		used += e.Settle
	}
	return used
}

func TestAShareIsUsedAndNotExceeded(t *testing.T) {
	for _, n := range []int{1, 2, 5, 10} {
		g := New(Config{TokensPerMinute: 1_000_000, Sandboxes: n, InFlight: 60}, start)
		used := calls(t, g, start, start.Add(20*time.Minute), Estimate{Reserve: 2500, Settle: 3000}, 5*time.Second)
		if share := used / (20e6 / float64(n)); share < 0.97 || share > 1 {
			t.Errorf("%d sandboxes: each used %.3f of its share", n, share)
		}
	}
}

func TestAStartIsNoBurst(t *testing.T) {
	const n = 10
	total := 0
	for range n {
		g := New(Config{TokensPerMinute: 1_000_000, Sandboxes: n, InFlight: 50}, start)
		for {
			if _, wait := g.Admit(start, Estimate{Reserve: 2500, Settle: 3000}); wait > 0 {
				break
			}
			total++
		}
	}
	if total != n {
		t.Errorf("%d sandboxes began %d calls at once", n, total)
	}
}

func TestWhatIsSavedUpIsFiveSecondsAtMost(t *testing.T) {
	g := New(Config{TokensPerMinute: 600_000, Sandboxes: 1, InFlight: 1000}, start)
	calls(t, g, start, start.Add(time.Second), Estimate{Reserve: 100, Settle: 100}, time.Second)
	later := start.Add(time.Hour)
	burst := 0.0
	for {
		if _, wait := g.Admit(later, Estimate{Reserve: 100, Settle: 100}); wait > 0 {
			break
		}
		burst += 100
	}
	if burst < 10_000 || burst > 50_000 {
		t.Errorf("%v tokens at once after an hour, share 10,000 a second", burst)
	}
}

func TestASmallQuotaNeverStarves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := New(Config{TokensPerMinute: rapid.IntRange(1, 20_000).Draw(t, "quota"), Sandboxes: rapid.IntRange(1, 10).Draw(t, "sandboxes"), InFlight: 5}, start)
		now := start
		for range rapid.IntRange(1, 5).Draw(t, "calls") {
			e := Estimate{Reserve: rapid.Float64Range(1, 200_000).Draw(t, "reserve"), Settle: rapid.Float64Range(1, 200_000).Draw(t, "settle")}
			for range 20 {
				p, wait := g.Admit(now, e)
				if wait == 0 {
					now = now.Add(10 * time.Second)
					g.Settle(now, p, e.Settle)
					e.Reserve = 0
					break
				}
				now = now.Add(wait)
			}
			if e.Reserve != 0 {
				t.Fatalf("an idle sandbox was told to wait twenty times, until %v", now.Sub(start))
			}
		}
	})
}

func TestInFlightIsBounded(t *testing.T) {
	g := New(Config{InFlight: 3}, start)
	var passes []Pass
	for range 3 {
		p, wait := g.Admit(start, Estimate{Reserve: 1e6, Settle: 1e6})
		if wait != 0 {
			t.Fatalf("not admitted: %v", wait)
		}
		passes = append(passes, p)
	}
	if _, wait := g.Admit(start, Estimate{Reserve: 1, Settle: 1}); wait == 0 {
		t.Fatal("a fourth call was admitted")
	}
	g.Settle(start.Add(time.Second), passes[0], 1e6)
	if _, wait := g.Admit(start.Add(time.Second), Estimate{Reserve: 1, Settle: 1}); wait != 0 {
		t.Fatalf("after one ended: wait %v", wait)
	}
}

func TestRequestsPerMinute(t *testing.T) {
	g := New(Config{RequestsPerMinute: 600, Sandboxes: 2, InFlight: 100}, start)
	used := calls(t, g, start, start.Add(10*time.Minute), Estimate{Reserve: 1, Settle: 1}, time.Second)
	if used < 2850 || used > 3000 {
		t.Errorf("%v calls in ten minutes, 3000 allowed", used)
	}
}

func TestReservationsAreBounded(t *testing.T) {
	g := New(Config{TokensPerMinute: 1_000_000, Sandboxes: 5, InFlight: 1000}, start)
	e := Estimate{Reserve: 20_000, Settle: 2000}
	for now := start; now.Before(start.Add(5 * time.Minute)); now = now.Add(50 * time.Millisecond) {
		g.Admit(now, e)
		if reserved := g.State(now).Reserved; reserved > 200_000 {
			t.Fatalf("%v tokens reserved, the share of a minute is 200,000", reserved)
		}
	}
}

func TestRoom(t *testing.T) {
	if room := New(Config{InFlight: 1}, start).Room(start); !math.IsInf(room, 1) {
		t.Errorf("quota not known: room %v", room)
	}
	small := New(Config{TokensPerMinute: 20_000, Sandboxes: 5, InFlight: 5}, start).Room(start)
	large := New(Config{TokensPerMinute: 4_000_000, Sandboxes: 5, InFlight: 5}, start).Room(start)
	if small <= 0 || small > 20_000 || large < 25_000 {
		t.Errorf("room %v of 20,000 tokens a minute, %v of 4,000,000", small, large)
	}
}

func TestAThrottlePausesAndCuts(t *testing.T) {
	g := New(Config{TokensPerMinute: 1_000_000, Sandboxes: 5, InFlight: 10}, start)
	e := Estimate{Reserve: 2500, Settle: 3000}
	now := start.Add(2 * time.Minute)
	calls(t, g, start, now, e, time.Second)
	p, _ := g.Admit(now.Add(2*time.Second), e)
	now = now.Add(2*time.Second + 50*time.Millisecond)
	g.Refused(now, p, Throttled)
	s := g.State(now)
	if s.Gain >= 1 || s.PausedUntil.Sub(now) < time.Second {
		t.Fatalf("gain %v, paused for %v", s.Gain, s.PausedUntil.Sub(now))
	}
	if _, wait := g.Admit(now, e); now.Add(wait).Before(s.PausedUntil) {
		t.Errorf("wait %v, paused for %v", wait, s.PausedUntil.Sub(now))
	}
	// Each throttle in a row pauses for longer.
	var waits []time.Duration
	for range 4 {
		now = g.State(now).PausedUntil
		var p Pass
		for wait := time.Nanosecond; wait > 0; now = now.Add(wait) {
			p, wait = g.Admit(now, e)
		}
		g.Refused(now, p, Throttled)
		waits = append(waits, g.State(now).PausedUntil.Sub(now))
	}
	if waits[3] <= waits[0] || waits[3] > time.Minute {
		t.Errorf("pauses %v", waits)
	}
}

func TestAnOverloadIsNoCut(t *testing.T) {
	g := New(Config{TokensPerMinute: 1_000_000, Sandboxes: 5, InFlight: 10}, start)
	p, _ := g.Admit(start, Estimate{Reserve: 2500, Settle: 3000})
	g.Refused(start, p, Overloaded)
	s := g.State(start)
	if s.Gain != 1 || !s.PausedUntil.After(start) || s.PausedUntil.Sub(start) > 2*time.Second {
		t.Errorf("gain %v, paused for %v", s.Gain, s.PausedUntil.Sub(start))
	}
}

func TestADayQuotaStopsForMinutes(t *testing.T) {
	g := New(Config{InFlight: 10}, start)
	p, _ := g.Admit(start, Estimate{Reserve: 2500, Settle: 3000})
	g.Refused(start, p, DayQuota)
	if _, wait := g.Admit(start, Estimate{Reserve: 1, Settle: 1}); wait < 5*time.Minute {
		t.Errorf("wait %v", wait)
	}
	if _, wait := g.Admit(start.Add(time.Hour), Estimate{Reserve: 1, Settle: 1}); wait != 0 {
		t.Errorf("an hour later: wait %v", wait)
	}
}

func TestAnUnknownQuotaIsLearnedFromTheFirstThrottle(t *testing.T) {
	g := New(Config{Sandboxes: 2, InFlight: 10}, start)
	e := Estimate{Reserve: 2500, Settle: 3000}
	now := start.Add(10 * time.Second)
	used := calls(t, g, start, now, e, time.Second)
	if s := g.State(now); s.Quota != 0 || s.Rate != 0 {
		t.Fatalf("before any throttle: %+v", s)
	}
	p, _ := g.Admit(now, e)
	g.Refused(now, p, Throttled)
	if s := g.State(now); math.Abs(s.Quota-2*used) > 1 || s.Rate <= 0 || s.Rate > used {
		t.Errorf("used %v: %+v", used, s)
	}
}

// A pass that is refused leaves nothing behind.
func TestRefusedCallsAreNotCharged(t *testing.T) {
	g := New(Config{TokensPerMinute: 1_000_000, RequestsPerMinute: 1000, Sandboxes: 1, InFlight: 10}, start)
	p, _ := g.Admit(start, Estimate{Reserve: 2500, Settle: 3000})
	g.Refused(start, p, Overloaded)
	if s := g.State(start); s.Used != 0 || s.Reserved != 0 || s.InFlight != 0 {
		t.Errorf("%+v", s)
	}
}

// Unused shares are recovered, but not soon.
func TestMoreThanTheShareOnlyAfterThousandsOfCalls(t *testing.T) {
	g := New(Config{TokensPerMinute: 60_000_000, Sandboxes: 5, InFlight: 1000}, start)
	e := Estimate{Reserve: 1000, Settle: 1000}
	calls(t, g, start, start.Add(40*time.Second), e, time.Second)
	if gain := g.State(start.Add(40 * time.Second)).Gain; gain != 1 {
		t.Errorf("gain %v after 8,000 calls", gain)
	}
	later := start.Add(5 * time.Minute)
	calls(t, g, start.Add(40*time.Second), later, e, time.Second)
	if gain := g.State(later).Gain; gain <= 1 || gain > 1.7 {
		t.Errorf("gain %v after 60,000 calls without a throttle", gain)
	}
}

func TestAfterAThrottleOneCallGoesAlone(t *testing.T) {
	g := New(Config{TokensPerMinute: 4_000_000, Sandboxes: 1, InFlight: 100}, start)
	e := Estimate{Reserve: 1000, Settle: 1000}
	p, _ := g.Admit(start, e)
	g.Refused(start, p, Throttled)
	now := start.Add(30 * time.Second)
	if _, wait := g.Admit(now, e); wait != 0 {
		t.Fatalf("wait %v long after the pause", wait)
	}
	if _, wait := g.Admit(now, e); wait < 100*time.Millisecond {
		t.Errorf("a second call at once: wait %v", wait)
	}
}

// A call that is refused again and again may be too large ever to go.
func TestRoomShrinksWithThrottlesInARow(t *testing.T) {
	g := New(Config{TokensPerMinute: 1_000_000, Sandboxes: 5, InFlight: 10}, start)
	now := start
	before := g.Room(now)
	for range 3 {
		now = now.Add(time.Minute)
		p, _ := g.Admit(now, Estimate{Reserve: 1000, Settle: 1000})
		g.Refused(now, p, Throttled)
	}
	if room := g.Room(now); room > before*0.6 {
		t.Errorf("room %v before, %v after three throttles in a row", before, room)
	}
}

// Nothing is lost or counted twice, whoever asks at the same time.
func TestManyGoroutines(t *testing.T) {
	g := New(Config{InFlight: 8}, start)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 500 {
				now := start.Add(time.Duration(j) * time.Millisecond)
				p, wait := g.Admit(now, Estimate{Reserve: 10, Settle: 10})
				if wait == 0 && (i+j)%50 == 0 {
					g.Refused(now, p, Overloaded)
				} else if wait == 0 {
					g.Settle(now, p, 10)
				}
				g.Room(now)
				g.State(now)
			}
		})
	}
	group.Wait()
	if s := g.State(start.Add(time.Second)); s.InFlight != 0 || s.Reserved != 0 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkAdmitAndSettle(b *testing.B) {
	g := New(Config{TokensPerMinute: 4_000_000, RequestsPerMinute: 10_000, Sandboxes: 5, InFlight: 40}, start)
	e := Estimate{Reserve: 2500, Settle: 3000}
	now := start
	var flying []Pass
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(50 * time.Millisecond)
		if len(flying) > 30 {
			g.Settle(now, flying[0], 3100)
			flying = append(flying[:0], flying[1:]...)
		}
		if p, wait := g.Admit(now, e); wait == 0 {
			flying = append(flying, p)
		}
	}
}

// A first throttle that has nothing to do with a quota must not hold a sandbox
// down for good.
func TestALearnedShareGrowsWhileItIsAllUsed(t *testing.T) {
	g := New(Config{Sandboxes: 1, InFlight: 10}, start)
	now := start
	p, _ := g.Admit(now, Estimate{Reserve: 1000, Settle: 1000})
	g.Refused(now, p, Throttled)
	used, last := 0.0, 0.0
	for end := start.Add(20 * time.Minute); now.Before(end); {
		p, wait := g.Admit(now, Estimate{Reserve: 1000, Settle: 1000})
		if wait > 0 {
			now = now.Add(wait)
			continue
		}
		now = now.Add(10 * time.Millisecond)
		g.Settle(now, p, 1000)
		if used += 1000; now.After(end.Add(-time.Minute)) {
			last += 1000
		}
	}
	if last < 1e6 {
		t.Errorf("%.0f tokens in the last of 20 minutes, after one throttle at the first call", last)
	}
}

// A try to take more than was told that meets a throttle at once has only used up
// what the quota had saved: the next one is after twice as many calls.
func TestATryAboveTheShareThatFailedIsNotSoonRepeated(t *testing.T) {
	tune := standard()
	a := gain{value: 1, ceiling: 1, idle: 1.1}
	now, tries := 0.0, []float64{}
	for range 4 {
		began := now
		for a.value <= 1.02 {
			a.settled(&tune)
			a.grow(&tune, now, now+1, true)
			now++
		}
		tries = append(tries, now-began)
		a.throttled(&tune, now, math.Inf(1))
		if a.ceiling > 1 || a.ceiling < 0.99 || a.value >= 0.95 {
			t.Fatalf("after a try that failed: value %.3f, ceiling %.3f", a.value, a.ceiling)
		}
	}
	for i := 1; i < len(tries); i++ {
		if tries[i] < 1.9*tries[i-1] {
			t.Errorf("tries after %v calls", tries)
		}
	}
}

func TestAnIdleSandboxesShareIsKeptOnceItIsFound(t *testing.T) {
	tune := standard()
	a := gain{value: 1.27, ceiling: 1.27, idle: 1.1}
	a.throttled(&tune, 1000, math.Inf(1))
	if a.ceiling < 1.2 {
		t.Errorf("a throttle at 1.27 of the share: ceiling %.3f", a.ceiling)
	}
	a.value = a.ceiling
	if a.throttled(&tune, 1030, math.Inf(1)); a.ceiling != 1 {
		t.Errorf("another half a minute later: ceiling %.3f", a.ceiling)
	}
}

package pacing_test

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sluice/internal/pacing"
)

// A second simulator, smaller than package sim's and written without it: single
// calls, no packs, and a load whose bursts come to all sandboxes at once.

// quota is an account's tokens a minute, counted in one of three ways.
type quota struct {
	shape  string // bucket, minute, sliding
	q, cap float64
	level  float64
	at     float64
	past   []*charge // of the sliding window
}

// charge is what a call took, and when.
type charge struct{ at, amount float64 }

func (s *quota) advance(now float64) {
	switch s.shape {
	case "bucket":
		s.level = min(s.cap, s.level+(now-s.at)*s.q/60)
	case "minute":
		if math.Floor(now/60) > math.Floor(s.at/60) {
			s.level = s.q
		}
	case "sliding":
		for len(s.past) > 0 && s.past[0].at <= now-60 {
			s.level += s.past[0].amount
			s.past = s.past[1:]
		}
	}
	s.at = now
}

// begin reserves, or refuses with nil.
func (s *quota) begin(now, reserve float64) *charge {
	s.advance(now)
	if s.level < reserve {
		return nil
	}
	return s.take(now, reserve)
}

func (s *quota) take(now, amount float64) *charge {
	c := &charge{now, amount}
	s.level -= amount
	s.past = append(s.past, c)
	return c
}

// end settles: an excess counts from now, what is given back is to when it was taken.
func (s *quota) end(now float64, c *charge, settled float64) {
	s.advance(now)
	switch more := settled - c.amount; {
	case more > 0:
		s.take(now, more)
	case s.shape == "minute" && math.Floor(c.at/60) < math.Floor(now/60), s.shape == "sliding" && c.at <= now-60:
	default:
		s.level -= more
		c.amount += more
	}
}

// event is something that happens at a time.
type event struct {
	at float64
	do func()
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// account is a quota and the sandboxes that share it.
type account struct {
	now       float64
	events    events
	chance    *rand.Rand
	quota     *quota
	maxTokens float64
	waiting   int // messages; below 0 is no end of them
	boxes     []*sandbox

	settled             float64
	attempts, throttles int
}

func (a *account) after(seconds float64, do func()) { heap.Push(&a.events, event{a.now + seconds, do}) }

func (a *account) time() time.Time {
	return time.Unix(1_750_000_000, 0).Add(time.Duration(a.now * float64(time.Second)))
}

// sandbox has one invocation at a time, of a batch of messages with a call each;
// it ends with its last call.
type sandbox struct {
	*account
	governor     *pacing.Governor
	left, flying int
	asks         bool
}

const (
	input, output = 1500, 300
	burn          = 5
	batch         = 150
)

func (b *sandbox) poll() {
	if b.left > 0 || b.flying > 0 || b.waiting == 0 {
		return
	}
	b.left = batch
	if b.waiting > 0 {
		b.left = min(batch, b.waiting)
		b.waiting -= b.left
	}
	b.pump()
}

func (b *sandbox) pump() {
	for b.left > 0 {
		estimate := pacing.Estimate{Reserve: input + b.maxTokens, Settle: input + burn*min(output, b.maxTokens)}
		pass, wait := b.governor.Admit(b.time(), estimate)
		if wait > 0 {
			b.ask(wait.Seconds())
			return
		}
		b.left--
		b.flying++
		b.call(pass)
	}
	if b.flying == 0 {
		b.after(0.1, b.poll)
	}
}

// ask pumps again after a time.
func (b *sandbox) ask(after float64) {
	if b.asks {
		return
	}
	b.asks = true
	b.after(min(after, 0.5), func() { b.asks = false; b.pump() })
}

func (b *sandbox) call(pass pacing.Pass) {
	b.attempts++
	in := input * (0.7 + 0.6*b.chance.Float64())
	out := min(output*math.Exp(0.5*b.chance.NormFloat64()-0.125), b.maxTokens)
	charged := b.quota.begin(b.now, in+b.maxTokens)
	if charged == nil {
		b.throttles++
		b.after(0.05, func() {
			b.flying--
			b.left++
			b.governor.Refused(b.time(), pass, pacing.Throttled)
			b.pump()
		})
		return
	}
	b.after(1+out/80, func() {
		used := in + burn*out
		b.flying--
		b.settled += used
		b.quota.end(b.now, charged, used)
		b.governor.Settle(b.time(), pass, used)
		b.pump()
	})
}

// run lets an account work for half an hour.
func (a *account) run(sandboxes int) {
	for range sandboxes {
		b := &sandbox{account: a, governor: pacing.New(pacing.Config{TokensPerMinute: int(a.quota.q), Sandboxes: sandboxes, InFlight: 30}, a.time())}
		a.boxes = append(a.boxes, b)
		a.after(3*a.chance.Float64(), b.poll)
	}
	for end := a.now + 1800; len(a.events) > 0 && a.events[0].at < end; {
		next := heap.Pop(&a.events).(event)
		a.now = next.at
		next.do()
	}
}

// arrive brings messages: so many calls a second in the first half minute of
// every two, and hardly any in the rest.
func (a *account) arrive(rate float64) {
	pace := rate
	if math.Mod(a.now, 120) >= 30 {
		pace = rate / 50
	}
	a.after(a.chance.ExpFloat64()/pace, func() {
		a.waiting++
		for _, i := range a.chance.Perm(len(a.boxes)) {
			a.boxes[i].poll()
		}
		a.arrive(rate)
	})
}

func newAccount(shape string, cap float64, seed uint64) *account {
	const q = 1e6
	a := &account{chance: rand.New(rand.NewPCG(seed, 1)), maxTokens: 1024, quota: &quota{shape: shape, q: q, cap: cap * q, level: q}}
	a.quota.level = min(q, a.quota.cap)
	a.now = 60 * a.chance.Float64()
	a.quota.at = a.now
	return a
}

var shapes = []struct {
	shape string
	cap   float64
}{{"bucket", 1}, {"bucket", 0.1}, {"minute", 1}, {"sliding", 1}}

func TestWorkWithoutEndUsesTheQuota(t *testing.T) {
	for _, s := range shapes {
		for _, sandboxes := range []int{2, 5, 10} {
			t.Run(fmt.Sprint(s.shape, s.cap, " ", sandboxes), func(t *testing.T) {
				attempts, throttles := 0, 0
				for seed := range uint64(4) {
					a := newAccount(s.shape, s.cap, seed)
					a.waiting = -1
					a.run(sandboxes)
					if goodput := a.settled / (30 * a.quota.q); goodput < 0.96 {
						t.Errorf("seed %d: goodput %.3f", seed, goodput)
					}
					attempts, throttles = attempts+a.attempts, throttles+a.throttles
				}
				if throttles*1000 > attempts {
					t.Errorf("%d of %d attempts throttled", throttles, attempts)
				}
			})
		}
	}
}

// When little is to be done all sandboxes have something saved, and a burst lets
// them all spend it at once: a small bucket must hold that.
func TestBurstsThatComeToAllAreNotThrottled(t *testing.T) {
	for _, s := range shapes {
		for _, sandboxes := range []int{2, 5, 10} {
			t.Run(fmt.Sprint(s.shape, s.cap, " ", sandboxes), func(t *testing.T) {
				attempts, throttles := 0, 0
				for seed := range uint64(2) {
					a := newAccount(s.shape, s.cap, seed)
					a.arrive(14)
					a.run(sandboxes)
					if a.settled < 15*a.quota.q {
						t.Errorf("seed %d: only %.3f of the quota was asked for", seed, a.settled/(30*a.quota.q))
					}
					attempts, throttles = attempts+a.attempts, throttles+a.throttles
				}
				if throttles*500 > attempts {
					t.Errorf("%d of %d attempts throttled", throttles, attempts)
				}
			})
		}
	}
}

package sim

import (
	"math"
	"math/rand/v2"

	"sluice/internal/local/bedrock/quota"
)

// sigma of the lognormal output.
const sigma = 0.5

// refusalTakes is in how many seconds a call is refused.
const refusalTakes = 0.05

// answer is what came of a call.
type answer int

const (
	succeeded answer = iota
	throttled
	overloaded
	dayQuota
)

// request is a call: what it sends, and what the model will say.
type request struct {
	input, maxTokens int
	output           int
}

// service is the model behind its quota.
type service struct {
	*clock
	config Config
	chance *rand.Rand
	meter  *quota.Meter
	quota  quota.Config
	slower float64
	tally  *tally
}

func newService(c *clock, config Config, t *tally) *service {
	s := &service{clock: c, config: config, quota: config.Quota, slower: 1, tally: t}
	s.chance = rand.New(rand.NewPCG(config.Seed, 1))
	s.meter = quota.New(s.quota, c.time())
	t.quota = float64(s.quota.TokensPerMinute)
	for _, e := range config.Events {
		s.plan(e)
	}
	return s
}

func (s *service) plan(e Event) {
	from := e.At.Seconds()
	switch e.Kind {
	case QuotaTimes:
		s.at(from, func() { s.change(e.By) })
	case LatencyTimes:
		s.at(from, func() { s.slower *= e.By })
		if e.Until > 0 {
			s.at(e.Until.Seconds(), func() { s.slower /= e.By })
		}
	case Neighbour:
		s.at(from, func() { s.neighbour(e) })
	}
}

// change multiplies the quota. What is used of the present window stays used.
func (s *service) change(by float64) {
	s.tally.accrue(s.now)
	used := float64(s.quota.TokensPerMinute) - s.meter.Free(s.time())
	if s.quota.Window == quota.Bucket {
		used -= float64(s.quota.TokensPerMinute) * (1 - s.quota.Burst)
	}
	s.quota.TokensPerMinute = max(int64(float64(s.quota.TokensPerMinute)*by), 1)
	s.quota.RequestsPerMinute = int64(math.Ceil(float64(s.quota.RequestsPerMinute) * by))
	s.meter = quota.New(s.quota, s.time())
	if used = min(used, s.meter.Free(s.time())); used > 0 {
		s.meter.Reserve(s.time(), int64(used))
	}
	s.tally.quota = float64(s.quota.TokensPerMinute)
}

// neighbourCall is what each of a neighbour's calls takes.
const neighbourCall = 3000

// neighbour begins calls at random moments, at a rate that would take its part
// of the quota, and does not repeat those that are refused.
func (s *service) neighbour(e Event) {
	if e.Until > 0 && s.now >= e.Until.Seconds() {
		return
	}
	meter := s.meter
	if r, refusal := meter.Reserve(s.time(), neighbourCall); refusal == quota.Admitted {
		s.after(5, func() {
			meter.Settle(s.time(), r, neighbourCall)
			s.tally.foreign(s.now, neighbourCall)
		})
	}
	s.after(s.chance.ExpFloat64()*neighbourCall*60/(e.By*float64(s.config.Quota.TokensPerMinute)), func() { s.neighbour(e) })
}

// call asks the model; done is told when and what, and how many tokens of quota
// were settled.
func (s *service) call(r request, done func(a answer, settled float64)) {
	s.tally.Attempts++
	if s.config.Busy > 0 && s.chance.Float64() < s.config.Busy {
		s.tally.Busy++
		s.after(refusalTakes, func() { done(overloaded, 0) })
		return
	}
	reserve := float64(r.input) + float64(r.maxTokens)
	if s.config.ReserveBurn {
		reserve = float64(r.input) + float64(r.maxTokens)*s.quota.Burn
	}
	meter := s.meter
	held, refusal := meter.Reserve(s.time(), int64(math.Ceil(reserve)))
	if refusal != quota.Admitted {
		s.tally.Throttles++
		a := throttled
		if refusal == quota.TooManyTokensPerDay {
			a = dayQuota
		}
		s.after(refusalTakes, func() { done(a, 0) })
		return
	}
	r.output = min(r.output, r.maxTokens)
	used := float64(r.input) + s.quota.Burn*float64(r.output)
	s.after(s.takes(r.output), func() {
		meter.Settle(s.time(), held, used)
		s.tally.called(s.now, r, used)
		done(succeeded, used)
	})
}

// takes is in how many seconds an answer of so many tokens is there.
func (s *service) takes(output int) float64 {
	return s.slower * (s.config.FirstToken.Seconds() + float64(output)/s.config.TokensPerSecond)
}

// outputOf draws the answers to so many records.
func (s *service) outputOf(records int) int {
	sum := 0.0
	for range records {
		sum += float64(s.config.Output)*math.Exp(s.chance.NormFloat64()*sigma-sigma*sigma/2) + float64(s.config.Frame)
	}
	return max(int(sum+0.5), 1)
}

package sim

import (
	"math"

	"sluice/internal/pacing"
	"sluice/internal/pack"
)

// sandbox is our worker: it packs what waits, and has as many calls in flight as
// its governor admits.
type sandbox struct {
	*world
	governor *pacing.Governor
	pool     pack.Pool[int32]
	held     []pack.Waiting[int32] // the next call's, until it is admitted
	flying   int
	slowest  float64 // seconds that calls take at most, as far as was seen
	output   float64 // tokens that a record's answer has on average

	deadline float64
	end      func()
	alarm    int // which alarm is the present one
}

func newSandbox(w *world) *sandbox {
	c := w.config
	s := &sandbox{world: w, output: float64(c.MaxTokens) * 0.4}
	s.governor = pacing.New(pacing.Config{TokensPerMinute: max(c.Told, 0), RequestsPerMinute: int(c.Quota.RequestsPerMinute),
		Sandboxes: c.Sandboxes, InFlight: c.InFlight}, w.time())
	s.slowest = c.FirstToken.Seconds() + float64(c.MaxTokens)/c.TokensPerSecond
	return s
}

func (s *sandbox) invoke(batch []int32, deadline float64, end func()) {
	s.deadline, s.end = deadline, end
	for _, id := range batch {
		s.add(id)
	}
	s.pump()
}

func (s *sandbox) add(id int32) {
	m := &s.queue.messages[id]
	s.pool.Add(pack.Waiting[int32]{Value: id, Age: int(m.receives), Limit: s.config.Pack,
		Input: int(m.input) + s.config.Frame, Output: s.config.MaxTokens})
}

// pump begins the calls that may begin now, and ends the invocation when there
// are none any more.
func (s *sandbox) pump() {
	for s.held != nil || s.pool.Len() > 0 {
		if s.late(0) {
			s.giveBack(0)
			break
		}
		taken := s.held
		if s.held = nil; taken == nil {
			taken = s.pool.Next(true, s.fits())
		}
		r, estimate := s.draft(taken)
		pass, wait := s.governor.Admit(s.time(), estimate)
		if wait > 0 {
			s.held = taken
			if s.flying == 0 && s.late(wait.Seconds()) {
				s.giveBack(0)
				break
			}
			s.ring(wait.Seconds())
			return
		}
		s.flying++
		s.call(r, pass, taken)
	}
	if s.held == nil && s.pool.Len() == 0 && s.flying == 0 && s.end != nil {
		end := s.end
		s.end = nil
		end()
	}
}

// late tells that a call begun after a time would not end before the invocation.
func (s *sandbox) late(after float64) bool { return s.now+after+1.5*s.slowest > s.deadline }

// ring pumps after a time.
func (s *sandbox) ring(after float64) {
	s.alarm++
	mine := s.alarm
	s.after(after, func() {
		if s.alarm == mine {
			s.pump()
		}
	})
}

// fits lets a pack grow to what the governor has room for; one record always goes.
func (s *sandbox) fits() func([]pack.Waiting[int32]) bool {
	room := s.governor.Room(s.time()) - float64(s.config.Instruction)
	return func(p []pack.Waiting[int32]) bool {
		last := p[len(p)-1]
		room -= float64(last.Input + last.Output)
		return len(p) == 1 || room >= 0
	}
}

func (s *sandbox) draft(taken []pack.Waiting[int32]) (request, pacing.Estimate) {
	r := request{input: s.config.Instruction}
	for _, w := range taken {
		r.input += w.Input
		r.maxTokens += w.Output
	}
	expected := min(s.output*float64(len(taken)), float64(r.maxTokens))
	return r, pacing.Estimate{Reserve: float64(r.input + r.maxTokens), Settle: float64(r.input) + s.config.Quota.Burn*expected}
}

func (s *sandbox) call(r request, pass pacing.Pass, taken []pack.Waiting[int32]) {
	r.output = s.service.outputOf(len(taken))
	began := s.now
	s.service.call(r, func(a answer, settled float64) {
		s.flying--
		switch a {
		case succeeded:
			s.governor.Settle(s.time(), pass, settled)
			s.slowest = max(s.slowest*0.99, s.now-began)
			s.output += (min(float64(r.output), float64(r.maxTokens))/float64(len(taken)) - s.output) / 16
			for _, w := range taken {
				s.answered(w.Value)
			}
		case throttled:
			s.again(pass, pacing.Throttled, taken)
		case overloaded:
			s.again(pass, pacing.Overloaded, taken)
		case dayQuota:
			s.again(pass, pacing.DayQuota, taken)
			s.giveBack(s.mapping.pause())
		}
		s.pump()
	})
}

// again puts the records of a refused call back.
func (s *sandbox) again(pass pacing.Pass, why pacing.Refusal, taken []pack.Waiting[int32]) {
	s.governor.Refused(s.time(), pass, why)
	s.pool.Return(taken)
}

// hideLeast is for how long a record is hidden the first time, in seconds.
const hideLeast = 15

// giveBack sends back to the queue what waits: hidden until a time, or else for
// one that doubles with every receive.
func (s *sandbox) giveBack(until float64) {
	all := append(s.held, s.pool.Drain()...)
	s.held = nil
	for _, w := range all {
		s.tally.Deferred++
		at := until
		if at == 0 {
			hidden := min(hideLeast*math.Pow(2, float64(w.Age-1)), s.config.Mapping.VisibilityMost.Seconds())
			at = s.now + hidden*(0.5+s.chance.Float64())
		}
		s.queue.hide(w.Value, at)
	}
}

//go:build tune

package pacing

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"sluice/internal/local/bedrock/quota"
)

type ev struct {
	at  float64
	seq int
	f   func()
}
type evs []ev

func (e evs) Len() int { return len(e) }
func (e evs) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].seq < e[j].seq
}
func (e evs) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *evs) Push(x any)   { *e = append(*e, x.(ev)) }
func (e *evs) Pop() any     { o := *e; x := o[len(o)-1]; *e = o[:len(o)-1]; return x }

type scen struct {
	q, told      float64
	n, c         int
	shape        quota.Shape
	burst        float64
	burn         float64
	in, out, max float64
	minutes      float64
	halve        bool
	neighbour    float64
	latx         bool
	churn        bool
	noSettleWake bool
	reserveBurn  bool
	busy         float64
	seed         uint64
}
type res struct {
	good, left, thr, att, calls float64
	minw                        float64
}

var base = time.Date(2026, 11, 2, 10, 0, 17, 0, time.UTC)

func run(s scen, t tuning) res {
	rng := rand.New(rand.NewPCG(s.seed, 77))
	var h evs
	seq := 0
	now := 0.0
	at := func(t float64, f func()) { seq++; heap.Push(&h, ev{t, seq, f}) }
	clock := func() time.Time { return base.Add(time.Duration(now * 1e9)) }
	qc := quota.Config{TokensPerMinute: int64(s.q), Window: s.shape, Burst: s.burst}
	m := quota.New(qc, clock())
	meters := map[*quota.Meter]bool{m: true}
	_ = meters
	var r res
	end := s.minutes * 60
	avail := 0.0
	nb := 0.0
	curQ := s.q
	var start func(i int, g **Governor)
	govs := make([]*Governor, s.n)
	cfg := Config{TokensPerMinute: int(s.told), Sandboxes: s.n, InFlight: s.c}
	started := 0.0
	if s.halve {
		at(end/2, func() {
			old := curQ - m.Free(clock())
			curQ /= 2
			qc.TokensPerMinute /= 2
			m = quota.New(qc, clock())
			if old > 0 {
				rr, ref := m.Reserve(clock(), int64(math.Min(old, m.Free(clock()))))
				_ = rr
				_ = ref
			}
		})
	}
	if s.neighbour > 0 {
		var tick func()
		tick = func() {
			mm := m
			if rr, ref := mm.Reserve(clock(), 3000); ref == quota.Admitted {
				at(now+5, func() { mm.Settle(clock(), rr, 3000) })
				if now > end/6 {
					nb += 3000
				}
			}
			at(now+rng.ExpFloat64()*3000/(s.neighbour*s.q/60), tick)
		}
		at(0, tick)
	}
	lat := func(out float64) float64 {
		l := 1 + out/80
		if s.latx && now > end/3 && now < 2*end/3 {
			l *= 3
		}
		return l
	}
	var pump func(i int)
	timers := make([]int, s.n)
	pump = func(i int) {
		for {
			g := govs[i]
			in := s.in * (0.7 + 0.6*rng.Float64())
			out := s.out * math.Exp(rng.NormFloat64()*0.5-0.125)
			out = math.Min(out, s.max)
			R := in + s.max
			e := Estimate{R, in + s.burn*s.out}
			p, w := g.Admit(clock(), e)
			if w > 0 {
				timers[i]++
				k := timers[i]
				at(now+w.Seconds(), func() {
					if timers[i] == k {
						pump(i)
					}
				})
				return
			}
			started++
			r.att++
			res := R
			if s.reserveBurn {
				res = in + s.max*s.burn
			}
			mm := m
			if s.busy > 0 && rng.Float64() < s.busy {
				at(now+.05, func() { g.Refused(clock(), p, Overloaded); pump(i) })
				continue
			}
			rr, ref := mm.Reserve(clock(), int64(math.Ceil(res)))
			if ref != quota.Admitted {
				r.thr++
				at(now+.05, func() {
					if os.Getenv("TRACE") != "" {
						fmt.Printf("%8.2f sandbox %d throttled gain %.3f ceil %.3f used %.3f free %.0f\n", now, i, g.gain.value, g.gain.ceiling, g.tokens.used/g.share, m.Free(clock()))
					}
					g.Refused(clock(), p, Throttled)
					pump(i)
				})
				continue
			}
			used := in + s.burn*out
			at(now+lat(out), func() {
				mm.Settle(clock(), rr, used)
				g.Settle(clock(), p, used)
				r.calls++
				r.good += used
				if now > end/6 {
					r.left += used
				}
				if !s.noSettleWake {
					pump(i)
				}
			})
		}
	}
	for i := range govs {
		at(rng.Float64()*2, func() { govs[i] = newTuned(cfg, clock(), t); pump(i) })
		if s.churn {
			var die func()
			die = func() { govs[i] = newTuned(cfg, clock(), t); pump(i); at(now+60+rng.Float64()*240, die) }
			at(60+rng.Float64()*240, die)
		}
	}
	_ = start
	_ = avail
	for h.Len() > 0 {
		e := heap.Pop(&h).(ev)
		if e.at > end {
			break
		}
		now = e.at
		e.f()
	}
	total := s.q * s.minutes
	if s.halve {
		total *= .75
	}
	r.good /= total
	r.left = r.left / (s.q*s.minutes*5/6*map[bool]float64{true: .7, false: 1}[s.halve] - nb)
	return r
}

var kinds = []struct {
	shape quota.Shape
	burst float64
	name  string
}{{quota.Bucket, 1, "bucket"}, {quota.Bucket, .1, "buck.1"}, {quota.Minute, 1, "minute"}, {quota.Sliding, 1, "slide"}}

func table(name string, s scen, t tuning, seeds int) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-34s", name)
	for _, k := range kinds {
		var g, mg, l, th, mth, ac float64
		mg = 9
		for i := range seeds {
			x := s
			x.shape, x.burst, x.seed = k.shape, k.burst, uint64(i+100)
			r := run(x, t)
			v := r.good
			if s.neighbour > 0 {
				v = r.left
			}
			g += v
			mg = min(mg, v)
			l += r.left
			th += r.thr / r.att
			mth = max(mth, r.thr/r.att)
			ac += r.calls / s.minutes
		}
		f := float64(seeds)
		fmt.Fprintf(&b, "| %.3f>%.3f %5.2f%%<%.2f ", g/f, mg, th/f*100, mth*100)
		_ = l
		_ = ac
	}
	fmt.Println(b.String())
}

func TestTune(t *testing.T) {
	tu := standard
	pk := os.Getenv("ONLY")
	for _, call := range []struct {
		name         string
		in, out, max float64
	}{{"single", 1500, 300, 1024}, {"packed", 3300, 700, 1500}, {"small", 1400, 60, 200}} {
		for _, q := range []float64{1e6, 4e6, 2e5} {
			for _, n := range []int{5, 2, 10} {
				if n != 5 && q != 1e6 {
					continue
				}
				c := 10
				for float64(n*c) < 2*q/60/(call.in+5*call.out)*(1+call.out/80) {
					c += 5
				}
				s := scen{q: q, told: q, n: n, c: c, burn: 5, in: call.in, out: call.out, max: call.max, minutes: 30}
				do := func(name string, f func(*scen)) {
					x := s
					f(&x)
					full := fmt.Sprintf("%s %.0fk %dx%d %s", call.name, q/1e3, n, c, name)
					if pk == "" || strings.Contains(full, pk) {
						table(full, x, tu, 3)
					}
				}
				do("known", func(*scen) {})
				if n != 5 {
					continue
				}
				do("known10min", func(s *scen) { s.minutes = 10 })
				do("nowake", func(s *scen) { s.noSettleWake = true })
				do("told1.5", func(s *scen) { s.told = s.q * 1.5 })
				do("halved", func(s *scen) { s.halve = true })
				do("neighbour", func(s *scen) { s.neighbour = .3 })
				do("unknown", func(s *scen) { s.told = 0 })
				do("lat3", func(s *scen) { s.latx = true; s.c *= 3 })
				do("churn", func(s *scen) { s.churn = true })
				do("busy", func(s *scen) { s.busy = .005 })
				do("burn15", func(s *scen) { s.burn = 15 })
				do("max4096", func(s *scen) { s.max = 4096 })
				do("resburn", func(s *scen) { s.reserveBurn = true })
			}
		}
	}
}

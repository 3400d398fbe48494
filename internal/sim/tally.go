package sim

import (
	"slices"
	"time"
)

// mostPoints is how long a timeline may become.
const mostPoints = 240

// tally makes the Result.
type tally struct {
	Result
	config    Config
	quota     float64 // tokens a minute at present
	accrued   float64 // until when Available counts
	waiting   int
	arrived   int
	latencies []float32
	step      float64 // between two points
}

func newTally(config Config) *tally { return &tally{config: config, step: 1} }

// accrue counts what the quota allowed until now, while there was something to do.
func (t *tally) accrue(now float64) {
	if t.waiting > 0 {
		t.Available += t.quota / 60 * (now - t.accrued)
	}
	t.accrued = now
}

// foreign takes a neighbour's part out.
func (t *tally) foreign(now, tokens float64) {
	t.accrue(now)
	if t.waiting > 0 {
		t.Available -= tokens
	}
}

func (t *tally) came(now float64, records int) {
	t.accrue(now)
	t.arrived += records
	t.waiting += records
}

func (t *tally) died(now float64, records int) {
	t.accrue(now)
	t.DeadLettered += records
	t.waiting -= records
}

func (t *tally) answered(now float64, m *message) {
	t.accrue(now)
	t.Answered++
	t.waiting--
	t.latencies = append(t.latencies, float32(now)-m.arrived)
}

func (t *tally) called(_ float64, r request, settled float64) {
	t.Calls++
	t.Settled += settled
	t.InputTokens += int64(r.input)
	t.OutputTokens += int64(r.output)
}

// done tells that every record there is has come to its end.
func (t *tally) done() bool { return t.waiting == 0 && t.arrived == t.config.Records }

// point draws one, and thins the timeline when it has become too long.
func (t *tally) point(now float64) {
	if len(t.Timeline) >= mostPoints {
		kept := t.Timeline[:0]
		for i, p := range t.Timeline {
			if i%2 == 0 {
				kept = append(kept, p)
			}
		}
		t.Timeline = kept
		t.step *= 2
	}
	t.Timeline = append(t.Timeline, Point{At: seconds(now), Arrived: t.arrived, Answered: t.Answered, DeadLettered: t.DeadLettered,
		Calls: t.Calls, Throttles: t.Throttles, Settled: t.Settled, Waiting: t.waiting})
}

// result sums up.
func (t *tally) result(now float64) Result {
	t.accrue(now)
	t.point(now)
	r := t.Result
	r.Duration, r.Done, r.Left = seconds(now), t.done(), t.config.Records-t.Answered-t.DeadLettered
	r.Goodput = over(r.Settled, r.Available)
	r.ThrottleShare = over(float64(r.Throttles), float64(r.Attempts))
	r.AttemptsPerCall = over(float64(r.Calls+r.Throttles+r.Busy), float64(r.Calls))
	r.Dollars = (float64(r.InputTokens)*t.config.InputPrice + float64(r.OutputTokens)*t.config.OutputPrice) / 1e6
	r.QuotaTokensPerRecord = over(r.Settled, float64(r.Answered))
	r.DollarsPerRecord = over(r.Dollars, float64(r.Answered))
	slices.Sort(t.latencies)
	r.LatencyP50, r.LatencyP95 = t.percentile(50), t.percentile(95)
	return r
}

func (t *tally) percentile(p int) time.Duration {
	if len(t.latencies) == 0 {
		return 0
	}
	return seconds(float64(t.latencies[(len(t.latencies)-1)*p/100]))
}

func over(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

package main

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"sluice/internal/local/bedrock/quota"
	"sluice/internal/sim"
)

// way is one way of doing the work.
type way string

const (
	packedWay  way = "sluice"   // packed, paced, max_tokens tuned
	singleWay  way = "unpacked" // the same with one record per call
	untunedWay way = "untuned"  // packed and paced, max_tokens as the task has it
	naiveWay   way = "sdkRetry" // the AWS SDK's standard retries, one record per call
	naiveMax       = 4096       // max_tokens as it is commonly set
	naiveLeast     = 50         // sandboxes of one call each
	naiveMost      = mostAtOnce // the account's concurrency
	naiveSpare     = 3          // times the calls that the quota feeds
)

// Bounds of what is simulated of a way before it is extended.
const (
	mostCalls    = 40_000    // of ours
	mostMessages = 1_000_000 // of the naive way
	leastMinutes = 30        // of quota
	mostMinutes  = 2 * 24 * 60
	busyCalls    = 150_000 // for the least of a large quota
	leastRecords = 2_000
	// unsteady is by how much the pace may still change where it is extended, and
	// doublings how often more is simulated until it does not.
	unsteady  = 0.03
	doublings = 1
)

// course is what came of a way, for all records of the plan.
type course struct {
	Way             way     `json:"way"`
	RecordsPerCall  int     `json:"recordsPerCall"`
	PerCall         float64 `json:"recordsPerCallOnAverage"`
	Sandboxes       int     `json:"sandboxes"`
	CallsInFlight   int     `json:"callsInFlight"`
	MaxTokens       int     `json:"maxTokensPerCall"`
	Seconds         float64 `json:"seconds"`
	Finished        bool    `json:"finished"`
	Answered        int     `json:"answered"`
	DeadLettered    int     `json:"deadLettered"`
	Left            int     `json:"left"`
	Calls           int     `json:"calls"`
	Attempts        int     `json:"attempts"`
	Throttles       int     `json:"throttles"`
	ThrottleShare   float64 `json:"throttleShare"`
	AttemptsPerCall float64 `json:"attemptsPerCall"`
	Goodput         float64 `json:"goodput"`
	InputTokens     int64   `json:"inputTokens"`
	OutputTokens    int64   `json:"outputTokens"`
	QuotaTokens     float64 `json:"quotaTokens"`
	PerRecord       float64 `json:"quotaTokensPerRecord"`
	USD             float64 `json:"usd"`
	LambdaSeconds   float64 `json:"lambdaSeconds"`
	// P95 is from a record's arrival to its answer, where records come over time and
	// all of them were simulated.
	P95              float64 `json:"secondsToAnswerP95,omitempty"`
	SimulatedRecords int     `json:"simulatedRecords"`
	SimulatedSeconds float64 `json:"simulatedSeconds"`
	// Unsteady is by how much its pace still changed where it was extended.
	Unsteady float64 `json:"unsteady"`

	points []sim.Point
}

// simulate runs all ways beside one another. It ends early, with the context's
// error, when that is over.
func (p *planned) simulate(ctx context.Context) (map[way]course, error) {
	ways := []way{packedWay, naiveWay}
	if p.packed > 1 {
		ways = append(ways, singleWay)
	}
	if p.tuned < p.untuned {
		ways = append(ways, untunedWay)
	}
	courses, errs := make([]course, len(ways)), make([]error, len(ways))
	var all sync.WaitGroup
	for i, w := range ways {
		all.Go(func() { courses[i], errs[i] = p.run(w) })
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	found := map[way]course{}
	for i, w := range ways {
		found[w] = courses[i]
	}
	return found, errors.Join(errs...)
}

// config is a way as the simulator wants it, for all records.
func (p *planned) config(w way) sim.Config {
	c := sim.Config{
		Seed: p.flags.seed, Policy: sim.Ours, Records: p.records,
		Quota:     quota.Config{TokensPerMinute: int64(p.flags.tpm), Window: quota.Shape(p.flags.window), Burn: max(p.model.Burn, 1)},
		Sandboxes: p.sandboxes, InFlight: p.inFlight, Pack: p.packed, MaxTokens: p.tuned,
		Load: sim.Load(p.flags.load), Spread: p.over,
		Instruction: p.instruction, Input: p.input, Output: p.output, Frame: frameTokens,
		FirstToken: p.flags.firstToken, TokensPerSecond: p.flags.speed,
	}
	switch w {
	case untunedWay:
		c.MaxTokens = p.untuned
	case singleWay:
		c.Pack, c.Frame = 1, -1
		if p.flags.inFlight > 0 {
			break
		}
		// As many calls at a time as the quota feeds, so that only packing differs.
		c.InFlight = min(max(c.InFlight, ceil(2*p.atOnce(1, 0)/float64(c.Sandboxes))), mostAtOnce)
	case naiveWay:
		c.Policy, c.Pack, c.Frame, c.InFlight = sim.Standard, 1, -1, 1
		c.MaxTokens = min(naiveMax, p.model.MaxOutput)
		c.Sandboxes = min(max(naiveLeast, ceil(naiveSpare*p.atOnce(1, 0)/10)*10), naiveMost)
	}
	return c
}

// portion is how many records are simulated at first: so many calls, but half an
// hour of quota at least and two days of it at most.
func (p *planned) portion(w way, c sim.Config) int {
	if w == naiveWay {
		return min(p.records, mostMessages)
	}
	perMinute := float64(p.flags.tpm) / p.perRecord(c.Pack, max(c.Frame, 0))
	least := min(perMinute*leastMinutes, float64(busyCalls*c.Pack))
	most := min(max(float64(mostCalls*c.Pack), least), max(perMinute*mostMinutes, leastRecords))
	return int(min(float64(p.records), most))
}

// run simulates a way, until its pace is steady if not to its end.
func (p *planned) run(w way) (course, error) {
	whole := p.config(w)
	return p.runPart(w, whole, p.portion(w, whole))
}

// runPart simulates so many records at first.
func (p *planned) runPart(w way, whole sim.Config, part int) (course, error) {
	for doubled := 0; ; doubled++ {
		c := whole
		c.Records = part
		if p.over > 0 { // they come as fast as all would
			c.Spread = time.Duration(float64(p.over) * float64(part) / float64(p.records))
		}
		r, err := sim.Run(c)
		if err != nil {
			return course{}, err
		}
		change := 0.0
		if part < p.records && p.over == 0 && w != naiveWay {
			change = paceChange(r, part)
		}
		if change <= unsteady || doubled == doublings || part == p.records {
			return p.extend(w, c, r, change), nil
		}
		part = min(2*part, p.records)
	}
}

// extend makes a course of all records of what was simulated of some.
func (p *planned) extend(w way, c sim.Config, r sim.Result, change float64) course {
	ended := r.Answered + r.DeadLettered
	times := 1.0
	if c.Records < p.records {
		times = float64(p.records) / float64(c.Records)
	}
	seconds := r.Duration.Seconds() * times
	if times > 1 && p.over == 0 && w != naiveWay && r.Done {
		// Beginning and end are not repeated: what is added goes at its steady pace,
		// which is never above the quota.
		each := max(pace(r, c.Records, 0.5, 0.9), r.QuotaTokensPerRecord*60/float64(p.flags.tpm))
		seconds = r.Duration.Seconds() + float64(p.records-c.Records)*each
	}
	if !r.Done && ended > 0 {
		seconds = r.Duration.Seconds() * float64(p.records) / float64(ended)
	}
	total := func(n int) int { return int(math.Round(float64(n) * times)) }
	done := course{
		Way: w, RecordsPerCall: c.Pack, Sandboxes: c.Sandboxes, CallsInFlight: c.InFlight, MaxTokens: c.MaxTokens,
		Seconds: math.Round(seconds), Finished: r.Done, Answered: total(r.Answered), DeadLettered: total(r.DeadLettered),
		Calls: total(r.Calls), Attempts: total(r.Attempts), Throttles: total(r.Throttles),
		ThrottleShare: rounded(r.ThrottleShare), AttemptsPerCall: rounded(r.AttemptsPerCall), Goodput: rounded(r.Goodput),
		InputTokens: int64(total(int(r.InputTokens))), OutputTokens: int64(total(int(r.OutputTokens))),
		QuotaTokens: math.Round(r.Settled * times), PerRecord: math.Round(r.QuotaTokensPerRecord*10) / 10, LambdaSeconds: math.Round(r.LambdaSeconds * times),
		SimulatedRecords: c.Records, SimulatedSeconds: math.Round(r.Duration.Seconds()), Unsteady: rounded(change),
		points: stretched(r.Timeline, seconds/max(r.Duration.Seconds(), 1e-9), times),
	}
	if p.over == 0 && r.Done && seconds > 0 {
		done.Goodput = rounded(done.QuotaTokens / seconds / float64(p.flags.tpm) * 60)
	}
	if p.over > 0 && times == 1 {
		done.P95 = math.Round(r.LatencyP95.Seconds())
	}
	done.DeadLettered = min(done.DeadLettered, p.records-done.Answered)
	done.Left = p.records - done.Answered - done.DeadLettered
	if w != naiveWay {
		done.MaxTokens *= c.Pack
	}
	done.USD = p.cost(p.lane, done)
	if done.Calls > 0 {
		done.PerCall = math.Round(float64(done.Answered)/float64(done.Calls)*10) / 10
	}
	return done
}

// pace is seconds per record between two shares of the records' ends.
func pace(r sim.Result, records int, from, to float64) float64 {
	return (endedBy(r, from*float64(records)) - endedBy(r, to*float64(records))) / ((from - to) * float64(records))
}

// paceChange is by how much the pace changes in the second half.
func paceChange(r sim.Result, records int) float64 {
	before, after := pace(r, records, 0.5, 0.7), pace(r, records, 0.7, 0.9)
	if !r.Done || before <= 0 {
		return 0
	}
	return math.Abs(after/before - 1)
}

// endedBy is after how many seconds so many records had come to their end.
func endedBy(r sim.Result, records float64) float64 {
	var before sim.Point
	for _, at := range r.Timeline {
		was, is := float64(before.Answered+before.DeadLettered), float64(at.Answered+at.DeadLettered)
		if is >= records && is > was {
			return before.At.Seconds() + (at.At-before.At).Seconds()*(records-was)/(is-was)
		}
		before = at
	}
	return r.Duration.Seconds()
}

// stretched is a timeline for so many times the records, in so many times the
// time.
func stretched(points []sim.Point, time, records float64) []sim.Point {
	long := make([]sim.Point, len(points))
	for i, at := range points {
		if i == 0 && len(points) > 1 { // drawn before the first records came
			at.Waiting = points[1].Arrived
		}
		long[i] = sim.Point{At: scaled(at.At, time), Waiting: int(math.Round(float64(at.Waiting) * records)),
			Answered: int(math.Round(float64(at.Answered) * records)), DeadLettered: int(math.Round(float64(at.DeadLettered) * records))}
	}
	return long
}

func scaled(d time.Duration, times float64) time.Duration {
	return time.Duration(min(float64(d)*times, math.MaxInt64/2))
}

// rounded keeps six digits after the point.
func rounded(v float64) float64 { return math.Round(v*1e6) / 1e6 }

package main

import (
	"fmt"
	"math"
	"time"

	"sluice/internal/bedrock"
	"sluice/internal/sim"
	"sluice/internal/task"
)

// planReport is what a plan says; its JSON is the document of plan --json.
type planReport struct {
	Records  int       `json:"records"`
	Rejected int       `json:"rejected"`
	Task     string    `json:"task"`
	Model    string    `json:"model"`
	Lane     task.Lane `json:"lane"`
	Quota    struct {
		TokensPerMinute int     `json:"tokensPerMinute"`
		Window          string  `json:"window"`
		Burn            float64 `json:"burn"`
	} `json:"quota"`
	Assumed assumed `json:"assumed"`
	// Ways are sluice, unpacked (unless it packs one), untuned (where it differs)
	// and sdkRetry.
	Ways []course `json:"ways"`
	// Floor is what a calculator says.
	Floor struct {
		QuotaTokensPerRecord float64 `json:"quotaTokensPerRecord"`
		Unpacked             float64 `json:"quotaTokensPerRecordUnpacked"`
		Seconds              float64 `json:"seconds"`
	} `json:"floor"`
	Packing  *saved       `json:"packingSaves,omitempty"`
	Tuning   tuning       `json:"tuning"`
	Lanes    []lanePrice  `json:"lanes"`
	Deadline *deadlineMet `json:"deadline,omitempty"`
	Backlog  []backlog    `json:"backlog"`
	Notes    []string     `json:"notes"`
	Drawing  string       `json:"drawing,omitempty"`

	plan    *planned
	courses map[way]course
}

// assumed is what the plan takes for granted.
type assumed struct {
	Instruction   int     `json:"instructionTokens"`
	Input         int     `json:"inputTokens"`
	Output        int     `json:"outputTokens"`
	Frame         int     `json:"frameTokens"`
	FirstToken    float64 `json:"firstTokenSeconds"`
	Speed         float64 `json:"tokensPerSecond"`
	Load          string  `json:"load"`
	OverSeconds   float64 `json:"overSeconds"`
	Seed          uint64  `json:"seed"`
	PricesOf      string  `json:"pricesOf"`
	PricesSource  string  `json:"pricesSource"`
	CostIs        string  `json:"costIs"`
	SandboxesToBe int     `json:"sandboxes"`
	CallsToBe     int     `json:"callsInFlight"`
}

// saved is what packing is worth, against one record per call.
type saved struct {
	QuotaTokens float64 `json:"quotaTokens"`
	USD         float64 `json:"usd"`
	Seconds     float64 `json:"seconds"`
}

// tuning is what a call reserves for its output.
type tuning struct {
	Tuned     int      `json:"maxTokensPerCall"`
	Untuned   int      `json:"maxTokensPerCallOfTheTask"`
	Reclaimed int      `json:"reclaimedPerCall"`
	Total     int      `json:"reclaimed"`
	Seconds   *float64 `json:"savedSeconds,omitempty"`
}

// lanePrice is what a lane costs; Has is false where the model does not have it.
type lanePrice struct {
	Lane        task.Lane `json:"lane"`
	Has         bool      `json:"has"`
	Input       float64   `json:"inputPerMillion,omitempty"`
	Output      float64   `json:"outputPerMillion,omitempty"`
	USD         float64   `json:"usd,omitempty"`
	UnpackedUSD float64   `json:"unpackedUsd,omitempty"`
}

type deadlineMet struct {
	Seconds float64 `json:"seconds"`
	Met     bool    `json:"met"`
}

// backlog is how many records wait, or have been given up, at a moment.
type backlog struct {
	Seconds      float64 `json:"seconds"`
	Sluice       int     `json:"sluice"`
	Naive        int     `json:"sdkRetry"`
	DeadLettered int     `json:"sdkRetryDeadLettered"`
}

// batchLane is a job of Bedrock's own, outside this quota.
const batchLane task.Lane = "batch"

func (p *planned) report(courses map[way]course) *planReport {
	f := p.flags
	r := &planReport{Records: p.records, Rejected: p.rejected, Task: p.question.Task.Name, Model: p.model.Name, Lane: p.lane, plan: p, courses: courses}
	r.Quota.TokensPerMinute, r.Quota.Window, r.Quota.Burn = f.tpm, f.window, max(p.model.Burn, 1)
	r.Assumed = assumed{Instruction: p.instruction, Input: p.input, Output: p.output, Frame: frameTokens, FirstToken: f.firstToken.Seconds(),
		Speed: f.speed, Load: f.load, OverSeconds: p.over.Seconds(), Seed: f.seed, PricesOf: p.models.Date, PricesSource: p.models.Source, CostIs: costIs,
		SandboxesToBe: p.sandboxes, CallsToBe: p.inFlight}
	for _, w := range []way{packedWay, singleWay, untunedWay, naiveWay} {
		if c, has := courses[w]; has {
			r.Ways = append(r.Ways, c)
		}
	}
	r.Floor.QuotaTokensPerRecord = math.Round(p.perRecord(p.packed, frameTokens)*10) / 10
	r.Floor.Unpacked = math.Round(p.perRecord(1, 0)*10) / 10
	r.Floor.Seconds = math.Round(p.perRecord(p.packed, frameTokens) * float64(p.records) / float64(f.tpm) * 60)
	ours := courses[packedWay]
	if alone, has := courses[singleWay]; has {
		r.Packing = &saved{alone.QuotaTokens - ours.QuotaTokens, bedrock.RoundUSD(alone.USD - ours.USD), alone.Seconds - ours.Seconds}
	}
	r.Tuning = tuning{Tuned: p.tuned * p.packed, Untuned: p.untuned * p.packed, Reclaimed: (p.untuned - p.tuned) * p.packed, Total: (p.untuned - p.tuned) * p.packed * ours.Calls}
	if untuned, has := courses[untunedWay]; has {
		seconds := untuned.Seconds - ours.Seconds
		r.Tuning.Seconds = &seconds
	}
	for _, lane := range []task.Lane{task.Priority, task.Standard, task.Flex, batchLane} {
		r.Lanes = append(r.Lanes, p.price(lane, courses))
	}
	if p.deadline > 0 {
		r.Deadline = &deadlineMet{p.deadline.Seconds(), ours.Left+ours.DeadLettered == 0 && ours.Seconds <= p.deadline.Seconds()}
	}
	r.Backlog = backlogs(ours, courses[naiveWay])
	r.Notes = append([]string{}, p.notes...)
	if ours.PerCall < 0.7*float64(p.packed) && p.over == 0 && p.records >= 100*p.packed {
		r.Notes = append(r.Notes, fmt.Sprintf("Calls have %.1f records on average, not %d: a sandbox's share of the quota has no room for more. Fewer --sandboxes pack more.", ours.PerCall, p.packed))
	}
	r.Notes = append(r.Notes, r.extended()...)
	return r
}

// price is what a lane costs, packed and one by one.
func (p *planned) price(lane task.Lane, courses map[way]course) lanePrice {
	l := lanePrice{Lane: lane}
	if l.Input, l.Output, l.Has = p.prices(lane); !l.Has {
		return lanePrice{Lane: lane}
	}
	l.USD = p.cost(lane, courses[packedWay])
	alone, has := courses[singleWay]
	if !has {
		alone = courses[packedWay]
	}
	l.UnpackedUSD = p.cost(lane, alone)
	return l
}

func (p *planned) prices(lane task.Lane) (input, output float64, has bool) {
	list := p.model.Prices
	pair := func(in, out *float64) (float64, float64, bool) {
		if in == nil || out == nil {
			return 0, 0, false
		}
		return *in, *out, true
	}
	switch lane {
	case task.Priority:
		return pair(list.PriorityInput, list.PriorityOutput)
	case task.Flex:
		return pair(list.FlexInput, list.FlexOutput)
	case batchLane:
		return pair(list.BatchInput, list.BatchOutput)
	}
	return list.Input, list.Output, true
}

// cost is what the tokens of a course cost in a lane; 0 where the model does not
// have it.
func (p *planned) cost(lane task.Lane, c course) float64 {
	input, output, _ := p.prices(lane)
	return bedrock.RoundUSD((float64(c.InputTokens)*input + float64(c.OutputTokens)*output) / 1e6)
}

// moments is into how many parts the time is cut for the backlog.
const moments = 8

// backlogs is what waits at equal distances, until both ways are done.
func backlogs(ours, naive course) []backlog {
	longest := max(ours.Seconds, naive.Seconds)
	rows := make([]backlog, 0, moments+1)
	for i := range moments + 1 {
		at := longest * float64(i) / moments
		a, b := pointAt(ours, at), pointAt(naive, at)
		rows = append(rows, backlog{math.Round(at), a.Waiting, b.Waiting, b.DeadLettered})
	}
	return rows
}

// pointAt is a course's last point that is not after so many seconds.
func pointAt(c course, seconds float64) sim.Point {
	var last sim.Point
	for _, at := range c.points {
		if at.At > time.Duration((seconds+0.5)*float64(time.Second)) {
			break
		}
		last = at
	}
	return last
}

// extended says which ways were not simulated to their end.
func (r *planReport) extended() (notes []string) {
	for _, w := range []way{packedWay, singleWay, untunedWay, naiveWay} {
		c, has := r.courses[w]
		all := c.Answered + c.DeadLettered + c.Left
		if !has || c.SimulatedRecords >= all {
			continue
		}
		note := title(w) + ": " + grouped(c.SimulatedRecords) + " records (" + length(c.SimulatedSeconds) + ") were simulated, and "
		if w == naiveWay || r.plan.over > 0 {
			note += "stretched."
		} else {
			note += "extended at their pace."
		}
		if c.Unsteady > unsteady {
			note += " It was not steady yet; expect " + percent(c.Unsteady) + " more or less."
		}
		notes = append(notes, note)
	}
	return notes
}

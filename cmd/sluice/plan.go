package main

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/bedrock"
	"sluice/internal/local/bedrock/quota"
	"sluice/internal/pack"
	"sluice/internal/sim"
	"sluice/internal/task"
)

// planFlags are what a plan was asked for. A number of 0 was not said.
type planFlags struct {
	records, tpm              int
	task, params, model, lane string
	window, load              string
	over, deadline            string
	sandboxes, inFlight, pack int
	input, output             int
	file, textField, out      string
	firstToken                time.Duration
	speed                     float64
	seed                      uint64
}

func newPlan(s *settings) *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Tell how long so many records take with a quota, what they cost, and how often they are throttled",
		Long: `Tell how long so many records take with a quota, what they cost on each lane, how often they are throttled, and
what packing and tuned max_tokens save.

It simulates the quota, the queue and the functions in virtual time, with the very code that packs and paces calls
in the cloud, and beside it the way most workers are written: one record per call, and the retries of the AWS SDK.
Nothing is called and nothing is paid. The same command line gives the same plan.

Long plans are simulated until their pace is steady and then extended; the plan says so.`,
		Example: `  sluice plan --records 1000000 --task classify --tpm 4000000 --out backlog.svg
  sluice plan --file support.csv --task summarize --tpm 200000 --deadline 6h
  sluice plan --records 50000 --task extract --tpm 1000000 --load trickle --over 8h --window sliding`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.plan(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.records, "records", 0, "how many records there are (default: as many as the file has)")
	flags.IntVar(&f.tpm, "tpm", 0, "the account's quota for the model in tokens per minute (see Service Quotas)")
	flags.StringVar(&f.task, "task", "summarize", "what is asked: summarize, classify, extract, sentiment, generate, or the file of a task of yours")
	flags.StringVar(&f.params, "params", "", "the task's parameters, a JSON object")
	flags.StringVar(&f.model, "model", "", "the model's id (default: the task's, or "+planModel+")")
	flags.StringVar(&f.lane, "lane", "", "priority, standard or flex (default: the task's, or what the deadline asks for)")
	flags.StringVar(&f.deadline, "deadline", "", "when all must be answered, from the beginning: 90m, 6h, 2d")
	flags.StringVar(&f.file, "file", "", "a file of yours: its records are counted and measured")
	flags.StringVar(&f.textField, "text-field", "", "the field or column that holds the text (default: text)")
	flags.IntVar(&f.input, "input-tokens", 0, "a record's own tokens (default: the file's, or 200)")
	flags.IntVar(&f.output, "output-tokens", 0, "an answer's tokens (default: a third of the task's limit)")
	flags.StringVar(&f.load, "load", string(sim.Saturated), "when records come: saturated (all at once), bursty (ten heaps) or trickle (one by one)")
	flags.StringVar(&f.over, "over", "8h", "over which time bursty and trickling records come")
	flags.IntVar(&f.sandboxes, "sandboxes", 0, "the mapping's maximum concurrency (default: what the quota wants, 5 to 10)")
	flags.IntVar(&f.inFlight, "calls-in-flight", 0, "calls of a sandbox at the same time (default: what the quota wants, 10 or more)")
	flags.IntVar(&f.pack, "pack", 0, "records per call, 1 to 25 (default: the task's limit)")
	flags.StringVar(&f.window, "window", string(quota.Bucket), "how the quota's minute is counted: bucket, minute (the clock's) or sliding")
	flags.DurationVar(&f.firstToken, "first-token", time.Second, "how long the model takes for its first token")
	flags.Float64Var(&f.speed, "tokens-per-second", 80, "how fast the model writes")
	flags.Uint64Var(&f.seed, "seed", 1, "one course of chance")
	flags.StringVar(&f.out, "out", "", "draw the backlog over time into this file, .svg or .png")
	return cmd
}

// planModel is asked by tasks that name no model, as in a deployment.
const planModel = "global.anthropic.claude-haiku-4-5-20251001-v1:0"

const (
	mostPacked    = 25
	mostRecords   = 1_000_000_000
	mostTokens    = 1_000_000
	mostAtOnce    = 1000
	mostPerMinute = 100_000_000_000
)

// check tells what makes no sense before anything is done.
func (f planFlags) check() error {
	if f.tpm == 0 {
		return usagef("--tpm is missing: the account's quota for the model in tokens per minute; Service Quotas shows it")
	}
	if f.records == 0 && f.file == "" {
		return usagef("how many records? Say --records N or --file F")
	}
	for _, n := range []struct {
		flag        string
		value, most int
	}{
		{"tpm", f.tpm, mostPerMinute}, {"records", f.records, mostRecords}, {"input-tokens", f.input, mostTokens}, {"output-tokens", f.output, mostTokens},
		{"sandboxes", f.sandboxes, mostAtOnce}, {"calls-in-flight", f.inFlight, mostAtOnce}, {"pack", f.pack, mostPacked},
	} {
		if n.value < 0 || n.value > n.most {
			return usagef("--%s %d: it is 1 to %s", n.flag, n.value, grouped(n.most))
		}
	}
	if f.firstToken < 0 || f.firstToken > time.Hour || !(f.speed >= 0.1 && f.speed <= 1e6) {
		return usagef("--first-token is up to 1h and --tokens-per-second 0.1 to 1000000")
	}
	switch sim.Load(f.load) {
	case sim.Saturated, sim.Bursty, sim.Trickle:
	default:
		return usagef("--load %q is not one of saturated, bursty, trickle", f.load)
	}
	if err := (quota.Config{Window: quota.Shape(f.window)}).Check(); err != nil {
		return usagef("--window %q is not one of bucket, minute, sliding", f.window)
	}
	switch task.Lane(f.lane) {
	case "", task.Priority, task.Standard, task.Flex:
	case "batch":
		return usagef("--lane batch: a batch job does not use this quota, so there is nothing to simulate; every plan shows its price where the model has it")
	default:
		return usagef("--lane %q is not one of priority, standard, flex", f.lane)
	}
	switch strings.ToLower(filepath.Ext(f.out)) {
	case ".svg", ".png":
	default:
		if f.out != "" {
			return usagef("--out %q: it is a .svg or a .png", f.out)
		}
	}
	return nil
}

// planned is what is simulated, all of it known.
type planned struct {
	flags    planFlags
	question *task.Question
	models   bedrock.Models
	model    bedrock.Model
	lane     task.Lane
	// over is 0 where all records are there from the beginning; deadline is 0
	// where there is none.
	over, deadline time.Duration

	records, rejected                  int
	instruction, input, output, packed int
	// tuned and untuned are the part of max_tokens of a record.
	tuned, untuned      int
	sandboxes, inFlight int
	notes               []string
}

func (s *settings) plan(ctx context.Context, f planFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	p, err := f.settle(ctx)
	if err != nil {
		return err
	}
	courses, err := p.simulate(ctx)
	if err != nil {
		return err
	}
	r := p.report(courses)
	if f.out != "" {
		if err := r.draw(f.out); err != nil {
			return err
		}
		r.Drawing = f.out
	}
	if s.json {
		return s.document(r)
	}
	r.print(s.out)
	return nil
}

// settle fills in whatever was not said.
func (f planFlags) settle(ctx context.Context) (*planned, error) {
	p := &planned{flags: f}
	var err error
	if p.question, err = f.ask(ctx); err != nil {
		return nil, err
	}
	if err := p.settleModel(); err != nil {
		return nil, err
	}
	if err := p.settleTimes(); err != nil {
		return nil, err
	}
	if err := p.settleRecords(ctx); err != nil {
		return nil, err
	}
	if err := p.checkLimits(); err != nil {
		return nil, err
	}
	p.settleCalls()
	p.settleSandboxes()
	alone := p.instruction + p.input + p.tuned
	if alone > f.tpm {
		return nil, usagef("a call of a single record reserves %s tokens (input and max_tokens), which is more than --tpm %s: no call would ever be admitted",
			grouped(alone), grouped(f.tpm))
	}
	return p, nil
}

func (p *planned) settleModel() (err error) {
	if p.models, err = bedrock.LoadModels(); err != nil {
		return err
	}
	id := p.flags.model
	if id == "" {
		id = p.question.Task.Model
	}
	if id == "" {
		id = planModel
	}
	model, found := p.models.Find(id)
	if !found {
		names := make([]string, len(p.models.Models))
		for i, m := range p.models.Models {
			names[i] = m.ID
		}
		return usagef("there is no price for the model %q; known are %s", id, strings.Join(names, ", "))
	}
	p.model = model
	return nil
}

// settleTimes reads the times and picks the lane as a request's would be.
func (p *planned) settleTimes() (err error) {
	f := p.flags
	if sim.Load(f.load) != sim.Saturated {
		if p.over, err = parseAge(f.over); err != nil {
			return usagef("--over %w", err)
		}
	}
	var now, by time.Time
	if f.deadline != "" {
		if p.deadline, err = parseAge(f.deadline); err != nil {
			return usagef("--deadline %w", err)
		}
		by = now.Add(p.deadline)
	}
	if p.lane = task.Lane(f.lane); p.lane == "" {
		p.lane = p.question.Task.LaneBy(by, now)
	}
	if !p.model.Has(p.lane) {
		p.note("%s has no %s lane: standard is what it is served in.", p.model.Name, p.lane)
		p.lane = task.Standard
	}
	return nil
}

// checkLimits tells what no call of the model could hold, not even about one record.
func (p *planned) checkLimits() error {
	if most := p.model.MaxOutput - pack.MaxTokens(0, 0); most > 0 && p.output > most {
		return usagef("--output-tokens %d: %s writes %s at most in a call", p.output, p.model.Name, grouped(most))
	}
	if most := p.model.ContextWindow - p.instruction; p.model.ContextWindow > 0 && p.input > most {
		return usagef("--input-tokens %d: beside the instruction %s reads %s at most in a call", p.input, p.model.Name, grouped(max(most, 0)))
	}
	return nil
}

// settleCalls bounds a pack by the task, the model and what was said.
func (p *planned) settleCalls() {
	p.packed = p.question.Task.MaxRecordsPerCall
	if p.flags.pack > 0 {
		if p.packed = p.flags.pack; p.packed > p.question.Task.MaxRecordsPerCall {
			p.note("The task's file allows %d records per call; raise its maxRecordsPerCall for %d.", p.question.Task.MaxRecordsPerCall, p.packed)
		}
	}
	p.untuned = p.question.Task.MaxTokens + pack.RecordTokens
	p.tuned = min(tunedCap(p.output), p.untuned)
	if p.output > p.question.Task.MaxTokens {
		p.note("Answers of %d tokens are longer than the task allows (maxTokens %d): many would be cut off.", p.output, p.question.Task.MaxTokens)
	}
	window := (p.model.ContextWindow*9/10 - p.instruction) / (p.input + frameTokens + p.tuned)
	if fit := max(min((p.model.MaxOutput-pack.MaxTokens(0, 0))/p.tuned, window), 1); fit < p.packed {
		p.note("%d records per call, not %d: more do not fit into the model's limits (%s tokens of output, %s in all).", fit, p.packed,
			grouped(p.model.MaxOutput), grouped(p.model.ContextWindow))
		p.packed = fit
	}
}

// Those of a deployment that says nothing, and the most that it should have.
const (
	sandboxesLeast, sandboxesMost = 5, 10
	inFlightLeast                 = 10
)

// settleSandboxes makes room for twice the calls that the quota feeds, so that
// slow ones do not hold it up.
func (p *planned) settleSandboxes() {
	wanted := p.atOnce(p.packed, frameTokens)
	p.inFlight, p.sandboxes = p.flags.inFlight, p.flags.sandboxes
	if p.sandboxes == 0 {
		p.sandboxes = min(max(ceil(2*wanted/float64(max(p.inFlight, inFlightLeast))), sandboxesLeast), sandboxesMost)
	}
	if p.inFlight == 0 {
		p.inFlight = min(max(ceil(2*wanted/float64(p.sandboxes)), inFlightLeast), mostAtOnce)
	}
	if have := p.sandboxes * p.inFlight; float64(have) < wanted {
		p.note("%d calls in flight hold this plan up, not the quota, which feeds %d: raise --sandboxes or --calls-in-flight.", have, ceil(wanted))
	}
}

// atOnce is how many calls of so many records the quota keeps under way.
func (p *planned) atOnce(packed, frame int) float64 {
	took := p.flags.firstToken.Seconds() + float64(packed*(p.output+frame))/p.flags.speed
	return float64(p.flags.tpm) / 60 / (p.perRecord(packed, frame) * float64(packed)) * took
}

// perRecord is how many tokens of quota a record takes, by hand: its part of the
// instruction, its own input, and its answer times the burn rate.
func (p *planned) perRecord(packed, frame int) float64 {
	return float64(p.instruction)/float64(packed) + float64(p.input+frame) + max(p.model.Burn, 1)*float64(p.output+frame)
}

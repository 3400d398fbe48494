package main

import (
	"fmt"
	"io"

	"sluice/events"
	"sluice/internal/local/bedrock/quota"
	"sluice/internal/sim"
)

// way is one of those that are compared.
type way struct {
	name   string
	config sim.Config
}

// ways are ours, as the choreography has it, and the others.
func ways() ([]way, error) {
	c, err := events.LoadChoreography()
	if err != nil {
		return nil, err
	}
	analyze := sim.Mapping{Batch: c.Subscriptions["analyze"].Batch, Deadline: c.Functions["analyze"].TimeoutOf()}
	ours := way{"Sluice, 5 × 10", sim.Config{Policy: sim.Ours, Sandboxes: 5, InFlight: 10, Mapping: analyze}}
	return append([]way{ours}, naive...), nil
}

var naive = []way{
	{"SDK standard, 50 × 1, max_tokens 4,096", sim.Config{Policy: sim.Standard, Sandboxes: 50, InFlight: 1}},
	{"SDK adaptive, 50 × 1, max_tokens 4,096", sim.Config{Policy: sim.Adaptive, Sandboxes: 50, InFlight: 1}},
	{"SDK adaptive, 5 × 10, max_tokens 1,024", sim.Config{Policy: sim.Adaptive, Sandboxes: 5, InFlight: 10, MaxTokens: 1024}},
}

// window is a shape that the quota may have.
type window struct {
	name  string
	quota quota.Config
}

var windows = []window{
	{"bucket", quota.Config{Window: quota.Bucket, Burst: 1}},
	{"bucket, burst 0.1", quota.Config{Window: quota.Bucket, Burst: 0.1}},
	{"clock's minute", quota.Config{Window: quota.Minute}},
	{"last 60 seconds", quota.Config{Window: quota.Sliding}},
}

const head = `# The quota, used and hit

Simulated: 1,000,000 tokens a minute, thirty minutes, more records than can be done, %d seeds (means; dead letters are
the most of any). A record is 200 tokens (± 30 %%), its answer 60 (lognormal, σ 0.5), the instruction 1,200; output burns
5 tokens of quota; $1 and $5 per million tokens. Ours packs ten records into a call, the others ask about one at a time.
Goodput is what was settled ÷ what the quota allowed; brute force fills a quota too, so look at what it takes.

| window | way | goodput | throttled | attempts per call | dead letters | quota tokens per record | $ per 1,000 records | records answered | Lambda-seconds |
|---|---|---|---|---|---|---|---|---|---|
`

// write simulates and writes the table.
func write(to io.Writer, seeds int) error {
	if _, err := fmt.Fprintf(to, head, seeds); err != nil {
		return err
	}
	all, err := ways()
	if err != nil {
		return err
	}
	for _, in := range windows {
		for _, w := range all {
			r, err := mean(w.config, in.quota, seeds)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			if _, err := fmt.Fprintf(to, "| %s | %s | %.3f | %.2f %% | %.3f | %d | %.0f | %.2f | %d | %.0f |\n", in.name, w.name, r.Goodput,
				100*r.ThrottleShare, r.AttemptsPerCall, r.DeadLettered, r.QuotaTokensPerRecord, 1000*r.DollarsPerRecord, r.Answered, r.LambdaSeconds); err != nil {
				return err
			}
		}
	}
	return nil
}

// mean is what several seeds come to.
func mean(c sim.Config, q quota.Config, seeds int) (sim.Result, error) {
	var sum sim.Result
	n := float64(seeds)
	for seed := range seeds {
		c.Seed, c.Quota = uint64(seed)+1, q
		r, err := sim.Run(c)
		if err != nil {
			return sim.Result{}, err
		}
		sum.Goodput += r.Goodput / n
		sum.ThrottleShare += r.ThrottleShare / n
		sum.AttemptsPerCall += r.AttemptsPerCall / n
		sum.QuotaTokensPerRecord += r.QuotaTokensPerRecord / n
		sum.DollarsPerRecord += r.DollarsPerRecord / n
		sum.LambdaSeconds += r.LambdaSeconds / n
		sum.DeadLettered = max(sum.DeadLettered, r.DeadLettered)
		sum.Answered += r.Answered / seeds
	}
	return sum, nil
}

package sim

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"sluice/internal/local/bedrock/quota"
)

// p99 is how many times its mean the 99th percentile of an output is.
var p99 = math.Exp(sigma*2.326 - sigma*sigma/2)

// WithDefaults fills in what is not set, or says what cannot be simulated.
func (c Config) WithDefaults() (Config, error) {
	ours := cmp.Or(c.Policy, Ours) == Ours
	c.Policy = cmp.Or(c.Policy, Ours)
	c.Load = cmp.Or(c.Load, Saturated)
	c.Quota.TokensPerMinute = cmp.Or(c.Quota.TokensPerMinute, 1_000_000)
	c.Quota.Window = cmp.Or(c.Quota.Window, quota.Bucket)
	c.Quota.Burst = cmp.Or(c.Quota.Burst, 1)
	c.Quota.Burn = cmp.Or(c.Quota.Burn, 5)
	c.Told = cmp.Or(c.Told, int(c.Quota.TokensPerMinute))
	c.Sandboxes = cmp.Or(c.Sandboxes, 5)
	c.InFlight = cmp.Or(c.InFlight, 10)
	c.Instruction = cmp.Or(c.Instruction, 1200)
	c.Input = cmp.Or(c.Input, 200)
	c.Output = cmp.Or(c.Output, 60)
	c.FirstToken = cmp.Or(c.FirstToken, time.Second)
	c.TokensPerSecond = cmp.Or(c.TokensPerSecond, 80)
	c.InputPrice = cmp.Or(c.InputPrice, 1)
	c.OutputPrice = cmp.Or(c.OutputPrice, 5)
	c.Mapping.Window = cmp.Or(c.Mapping.Window, time.Second)
	c.Mapping.VisibilityMost = cmp.Or(c.Mapping.VisibilityMost, 12*time.Hour)
	if ours {
		c.Pack = cmp.Or(c.Pack, 10)
		c.Frame = cmp.Or(c.Frame, 8)
		c.MaxTokens = cmp.Or(c.MaxTokens, int(1.15*p99*float64(c.Output+max(c.Frame, 0)))+50)
		c.Mapping.Deadline = cmp.Or(c.Mapping.Deadline, 5*time.Minute)
		c.Mapping.MaxReceives = cmp.Or(c.Mapping.MaxReceives, 100)
	} else {
		c.Pack = cmp.Or(c.Pack, 1)
		c.MaxTokens = cmp.Or(c.MaxTokens, 4096)
		c.Mapping.Deadline = cmp.Or(c.Mapping.Deadline, 30*time.Second)
		c.Mapping.MaxReceives = cmp.Or(c.Mapping.MaxReceives, 5)
	}
	c.Frame = max(c.Frame, 0)
	c.Mapping.Visibility = cmp.Or(c.Mapping.Visibility, 6*c.Mapping.Deadline)
	c.Mapping.Batch = cmp.Or(c.Mapping.Batch, c.batch(ours))
	c = c.lengths()
	return c, c.check()
}

// batch is how many messages an invocation gets.
func (c Config) batch(ours bool) int {
	switch {
	case !ours:
		return 10
	case c.Told < 0:
		return 100
	}
	share := float64(c.Told) / float64(c.Sandboxes) * c.Mapping.Deadline.Minutes() * 3 / 4
	return min(max(int(share/c.perRecord()), c.Pack), 10_000)
}

// perRecord is how many tokens of quota a record takes in a full pack.
func (c Config) perRecord() float64 {
	return float64(c.Instruction)/float64(max(c.Pack, 1)) + float64(c.Input+c.Frame) + c.Quota.Burn*float64(c.Output+c.Frame)
}

func (c Config) lengths() Config {
	if c.Records == 0 {
		c.Length = cmp.Or(c.Length, 30*time.Minute)
		// More than the quota allows, by a full bucket at the beginning and a half.
		tokens := float64(c.Quota.TokensPerMinute) * (c.Length.Minutes() + 1)
		for _, e := range c.Events {
			if e.Kind == QuotaTimes {
				tokens *= max(e.By, 1)
			}
		}
		c.Records = int(math.Ceil(1.5*tokens/c.perRecord())) + 1000
	}
	c.Spread = cmp.Or(c.Spread, c.Length, time.Hour)
	c.Length = cmp.Or(c.Length, 30*24*time.Hour)
	return c
}

// mostRecords bounds the memory of a simulation.
const mostRecords = 20_000_000

func (c Config) check() error {
	if err := c.Quota.Check(); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	switch c.Policy {
	case Ours, Standard, Adaptive:
	default:
		return fmt.Errorf("sim: policy %q is not one of %s, %s, %s", c.Policy, Ours, Standard, Adaptive)
	}
	switch c.Load {
	case Saturated, Bursty, Trickle:
	default:
		return fmt.Errorf("sim: load %q is not one of %s, %s, %s", c.Load, Saturated, Bursty, Trickle)
	}
	for _, e := range c.Events {
		switch e.Kind {
		case QuotaTimes, Neighbour, LatencyTimes, Churn:
		default:
			return fmt.Errorf("sim: event %q is not known", e.Kind)
		}
		if !(e.By > 0) || e.At < 0 || e.Until < 0 {
			return fmt.Errorf("sim: event %q at %v by %v: neither may be negative, nor By zero", e.Kind, e.At, e.By)
		}
	}
	for name, n := range map[string]int{"sandboxes": c.Sandboxes, "calls in flight": c.InFlight, "records per call": c.Pack,
		"max_tokens": c.MaxTokens, "records": c.Records, "instruction": c.Instruction, "input": c.Input, "output": c.Output,
		"batch": c.Mapping.Batch, "receives": c.Mapping.MaxReceives} {
		if n < 1 || n > mostRecords {
			return fmt.Errorf("sim: %d is no number of %s (1 to %d)", n, name, mostRecords)
		}
	}
	if c.Busy < 0 || c.Busy >= 1 || c.Length <= 0 || c.Spread <= 0 || c.Mapping.Deadline <= 0 || c.TokensPerSecond <= 0 || c.FirstToken < 0 {
		return fmt.Errorf("sim: a time, a speed or a share is outside of what makes sense")
	}
	return nil
}

package bedrock

import (
	"fmt"
	"math"

	"sluice/internal/local/bedrock/quota"
)

// Config is how the stand-in behaves. It may be changed while it runs.
type Config struct {
	Latency Latency `json:"latency"`
	// Quota is that of every model which has none of its own in Models.
	Quota quota.Config `json:"quota"`
	// Models holds quotas by model or inference profile id (not ARN).
	Models map[string]quota.Config `json:"models,omitempty"`
	Faults Faults                  `json:"faults,omitempty"`
	// Seed makes latencies and faults repeat: the same seed and order of calls
	// give the same run.
	Seed uint64 `json:"seed"`
	// ContextTokens is the most input tokens of a call; 0 means 200,000.
	ContextTokens int `json:"contextTokens"`
	// MaxOutputTokens is the model's most output tokens: what a call without
	// max_tokens reserves; 0 means 64,000.
	MaxOutputTokens int `json:"maxOutputTokens"`
}

// Latency is how long a call takes.
type Latency struct {
	// FirstTokenMs is the median time to the first token, in milliseconds.
	FirstTokenMs float64 `json:"firstTokenMs"`
	// TokensPerSecond is the rate of output after it; 0 is no time at all.
	TokensPerSecond float64 `json:"tokensPerSecond"`
	// Sigma is the spread of the lognormal jitter; 0 is none.
	Sigma float64 `json:"sigma"`
	// ThrottleMs is how long a refusal by the quota takes.
	ThrottleMs float64 `json:"throttleMs"`
}

// DefaultLatency is small: a pipeline shall be seen to flow, not to wait.
func DefaultLatency() Latency {
	return Latency{FirstTokenMs: 5, TokensPerSecond: 10_000, Sigma: 0.25}
}

// Check tells what is wrong with a Config.
func (c Config) Check() error {
	if err := c.Quota.Check(); err != nil {
		return err
	}
	for id, q := range c.Models {
		if err := q.Check(); err != nil {
			return fmt.Errorf("model %q: %w", id, err)
		}
	}
	for name, v := range map[string]float64{
		"firstTokenMs": c.Latency.FirstTokenMs, "tokensPerSecond": c.Latency.TokensPerSecond,
		"sigma": c.Latency.Sigma, "throttleMs": c.Latency.ThrottleMs,
	} {
		if v < 0 || math.IsNaN(v) || v > 1e9 {
			return fmt.Errorf("latency: %s %v is outside 0 to 1e9", name, v)
		}
	}
	if c.Latency.Sigma > 3 {
		return fmt.Errorf("latency: sigma %v is more than 3", c.Latency.Sigma)
	}
	if c.ContextTokens < 0 || c.MaxOutputTokens < 0 {
		return fmt.Errorf("contextTokens and maxOutputTokens must not be negative")
	}
	return c.Faults.Check()
}

func (c Config) contextTokens() int {
	if c.ContextTokens == 0 {
		return 200_000
	}
	return c.ContextTokens
}

func (c Config) maxOutputTokens() int {
	if c.MaxOutputTokens == 0 {
		return 64_000
	}
	return c.MaxOutputTokens
}

func (c Config) quotaOf(model string) quota.Config {
	if q, ok := c.Models[model]; ok {
		return q
	}
	return c.Quota
}

package analyze

import (
	"fmt"
	"strconv"
	"strings"

	"sluice/internal/pacing"
)

// Quotas are an account's quotas by model id or inference profile.
type Quotas map[string]Quota

// Quota is the account's quota of one model in its Region.
type Quota struct {
	TokensPerMinute   int
	RequestsPerMinute int // 0: none is known
}

// everyOther, in place of a model, is every model that is not named.
const everyOther = "*"

// UnmarshalText reads model=tokens[/requests],…
func (q *Quotas) UnmarshalText(text []byte) error {
	quotas := Quotas{}
	for part := range strings.SplitSeq(string(text), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		at := strings.LastIndexByte(part, '=')
		if at < 1 {
			return fmt.Errorf("%q is not model=tokens per minute", part)
		}
		model, value := part[:at], part[at+1:]
		tokens, requests, two := strings.Cut(value, "/")
		var one Quota
		var err error
		if one.TokensPerMinute, err = positive(tokens); err != nil {
			return fmt.Errorf("the quota of %s: tokens per minute: %w", model, err)
		}
		if two {
			if one.RequestsPerMinute, err = positive(requests); err != nil {
				return fmt.Errorf("the quota of %s: requests per minute: %w", model, err)
			}
		}
		if _, twice := quotas[model]; twice {
			return fmt.Errorf("the quota of %s is there twice", model)
		}
		quotas[model] = one
	}
	*q = quotas
	return nil
}

func positive(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a positive number", text)
	}
	return n, nil
}

// pace is how a model's calls are paced.
func (c Config) pace(model string) pacing.Config {
	quota, named := c.Quotas[model]
	if !named {
		quota = c.Quotas[everyOther]
	}
	return pacing.Config{TokensPerMinute: quota.TokensPerMinute, RequestsPerMinute: quota.RequestsPerMinute, Sandboxes: c.Sandboxes, InFlight: c.CallsInFlight}
}

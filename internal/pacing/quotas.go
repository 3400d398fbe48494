package pacing

import (
	"fmt"
	"strconv"
	"strings"
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

// Of is the quota of a model; the zero Quota where none is known.
func (q Quotas) Of(model string) Quota {
	if quota, named := q[model]; named {
		return quota
	}
	return q[everyOther]
}

// Share is the part of the account's quotas that a function's calls may use, more
// than 0 and at most 1. Functions that ask models have shares of their own, which
// never change: so those who wait for an answer never wait behind the bulk.
type Share float64

// UnmarshalText reads a number such as 0.2.
func (s *Share) UnmarshalText(text []byte) error {
	part, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(part > 0 && part <= 1) {
		return fmt.Errorf("%q is not a share: more than 0 and at most 1", text)
	}
	*s = Share(part)
	return nil
}

// Of is that part of a quota; what is known is never less than 1.
func (s Share) Of(q Quota) Quota {
	return Quota{part(s, q.TokensPerMinute), part(s, q.RequestsPerMinute)}
}

func part(of Share, whole int) int {
	if whole == 0 {
		return 0
	}
	return max(int(float64(of)*float64(whole)), 1)
}

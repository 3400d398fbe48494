package bedrock

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"sluice/internal/local/bedrock/model"
	"sluice/internal/local/bedrock/quota"
)

// ErrLost says that the answer was made and charged, but the connection broke.
var ErrLost = errors.New("bedrock: the connection broke before the answer")

// State is the service without its protocol. It may be used by many goroutines
// and starts none.
type State struct {
	now      func() time.Time
	model    *model.Model
	counters counters
	cache    promptCache

	mu     sync.Mutex
	config Config
	meters map[string]*quota.Meter
	dice   *dice
	calls  uint64 // numbers the calls for their jitter
}

// New makes a service; the error tells what is wrong with cfg.
func New(cfg Config, now func() time.Time) (*State, error) {
	m, err := model.New()
	if err != nil {
		return nil, err
	}
	s := &State{
		now:      now,
		model:    m,
		counters: counters{byModel: map[string]*Counter{}},
		cache:    promptCache{until: map[[32]byte]time.Time{}},
	}
	return s, s.Configure(cfg)
}

// Configure replaces the configuration: quotas start full again, faults and
// jitter from their seed. Calls that run keep what they began with.
func (s *State) Configure(cfg Config) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config, s.calls = cfg, 0
	s.meters = map[string]*quota.Meter{}
	s.dice = newDice(cfg.Faults, cfg.Seed)
	return nil
}

// Config is the present configuration.
func (s *State) Config() Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// Counters are the counts so far, by model id.
func (s *State) Counters() map[string]Counter { return s.counters.copy() }

// ResetCounters starts counting afresh; calls in flight are still counted when
// they end.
func (s *State) ResetCounters() {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	s.counters.byModel = map[string]*Counter{}
}

// call is one call on its way.
type call struct {
	id      string // model id
	began   time.Time
	config  Config
	meter   *quota.Meter
	fault   Fault
	rule    Rule
	jitter  float64
	held    quota.Reservation
	usage   Usage
	maximum int
	burn    float64
}

// Converse answers a call. The error is an *Error as the service answers it,
// ErrLost, or the context's when the caller leaves while the call waits; in the
// last two cases the call was charged.
func (s *State) Converse(ctx context.Context, r Request) (Response, error) {
	id := modelID(r.Model)
	if id == "" {
		return Response{}, invalid("The provided model identifier is invalid.")
	}
	s.counters.add(id, func(c *Counter) { c.Calls++; c.InFlight++ })
	answer, err := s.converse(ctx, id, r)
	s.counters.add(id, func(c *Counter) {
		c.InFlight--
		var e *Error
		switch {
		case err == nil:
			c.Answered++
		case errors.As(err, &e) && e.Code == Throttling:
			c.Throttled++
		case errors.As(err, &e):
			c.Failed++
		default:
			c.Abandoned++
		}
	})
	return answer, err
}

func (s *State) converse(ctx context.Context, id string, r Request) (Response, error) {
	c := s.begin(id, r)
	if err := s.check(c, r); err != nil {
		return Response{}, err
	}
	refusal, late := c.fault.refusal()
	if refusal != nil && !late {
		return Response{}, s.refuse(ctx, c, refusal)
	}
	if refusal := s.reserve(c, r); refusal != nil {
		return Response{}, s.refuse(ctx, c, refusal)
	}
	if refusal != nil {
		err := s.wait(ctx, c)
		c.meter.Settle(s.now(), c.held, 0)
		if err == nil {
			err = refusal
		}
		return Response{}, err
	}
	answer, err := s.answer(c, r)
	if err != nil {
		c.meter.Settle(s.now(), c.held, 0)
		return Response{}, err
	}
	err = s.wait(ctx, c)
	// What was answered is charged, whether or not the caller still listens.
	s.settle(c)
	if err == nil && c.fault == FaultLost {
		err = ErrLost
	}
	answer.Usage, answer.Latency = c.usage, s.now().Sub(c.began)
	return answer, err
}

// begin numbers the call and takes what it needs of the configuration.
func (s *State) begin(id string, r Request) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{id: id, began: s.now(), config: s.config}
	if c.meter = s.meters[id]; c.meter == nil {
		key := id
		if len(s.meters) >= countedModels {
			key = otherModels
		}
		if c.meter = s.meters[key]; c.meter == nil {
			c.meter = quota.New(s.config.quotaOf(id), c.began)
			s.meters[key] = c.meter
		}
	}
	if c.burn = s.config.quotaOf(id).Burn; c.burn == 0 {
		c.burn = quota.Burn(id)
	}
	s.calls++
	c.jitter = 1
	if sigma := s.config.Latency.Sigma; sigma > 0 {
		c.jitter = math.Exp(sigma * rand.New(rand.NewPCG(s.config.Seed, s.calls)).NormFloat64())
	}
	c.fault, c.rule = s.dice.strike(r.User)
	return c
}

// check refuses what can never be answered; nothing is charged for it.
func (s *State) check(c *call, r Request) error {
	c.maximum = c.config.maxOutputTokens()
	if r.MaxTokens != nil {
		if *r.MaxTokens < 1 {
			return invalid("1 validation error detected: Value '%d' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1", *r.MaxTokens)
		}
		if *r.MaxTokens > c.maximum {
			return invalid("The maximum tokens you requested exceeds the model limit of %d. Try again with a maximum tokens value that is lower than %d.", c.maximum, c.maximum)
		}
		c.maximum = *r.MaxTokens
	}
	if r.Schema != "" {
		if err := s.model.Check(r.Schema); err != nil {
			return invalid("%v", err)
		}
	}
	return nil
}

// reserve counts the input and takes it, with max_tokens, from the quota.
func (s *State) reserve(c *call, r Request) *Error {
	tokens, prefixes := measure(c.id, r.Parts)
	if tokens > c.config.contextTokens() {
		return invalid(inputTooLong)
	}
	held, refusal := c.meter.Reserve(c.began, int64(tokens+c.maximum))
	switch refusal {
	case quota.TooManyTokens:
		return &Error{Throttling, tooManyTokens}
	case quota.TooManyRequests:
		return &Error{Throttling, tooManyRequests}
	case quota.TooManyTokensPerDay:
		return &Error{Throttling, tooManyTokensPerDay}
	}
	c.held = held
	c.usage.CacheRead, c.usage.CacheWrite = s.cache.use(c.began, prefixes)
	c.usage.Input = tokens - c.usage.CacheRead - c.usage.CacheWrite
	return nil
}

// refuse takes the time of a refusal, for throttles only.
func (s *State) refuse(ctx context.Context, c *call, e *Error) error {
	if e.Code == Throttling {
		if err := pause(ctx, milliseconds(c.config.Latency.ThrottleMs)); err != nil {
			return err
		}
	}
	return e
}

// answer asks the model, and cuts the answer at a stop sequence or max_tokens.
func (s *State) answer(c *call, r Request) (Response, error) {
	text, err := s.model.Answer(model.Prompt{User: r.User, Schema: r.Schema})
	if err != nil {
		return Response{}, invalid("%v", err)
	}
	out := Response{Text: text, StopReason: "end_turn"}
	if r.Schema == "" {
		for _, stop := range r.Stop {
			if at := strings.Index(out.Text, stop); stop != "" && at >= 0 {
				out.Text, out.StopReason = out.Text[:at], "stop_sequence"
			}
		}
	}
	c.usage.Output = max(1, model.Tokens(out.Text))
	if c.usage.Output > c.maximum {
		out.Text, out.StopReason = model.CutTokens(out.Text, c.maximum), "max_tokens"
		c.usage.Output = c.maximum
	}
	if r.Tool != "" {
		sum := sha256.Sum256([]byte(out.Text))
		out.Tool = &ToolUse{ID: fmt.Sprintf("tooluse_%x", sum[:11]), Name: r.Tool, Input: json.RawMessage(out.Text)}
		out.Text = ""
		if out.StopReason == "max_tokens" {
			out.Tool.Input = json.RawMessage(`{}`) // a broken-off input is no JSON
		} else {
			out.StopReason = "tool_use"
		}
	}
	return spoil(c.fault, out), nil
}

// wait takes the call's latency, or ends with the context.
func (s *State) wait(ctx context.Context, c *call) error {
	l := c.config.Latency
	d := l.FirstTokenMs * c.jitter
	if l.TokensPerSecond > 0 {
		d += 1000 * float64(c.usage.Output) / l.TokensPerSecond
	}
	if c.fault == FaultSlow {
		if d += c.rule.DelayMs; c.rule.DelayMs == 0 {
			d += 1000
		}
	}
	return pause(ctx, milliseconds(d)-s.now().Sub(c.began))
}

func (s *State) settle(c *call) {
	used := float64(c.usage.Input+c.usage.CacheWrite) + float64(c.usage.Output)*c.burn
	c.meter.Settle(s.now(), c.held, used)
	s.counters.add(c.id, func(n *Counter) {
		n.InputTokens += int64(c.usage.Input)
		n.OutputTokens += int64(c.usage.Output)
		n.CacheReadTokens += int64(c.usage.CacheRead)
		n.CacheWriteTokens += int64(c.usage.CacheWrite)
		n.SettledTokens += used
	})
}

// CountTokens counts the input of a call; it costs nothing and takes no quota.
func (s *State) CountTokens(r Request) (int, error) {
	id := modelID(r.Model)
	if id == "" {
		return 0, invalid("The provided model identifier is invalid.")
	}
	tokens, _ := measure(id, r.Parts)
	if tokens > s.Config().contextTokens() {
		return 0, invalid(inputTooLong)
	}
	return tokens, nil
}

// pause waits for d, or until the context ends.
func pause(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(math.Min(ms, 1e10) * float64(time.Millisecond))
}

// modelID is the id at the end of an ARN, or the id itself; "" when it is none.
func modelID(s string) string {
	if strings.HasPrefix(s, "arn:") {
		s = s[strings.LastIndexByte(s, '/')+1:]
	}
	if s == "" || len(s) > 512 {
		return ""
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("._:-", c) < 0 {
			return ""
		}
	}
	return s
}

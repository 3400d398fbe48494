package answers

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"sluice/events"
	"sluice/internal/bedrock"
	"sluice/internal/budget"
	"sluice/internal/fault"
	"sluice/internal/pacing"
	"sluice/internal/pack"
)

// said is what came of asking about a record: an answer that fits, or a failure;
// and its part of what all the calls took that it was in.
type said struct {
	answer  json.RawMessage
	failure *Failure
	spend   events.Spend
	// calls are those calls, by their ids in the ledger.
	calls []string
	// unpriced: a call was to a model whose price is not known.
	unpriced bool
}

// count adds the record's part of one more call.
func (s *said) count(one bedrock.Spend) {
	s.spend.Usage = s.spend.Usage.Add(one.Usage)
	s.spend.CostUSD = bedrock.RoundUSD(s.spend.CostUSD + one.Cost.USD)
	s.unpriced = s.unpriced || (!one.Cost.Priced && one.Usage != events.Usage{})
	if one.AnsweredBy != "" {
		s.spend.AnsweredBy = one.AnsweredBy
	}
}

// call is one model call about a pack.
type call struct {
	*desk
	measure *measure
	entries []*entry
	pass    pacing.Pass
	// guessed is about its input in tokens, untuned what max_tokens would be
	// without what was learned, wanted without haste.
	guessed                    int
	maxTokens, wanted, untuned int
	estimate                   pacing.Estimate
	// more of the pool wait for a call after this one.
	more bool
	// released: the governor knows that the call is over; left: so does the desk.
	released, left bool
}

// fate is what becomes of a record after a call. The zero value: it is said.
type fate struct {
	again bool
	err   error
}

// run makes the call and sends every record on its way: to its answer or
// failure, back to wait for another call, or away with an error.
func (c *call) run() {
	var fates []fate
	var over error
	if err := fault.Guard(func() error { fates, over = c.make(); return nil }); err != nil {
		c.release(c.estimate.Settle)
		fates = c.broke(err)
	}
	b := c.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	c.leave()
	if over != nil {
		c.close(over)
	}
	// Those who go again do so in another order: the place in a pack matters.
	for _, i := range rand.Perm(len(c.entries)) {
		switch e, f := c.entries[i], fates[i]; {
		case f.again:
			c.add(e)
		default:
			e.settled <- f.err
		}
	}
	b.advance()
}

// make makes the call. Over says that no more calls are of use in this batch.
func (c *call) make() (fates []fate, over error) {
	a, ctx := c.batch.answers, c.batch.ctx
	framed, err := c.frame()
	if err != nil {
		c.release(0)
		return c.all(fate{err: fault.As(fault.Retry, err)}), nil
	}
	if !a.Models.CostOf(c.name, c.entries[0].lane, events.Usage{}).Priced && a.Budget.Bounds(c.entries[0].Tenant) {
		c.release(0)
		return c.all(fate{err: fault.Errorf(fault.Park, "the price of %s is not known, so no budget can bound what it costs", c.name)}), nil
	}
	piece, err := c.batch.purse.Take(ctx, c.entries[0].Tenant, c.worst())
	if err != nil {
		c.release(0)
		var exceeded *budget.Exceeded
		if errors.As(err, &exceeded) && len(c.entries) > 1 {
			return c.halves(), nil // there may be money for some of them
		}
		return c.all(fate{err: err}), nil
	}
	entered := c.entered(c.worst())
	if err := a.Ledger.Begin(ctx, entered); err != nil {
		piece.Settle(0)
		c.release(0)
		return c.all(fate{err: fault.As(fault.Retry, err)}), nil
	}
	for _, e := range c.entries {
		e.said.calls = append(e.said.calls, entered.ID)
	}
	began := a.Now()
	answer, err := a.model.Converse(ctx, bedrock.Call{
		Model: c.name, System: framed.System, User: framed.User, Schema: framed.Schema, MaxTokens: c.maxTokens,
		Temperature: c.entries[0].Question.Task.Temperature, Lane: c.entries[0].lane,
		CacheSystem: c.measure.cache(began, c.model.LeastCacheable, c.more), Task: entered.Task, Tenant: entered.Tenant,
	})
	took := a.Now().Sub(began)
	spend := c.settle(answer, err, took)
	piece.Settle(c.billed(spend, err))
	fates, over = c.judge(framed, answer, err)
	c.endWhenKept(c.ended(entered, fates, spend, err, took), fates)
	return fates, over
}

// billed is what counts against the budget: all that the call might cost where
// nobody knows what it did.
func (c *call) billed(spend bedrock.Spend, err error) float64 {
	if errors.Is(err, bedrock.ErrUnanswered) {
		return c.worst()
	}
	return spend.Cost.USD
}

func (c *call) frame() (pack.Call, error) {
	texts := make([]string, len(c.entries))
	for i, e := range c.entries {
		texts[i] = e.Text
	}
	return pack.New(c.entries[0].Question, texts, c.batch.answers.Random)
}

// settle tells governor and measure what the call took, and gives what was
// paid. A call that ended without an answer may have been paid for; then its
// estimate is counted against the quota.
func (c *call) settle(answer bedrock.Answer, err error, took time.Duration) bedrock.Spend {
	var refused *bedrock.Refused
	if errors.As(err, &refused) {
		c.released = true
		c.governor.Refused(c.batch.answers.Now(), c.pass, refusals[refused.Reason])
		return bedrock.Spend{}
	}
	spend := answer.Spend
	var failure *bedrock.Failure
	if errors.As(err, &failure) {
		spend = failure.Spend
	}
	if (spend.Usage == events.Usage{}) {
		c.release(c.estimate.Settle)
		return spend
	}
	c.slowest.took(took)
	c.release(c.model.Settled(spend.Usage))
	c.measure.learnInput(c.guessed, spend.Usage.Input+spend.Usage.CacheRead+spend.Usage.CacheWrite)
	return spend
}

// release tells the governor, once, that the call is over and what it used. The
// next one begins before this one's answers are looked at.
func (c *call) release(used float64) {
	if c.released {
		return
	}
	c.released = true
	c.governor.Settle(c.batch.answers.Now(), c.pass, used)
	c.batch.mu.Lock()
	defer c.batch.mu.Unlock()
	c.leave()
	c.batch.advance()
}

// leave gives the call's place to another; once. The batch is locked.
func (c *call) leave() {
	if !c.left {
		c.left = true
		c.calling--
	}
}

// refusals are the service's reasons as the governor names them.
var refusals = map[bedrock.Reason]pacing.Refusal{
	bedrock.Throttled: pacing.Throttled, bedrock.Overloaded: pacing.Overloaded, bedrock.DayQuota: pacing.DayQuota,
}

// all gives every record the same fate.
func (c *call) all(f fate) []fate {
	fates := make([]fate, len(c.entries))
	for i := range fates {
		fates[i] = f
	}
	return fates
}

package answers

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"sluice/events"
	"sluice/internal/bedrock"
	"sluice/internal/ledger"
	"sluice/internal/task"
)

// Ledger is the account of calls; *ledger.Ledger is one.
type Ledger interface {
	Begin(context.Context, ledger.Call) error
	End(context.Context, ledger.Ended)
	Reused(context.Context, ledger.Paid)
	Duplicate(context.Context, ledger.Paid)
	Orphan(context.Context, ledger.Paid)
}

// entered is the call as it is entered before it is made.
func (c *call) entered(worst float64) ledger.Call {
	first := c.entries[0]
	return ledger.Call{
		ID: ledger.NewID(), Model: c.name, Task: first.Question.Task.Name, Tenant: first.Tenant, Lane: string(first.lane),
		Records: len(c.entries), EstimateUSD: worst, EstimateTokens: int(c.estimate.Reserve), MaxTokens: c.maxTokens,
	}
}

// worst is the most that the call can cost.
func (c *call) worst() float64 {
	usage := events.Usage{Input: c.measure.input(c.guessed) * 3 / 2, Output: c.maxTokens}
	return c.batch.answers.Models.CostOf(c.name, c.entries[0].lane, usage).USD
}

// ended is how the call came out.
func (c *call) ended(entered ledger.Call, fates []fate, spend bedrock.Spend, err error, took time.Duration) ledger.Ended {
	e := ledger.Ended{
		Call: entered, Status: status(err), AnsweredBy: spend.AnsweredBy, Usage: spend.Usage, USD: spend.Cost.USD, Priced: spend.Cost.Priced,
		Latency: took, ReclaimedTokens: c.untuned - c.wanted,
	}
	for i, f := range fates {
		if f.again || f.err != nil {
			e.Missing++
		} else if c.entries[i].said.failure == nil {
			e.Answered++
		}
	}
	if e.Status == ledger.Answered && e.Answered == 0 && e.Missing > 0 {
		e.Status = ledger.Unfit
	}
	if e.Priced {
		models, lane, u := c.batch.answers.Models, c.entries[0].lane, e.Usage
		e.LaneSavedUSD = models.CostOf(c.name, task.Standard, u).USD - e.USD
		uncached := events.Usage{Input: u.Input + u.CacheRead + u.CacheWrite, Output: u.Output}
		e.CacheSavedUSD = models.CostOf(c.name, lane, uncached).USD - models.CostOf(c.name, lane, u).USD
	}
	if e.Answered > 1 {
		common := events.Usage{Input: c.measure.prefixTokens() * (e.Answered - 1)}
		e.PackingSavedUSD = c.batch.answers.Models.CostOf(c.name, c.entries[0].lane, common).USD
	}
	return e
}

// endWhenKept writes the call's end when everything it was paid for is kept. If the
// process is killed before that, what is lost is a call that never ended, and is
// counted as one.
func (c *call) endWhenKept(e ledger.Ended, fates []fate) {
	end := func() { c.batch.answers.Ledger.End(c.batch.ctx, e) }
	var left atomic.Int32
	for i, f := range fates {
		if f.again || f.err != nil {
			continue
		}
		left.Add(1)
		c.entries[i].kept = func() {
			if left.Add(-1) == 0 {
				end()
			}
		}
	}
	if left.Load() == 0 {
		end()
	}
}

// status names the end of a call.
func status(err error) ledger.Status {
	var failure *bedrock.Failure
	var refused *bedrock.Refused
	switch {
	case err == nil:
		return ledger.Answered
	case errors.As(err, &failure):
		switch {
		case failure.Truncated:
			return ledger.Truncated
		case failure.Class == events.FailureRefused:
			return ledger.Refused
		case failure.Class == events.FailureTooLong:
			return ledger.TooLong
		case failure.Class == events.FailureUnfit:
			return ledger.Unfit
		}
		return ledger.Failed
	case errors.As(err, &refused) && refused.Reason == bedrock.Overloaded:
		return ledger.Overloaded
	case errors.As(err, &refused):
		return ledger.Throttled
	case errors.Is(err, bedrock.ErrUnanswered):
		return ledger.Lost
	}
	return ledger.Failed
}

// paid is what a record's answer cost, or would have.
func (e *entry) paid(spend events.Spend) ledger.Paid {
	return ledger.Paid{RequestID: e.RequestID, Task: e.Question.Task.Name, Tenant: e.Tenant, Lane: string(e.lane), Spend: spend}
}

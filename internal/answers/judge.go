package answers

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/events"
	"sluice/internal/bedrock"
	"sluice/internal/fault"
	"sluice/internal/pack"
	"sluice/schemas"
)

const (
	// asks is how often a record is asked about alone before it fails: a second
	// try is cheap beside a person who has to look.
	asks = 2
	// misses is how many packs may give a record nothing before it is asked about
	// alone.
	misses = 2
	// escalation is how much more than the task allows an answer may have after
	// one was cut off there.
	escalation = 4
	// outage is how many calls in a row may break before it is not the records'
	// fault.
	outage = 3
)

// judge decides what becomes of every record of a call.
func (c *call) judge(framed pack.Call, answer bedrock.Answer, err error) (fates []fate, over error) {
	var failure *bedrock.Failure
	var refused *bedrock.Refused
	switch {
	case err == nil:
		c.health.good()
		return c.read(framed, answer), nil
	case errors.As(err, &failure):
		c.health.good()
		return c.failed(failure), nil
	case errors.As(err, &refused) && refused.Reason != bedrock.DayQuota:
		return c.all(fate{again: true}), nil
	case errors.As(err, &refused):
		return c.all(fate{err: err}), err
	}
	return c.broke(err), nil
}

// broke is the fate of all after the call broke: one of them may be the reason.
func (c *call) broke(err error) []fate {
	if class, _ := fault.Of(err); class == fault.Retry && !c.outage() && len(c.entries) > 1 {
		return c.halves()
	}
	return c.all(fate{err: err})
}

// outage tells whether so many calls broke in a row that it is not a record's
// fault. Halves of a broken call are not counted again.
func (c *call) outage() bool {
	anew := !c.entries[0].broken
	for _, e := range c.entries {
		e.broken = true
	}
	return c.health.broke(anew) >= outage
}

// read takes the frame off and checks every answer.
func (c *call) read(framed pack.Call, answer bedrock.Answer) []fate {
	found, err := framed.Unframe(answer.Text)
	if found == nil {
		c.pay(answer.Spend, nil)
		return c.useless(fmt.Sprintf("no answer could be used: %v", err))
	}
	c.pay(answer.Spend, found)
	fates := make([]fate, len(c.entries))
	for i, e := range c.entries {
		why := "the model left the record out"
		if found[i] != nil {
			if why = unfit(e, found[i]); why == "" {
				e.said.answer = found[i]
				continue
			}
		}
		fates[i] = c.missed(e, why)
	}
	return fates
}

// unfit says in one sentence, that quotes nothing, why an answer does not fit
// the task's schema.
func unfit(e *entry, answer json.RawMessage) string {
	problems := e.Question.Check(answer)
	if len(problems) == 0 {
		return ""
	}
	return "the answer does not fit the task's schema: it breaks " + keywords(problems)
}

// keywords lists which rules were broken; paths are left out, as the model may
// have made up a property's name.
func keywords(problems []schemas.Problem) string {
	var names []string
	for _, p := range problems {
		if !slices.Contains(names, p.Keyword) {
			names = append(names, p.Keyword)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// missed is the fate of a record that its call gave nothing: it goes again with
// others, then alone, then it fails.
func (c *call) missed(e *entry, why string) fate {
	if len(c.entries) == 1 {
		return c.alone(e, why)
	}
	if e.missed++; e.missed >= misses {
		e.limit = 1
	}
	return fate{again: true}
}

// alone is the fate of a record whose own call gave nothing.
func (c *call) alone(e *entry, why string) fate {
	e.limit = 1
	if e.tries++; e.tries < asks {
		return fate{again: true}
	}
	e.said.failure = &Failure{events.FailureUnfit, why}
	return fate{}
}

// useless is the fate of all records of a call whose answer is none.
func (c *call) useless(why string) []fate {
	if len(c.entries) > 1 {
		return c.halves()
	}
	return []fate{c.alone(c.entries[0], why)}
}

// halves has the records asked about again, half as many at a time: whichever of
// them spoils the calls is found in the end, and fails alone.
func (c *call) halves() []fate {
	for _, e := range c.entries {
		e.limit = (len(c.entries) + 1) / 2
	}
	return c.all(fate{again: true})
}

// failed is the fate of all after the model stopped or the service called the
// call invalid.
func (c *call) failed(f *bedrock.Failure) []fate {
	c.pay(f.Spend, nil)
	if f.Truncated {
		c.measure.cutOff()
	}
	one := c.entries[0]
	switch {
	case f.Class == events.FailureUnusable:
		// It is the task's or the model's fault, and would be the same again.
		for _, e := range c.entries {
			e.said.failure = &Failure{f.Class, f.Message}
		}
		return c.all(fate{})
	case len(c.entries) > 1:
		for _, e := range c.entries {
			e.full = e.full || f.Truncated
		}
		return c.halves()
	case f.Truncated && !one.more:
		// First all that the task allows, then more.
		one.full, one.more = true, one.full || c.maxTokens >= c.untuned
		return c.all(fate{again: true})
	case f.Class == events.FailureUnfit:
		return []fate{c.alone(one, f.Message)}
	}
	one.said.failure = &Failure{f.Class, f.Message}
	return []fate{{}}
}

// pay gives every record its part of what the call took, and learns how long
// answers are.
func (c *call) pay(spend bedrock.Spend, answers []json.RawMessage) {
	texts, lengths := make([]int, len(c.entries)), make([]int, len(c.entries))
	common := (c.guessed - c.guessedTexts()) / len(c.entries)
	for i, e := range c.entries {
		texts[i] = e.guessed + common
		if answers != nil {
			lengths[i] = len(answers[i])
		}
	}
	for i, part := range split(c.batch.answers.Models, c.name, c.entries[0].lane, spend, texts, lengths) {
		c.entries[i].said.count(part)
		if answers != nil && answers[i] != nil {
			c.measure.learnOutput(part.Usage.Output)
		}
	}
}

func (c *call) guessedTexts() int {
	sum := 0
	for _, e := range c.entries {
		sum += e.guessed
	}
	return sum
}

package answers

import (
	"context"
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

// said is what came of asking: an answer that fits, or a failure; and what all
// calls for it took.
type said struct {
	answer  json.RawMessage
	failure *Failure
	spend   events.Spend
	// unpriced: a call was to a model whose price is not known.
	unpriced bool
}

const (
	// asks is how often a record is asked before it fails: a second try is cheap
	// beside a person who has to look.
	asks = 2
	// escalation is how much more an answer may have after one was cut off.
	escalation = 4
)

// call asks the model about the record alone. A refusal ends it at once; an
// answer that does not fit, or was cut off, is asked for once more.
func (a *Answers) call(ctx context.Context, r Request, model string) (said, error) {
	s := said{spend: events.Spend{Model: model}}
	room := 1
	for try := 1; ; try++ {
		framed, err := pack.New(r.Question, []string{r.Text}, a.Random)
		if err != nil {
			return s, fault.As(fault.Retry, err)
		}
		answer, err := a.model.Converse(ctx, bedrock.Call{
			Model: model, System: framed.System, User: framed.User, Schema: framed.Schema, MaxTokens: room * framed.MaxTokens,
			Temperature: r.Question.Task.Temperature, Task: r.Question.Task.Name, Tenant: r.Tenant,
		})
		var failure *bedrock.Failure
		if errors.As(err, &failure) {
			s.count(failure.Spend)
			if try < asks && (failure.Class == events.FailureUnfit || failure.Truncated) {
				if failure.Truncated {
					room = escalation
				}
				continue
			}
			s.failure = &Failure{failure.Class, failure.Message}
			return s, nil
		}
		if err != nil {
			return s, err
		}
		s.count(answer.Spend)
		fitting, why := fit(r, framed, answer.Text)
		if why == "" {
			s.answer = fitting
			return s, nil
		}
		if try == asks {
			s.failure = &Failure{events.FailureUnfit, why}
			return s, nil
		}
	}
}

// fit takes the frame off and checks the answer against the task's schema. Why
// it does not fit is one sentence that quotes nothing.
func fit(r Request, framed pack.Call, text []byte) (json.RawMessage, string) {
	unframed, err := framed.Unframe(text)
	if err != nil {
		return nil, fmt.Sprintf("no answer could be used: %v", err)
	}
	if problems := r.Question.Check(unframed[0]); len(problems) > 0 {
		return nil, "the answer does not fit the task's schema: it breaks " + keywords(problems)
	}
	return unframed[0], ""
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

// count adds one more call.
func (s *said) count(one bedrock.Spend) {
	s.spend.Usage = s.spend.Usage.Add(one.Usage)
	s.spend.CostUSD = bedrock.RoundUSD(s.spend.CostUSD + one.Cost.USD)
	s.unpriced = s.unpriced || (!one.Cost.Priced && one.Usage != events.Usage{})
	if one.AnsweredBy != "" {
		s.spend.AnsweredBy = one.AnsweredBy
	}
}

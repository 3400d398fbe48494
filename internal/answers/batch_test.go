package answers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"sluice/events"
	"sluice/internal/answers"
	"sluice/internal/answers/kept"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/fault"
	"sluice/internal/ledger"
	"sluice/internal/pacing"
)

// many are n requests with texts of their own.
func (w *world) many(t *testing.T, n int) []answers.Request {
	t.Helper()
	var all []answers.Request
	for i := range n {
		all = append(all, w.request(t, fmt.Sprint("r", i), "acme", "summarize", ``, fmt.Sprint("text ", i)))
	}
	return all
}

// checkAnswers tells if a request was not answered by what the model says to its
// own text.
func (w *world) checkAnswers(t *testing.T, requests []answers.Request, outcomes []answers.Outcome, errs []error) {
	t.Helper()
	for i, o := range outcomes {
		if errs[i] != nil || o.Failure != nil {
			t.Errorf("%s: %+v, %v", requests[i].RequestID, o.Failure, errs[i])
			continue
		}
		if answer := w.keptAt(t, o.Key); answer != fmt.Sprintf(`{"keyPoints":[],"summary":%q}`, requests[i].Text) {
			t.Errorf("%s was answered %s", requests[i].RequestID, answer)
		}
	}
}

func (w *world) keptAt(t *testing.T, key string) string {
	t.Helper()
	object, err := w.store.Get(t.Context(), key, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var a struct{ Answer json.RawMessage }
	if err := json.Unmarshal(object.Body, &a); err != nil {
		t.Fatal(err)
	}
	return string(a.Answer)
}

func sizes(calls []*bedrockruntime.ConverseInput) []int {
	var all []int
	for _, in := range calls {
		all = append(all, len(bedrocktest.Records(in)))
	}
	slices.Sort(all)
	return all
}

func TestRecordsShareCalls(t *testing.T) {
	w := newWorld(t)
	requests := w.many(t, 25)
	outcomes, errs := w.together(t, requests...)
	w.checkAnswers(t, requests, outcomes, errs)
	if got := sizes(w.model.Calls()); !slices.Equal(got, []int{5, 10, 10}) {
		t.Errorf("packs of %v", got)
	}
	var usage events.Usage
	usd := 0.0
	for _, o := range outcomes {
		usage, usd = usage.Add(o.Spend.Usage), usd+o.Spend.CostUSD
		if o.Spend.Usage.Input == 0 || o.Spend.Reused {
			t.Errorf("a record paid %+v", o.Spend)
		}
	}
	if usage != (events.Usage{Input: 3 * bedrocktest.InputTokens, Output: 3 * bedrocktest.OutputTokens}) || usd < 3*0.0002-1e-9 || usd > 3*0.0002+1e-9 {
		t.Errorf("together they paid %+v, $%v: not what three calls cost", usage, usd)
	}
	if len(w.ledger.begun) != 3 || len(w.ledger.ended) != 3 || w.ledger.ended[0].Status != ledger.Answered {
		t.Errorf("the ledger has %+v", w.ledger.ended)
	}
}

func TestOnlyLikeRecordsShareACall(t *testing.T) {
	w := newWorld(t)
	soon := w.request(t, "e", "acme", "summarize", ``, "5")
	soon.Deadline = time.Now().Add(time.Minute)
	w.together(t,
		w.request(t, "a", "acme", "summarize", ``, "1"), w.request(t, "b", "other", "summarize", ``, "2"),
		w.request(t, "c", "acme", "sentiment", ``, "3"), w.request(t, "d", "acme", "summarize", `{"language":"vi"}`, "4"), soon)
	if got := sizes(w.model.Calls()); !slices.Equal(got, []int{1, 1, 1, 1, 1}) {
		t.Errorf("packs of %v", got)
	}
}

func TestTwinsInABatchCostNothing(t *testing.T) {
	w := newWorld(t)
	var all []answers.Request
	for i := range 30 {
		all = append(all, w.request(t, fmt.Sprint("r", i), "acme", "summarize", ``, fmt.Sprint("text ", i%3)))
	}
	outcomes, errs := w.together(t, all...)
	w.checkAnswers(t, all, outcomes, errs)
	paid := 0
	for _, o := range outcomes {
		if !o.Spend.Reused {
			paid++
		}
	}
	if got := sizes(w.model.Calls()); !slices.Equal(got, []int{3}) || paid != 3 || len(w.ledger.reused) != 27 || len(w.ledger.duplicate) != 0 {
		t.Errorf("packs of %v, %d paid, %d reused, %d duplicate", got, paid, len(w.ledger.reused), len(w.ledger.duplicate))
	}
}

func TestOneHostileRecordFailsAlone(t *testing.T) {
	hostile := func(records []bedrocktest.Record) bool {
		return slices.ContainsFunc(records, func(r bedrocktest.Record) bool { return r.Text == "text 3" })
	}
	for name, bad := range map[string]func(in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error){
		"the guardrail stops it": func(*bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			return bedrocktest.Stopped(types.StopReasonGuardrailIntervened, ""), nil
		},
		"a filter stops it": func(*bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			return bedrocktest.Stopped(types.StopReasonContentFiltered, ""), nil
		},
		"malformed": func(*bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			return bedrocktest.Stopped(types.StopReasonMalformedModelOutput, ""), nil
		},
		"cut off": func(*bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			return bedrocktest.Stopped(types.StopReasonMaxTokens, `{"answers":[`), nil
		},
		"too long": func(*bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			return nil, bedrocktest.Error(400, "ValidationException", "Input is too long for requested model.")
		},
		"invalid": func(*bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			return nil, bedrocktest.Error(400, "ValidationException", "The text is odd.")
		},
		"prose": func(*bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			return bedrocktest.Said("As you wish!"), nil
		},
		"a stranger": func(in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			return bedrocktest.Said(strings.Replace(text(bedrocktest.Default(in)), `{"answers":[`, `{"answers":[{"id":"zzzzz","answer":{"summary":"x","keyPoints":[]}},`, 1)), nil
		},
		"swapped": func(in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			records := bedrocktest.Records(in)
			if len(records) == 1 {
				return bedrocktest.Said("no"), nil
			}
			swap := strings.NewReplacer(records[0].ID, records[1].ID, records[1].ID, records[0].ID)
			return bedrocktest.Said(swap.Replace(text(bedrocktest.Default(in)))), nil
		},
		"all answers are the first one's": func(in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			first := bedrocktest.Records(in)[0].ID
			said := text(bedrocktest.Default(in))
			for _, r := range bedrocktest.Records(in) {
				said = strings.ReplaceAll(said, r.ID, first)
			}
			if len(bedrocktest.Records(in)) == 1 {
				said = "no"
			}
			return bedrocktest.Said(said), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.model.Say = func(_ int, records []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
				if hostile(records) {
					return bad(in)
				}
				return bedrocktest.Default(in), nil
			}
			requests := w.many(t, 10)
			outcomes, errs := w.together(t, requests...)
			if errs[3] != nil || outcomes[3].Failure == nil {
				t.Errorf("the hostile record ended as %+v, %v", outcomes[3], errs[3])
			}
			w.checkAnswers(t, slices.Delete(requests, 3, 4), slices.Delete(outcomes, 3, 4), slices.Delete(errs, 3, 4))
			if n := len(w.model.Calls()); n > 12 {
				t.Errorf("%d calls for 10 records", n)
			}
		})
	}
}

// text is what an answer says.
func text(out *bedrockruntime.ConverseOutput) string {
	message := out.Output.(*types.ConverseOutputMemberMessage)
	return message.Value.Content[0].(*types.ContentBlockMemberText).Value
}

func TestOnlyTheMissingAreAskedAgain(t *testing.T) {
	w := newWorld(t)
	w.model.Say = func(call int, records []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		if call > 1 {
			return bedrocktest.Default(in), nil
		}
		var said []string
		for i, r := range records {
			if i%3 > 0 { // 4 of 10 are left out
				said = append(said, fmt.Sprintf(`{"id":%q,"answer":{"keyPoints":[],"summary":%q}}`, r.ID, r.Text))
			}
		}
		return bedrocktest.Said(`{"answers":[` + strings.Join(said, ",") + `]}`), nil
	}
	requests := w.many(t, 10)
	outcomes, errs := w.together(t, requests...)
	w.checkAnswers(t, requests, outcomes, errs)
	if got := sizes(w.model.Calls()); !slices.Equal(got, []int{4, 10}) {
		t.Errorf("packs of %v", got)
	}
}

func TestARecordThatIsAlwaysLeftOutIsAskedAloneInTheEnd(t *testing.T) {
	w := newWorld(t)
	w.model.Say = func(_ int, records []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		var said []string
		for _, r := range records {
			if r.Text != "text 7" {
				said = append(said, fmt.Sprintf(`{"id":%q,"answer":{"keyPoints":[],"summary":%q}}`, r.ID, r.Text))
			}
		}
		return bedrocktest.Said(`{"answers":[` + strings.Join(said, ",") + `]}`), nil
	}
	requests := w.many(t, 10)
	outcomes, errs := w.together(t, requests...)
	if f := outcomes[7].Failure; f == nil || f.Class != events.FailureUnfit || len(w.model.Calls()) > 4 {
		t.Errorf("%+v after %d calls", f, len(w.model.Calls()))
	}
	w.checkAnswers(t, slices.Delete(requests, 7, 8), slices.Delete(outcomes, 7, 8), slices.Delete(errs, 7, 8))
}

func TestARecordThatBreaksItsCallBreaksNoOther(t *testing.T) {
	w := newWorld(t)
	w.model.Say = func(_ int, records []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		if slices.ContainsFunc(records, func(r bedrocktest.Record) bool { return r.Text == "text 2" }) {
			return nil, bedrocktest.Error(500, "InternalServerException", "sorry")
		}
		return bedrocktest.Default(in), nil
	}
	requests := w.many(t, 10)
	outcomes, errs := w.together(t, requests...)
	if class, _ := fault.Of(errs[2]); errs[2] == nil || class != fault.Retry {
		t.Errorf("the record that breaks calls: %v", errs[2])
	}
	w.checkAnswers(t, slices.Delete(requests, 2, 3), slices.Delete(outcomes, 2, 3), slices.Delete(errs, 2, 3))
}

func TestAnOutageDoesNotMultiplyCalls(t *testing.T) {
	w := newWorld(t)
	w.model.Say = func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		return nil, bedrocktest.Error(500, "InternalServerException", "sorry")
	}
	_, errs := w.together(t, w.many(t, 100)...)
	for _, err := range errs {
		if class, _ := fault.Of(err); err == nil || class != fault.Retry {
			t.Fatalf("error %v", err)
		}
	}
	if n := len(w.model.Calls()); n >= 100 {
		t.Errorf("%d calls for 10 packs", n)
	}
}

func TestThrottledRecordsGoBackWhenTheTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.model.Say = func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			return nil, bedrocktest.Throttled()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 118*time.Second)
		defer cancel()
		r := w.request(t, "r1", "acme", "summarize", ``, "text")
		r.Receives = 5
		began := time.Now()
		_, err := w.alone(ctx, r)
		if class, after := fault.Of(err); class != fault.Defer || after < 2*time.Minute || after > 12*time.Hour {
			t.Errorf("class %s after %s: %v", class, after, err)
		}
		if took := time.Since(began); took > 118*time.Second {
			t.Errorf("it took %s, longer than there was time", took)
		}
		if n := len(w.model.Calls()); n < 2 || n > 30 || len(w.memory.Keys("")) != 0 {
			t.Errorf("%d calls, objects %v", n, w.memory.Keys(""))
		}
	})
}

func TestAQuotaOfTheDayDefersEverybodyAtOnce(t *testing.T) {
	w := newWorld(t)
	w.model.Say = func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		return nil, bedrocktest.Error(429, "ThrottlingException", "Too many tokens per day, please wait before trying again.")
	}
	w.options.Pace = func(string) pacing.Config { return pacing.Config{Sandboxes: 1, InFlight: 1} }
	w.restart()
	_, errs := w.together(t, w.many(t, 50)...)
	for _, err := range errs {
		if class, after := fault.Of(err); class != fault.Defer || after < time.Hour {
			t.Fatalf("class %s after %s: %v", class, after, err)
		}
	}
	if n := len(w.model.Calls()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestAPackThatIsNotFullWaitsForThoseWhoCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		batch := w.answers.Begin(t.Context(), 3)
		defer func() { _ = batch.End(t.Context()) }()
		var running sync.WaitGroup
		for i, r := range w.many(t, 3) {
			running.Go(func() {
				seat := batch.Seat()
				defer seat.Leave()
				time.Sleep(time.Duration(i) * time.Second) // it is still being read
				if i == 1 {
					return // it was rejected
				}
				if _, err := seat.Ask(t.Context(), r); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		if got := sizes(w.model.Calls()); !slices.Equal(got, []int{2}) {
			t.Errorf("packs of %v", got)
		}
	})
}

func TestEveryRecordIsKeptAsSoonAsItsCallReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.model.Say = func(call int, _ []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
			time.Sleep(time.Duration(call) * time.Minute)
			return bedrocktest.Default(in), nil
		}
		go w.together(t, w.many(t, 20)...)
		time.Sleep(90 * time.Second)
		if n := len(w.memory.Keys(kept.Prefix)); n != 10 {
			t.Errorf("%d answers are kept when the first call is over", n)
		}
		time.Sleep(time.Minute)
		if n := len(w.memory.Keys(kept.Prefix)); n != 20 {
			t.Errorf("%d answers are kept when both are", n)
		}
	})
}

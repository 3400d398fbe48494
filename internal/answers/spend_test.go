package answers_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"sluice/internal/answers/kept"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/budget"
	"sluice/internal/ledger"
)

func TestLearnedMaxTokens(t *testing.T) {
	w := newWorld(t)
	for range 8 {
		w.together(t, w.many(t, 10)...)
		for _, key := range w.memory.Keys(kept.Prefix) {
			w.memory.Remove(key)
		}
	}
	calls := w.model.Calls()
	first, last := *calls[0].InferenceConfig.MaxTokens, *calls[len(calls)-1].InferenceConfig.MaxTokens
	// Each record takes 2 of the 20 tokens, so 2 × 1.15 + 50 are enough for it.
	if want := int32(32 + 10*52); last != want || first < 10*1024 {
		t.Errorf("max_tokens was %d at first, and %d in the end, not %d", first, last, want)
	}
	if reclaimed := w.ledger.ended[len(calls)-1].ReclaimedTokens; reclaimed != int(first-last) {
		t.Errorf("%d tokens are reported as reclaimed, not %d", reclaimed, first-last)
	}
	w.model.Say = func(call int, _ []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		if *in.InferenceConfig.MaxTokens < 1024 {
			return bedrocktest.Stopped(types.StopReasonMaxTokens, ""), nil
		}
		return bedrocktest.Default(in), nil
	}
	requests := w.many(t, 1)
	outcomes, errs := w.together(t, requests...)
	w.checkAnswers(t, requests, outcomes, errs)
}

func TestLanesAndCache(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("Consider every rule of the house before you answer. ", 600)
	w.memory.Set("tasks/mine.json", []byte(`{"name":"mine","instruction":"`+long+`","model":"amazon.nova-pro-v1:0",
		"output":{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string"}}}}`))
	w.memory.Set("tasks/long.json", []byte(`{"name":"long","instruction":"`+long+`","lane":"flex",
		"output":{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string"}}}}`))
	late := w.request(t, "a", "acme", "mine", ``, "text")
	late.Deadline = time.Now().Add(24 * time.Hour)
	w.together(t, late)
	if tier := w.model.Calls()[0].ServiceTier; tier == nil || tier.Type != types.ServiceTierTypeFlex {
		t.Errorf("asked in tier %+v", tier)
	}
	w.together(t, w.request(t, "b", "acme", "long", ``, "one"))
	w.together(t, w.request(t, "c", "acme", "long", ``, "two"))
	w.together(t, w.request(t, "d", "acme", "summarize", ``, "three"))
	var cached []bool
	for _, in := range w.model.Calls() {
		if *in.ModelId != haiku {
			continue
		}
		cached = append(cached, len(in.System) == 2)
		if in.ServiceTier != nil {
			t.Errorf("the model has no tiers, and was asked for %s", in.ServiceTier.Type)
		}
	}
	if !slices.Equal(cached, []bool{false, true, false}) {
		t.Errorf("cache points: %v", cached)
	}
}

func TestNoMoneyNoCall(t *testing.T) {
	w := newWorld(t)
	w.options.Budget = budget.New(w.store, budget.Limits{EnvironmentUSD: 0.000001}, time.Now)
	w.restart()
	_, errs := w.together(t, w.many(t, 3)...)
	for _, err := range errs {
		var exceeded *budget.Exceeded
		if !errors.As(err, &exceeded) {
			t.Errorf("error %v", err)
		}
	}
	if n := len(w.model.Calls()); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestALostAnswerIsCountedAndAskedForAgain(t *testing.T) {
	w := newWorld(t)
	w.model.Say = func(call int, _ []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		if call == 1 {
			return nil, errors.New("connection reset by peer")
		}
		return bedrocktest.Default(in), nil
	}
	requests := w.many(t, 10)
	outcomes, errs := w.together(t, requests...)
	w.checkAnswers(t, requests, outcomes, errs)
	if got := w.ledger.ended[0].Status; got != ledger.Lost || len(w.model.Calls()) != 3 {
		t.Errorf("the call counts as %s; %d calls", got, len(w.model.Calls()))
	}
}

package answers_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"sluice/internal/answers"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/fault"
	"sluice/internal/pacing"
)

// askBy asks for somebody who waits.
func (w *world) askBy(t *testing.T, r answers.Request, within time.Duration) (answers.Outcome, error) {
	t.Helper()
	batch := w.answers.BeginBy(t.Context(), w.options.Now().Add(within))
	defer func() {
		if err := batch.End(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	return batch.Seat().Ask(t.Context(), r)
}

func TestWhoWaitsIsAnsweredInTimeOrNotAtAll(t *testing.T) {
	cutOff := func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		return bedrocktest.Stopped(types.StopReasonMaxTokens, ""), nil
	}
	throttled := func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		return nil, bedrocktest.Throttled()
	}
	tests := map[string]struct {
		within  time.Duration
		task    string
		say     func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error)
		most    int32 // max_tokens of the call
		calls   int
		orphans int
		notNow  bool
	}{
		"its worst case fits":    {within: 20 * time.Second, task: "sentiment", most: 356, calls: 1},
		"it is cut to fit":       {within: 20 * time.Second, task: "generate", most: 720, calls: 1},
		"it is cut more":         {within: 12 * time.Second, task: "generate", most: 400, calls: 1},
		"there is too little":    {within: 8 * time.Second, task: "generate", notNow: true},
		"there is no time":       {within: time.Second, task: "sentiment", notNow: true},
		"the answer is longer":   {within: 20 * time.Second, task: "generate", say: cutOff, calls: 1, orphans: 1, notNow: true},
		"the model is throttled": {within: 20 * time.Second, task: "generate", say: throttled, calls: 1, notNow: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			now := time.Now()
			w.options.Now = func() time.Time { return now }
			w.restart()
			w.model.Say = test.say
			outcome, err := w.askBy(t, w.request(t, "r1", "acme", test.task, ``, "hello"), test.within)
			if errors.Is(err, answers.ErrNotNow) != test.notNow || len(w.model.Calls()) != test.calls || len(w.ledger.orphans) != test.orphans {
				t.Fatalf("%v after %d calls, %d orphans", err, len(w.model.Calls()), len(w.ledger.orphans))
			}
			if class, _ := fault.Of(err); test.notNow && class != fault.Defer {
				t.Errorf("class %s", class)
			}
			if !test.notNow && (len(outcome.Answer) == 0 || outcome.Failure != nil) {
				t.Errorf("%+v", outcome)
			}
			if test.most > 0 {
				if most := *w.model.Calls()[0].InferenceConfig.MaxTokens; most != test.most {
					t.Errorf("max_tokens is %d, want %d", most, test.most)
				}
			}
		})
	}
}

func TestTasksOfLongAnswersAreNotTriedAtOnce(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	w.options.Now = func() time.Time { return now }
	w.restart()
	w.model.Say = func(_ int, _ []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		out := bedrocktest.Default(in)
		*out.Usage.OutputTokens = 700 // 805 and 50 more, by its 99th percentile
		return out, nil
	}
	for i := range 60 {
		w.ask(t, w.request(t, "r"+string(rune('a'+i%26))+string(rune('a'+i/26)), "acme", "generate", ``, "hello"))
	}
	calls := len(w.model.Calls())
	if _, err := w.askBy(t, w.request(t, "r1", "acme", "generate", ``, "hello"), 20*time.Second); !errors.Is(err, answers.ErrNotNow) || len(w.model.Calls()) != calls {
		t.Errorf("%v after %d calls more", err, len(w.model.Calls())-calls)
	}
}

func TestWhoWaitsDoesNotWaitForTheQuota(t *testing.T) {
	w := newWorld(t)
	w.options.Pace = func(string) pacing.Config { return pacing.Config{TokensPerMinute: 1000, Sandboxes: 1, InFlight: 1} }
	w.restart()
	if _, err := w.askBy(t, w.request(t, "r1", "acme", "generate", ``, "hello"), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := w.askBy(t, w.request(t, "r2", "acme", "generate", ``, "hello"), 20*time.Second); !errors.Is(err, answers.ErrNotNow) {
		t.Error(err)
	}
}

func TestFindTellsWhatAskingWouldAndAsksNobody(t *testing.T) {
	w := newWorld(t)
	r := w.request(t, "r1", "acme", "generate", ``, "hello")
	if _, known, err := w.answers.Find(t.Context(), r); known || err != nil {
		t.Errorf("%v, %v", known, err)
	}
	first := w.ask(t, r)
	found, known, err := w.answers.Find(t.Context(), r)
	if !known || err != nil || string(found.Answer) != string(first.Answer) || found.Key != first.Key || found.Spend != first.Spend || len(w.model.Calls()) != 1 {
		t.Errorf("%+v, %v, %v", found, known, err)
	}
}

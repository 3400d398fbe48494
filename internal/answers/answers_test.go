package answers_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"sluice/events"
	"sluice/internal/answers"
	"sluice/internal/answers/kept"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/fault"
	"sluice/internal/objects/objectstest"
)

// once is what one good call costs.
var once = events.Spend{Model: haiku, AnsweredBy: "test-model", CostUSD: 0.0002,
	Usage: events.Usage{Input: bedrocktest.InputTokens, Output: bedrocktest.OutputTokens}}

var nothing = events.Spend{Model: haiku, AnsweredBy: "test-model", Reused: true}

func TestAskKeepsAndReuses(t *testing.T) {
	w := newWorld(t)
	first := w.ask(t, w.request(t, "r1", "acme", "summarize", ``, "Xin chào"))
	if first.Failure != nil || first.Spend != once {
		t.Fatalf("first = %+v", first)
	}
	stored, err := kept.Load(t.Context(), w.store, first.Key)
	if err != nil || string(stored.Answer) != `{"keyPoints":[],"summary":"Xin chào"}` || stored.RequestID != "r1" || stored.Tenant != "acme" || stored.Task != "summarize" {
		t.Errorf("kept = %+v, %v", stored, err)
	}
	if len(first.Calls) != 1 || first.Calls[0] != w.ledger.begun[0].ID {
		t.Errorf("answered by the calls %v", first.Calls)
	}
	first.Calls = nil // the second time there are none
	if again := w.ask(t, w.request(t, "r1", "acme", "summarize", ``, "Xin chào")); !reflect.DeepEqual(again, first) {
		t.Errorf("a second delivery tells %+v, not %+v", again, first)
	}
	if other := w.ask(t, w.request(t, "r2", "acme", "summarize", ``, "Xin chào")); other.Key != first.Key || other.Spend != nothing {
		t.Errorf("another request with the same input = %+v", other)
	}
	if n := len(w.model.Calls()); n != 1 {
		t.Errorf("%d calls", n)
	}
	if n := w.memory.Counts()["PutObject"]; n != 1 {
		t.Errorf("%d writes for one answer", n)
	}
}

func TestKeysTellApart(t *testing.T) {
	w := newWorld(t)
	var keys []string
	for _, r := range []answers.Request{
		w.request(t, "r", "acme", "summarize", ``, "text"),
		w.request(t, "r", "other", "summarize", ``, "text"),
		w.request(t, "r", "acme", "sentiment", ``, "text"),
		w.request(t, "r", "acme", "summarize", `{"language":"vi"}`, "text"),
		w.request(t, "r", "acme", "summarize", ``, "text "),
		w.request(t, "r", "acme", "generate", ``, "text"),
		w.request(t, "s", "acme", "generate", ``, "text"), // no reuse
	} {
		key := w.ask(t, r).Key
		if slices.Contains(keys, key) || !strings.HasPrefix(key, kept.Prefix) || len(key) != len(kept.Prefix)+64 {
			t.Errorf("key of %s %s %s = %s", r.Tenant, r.Question.Task.Name, r.Question.Params, key)
		}
		keys = append(keys, key)
	}
	if _, err := answers.NewKeys("short"); err == nil {
		t.Error("a short secret was taken")
	}
}

// say answers call by call; after the last it goes on with the default.
func say(outs ...*bedrockruntime.ConverseOutput) func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
	return func(call int, _ []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		if call <= len(outs) {
			return outs[call-1], nil
		}
		return bedrocktest.Default(in), nil
	}
}

func TestAnswersThatDoNotFit(t *testing.T) {
	unknownID := bedrocktest.Said(`{"answers":[{"id":"NOBODY00","answer":{"summary":"canary","keyPoints":[]}}]}`)
	prose := bedrocktest.Said("Sure! canary")
	cut := bedrocktest.Stopped(types.StopReasonMaxTokens, `{"answers":[{"id":"canary`)
	refused := bedrocktest.Stopped(types.StopReasonGuardrailIntervened, "canary")
	for _, tt := range []struct {
		name  string
		outs  []*bedrockruntime.ConverseOutput
		calls int
		class events.FailureClass // "" if it is answered in the end
	}{
		{"unfit once", []*bedrockruntime.ConverseOutput{prose}, 2, ""},
		{"unfit twice", []*bedrockruntime.ConverseOutput{prose, unknownID}, 2, events.FailureUnfit},
		{"wrong id once", []*bedrockruntime.ConverseOutput{unknownID}, 2, ""},
		{"cut off once", []*bedrockruntime.ConverseOutput{cut}, 2, ""},
		{"cut off twice", []*bedrockruntime.ConverseOutput{cut, cut}, 2, events.FailureTooLong},
		{"refused", []*bedrockruntime.ConverseOutput{refused}, 1, events.FailureRefused},
		{"unfit, then refused", []*bedrockruntime.ConverseOutput{prose, refused}, 2, events.FailureRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.model.Say = say(tt.outs...)
			r := w.request(t, "r1", "acme", "summarize", ``, "text")
			o := w.ask(t, r)
			if len(w.model.Calls()) != tt.calls || o.Spend.Usage.Input != tt.calls*bedrocktest.InputTokens {
				t.Errorf("%d calls, spend %+v", len(w.model.Calls()), o.Spend)
			}
			if (o.Failure == nil) != (tt.class == "") || o.Failure != nil && o.Failure.Class != tt.class {
				t.Fatalf("outcome = %+v", o)
			}
			if o.Failure != nil && strings.Contains(o.Failure.Message, "canary") {
				t.Errorf("the answer is quoted: %s", o.Failure.Message)
			}
			w.model.Say = nil // it would be answered now, but the request has ended
			again := w.ask(t, r)
			if len(w.model.Calls()) != tt.calls || again.Spend != o.Spend || (again.Failure == nil) != (o.Failure == nil) {
				t.Errorf("a second delivery ends otherwise: %+v, not %+v", again, o)
			}
		})
	}
}

func TestMoreRoomAfterACutOff(t *testing.T) {
	w := newWorld(t)
	w.model.Say = say(bedrocktest.Stopped(types.StopReasonMaxTokens, ""))
	w.ask(t, w.request(t, "r1", "acme", "classify", ``, "text"))
	calls := w.model.Calls()
	if first, second := *calls[0].InferenceConfig.MaxTokens, *calls[1].InferenceConfig.MaxTokens; second < 3*first {
		t.Errorf("max tokens %d, then %d", first, second)
	}
}

func TestFailuresOfOthers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		out    *bedrockruntime.ConverseOutput
		shared bool
	}{
		{"a refusal is everybody's", bedrocktest.Stopped(types.StopReasonContentFiltered, ""), true},
		{"an unfit answer is only the first one's", bedrocktest.Said("{}"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.model.Say = say(tt.out, tt.out)
			first := w.ask(t, w.request(t, "r1", "acme", "summarize", ``, "text"))
			w.model.Say = nil
			second := w.ask(t, w.request(t, "r2", "acme", "summarize", ``, "text"))
			if tt.shared && (second.Failure == nil || second.Spend.CostUSD != 0 || !second.Spend.Reused) || !tt.shared && second.Failure != nil {
				t.Errorf("second = %+v", second)
			}
			if again := w.ask(t, w.request(t, "r1", "acme", "summarize", ``, "text")); again.Failure == nil || again.Spend != first.Spend {
				t.Errorf("the first one, again: %+v, not %+v", again, first)
			}
		})
	}
}

func TestTwinsAtOnce(t *testing.T) {
	w := newWorld(t)
	var together sync.WaitGroup
	together.Add(2)
	w.model.Say = func(_ int, _ []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		together.Done()
		together.Wait() // both have looked and found nothing
		return bedrocktest.Default(in), nil
	}
	outcomes := make([]answers.Outcome, 2)
	var running sync.WaitGroup
	for i := range outcomes {
		r := w.request(t, fmt.Sprint("r", i), "acme", "summarize", ``, "text")
		sandbox := w.process()
		running.Go(func() { outcomes[i], _ = sandbox.Begin(t.Context(), 1).Seat().Ask(t.Context(), r) })
	}
	running.Wait()
	paid, duplicate := 0, 0
	for i, o := range outcomes {
		if o.Spend == once {
			paid++
		}
		if o.Duplicate != nil && *o.Duplicate == once && o.Spend == nothing {
			duplicate++
		}
		if again := w.ask(t, w.request(t, fmt.Sprint("r", i), "acme", "summarize", ``, "text")); again.Spend != o.Spend {
			t.Errorf("a second delivery of r%d tells %+v, not %+v", i, again.Spend, o.Spend)
		}
	}
	if paid != 1 || duplicate != 1 || len(w.ledger.duplicate) != 1 || w.ledger.duplicate[0].Spend != once {
		t.Errorf("%d paid, %d counted as duplicate: %+v; the ledger has %+v", paid, duplicate, outcomes, w.ledger.duplicate)
	}
}

func TestManyTwinsThatFail(t *testing.T) {
	w := newWorld(t)
	w.model.Say = func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		return bedrocktest.Said("no"), nil
	}
	var running sync.WaitGroup
	for i := range 12 {
		r := w.request(t, fmt.Sprint("r", i), "acme", "summarize", ``, "text")
		running.Go(func() {
			if o, err := w.alone(t.Context(), r); err != nil || o.Failure == nil {
				t.Errorf("%s: %+v, %v", r.RequestID, o, err)
			}
		})
	}
	running.Wait()
	stored, err := kept.Load(t.Context(), w.store, w.memory.Keys(kept.Prefix)[0])
	if err != nil || len(stored.Failures) != 12 {
		t.Errorf("%d of 12 failures are kept: %v", len(stored.Failures), err)
	}
}

func TestLostResponseOfOurOwnWriteIsNotDuplicateSpend(t *testing.T) {
	w := newWorld(t)
	w.memory.After = func(operation, key string) error {
		w.memory.After = nil
		return objectstest.Error(412, "PreconditionFailed") // what a retry of the SDK would be answered
	}
	o := w.ask(t, w.request(t, "r1", "acme", "summarize", ``, "text"))
	if o.Duplicate != nil || o.Spend != once {
		t.Errorf("outcome = %+v", o)
	}
}

func TestWhatWasPaidForNothingIsTold(t *testing.T) {
	w := newWorld(t)
	w.memory.Fault = func(operation, _ string) error {
		if operation == "PutObject" {
			return objectstest.Error(503, "ServiceUnavailable")
		}
		return nil
	}
	_, err := w.alone(t.Context(), w.request(t, "r1", "acme", "summarize", ``, "text"))
	if err == nil || len(w.ledger.orphans) != 1 || w.ledger.orphans[0].Spend != once {
		t.Errorf("error = %v, orphans %+v", err, w.ledger.orphans)
	}
	if class, _ := fault.Of(err); class != fault.Retry {
		t.Errorf("class = %s", class)
	}
}

// Whoever is killed while answers are being kept has paid for what is lost: then
// the ledger must have a call that began and never ended.
func TestACallEndsInTheLedgerWhenItsAnswersAreKept(t *testing.T) {
	w := newWorld(t)
	var early atomic.Int32
	w.memory.Fault = func(operation, key string) error {
		w.ledger.mu.Lock()
		defer w.ledger.mu.Unlock()
		if operation == "PutObject" && strings.HasPrefix(key, kept.Prefix) && len(w.ledger.ended) > 0 {
			early.Add(1)
		}
		return nil
	}
	const records = 7
	var all []answers.Request
	for i := range records {
		all = append(all, w.request(t, fmt.Sprint("r", i), "acme", "summarize", ``, fmt.Sprint("text ", i)))
	}
	outcomes, errs := w.together(t, all...)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := early.Load(); n > 0 || len(w.ledger.begun) != 1 || len(w.ledger.ended) != 1 || w.ledger.ended[0].Answered != records {
		t.Errorf("%d of %d answers were kept after the call's end; %d calls began, ended: %+v", n, len(outcomes), len(w.ledger.begun), w.ledger.ended)
	}
}

func TestAModelWithoutAPrice(t *testing.T) {
	w := newWorld(t)
	w.memory.Set("tasks/mine.json", []byte(`{"name":"mine","instruction":"x","model":"meta.llama9",
		"output":{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string"}}}}`))
	o := w.ask(t, w.request(t, "r1", "acme", "mine", ``, "text"))
	if !o.Unpriced || o.Spend.CostUSD != 0 || o.Spend.Model != "meta.llama9" || o.Spend.Usage != once.Usage {
		t.Errorf("outcome = %+v", o)
	}
}

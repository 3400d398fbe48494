package bedrock

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/local/bedrock/quota"
)

func ask(text string) Request {
	return Request{Model: haiku, Parts: []Part{{Text: text}}, User: []string{text}}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newState(t, Config{Latency: Latency{FirstTokenMs: 200, TokensPerSecond: 100}})
		began := time.Now()
		answer, err := s.Converse(t.Context(), ask("hello there"))
		if err != nil {
			t.Fatal(err)
		}
		want := 200*time.Millisecond + time.Duration(answer.Usage.Output)*10*time.Millisecond
		if took := time.Since(began); took != want || answer.Latency != want {
			t.Errorf("took %v, said %v, want %v", took, answer.Latency, want)
		}
	})
}

func TestJitterRepeatsBySeed(t *testing.T) {
	run := func(seed uint64) (took []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			s := newState(t, Config{Latency: Latency{FirstTokenMs: 100, Sigma: 0.5}, Seed: seed})
			for range 20 {
				answer, err := s.Converse(t.Context(), ask("hello there"))
				if err != nil {
					t.Fatal(err)
				}
				took = append(took, answer.Latency)
			}
		})
		return took
	}
	first, again, other := run(1), run(1), run(2)
	differ, varied := false, false
	for i := range first {
		if first[i] != again[i] {
			t.Fatalf("call %d took %v and then %v", i, first[i], again[i])
		}
		differ = differ || first[i] != other[i]
		varied = varied || first[i] != first[0]
	}
	if !differ || !varied {
		t.Error("the seed or the jitter changes nothing")
	}
}

func TestThrottleTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newState(t, Config{Quota: quota.Config{TokensPerMinute: 10}, Latency: Latency{ThrottleMs: 50}})
		began := time.Now()
		_, err := s.Converse(t.Context(), ask("hello there"))
		var e *Error
		if !errors.As(err, &e) || e.Code != Throttling || time.Since(began) != 50*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// While a call runs its reservation is held; when it ends what it used is
// settled, and the next call fits.
func TestReservationHoldsWhileTheCallRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newState(t, Config{Quota: quota.Config{TokensPerMinute: 10_000, Burn: 1}, Latency: Latency{FirstTokenMs: 1000}})
		call := func() error {
			r := ask("hello there")
			maximum := 6000
			r.MaxTokens = &maximum
			_, err := s.Converse(t.Context(), r)
			return err
		}
		var wait sync.WaitGroup
		wait.Go(func() {
			if err := call(); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if err := call(); err == nil {
			t.Error("a second reservation of 6,000 fitted into 10,000")
		}
		wait.Wait()
		if err := call(); err != nil {
			t.Errorf("after settlement: %v", err)
		}
	})
}

func TestOwnQuotaOfAModel(t *testing.T) {
	s := newState(t, Config{Models: map[string]quota.Config{haiku: {RequestsPerMinute: 1}}})
	other := ask("hello")
	other.Model = "amazon.nova-lite-v1:0"
	for i := range 3 {
		if _, err := s.Converse(t.Context(), other); err != nil {
			t.Error(err)
		}
		if _, err := s.Converse(t.Context(), ask("hello")); (err == nil) != (i == 0) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestFaultsByCountAndShare(t *testing.T) {
	run := func() (failed string) {
		s := newState(t, Config{Seed: 3, Faults: Faults{FaultUnavailable: {Every: 4}, FaultThrottle: {Probability: 0.3}}})
		for range 40 {
			_, err := s.Converse(t.Context(), ask("hello"))
			var e *Error
			switch {
			case err == nil:
				failed += "."
			case errors.As(err, &e):
				failed += string(e.Code[0])
			}
		}
		if c := s.Counters()[haiku]; c.Calls != 40 || c.Answered+c.Throttled+c.Failed != 40 {
			t.Errorf("%+v", c)
		}
		return failed
	}
	first := run()
	if again := run(); again != first {
		t.Errorf("the same seed gave %s and %s", first, again)
	}
	throttled, unavailable := strings.Count(first, "T"), strings.Count(first, "S")
	if throttled < 4 || throttled > 22 || unavailable < 3 || unavailable > 10 {
		t.Errorf("%s", first)
	}
}

func TestFaultForAPoisonousText(t *testing.T) {
	s := newState(t, Config{Faults: Faults{FaultModelError: {Contains: "poison"}}})
	if _, err := s.Converse(t.Context(), ask("fine")); err != nil {
		t.Error(err)
	}
	if _, err := s.Converse(t.Context(), ask("some poison here")); err == nil {
		t.Error("the poison was swallowed")
	}
}

func TestSpoiltAnswers(t *testing.T) {
	cases := map[Fault]struct {
		stop string
		fits func(string) bool
	}{
		FaultTruncated: {"max_tokens", func(s string) bool { return len(s) > 10 && !strings.HasSuffix(s, "}") }},
		FaultMalformed: {"malformed_model_output", func(s string) bool { return !strings.HasSuffix(s, "}") }},
		FaultGarbled:   {"end_turn", func(s string) bool { return !strings.HasSuffix(s, "}") }},
		FaultGuardrail: {"guardrail_intervened", func(s string) bool { return strings.HasPrefix(s, "Sorry") }},
		FaultFiltered:  {"content_filtered", func(s string) bool { return s == "" }},
		FaultMissing:   {"end_turn", func(s string) bool { return !strings.Contains(s, `"r-1"`) && strings.Contains(s, `"r-2"`) }},
		FaultExtra:     {"end_turn", func(s string) bool { return strings.Contains(s, `"r-nobody"`) && strings.Contains(s, `"r-1"`) }},
		FaultDuplicate: {"end_turn", func(s string) bool { return strings.Count(s, `"r-1"`) == 2 }},
		FaultSwapped:   {"end_turn", func(s string) bool { return strings.Index(s, `"r-2"`) < strings.Index(s, `"r-1"`) }},
		FaultSlow:      {"end_turn", func(s string) bool { return strings.HasSuffix(s, "}") }},
	}
	for fault, want := range cases {
		s := newState(t, Config{Faults: Faults{fault: {Every: 1, DelayMs: 1}}})
		r := ask(packed)
		r.Schema = answersSchema
		answer, err := s.Converse(t.Context(), r)
		if err != nil || answer.StopReason != want.stop || !want.fits(answer.Text) {
			t.Errorf("%s: %v, %s: %s", fault, err, answer.StopReason, answer.Text)
		}
		r.Tool = "answer"
		if answer, err := s.Converse(t.Context(), r); err != nil || answer.Tool == nil && fault != FaultGuardrail && fault != FaultFiltered {
			t.Errorf("%s with a tool: %v %+v", fault, err, answer)
		}
	}
}

// A call that cannot be answered gives its reservation back.
func TestFailedCallsAreFree(t *testing.T) {
	s := newState(t, Config{Quota: quota.Config{TokensPerMinute: 1000}, MaxOutputTokens: 900, Faults: Faults{FaultModelError: {Contains: "hello"}}})
	for range 5 {
		_, err := s.Converse(t.Context(), ask("hello"))
		var e *Error
		if !errors.As(err, &e) || e.Code != ModelError {
			t.Fatal(err)
		}
	}
}

func TestStopSequence(t *testing.T) {
	s := newState(t, Config{})
	r := ask("What is up?")
	r.Stop = []string{"You ask"}
	answer, err := s.Converse(t.Context(), r)
	if err != nil || answer.StopReason != "stop_sequence" || strings.Contains(answer.Text, "You ask") {
		t.Errorf("%v %+v", err, answer)
	}
}

func TestConfigIsChecked(t *testing.T) {
	s := newState(t, Config{})
	for _, bad := range []Config{
		{Quota: quota.Config{Burst: 3}}, {Models: map[string]quota.Config{"m": {Window: "x"}}}, {Latency: Latency{Sigma: 9}},
		{Latency: Latency{FirstTokenMs: -1}}, {Faults: Faults{"flood": {}}}, {Faults: Faults{FaultSlow: {Probability: 2}}}, {ContextTokens: -1},
	} {
		if s.Configure(bad) == nil {
			t.Errorf("%+v passed", bad)
		}
	}
}

func TestManyModelsAreCountedTogether(t *testing.T) {
	s := newState(t, Config{})
	for i := range countedModels + 50 {
		r := ask("hello")
		r.Model = "model-" + strings.Repeat("x", i%100) + "-" + strings.Repeat("y", i/100)
		if _, err := s.Converse(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	counters := s.Counters()
	if len(counters) != countedModels+1 || counters[otherModels].Calls != 50 || counters[otherModels].InFlight != 0 {
		t.Errorf("%d lines, %+v", len(counters), counters[otherModels])
	}
}

func TestModelID(t *testing.T) {
	for in, want := range map[string]string{
		haiku: haiku, "": "", "a b": "", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0": "amazon.nova-lite-v1:0",
		"arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123": "abc123", "../x": "", strings.Repeat("a", 600): "",
	} {
		if got := modelID(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

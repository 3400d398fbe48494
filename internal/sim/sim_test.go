package sim

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"sluice/internal/local/bedrock/quota"
)

var windows = []quota.Config{
	{Window: quota.Bucket, Burst: 1}, {Window: quota.Bucket, Burst: 0.1}, {Window: quota.Minute}, {Window: quota.Sliding},
}

func name(q quota.Config) string { return fmt.Sprint(q.Window, " ", q.Burst) }

func run(t *testing.T, c Config) Result {
	t.Helper()
	r, err := Run(c)
	if err != nil {
		t.Fatal(err)
	}
	if sum := r.Answered + r.DeadLettered + r.Left; r.Done && r.Left != 0 || sum < r.Answered {
		t.Errorf("%d answered, %d dead, %d left", r.Answered, r.DeadLettered, r.Left)
	}
	return r
}

func TestAKnownQuotaIsUsedWithoutThrottles(t *testing.T) {
	for _, q := range windows {
		attempts, throttles := 0, 0
		for seed := range uint64(3) {
			r := run(t, Config{Seed: seed, Quota: q})
			if r.Goodput < 0.96 || r.DeadLettered > 0 {
				t.Errorf("%s, seed %d: goodput %.3f, %d dead letters", name(q), seed, r.Goodput, r.DeadLettered)
			}
			attempts += r.Attempts
			throttles += r.Throttles
		}
		if share := float64(throttles) / float64(attempts); share > 0.001 {
			t.Errorf("%s: %.4f of attempts were throttled", name(q), share)
		}
	}
}

// An invocation that has five minutes stands still less often between two.
func TestLongInvocationsUseMoreOfTheQuota(t *testing.T) {
	for _, q := range windows {
		for _, sandboxes := range []int{2, 5, 10} {
			r := run(t, Config{Seed: 7, Quota: q, Sandboxes: sandboxes, InFlight: 100 / sandboxes, Mapping: Mapping{Deadline: 5 * time.Minute}})
			if r.Goodput < 0.97 || r.ThrottleShare > 0.001 || r.AttemptsPerCall > 1.002 || r.DeadLettered > 0 {
				t.Errorf("%s, %d sandboxes: goodput %.3f, throttles %.4f, attempts per call %.4f, %d dead letters",
					name(q), sandboxes, r.Goodput, r.ThrottleShare, r.AttemptsPerCall, r.DeadLettered)
			}
		}
	}
}

func TestWhatIsLeftOfAQuotaIsUsed(t *testing.T) {
	cases := map[string]Config{
		"misread":   {Told: 1_500_000},
		"halved":    {Events: []Event{{Kind: QuotaTimes, At: 15 * time.Minute, By: 0.5}}},
		"neighbour": {Events: []Event{{Kind: Neighbour, By: 0.3}}},
	}
	for what, c := range cases {
		for _, q := range windows {
			const seeds = 4
			var goodput, throttled float64
			for seed := range uint64(seeds) {
				c.Seed, c.Quota, c.Mapping.Deadline = 11+seed, q, 5*time.Minute
				r := run(t, c)
				goodput, throttled = goodput+r.Goodput/seeds, throttled+r.ThrottleShare/seeds
				if r.DeadLettered > 0 {
					t.Errorf("%s, %s, seed %d: %d dead letters", what, name(q), c.Seed, r.DeadLettered)
				}
			}
			if goodput < 0.95 || throttled > 0.02 {
				t.Errorf("%s, %s: goodput %.3f, throttles %.4f", what, name(q), goodput, throttled)
			}
		}
	}
}

func TestASmallQuotaNeitherStarvesNorParks(t *testing.T) {
	for _, q := range windows {
		for _, told := range []int{0, -1} {
			q.TokensPerMinute = 20_000
			r := run(t, Config{Quota: q, Told: told, Records: 300, Length: 24 * time.Hour})
			if !r.Done || r.DeadLettered > 0 || r.Answered != 300 {
				t.Errorf("%s, told %d: %d of 300 answered, %d dead letters in %v", name(q), told, r.Answered, r.DeadLettered, r.Duration)
			}
		}
	}
}

func TestAnUnknownQuotaSettlesDown(t *testing.T) {
	for _, q := range windows {
		r := run(t, Config{Quota: q, Told: -1, InFlight: 15, Mapping: Mapping{Batch: 500}})
		half := r.Timeline[len(r.Timeline)/2]
		throttles, calls := r.Throttles-half.Throttles, r.Calls-half.Calls
		if share := float64(throttles) / float64(throttles+calls); share > 0.03 || r.Goodput < 0.6 {
			t.Errorf("%s: goodput %.3f, throttles in the second half %.4f", name(q), r.Goodput, share)
		}
	}
}

func TestADayQuotaPausesTheMapping(t *testing.T) {
	r := run(t, Config{Quota: quota.Config{TokensPerDay: 500_000}, Records: 2000, Length: 5 * 24 * time.Hour})
	if !r.Done || r.Answered != 2000 || r.DeadLettered > 0 {
		t.Fatalf("%d of 2000 answered, %d dead letters in %v", r.Answered, r.DeadLettered, r.Duration)
	}
	if r.Duration < 24*time.Hour || r.ThrottleShare > 0.1 {
		t.Errorf("%v, throttles %.3f: the day's quota was not waited for", r.Duration, r.ThrottleShare)
	}
}

func TestLoads(t *testing.T) {
	for _, load := range []Load{Saturated, Bursty, Trickle} {
		r := run(t, Config{Load: load, Records: 5000, Spread: 20 * time.Minute})
		if !r.Done || r.Answered != 5000 || r.Throttles > 3 {
			t.Errorf("%s: %d of 5000 answered, %d throttles", load, r.Answered, r.Throttles)
		}
		if load == Trickle && r.LatencyP95 > 30*time.Second {
			t.Errorf("%s: p95 %v", load, r.LatencyP95)
		}
		last := r.Timeline[len(r.Timeline)-1]
		if len(r.Timeline) > mostPoints || last.Answered != 5000 || last.Waiting != 0 {
			t.Errorf("%s: %d points, the last %+v", load, len(r.Timeline), last)
		}
	}
}

func TestDisturbancesLoseNothing(t *testing.T) {
	r := run(t, Config{Records: 10_000, Busy: 0.005, ReserveBurn: true, Events: []Event{
		{Kind: Churn, By: 2}, {Kind: LatencyTimes, At: time.Minute, Until: 5 * time.Minute, By: 3}}})
	if !r.Done || r.Answered != 10_000 || r.Busy == 0 {
		t.Errorf("%d of 10000 answered, %d of them after a 503", r.Answered, r.Busy)
	}
}

func TestPackingSavesTokens(t *testing.T) {
	packed := run(t, Config{Records: 5000})
	single := run(t, Config{Records: 5000, Pack: 1, Frame: -1})
	if share := packed.QuotaTokensPerRecord / single.QuotaTokensPerRecord; share > 0.4 {
		t.Errorf("%.0f quota tokens per record packed, %.0f alone: %.3f", packed.QuotaTokensPerRecord, single.QuotaTokensPerRecord, share)
	}
	if packed.DollarsPerRecord >= single.DollarsPerRecord/2 {
		t.Errorf("$%.6f per record packed, $%.6f alone", packed.DollarsPerRecord, single.DollarsPerRecord)
	}
}

func TestTheNaiveWays(t *testing.T) {
	standard := run(t, Config{Policy: Standard, Sandboxes: 50, InFlight: 1})
	if standard.ThrottleShare < 0.5 || standard.DeadLettered == 0 {
		t.Errorf("standard: throttles %.3f, %d dead letters", standard.ThrottleShare, standard.DeadLettered)
	}
	adaptive := run(t, Config{Policy: Adaptive, Sandboxes: 5, InFlight: 10, MaxTokens: 1024})
	if adaptive.ThrottleShare < 0.02 || adaptive.ThrottleShare > 0.5 || adaptive.Goodput < 0.8 {
		t.Errorf("adaptive: throttles %.3f, goodput %.3f", adaptive.ThrottleShare, adaptive.Goodput)
	}
}

func TestTheSameConfigGivesTheSameResult(t *testing.T) {
	c := Config{Seed: 3, Records: 3000, Busy: 0.01, Events: []Event{{Kind: Neighbour, By: 0.3}, {Kind: Churn, By: 1}}}
	first, second := run(t, c), run(t, c)
	if !reflect.DeepEqual(first, second) {
		t.Errorf("%+v\n%+v", first, second)
	}
	c.Seed = 4
	if reflect.DeepEqual(first, run(t, c)) {
		t.Error("another seed gives the same")
	}
}

func TestConfigsThatMakeNoSense(t *testing.T) {
	for _, c := range []Config{
		{Policy: "hope"}, {Load: "heavy"}, {Quota: quota.Config{TokensPerMinute: -1}}, {Sandboxes: -1}, {InFlight: -1},
		{Records: -1}, {Busy: 1}, {Length: -1}, {Events: []Event{{Kind: "war", By: 1}}}, {Events: []Event{{Kind: Churn}}},
		{Mapping: Mapping{Batch: -1}}, {Mapping: Mapping{Deadline: -1}},
	} {
		if _, err := Run(c); err == nil {
			t.Errorf("%+v was run", c)
		}
	}
}

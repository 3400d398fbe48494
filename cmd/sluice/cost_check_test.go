package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/ledger"
)

func TestTheLedgerBesideWhatWasCounted(t *testing.T) {
	const haiku, arn = "global.anthropic.claude-haiku-4-5-v1:0", "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abcdefghijkl"
	use := func(input, output int) events.Usage { return events.Usage{Input: input, Output: output} }
	group := func(model string, u events.Usage) ledger.Group {
		return ledger.Group{Name: model, Totals: ledger.Totals{Calls: 1, Usage: u}}
	}
	cut := group("amazon.nova-lite-v1:0", use(10, 1))
	cut.Unfinished, cut.InFlight = 2, 1
	const others, late = "CloudWatch counts whoever else asked the model", "CloudWatch tells of the last minutes later"
	for name, tt := range map[string]struct {
		c      counting
		ours   []ledger.Group
		counts []counted
		want   []checkedModel
		others int
	}{
		"the same": {counting{by: "m"}, []ledger.Group{group("amazon.nova-lite-v1:0", use(10, 1))}, []counted{{model: "amazon.nova-lite-v1:0", usage: use(10, 1)}},
			[]checkedModel{{Model: "amazon.nova-lite-v1:0", Ledger: use(10, 1), Counted: use(10, 1)}}, 0},
		"others in the account": {ofCloudWatch("dev"), []ledger.Group{group("amazon.nova-lite-v1:0", use(10, 1))}, []counted{{model: "amazon.nova-lite-v1:0", usage: use(15, 1)}, {model: "amazon.titan", usage: use(3, 0)}},
			[]checkedModel{{Model: "amazon.nova-lite-v1:0", Ledger: use(10, 1), Counted: use(15, 1), Difference: use(5, 0), Why: []string{others}}}, 1},
		"a profile of its own": {ofCloudWatch("dev"), []ledger.Group{group(haiku, use(10, 1))},
			[]counted{{model: haiku, usage: use(99, 9)}, {model: arn, profile: "sluice-dev-global-anthropic-claude-haiku-4-5-v1-0", usage: use(8, 1)}, {model: "x", profile: "sluice-dev-2-global-anthropic-claude-haiku-4-5-v1-0", usage: use(7, 1)}},
			[]checkedModel{{Model: haiku, Asked: arn, Ledger: use(10, 1), Counted: use(8, 1), Difference: use(-2, 0), Why: []string{late}}}, 2},
		"its profile, cut off": {ofCloudWatch("dev"), []ledger.Group{cut}, []counted{{model: "p", profile: "sluice-dev-amazon-nova-lite-v1-0", usage: use(14, 1)}},
			[]checkedModel{{Model: "amazon.nova-lite-v1:0", Asked: "p", Ledger: use(10, 1), Counted: use(14, 1), Difference: use(4, 0),
				Why: []string{"2 calls began and never ended here; the model counts what it answered", "1 calls are in flight"}}}, 0},
		"its profile, unexplained": {ofCloudWatch("dev"), []ledger.Group{group("amazon.nova-lite-v1:0", use(10, 1))}, []counted{{model: "p", profile: "sluice-dev-amazon-nova-lite-v1-0", usage: use(14, 0)}},
			[]checkedModel{{Model: "amazon.nova-lite-v1:0", Asked: "p", Ledger: use(10, 1), Counted: use(14, 0), Difference: use(4, -1),
				Why: []string{"unexplained: calls at the edge of the time compared, or a fault", late}}}, 0},
		"without the geography": {ofCloudWatch("dev"), []ledger.Group{group(haiku, use(10, 1))}, []counted{{model: "anthropic.claude-haiku-4-5-v1:0", usage: use(10, 1)}},
			[]checkedModel{{Model: haiku, Asked: "anthropic.claude-haiku-4-5-v1:0", Ledger: use(10, 1), Counted: use(10, 1)}}, 0},
		"nobody heard of it": {ofCloudWatch("dev"), []ledger.Group{group("unknown", use(1, 1))}, nil,
			[]checkedModel{{Model: "unknown", Ledger: use(1, 1), Difference: use(-1, -1), Why: []string{"CloudWatch knows nothing of the model", late}}}, 0},
		"reused only": {ofCloudWatch("dev"), []ledger.Group{{Name: "amazon.nova-lite-v1:0", Totals: ledger.Totals{Reused: 3}}}, nil, []checkedModel{}, 0},
	} {
		got, err := reconcile(tt.c, time.Time{}, tt.ours, tt.counts)
		if err != nil || len(got.Others) != tt.others {
			t.Errorf("%s: %v, others %+v", name, err, got.Others)
		}
		if diff := cmp.Diff(tt.want, got.Models); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestPeriodsAreThoseThatAreKept(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 34, 56, 0, time.UTC)
	for days, want := range map[int]string{7: "2026-11-17T12:30:00Z", 100: "2026-08-16T12:00:00Z"} {
		if got := onPeriod(now.AddDate(0, 0, -days), now).Format(time.RFC3339); got != want {
			t.Errorf("%d days: %s, want %s", days, got, want)
		}
	}
}

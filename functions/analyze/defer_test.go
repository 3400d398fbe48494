package analyze

import (
	"net/http"
	"testing"
	"time"

	"sluice/events"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/budget"
	"sluice/internal/objects"
)

func TestAQuotaOfTheDayDefersAndPausesTheQueue(t *testing.T) {
	w := newWorld(t)
	w.said(nil, dayQuota())
	for range 5 {
		if left := w.send(payload(t, "upstream")); left != 1 {
			t.Fatalf("%d messages left", left)
		}
	}
	if len(w.queues.sent) != 0 || len(w.bus.Records()) != 0 {
		t.Errorf("given up: %v, said: %v", w.queues.attributes(), kinds(w.bus.Records()))
	}
	if d := w.queues.hidden[0]; d < 3600 || d > 5400 {
		t.Errorf("hidden for %d s", d)
	}
	if want := "arn:aws:sqs:us-east-1:0:sluice-test-analyze 2026-03-05T00:01:00Z"; len(w.paused) == 0 || w.paused[0] != want {
		t.Errorf("paused %v, want %s", w.paused, want)
	}
	w.restart()
	w.model.Say = nil
	w.send(payload(t, "upstream"))
	w.one("AiCompleted")
}

// dayQuota is a 429 for tokens per day.
func dayQuota() error {
	return bedrocktest.Error(http.StatusTooManyRequests, "ThrottlingException", "Too many tokens per day, please wait before trying again.")
}

func TestNextReset(t *testing.T) {
	for now, want := range map[string]string{
		"2026-03-04T23:59:59Z":      "2026-03-05T00:01:00Z",
		"2026-03-04T02:00:00Z":      "2026-03-05T00:01:00Z",
		"2026-03-04T00:30:00Z":      "2026-03-04T01:30:00Z",
		"2026-03-04T23:30:00-05:00": "2026-03-06T00:01:00Z",
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := nextReset(at).Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", now, got, want)
		}
	}
}

func TestPastTheBudget(t *testing.T) {
	for past, want := range map[budget.Action]string{budget.Defer: "", budget.Reject: "RequestRejected"} {
		t.Run(string(past), func(t *testing.T) {
			w := newWorld(t)
			w.limits = budget.Limits{TenantUSD: budget.TenantUSD{"acme": 0.9001}, Past: past}
			w.restart()
			spent, err := budget.New(objects.New(w.memory, "b"), w.limits, func() time.Time { return now }).Take(t.Context(), "acme", 0.9)
			if err != nil || spent.Settle(t.Context(), 0.9) != nil {
				t.Fatal(err)
			}
			left := w.send(text(t, "a", "canary"))
			if len(w.model.Calls()) != 0 {
				t.Error("the model was asked")
			}
			if want == "" {
				if left != 1 || len(w.bus.Records()) != 0 || w.queues.hidden[0] < 3600 {
					t.Errorf("%d left, hidden %v, said %s", left, w.queues.hidden, kinds(w.bus.Records()))
				}
				return
			}
			if rejected := data[events.RequestRejected](t, w.one(want)); len(rejected.Reasons) != 1 || rejected.Reasons[0].Code != events.CodeBudget {
				t.Errorf("reasons %+v", rejected.Reasons)
			}
		})
	}
}

package budget

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

// world is a bucket and a budget on it, by the bubble's clock.
func world(limits Limits) (*objectstest.Memory, *Budget) {
	memory := objectstest.NewMemory()
	return memory, New(objects.New(memory, "bucket"), limits, time.Now)
}

// spent is what a scope's object says now, with its leases.
func spent(t *testing.T, b *Budget, tenant string, day time.Time) map[string][2]float64 {
	t.Helper()
	all := map[string][2]float64{}
	for _, s := range b.scopes(tenant) {
		d, _, err := load(t.Context(), b.store, s.key(day))
		if err != nil {
			t.Fatal(err)
		}
		all[s.name] = [2]float64{d.Spent.dollars(), d.aside().dollars()}
	}
	return all
}

func expect(t *testing.T, b *Budget, tenant string, day time.Time, want map[string][2]float64) {
	t.Helper()
	got := spent(t, b, tenant, day)
	for scope, pair := range want {
		if got[scope] != pair {
			t.Errorf("%s: spent and set aside are %v, want %v", scope, got[scope], pair)
		}
	}
}

// mustTake takes from a budget that has enough.
func mustTake(t *testing.T, b *Budget, tenant string, usd float64) *Lease {
	t.Helper()
	l, err := b.Take(t.Context(), tenant, usd)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func denied(t *testing.T, err error) *Exceeded {
	t.Helper()
	var exceeded *Exceeded
	if !errors.As(err, &exceeded) {
		t.Fatalf("%v is not Exceeded", err)
	}
	return exceeded
}

func TestALeaseCountsInBothScopesUntilItIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := world(Limits{EnvironmentUSD: 10, TenantUSD: TenantUSD{"acme": 5, EveryOther: 2}})
		today := dayOf(time.Now())
		l := mustTake(t, b, "acme", 3)
		expect(t, b, "acme", today, map[string][2]float64{"tenant acme": {0, 3}, "environment": {0, 3}})
		if e := denied(t, second(b.Take(t.Context(), "acme", 2.5))); e.Scope != "tenant acme" || !e.Held || e.Never || !e.Resets.Equal(today.AddDate(0, 0, 1)) {
			t.Errorf("%+v", e)
		}
		if err := l.Settle(t.Context(), 1.25); err != nil {
			t.Fatal(err)
		}
		expect(t, b, "acme", today, map[string][2]float64{"tenant acme": {1.25, 0}, "environment": {1.25, 0}})
		mustTake(t, b, "acme", 3.75)
		if e := denied(t, second(b.Take(t.Context(), "acme", 1.5))); !e.Held {
			t.Errorf("what others have set aside may come back: %+v", e)
		}
		if e := denied(t, second(b.Take(t.Context(), "other", 2.5))); !e.Never {
			t.Errorf("it never fits: %+v", e)
		}
	})
}

func second[A, B any](_ A, b B) B { return b }

func TestWhatTheEnvironmentRefusesIsGivenBackToTheTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := world(Limits{EnvironmentUSD: 1, TenantUSD: TenantUSD{EveryOther: 5}})
		if e := denied(t, second(b.Take(t.Context(), "acme", 2))); e.Scope != "environment" {
			t.Errorf("%+v", e)
		}
		expect(t, b, "acme", dayOf(time.Now()), map[string][2]float64{"tenant acme": {0, 0}})
	})
}

func TestALeaseThatNobodySettlesIsSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := world(Limits{EnvironmentUSD: 1})
		today := dayOf(time.Now())
		late := mustTake(t, b, "acme", 0.75)
		time.Sleep(leaseTime + time.Second)
		if e := denied(t, second(b.Take(t.Context(), "acme", 0.5))); e.Held {
			t.Errorf("nothing can come back: %+v", e)
		}
		mustTake(t, b, "acme", 0.25)
		expect(t, b, "acme", today, map[string][2]float64{"environment": {0.75, 0.25}})
		if err := late.Settle(t.Context(), 0.1); err != nil {
			t.Fatal(err)
		}
		expect(t, b, "acme", today, map[string][2]float64{"environment": {0.75, 0.25}})
	})
}

func TestTheBudgetResetsAtMidnightUTC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := world(Limits{EnvironmentUSD: 1})
		l := mustTake(t, b, "acme", 1)
		e := denied(t, second(b.Take(t.Context(), "acme", 0.1)))
		yesterday := dayOf(time.Now())
		time.Sleep(time.Until(e.Resets))
		mustTake(t, b, "acme", 1)
		if err := l.Settle(t.Context(), 0.5); err != nil {
			t.Fatal(err)
		}
		expect(t, b, "acme", yesterday, map[string][2]float64{"environment": {0.5, 0}})
		expect(t, b, "acme", dayOf(time.Now()), map[string][2]float64{"environment": {0, 1}})
	})
}

func TestWithoutALimitS3IsNotAsked(t *testing.T) {
	memory, b := world(Limits{TenantUSD: TenantUSD{"acme": 1}})
	purse := b.Purse()
	piece, err := purse.Take(t.Context(), "other", 1000)
	if err != nil {
		t.Fatal(err)
	}
	piece.Settle(1000)
	if err := errors.Join(purse.Close(t.Context()), mustTake(t, b, "other", 5).Settle(t.Context(), 5)); err != nil {
		t.Error(err)
	}
	if counts := memory.Counts(); len(counts) != 0 {
		t.Errorf("%v", counts)
	}
}

func TestATenantThatIsNamedWithNothingMaySpendNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := world(Limits{TenantUSD: TenantUSD{"acme": 0}})
		if e := denied(t, second(b.Take(t.Context(), "acme", 1e-9))); !e.Never {
			t.Errorf("%+v", e)
		}
	})
}

func TestFailuresOfS3DoNotOpenTheBudget(t *testing.T) {
	tests := map[string]func(memory *objectstest.Memory){
		"broken": func(m *objectstest.Memory) {
			m.Fault = func(string, string) error { return objectstest.Error(http.StatusInternalServerError, "InternalError") }
		},
		"forbidden": func(m *objectstest.Memory) {
			m.Fault = func(string, string) error { return objectstest.Error(http.StatusForbidden, "AccessDenied") }
		},
		"not written": func(m *objectstest.Memory) {
			m.Fault = func(operation, _ string) error {
				if operation == "PutObject" {
					return objectstest.Error(http.StatusServiceUnavailable, "SlowDown")
				}
				return nil
			}
		},
		"not a budget": func(m *objectstest.Memory) {
			m.Set("budgets/environment/"+time.Now().UTC().Format(time.DateOnly)+".json", []byte(`{"spentUSD":0}`))
		},
	}
	for name, breakIt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory, b := world(Limits{EnvironmentUSD: 10})
				breakIt(memory)
				var exceeded *Exceeded
				if l, err := b.Take(t.Context(), "acme", 1); l != nil || err == nil || errors.As(err, &exceeded) {
					t.Errorf("Take: %v, %v", l, err)
				}
				if piece, err := b.Purse().Take(t.Context(), "acme", 1); piece != nil || err == nil {
					t.Errorf("Purse.Take: %v, %v", piece, err)
				}
				_, err := b.Take(t.Context(), "acme", 1)
				if class, _ := fault.Of(err); (class == fault.Park) != (name == "forbidden" || name == "not a budget") {
					t.Errorf("class %s: %v", class, err)
				}
			})
		})
	}
}

func TestAWriteWhoseResponseWasLostIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, b := world(Limits{EnvironmentUSD: 5})
		today := dayOf(time.Now())
		lose := func() {
			lost := false
			memory.After = func(string, string) error {
				if lost {
					return nil
				}
				lost = true
				return objectstest.Error(http.StatusInternalServerError, "InternalError")
			}
		}
		lose()
		l := mustTake(t, b, "acme", 4)
		expect(t, b, "acme", today, map[string][2]float64{"environment": {0, 4}})
		lose()
		if err := l.Settle(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		expect(t, b, "acme", today, map[string][2]float64{"environment": {3, 0}})
	})
}

func TestTakingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, b := world(Limits{EnvironmentUSD: 10})
		ctx, cancel := context.WithCancel(t.Context())
		memory.Fault = func(string, string) error {
			cancel()
			return objectstest.Error(http.StatusInternalServerError, "InternalError")
		}
		if _, err := b.Take(ctx, "acme", 1); err == nil {
			t.Error("granted")
		}
	})
}

// A write that was held up on its way must find that it is late, so nothing may
// ever look as it looked before.
func TestEveryVersionOfADayDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, b := world(Limits{EnvironmentUSD: 5})
		seen := map[string]bool{}
		for range 3 {
			if err := mustTake(t, b, "acme", 1).Settle(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			body := string(memory.Body(b.scopes("acme")[0].key(dayOf(time.Now()))))
			if seen[body] {
				t.Fatalf("there twice: %s", body)
			}
			seen[body] = true
		}
	})
}

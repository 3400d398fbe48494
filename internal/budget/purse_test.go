package budget

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/objects/objectstest"
)

func TestAPurseTakesFewLeasesAndGivesTheRestBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, b := world(Limits{EnvironmentUSD: 100, TenantUSD: TenantUSD{EveryOther: 50}})
		purse := b.Purse()
		for range 40 {
			piece, err := purse.Take(t.Context(), "acme", 0.01)
			if err != nil {
				t.Fatal(err)
			}
			piece.Settle(0.004)
			piece.Settle(0) // only the first counts
		}
		if n := memory.Counts()["PutObject"]; n != 2 {
			t.Errorf("%d writes for 40 calls, want 1 for each scope", n)
		}
		if err := purse.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(t, b, "acme", dayOf(time.Now()), map[string][2]float64{"tenant acme": {0.16, 0}, "environment": {0.16, 0}})
		if n := memory.Counts()["PutObject"]; n != 4 {
			t.Errorf("%d writes in all, want 2 for each scope", n)
		}
		if _, err := purse.Take(t.Context(), "acme", 0.01); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}

func TestWhatAPurseGaveAndNobodySettledIsSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := world(Limits{EnvironmentUSD: 100})
		purse := b.Purse()
		for _, usd := range []float64{0.5, 2, 0.25} {
			if _, err := purse.Take(t.Context(), "acme", usd); err != nil {
				t.Fatal(err)
			}
		}
		if err := purse.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(t, b, "acme", dayOf(time.Now()), map[string][2]float64{"environment": {2.75, 0}})
	})
}

func TestAPurseTellsWhatACallCostAboveItsPiece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := world(Limits{EnvironmentUSD: 1})
		purse := b.Purse()
		piece, err := purse.Take(t.Context(), "acme", 0.01)
		if err != nil {
			t.Fatal(err)
		}
		piece.Settle(0.3)
		if again, err := purse.Take(t.Context(), "acme", 0.01); err != nil {
			t.Error(err)
		} else {
			again.Settle(0.01)
		}
		if err := purse.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(t, b, "acme", dayOf(time.Now()), map[string][2]float64{"environment": {0.31, 0}})
	})
}

func TestAPurseTakesTheLastOfABudgetAndDoesNotAskForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, b := world(Limits{EnvironmentUSD: 1, TenantUSD: TenantUSD{"acme": 0.5}})
		purse := b.Purse()
		given := 0
		for {
			if _, err := purse.Take(t.Context(), "acme", 0.03); err != nil {
				denied(t, err)
				break
			}
			given++
		}
		if given != 16 {
			t.Errorf("%d pieces of 0.03 fit into 0.5, want 16", given)
		}
		before := memory.Counts()["GetObject"]
		for range 100 {
			denied(t, second(purse.Take(t.Context(), "acme", 0.03)))
		}
		if n := memory.Counts()["GetObject"] - before; n != 0 {
			t.Errorf("S3 was asked %d times for what it had refused", n)
		}
		if _, err := purse.Take(t.Context(), "acme", 0.01); err != nil {
			t.Errorf("a smaller call fits: %v", err)
		}
		time.Sleep(denial)
		denied(t, second(purse.Take(t.Context(), "acme", 0.03)))
		if memory.Counts()["GetObject"] == before {
			t.Error("a refusal lasts for ever")
		}
	})
}

func TestAPurseDoesNotSpendYesterdaysMoneyToday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := world(Limits{EnvironmentUSD: 1})
		yesterday := dayOf(time.Now())
		time.Sleep(time.Until(yesterday.AddDate(0, 0, 1).Add(-time.Minute)))
		purse := b.Purse()
		if _, err := purse.Take(t.Context(), "acme", 0.1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if _, err := purse.Take(t.Context(), "acme", 0.1); err != nil {
			t.Fatal(err)
		}
		if err := purse.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, day := range []time.Time{yesterday, dayOf(time.Now())} {
			expect(t, b, "acme", day, map[string][2]float64{"environment": {0.1, 0}})
		}
	})
}

func TestAPurseThatCouldNotBeClosedIsClosedAgainWithTheSameSums(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, b := world(Limits{EnvironmentUSD: 5, TenantUSD: TenantUSD{"acme": 5}})
		purse := b.Purse()
		piece, err := purse.Take(t.Context(), "acme", 1)
		if err != nil {
			t.Fatal(err)
		}
		memory.Fault = func(operation, key string) error {
			if strings.HasPrefix(key, Prefix+"environment/") {
				return objectstest.Error(http.StatusInternalServerError, "InternalError")
			}
			return nil
		}
		if err := purse.Close(t.Context()); err == nil {
			t.Fatal("closed")
		}
		memory.Fault = nil
		piece.Settle(0.5) // too late
		if err := purse.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(t, b, "acme", dayOf(time.Now()), map[string][2]float64{"tenant acme": {1, 0}, "environment": {1, 0}})
	})
}

package budget

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

// truth is what was really spent, by tenant and day, whatever is written.
type truth struct {
	mu     sync.Mutex
	spent  map[string]amount
	limits Limits
	broken string
}

func (tr *truth) add(tenant string, day time.Time, usd amount) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for who, limit := range map[string]float64{tenant: tr.limits.TenantUSD[EveryOther], "": tr.limits.EnvironmentUSD} {
		key := who + " " + day.Format(time.DateOnly)
		if tr.spent[key] += usd; limit > 0 && tr.spent[key] > ceil(limit) {
			tr.broken = fmt.Sprintf("%q: %v dollars spent of %v", key, tr.spent[key].dollars(), limit)
		}
	}
}

// weather is what goes wrong with S3: requests take their time, some fail, and
// the responses of some are lost.
type weather struct {
	mu           sync.Mutex
	random       *rand.Rand
	fails, loses int // percent
}

func (w *weather) roll(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.IntN(n)
}

func (w *weather) over(percent int) func(string, string) error {
	return func(string, string) error {
		time.Sleep(time.Duration(w.roll(40)) * time.Millisecond)
		if w.roll(100) < percent {
			return objectstest.Error(http.StatusInternalServerError, "InternalError")
		}
		return nil
	}
}

// sandbox spends as an invocation does, and may be killed at any time.
func (tr *truth) sandbox(b *Budget, w *weather, tenant string, kills int) {
	purse, ctx := b.Purse(), context.Background()
	var calls sync.WaitGroup
	killed := w.roll(100) < kills
	for range 1 + w.roll(12) {
		calls.Go(func() {
			most := amount(1 + w.roll(80_000_000))
			day := dayOf(time.Now())
			piece, err := purse.Take(ctx, tenant, most.dollars())
			if err != nil {
				return
			}
			if !day.Equal(dayOf(time.Now())) { // whose money it is cannot be told
				piece.Settle(0)
				return
			}
			cost := amount(w.roll(int(most) + 1))
			tr.add(tenant, day, cost)
			time.Sleep(time.Duration(w.roll(3000)) * time.Millisecond)
			if !killed || w.roll(2) == 0 {
				piece.Settle(cost.dollars())
			}
		})
	}
	calls.Wait()
	if !killed {
		_ = purse.Close(ctx)
	}
}

func TestNeverMoreIsSpentThanTheLimit(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		limits := Limits{
			EnvironmentUSD: rapid.Float64Range(0.05, 3).Draw(r, "environment"),
			TenantUSD:      TenantUSD{EveryOther: rapid.Float64Range(0.05, 2).Draw(r, "tenant")},
		}
		seed := rapid.Uint64().Draw(r, "seed")
		sandboxes := rapid.IntRange(1, 8).Draw(r, "sandboxes")
		kills := rapid.SampledFrom([]int{0, 30, 100}).Draw(r, "kills")
		fails, loses := rapid.SampledFrom([]int{0, 10, 40}).Draw(r, "fails"), rapid.SampledFrom([]int{0, 10, 40}).Draw(r, "loses")
		var wrong string
		synctest.Test(t, func(t *testing.T) {
			wrong = play(t, limits, &weather{random: rand.New(rand.NewPCG(seed, 1)), fails: fails, loses: loses}, sandboxes, kills)
		})
		if wrong != "" {
			r.Fatal(wrong)
		}
	})
}

// play lets the sandboxes spend over two days, and says what is wrong.
func play(t *testing.T, limits Limits, w *weather, sandboxes, kills int) string {
	memory := objectstest.NewMemory()
	memory.Fault, memory.After = w.over(w.fails), w.over(w.loses)
	tr := &truth{spent: map[string]amount{}, limits: limits}
	var all sync.WaitGroup
	for i := range sandboxes {
		tenant := []string{"acme", "beta"}[i%2]
		all.Go(func() {
			for range 4 {
				// Every sandbox has its own view of the bucket, as no memory is shared.
				tr.sandbox(New(objects.New(memory, "bucket"), limits, time.Now), w, tenant, kills)
				time.Sleep(time.Duration(w.roll(10)) * time.Hour)
			}
		})
	}
	all.Wait()
	if tr.broken != "" {
		return tr.broken
	}
	memory.Fault, memory.After = nil, nil
	return tr.compare(t, New(objects.New(memory, "bucket"), limits, time.Now), kills+w.fails+w.loses == 0)
}

// compare tells whether the budget holds what was spent: never less, and with
// nothing gone wrong exactly that.
func (tr *truth) compare(t *testing.T, b *Budget, calm bool) string {
	for key, usd := range tr.spent {
		who, date := key[:len(key)-len(time.DateOnly)-1], key[len(key)-len(time.DateOnly):]
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			return err.Error()
		}
		for _, s := range b.scopes(who) {
			if (s.folder == "environment") != (who == "") {
				continue
			}
			d, _, err := load(t.Context(), b.store, s.key(day))
			if err != nil {
				return err.Error()
			}
			if held := d.Spent + d.aside(); held < usd || calm && held != usd || held > s.limit {
				return fmt.Sprintf("%s of %s: the budget holds %v of %v, and %v was spent", s.name, date, held.dollars(), s.limit.dollars(), usd.dollars())
			}
		}
	}
	return ""
}

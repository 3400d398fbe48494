package budget

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"sluice/internal/fault"
	"sluice/internal/objects"
)

// Prefix is the folder of all budgets. An object is of no use after its day.
const Prefix = "budgets/"

// amount is money in billionths of a dollar; its JSON is a number of dollars.
type amount int64

const perDollar = 1_000_000_000

// ceil is an amount that is not less than the dollars. What is no amount is more
// than any limit.
func ceil(usd float64) amount {
	switch {
	case math.IsNaN(usd) || usd > mostUSD:
		return mostUSD*perDollar + 1
	case usd <= 0:
		return 0
	}
	// What floating point adds below a thousandth of a unit is not money.
	return amount(math.Ceil(usd*perDollar - 1e-3))
}

func (a amount) dollars() float64 { return float64(a) / perDollar }

// MarshalJSON writes dollars.
func (a amount) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, a.dollars(), 'f', -1, 64), nil
}

// UnmarshalJSON reads dollars.
func (a *amount) UnmarshalJSON(text []byte) error {
	usd, err := strconv.ParseFloat(string(text), 64)
	if err != nil || usd < 0 || usd > 2*mostUSD {
		return fmt.Errorf("%q is no amount", text)
	}
	*a = amount(math.Round(usd * perDollar))
	return nil
}

// scope is whose money it is.
type scope struct {
	name, folder string
	limit        amount
}

func (s scope) key(day time.Time) string {
	return Prefix + s.folder + "/" + day.Format(time.DateOnly) + ".json"
}

// scopes are those that a tenant's calls are paid from. The tenant's comes
// first: where it is spent, the environment's object is left alone.
func (b *Budget) scopes(tenant string) []scope {
	var all []scope
	usd, limited := b.limits.TenantUSD[tenant]
	if !limited {
		usd, limited = b.limits.TenantUSD[EveryOther]
	}
	if limited {
		all = append(all, scope{"tenant " + tenant, "tenants/" + tenant, ceil(usd)})
	}
	if b.limits.EnvironmentUSD > 0 {
		all = append(all, scope{"environment", "environment", ceil(b.limits.EnvironmentUSD)})
	}
	return all
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// ledgerDay is what an object under budgets/ holds.
type ledgerDay struct {
	// Writes makes every version another one, so that a write that was held up on
	// its way finds that it is late.
	Writes int                 `json:"writes"`
	Spent  amount              `json:"spentUSD"`
	Leases map[string]setAside `json:"leases"`
}

// setAside is a lease in its scope.
type setAside struct {
	USD     amount    `json:"usd"`
	Expires time.Time `json:"expires"`
}

// aside is what all leases hold together.
func (d *ledgerDay) aside() amount {
	var sum amount
	for _, l := range d.Leases {
		sum += l.USD
	}
	return sum
}

// expire counts leases as spent that nobody settled in time.
func (d *ledgerDay) expire(now time.Time) {
	for id, l := range d.Leases {
		if now.After(l.Expires) {
			d.Spent += l.USD
			delete(d.Leases, id)
		}
	}
}

// maxBytes bounds what is read; some hundred leases need a fraction of it.
const maxBytes = 1 << 20

// load reads a scope's day; one that was never written is empty. The error is of
// class Park if the object is not what save wrote: nothing is granted on it.
func load(ctx context.Context, store *objects.Store, key string) (ledgerDay, string, error) {
	day := ledgerDay{Leases: map[string]setAside{}}
	object, err := store.Get(ctx, key, maxBytes)
	if errors.Is(err, objects.ErrNotFound) {
		return day, "", nil
	}
	if err != nil {
		return ledgerDay{}, "", err
	}
	if err := json.Unmarshal(object.Body, &day); err != nil || day.Writes < 1 || day.Leases == nil {
		return ledgerDay{}, "", fault.Errorf(fault.Park, "%s is not a budget", key)
	}
	return day, object.ETag, nil
}

func save(ctx context.Context, store *objects.Store, key string, day ledgerDay, etag string) error {
	day.Writes++
	body, err := json.Marshal(day)
	if err != nil {
		return fault.Errorf(fault.Park, "encode %s: %w", key, err)
	}
	if etag == "" {
		_, err = store.Create(ctx, key, objects.JSON, body)
	} else {
		_, err = store.Replace(ctx, key, objects.JSON, body, etag)
	}
	return err
}

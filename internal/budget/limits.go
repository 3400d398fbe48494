package budget

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"sluice/events"
)

// Limits are what may be spent in a UTC day, in US dollars at list price. They
// can be embedded into a function's environment struct.
type Limits struct {
	// EnvironmentUSD bounds all tenants together; 0 is no limit.
	EnvironmentUSD float64 `env:"SLUICE_BUDGET_USD_PER_DAY"`
	// TenantUSD bounds each tenant.
	TenantUSD TenantUSD `env:"SLUICE_TENANT_BUDGETS_USD_PER_DAY"`
	// Past is what becomes of requests that do not fit.
	Past Action `env:"SLUICE_PAST_BUDGET" envDefault:"defer"`
}

// mostUSD is the greatest limit: amounts are kept in billionths of a dollar, and
// up to here they pass through JSON exactly.
const mostUSD = 1e6

// Check tells everything that is wrong with the limits.
func (l Limits) Check() error {
	var errs []error
	if !valid(l.EnvironmentUSD) {
		errs = append(errs, fmt.Errorf("SLUICE_BUDGET_USD_PER_DAY is %v, must be 0 to %.0f", l.EnvironmentUSD, mostUSD))
	}
	for _, tenant := range slices.Sorted(maps.Keys(l.TenantUSD)) {
		if usd := l.TenantUSD[tenant]; !valid(usd) {
			errs = append(errs, fmt.Errorf("SLUICE_TENANT_BUDGETS_USD_PER_DAY: %s is %v, must be 0 to %.0f", tenant, usd, mostUSD))
		}
	}
	return errors.Join(errs...)
}

func valid(usd float64) bool { return usd >= 0 && usd <= mostUSD }

// Any tells whether there is any limit.
func (l Limits) Any() bool { return l.EnvironmentUSD > 0 || len(l.TenantUSD) > 0 }

// EveryOther, in place of a tenant, is every tenant that is not named.
const EveryOther = "*"

// TenantUSD is the limit of each tenant by name; [EveryOther] is that of each one
// that is not named, by itself. A tenant that is named with 0 may spend nothing;
// one that is neither named nor covered has no limit of its own.
type TenantUSD map[string]float64

// UnmarshalText reads "acme=5,*=2".
func (t *TenantUSD) UnmarshalText(text []byte) error {
	all := TenantUSD{}
	for pair := range strings.SplitSeq(string(text), ",") {
		pair = strings.TrimSpace(pair)
		if pair == "" {
			continue
		}
		tenant, amount, _ := strings.Cut(pair, "=")
		usd, err := strconv.ParseFloat(amount, 64)
		if err != nil || !valid(usd) || math.IsNaN(usd) || (tenant != EveryOther && !events.ValidTenant(tenant)) {
			return fmt.Errorf("tenants' budgets: %q is not tenant=dollars (a tenant is [a-z0-9-], or %s; dollars are 0 to %.0f)", pair, EveryOther, mostUSD)
		}
		if _, twice := all[tenant]; twice {
			return fmt.Errorf("tenants' budgets: %s is there twice", tenant)
		}
		all[tenant] = usd
	}
	*t = all
	return nil
}

// Action is what becomes of a request that does not fit into the budget.
type Action string

// The actions.
const (
	Defer  Action = "defer"  // it waits in the queue until the budget resets
	Reject Action = "reject" // it ends, and says why
)

// UnmarshalText reads "defer" or "reject"; nothing is defer.
func (a *Action) UnmarshalText(text []byte) error {
	switch said := Action(strings.TrimSpace(string(text))); said {
	case "":
		*a = Defer
	case Defer, Reject:
		*a = said
	default:
		return fmt.Errorf("past the budget: %q is neither %s nor %s", said, Defer, Reject)
	}
	return nil
}

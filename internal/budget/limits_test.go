package budget

import (
	"math"
	"testing"

	"github.com/caarlos0/env/v11"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/events"
)

func TestLimitsComeFromTheEnvironment(t *testing.T) {
	tests := map[string]struct {
		environment map[string]string
		want        Limits
		wrong       bool
	}{
		"nothing": {nil, Limits{Past: Defer}, false},
		"all": {map[string]string{"SLUICE_BUDGET_USD_PER_DAY": "12.5", "SLUICE_TENANT_BUDGETS_USD_PER_DAY": "acme=5, *=0.5,", "SLUICE_PAST_BUDGET": "reject"},
			Limits{12.5, TenantUSD{"acme": 5, EveryOther: 0.5}, Reject}, false},
		"empty":          {map[string]string{"SLUICE_BUDGET_USD_PER_DAY": "", "SLUICE_TENANT_BUDGETS_USD_PER_DAY": "", "SLUICE_PAST_BUDGET": ""}, Limits{Past: Defer}, false},
		"no amount":      {map[string]string{"SLUICE_TENANT_BUDGETS_USD_PER_DAY": "acme"}, Limits{}, true},
		"no tenant":      {map[string]string{"SLUICE_TENANT_BUDGETS_USD_PER_DAY": "a/b=5"}, Limits{}, true},
		"twice":          {map[string]string{"SLUICE_TENANT_BUDGETS_USD_PER_DAY": "a=5,a=6"}, Limits{}, true},
		"negative":       {map[string]string{"SLUICE_TENANT_BUDGETS_USD_PER_DAY": "a=-5"}, Limits{}, true},
		"not a number":   {map[string]string{"SLUICE_TENANT_BUDGETS_USD_PER_DAY": "a=NaN"}, Limits{}, true},
		"unknown action": {map[string]string{"SLUICE_PAST_BUDGET": "ignore"}, Limits{}, true},
		"below zero":     {map[string]string{"SLUICE_BUDGET_USD_PER_DAY": "-1"}, Limits{}, true},
		"without end":    {map[string]string{"SLUICE_BUDGET_USD_PER_DAY": "Inf"}, Limits{}, true},
		"NaN":            {map[string]string{"SLUICE_BUDGET_USD_PER_DAY": "NaN"}, Limits{}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var config struct{ Limits }
			err := env.ParseWithOptions(&config, env.Options{Environment: test.environment})
			if err == nil {
				err = config.Check()
			}
			if (err != nil) != test.wrong {
				t.Fatal(err)
			}
			if test.wrong {
				return
			}
			if len(config.TenantUSD) == 0 {
				config.TenantUSD = nil
			}
			if diff := cmp.Diff(test.want, config.Limits); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAmountsAreNotLessThanTheirDollars(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		usd := rapid.Float64Range(0, mostUSD).Draw(r, "usd")
		a := ceil(usd)
		if off := a.dollars() - usd; off < -1e-11 && off/usd < -1e-15 || off > 2e-9 {
			r.Fatalf("%v became %v", usd, a.dollars())
		}
		text, err := a.MarshalJSON()
		var back amount
		if err != nil || back.UnmarshalJSON(text) != nil || back != a {
			r.Fatalf("%d came back as %d", a, back)
		}
	})
	for _, usd := range []float64{math.NaN(), math.Inf(1), mostUSD + 1} {
		if ceil(usd) <= ceil(mostUSD) {
			t.Errorf("%v fits into a limit", usd)
		}
	}
}

func FuzzTenantUSD(f *testing.F) {
	for _, text := range []string{"", "acme=5,*=2", "a=1e3, b=.5", "a=-0", "=1", "*=NaN", "a=0x1p4"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var limits TenantUSD
		if limits.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := (Limits{TenantUSD: limits}).Check(); err != nil {
			t.Fatalf("%q is read, and wrong: %v", text, err)
		}
		for tenant := range limits {
			if tenant != EveryOther && !events.ValidTenant(tenant) {
				t.Fatalf("%q names the tenant %q", text, tenant)
			}
		}
	})
}

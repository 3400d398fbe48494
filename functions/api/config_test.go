package api

import (
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	good := map[string]string{
		"SLUICE_ENVIRONMENT": "test", "SLUICE_BUS": "bus", "SLUICE_BUCKET": "b", "SLUICE_TENANTS": "1=acme", "SLUICE_ANSWER_SECRET": secret,
		"SLUICE_SUPPRESSION_SECRET": secret, "SLUICE_API_URL": "https://api.example.com", "SLUICE_LINK_SECRET": secret, "SLUICE_QUOTA_SHARE": "0.2", "SLUICE_QUOTAS": "*=100000",
	}
	tests := map[string]struct{ name, value, want string }{
		"good":                {},
		"no links":            {"SLUICE_API_URL", "", "together"},
		"a short link secret": {"SLUICE_LINK_SECRET", "short", "secret has 5 characters"},
		"a short secret":      {"SLUICE_SUPPRESSION_SECRET", "short", "SLUICE_SUPPRESSION_SECRET"},
		"a short answers'":    {"SLUICE_ANSWER_SECRET", "short", "SLUICE_ANSWER_SECRET"},
		"no share":            {"SLUICE_QUOTA_SHARE", "0", "not a share"},
		"more than all":       {"SLUICE_QUOTA_SHARE", "1.1", "not a share"},
		"no sandbox":          {"SLUICE_SANDBOXES", "0", "SLUICE_SANDBOXES"},
		"no budget":           {"SLUICE_BUDGET_USD_PER_DAY", "-1", "SLUICE_BUDGET_USD_PER_DAY"},
		"no bucket":           {"SLUICE_BUCKET", "", "SLUICE_BUCKET"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for variable, value := range good {
				t.Setenv(variable, value)
			}
			if test.name != "" {
				t.Setenv(test.name, test.value)
			}
			c, err := LoadConfig()
			if test.name == "" {
				if quota := c.pace("m"); err != nil || c.Links == nil || quota.TokensPerMinute != 20_000 || c.TenantClaim != "tenant" {
					t.Errorf("%+v, %v", quota, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v, want something with %q", err, test.want)
			}
		})
	}
}

package events

import (
	"fmt"
	"regexp"
	"strings"
)

// Tenants says which tenant an AWS account speaks for. A tenant comes from who
// the caller is, never from what the caller says.
type Tenants struct{ byAccount map[string]string }

// AnyTenant, in place of a tenant, lets an account speak for every tenant.
const AnyTenant = "*"

// DefaultTenant is that of an account that may speak for any and names none.
const DefaultTenant = "local"

// NoTenant stands for a tenant that cannot be told.
const NoTenant = "unknown"

var tenantName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// ValidTenant tells whether the name is [a-z0-9-]{1,32} and begins with a letter
// or digit, so that it can be a part of any key.
func ValidTenant(name string) bool { return tenantName.MatchString(name) }

// UnmarshalText reads "account=tenant,account=tenant"; see [AnyTenant]. An entry
// without an account, "=tenant", is for events that name none, as some emulators
// of AWS deliver them; AWS always names it.
func (t *Tenants) UnmarshalText(text []byte) error {
	t.byAccount = map[string]string{}
	for pair := range strings.SplitSeq(string(text), ",") {
		pair = strings.TrimSpace(pair)
		if pair == "" {
			continue
		}
		account, tenant, found := strings.Cut(pair, "=")
		if !found || (tenant != AnyTenant && !ValidTenant(tenant)) {
			return fmt.Errorf("tenants: %q is not account=tenant (a tenant is [a-z0-9-], or %s)", pair, AnyTenant)
		}
		t.byAccount[account] = tenant
	}
	return nil
}

// Of is the tenant of an account that says it is said ("" when it says
// nothing). An account that is not listed is a tenant by its own number.
func (t Tenants) Of(account, said string) (string, *Problem) {
	tenant, listed := t.byAccount[account]
	switch {
	case account == "" && !listed:
		return NoTenant, &Problem{"/tenant", CodeTenant, "the event does not say which account published it"}
	case !listed:
		tenant = account
	case tenant == AnyTenant && said == "":
		return DefaultTenant, nil
	case tenant == AnyTenant && ValidTenant(said):
		return said, nil
	case tenant == AnyTenant:
		return DefaultTenant, &Problem{"/tenant", CodeTenant, "a tenant is 1 to 32 of [a-z0-9-] and begins with a letter or digit"}
	}
	if said != "" && said != tenant {
		return tenant, &Problem{"/tenant", CodeTenant, "the account that published this does not speak for that tenant"}
	}
	return tenant, nil
}

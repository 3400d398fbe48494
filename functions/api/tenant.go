package api

import (
	"sluice/events"
)

// tenantOf is who the caller speaks for, as the gateway's authoriser says: nothing
// else of the request is asked. Of a JSON Web Token the tenant's claim counts. One
// without it speaks for whom its subject is listed for, else for a tenant of its own
// that no name can be mistaken for. A caller that signs is known by the account.
func (h *Handler) tenantOf(c *call) (string, error) {
	authorizer := c.RequestContext.Authorizer
	switch {
	case authorizer == nil:
	case authorizer.JWT != nil:
		return h.tenantOfToken(authorizer.JWT.Claims)
	case authorizer.IAM != nil:
		return h.listed(authorizer.IAM.AccountID)
	}
	return "", refuse(unauthenticated, "the gateway did not say who is calling")
}

func (h *Handler) tenantOfToken(claims map[string]string) (string, error) {
	if tenant, claimed := claims[h.Config.TenantClaim]; claimed {
		if !events.ValidTenant(tenant) {
			return "", refuse(forbidden, "the token's tenant is not 1 to 32 of [a-z0-9-] with a letter or digit first")
		}
		return tenant, nil
	}
	subject := claims["sub"]
	if subject == "" {
		return "", refuse(forbidden, "the token names neither a tenant nor a subject")
	}
	if tenant, err := h.listed(subject); err == nil && tenant != subject {
		return tenant, nil
	}
	return "u" + events.ID("subject", claims["iss"], subject), nil
}

// listed is the tenant that SLUICE_TENANTS has for an account or a subject.
func (h *Handler) listed(account string) (string, error) {
	tenant, problem := h.Config.Tenants.Of(account, "")
	if problem != nil || !events.ValidTenant(tenant) {
		return "", refuse(forbidden, "nobody said which tenant this caller belongs to")
	}
	return tenant, nil
}

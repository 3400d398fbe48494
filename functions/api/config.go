package api

import (
	"errors"
	"fmt"

	"github.com/caarlos0/env/v11"

	"sluice/events"
	"sluice/internal/answers"
	"sluice/internal/bedrock"
	"sluice/internal/budget"
	"sluice/internal/links"
	"sluice/internal/pacing"
	"sluice/internal/suppression"
)

// Config is the function's environment.
type Config struct {
	// Environment names the environment in the model's invocation log.
	Environment string `env:"SLUICE_ENVIRONMENT,required,notEmpty"`
	// Bus is the event bus that events are said on, Bucket the one bucket.
	Bus    string `env:"SLUICE_BUS,required,notEmpty"`
	Bucket string `env:"SLUICE_BUCKET,required,notEmpty"`
	// Tenants says whom each account speaks for: account=tenant,account=tenant. The
	// subject of a token may stand in an account's place.
	Tenants events.Tenants `env:"SLUICE_TENANTS,required,notEmpty"`
	// TenantClaim is the claim of a JSON Web Token that names the tenant.
	TenantClaim string `env:"SLUICE_TENANT_CLAIM" envDefault:"tenant"`
	// AnswerSecret is what the names of kept answers are derived from.
	AnswerSecret string `env:"SLUICE_ANSWER_SECRET,required,notEmpty"`
	// SuppressionSecret is what the keys of suppressions are derived from.
	SuppressionSecret string `env:"SLUICE_SUPPRESSION_SECRET,required,notEmpty"`
	// Domains are those that may be mailed.
	Domains suppression.Domains `env:"SLUICE_RECIPIENT_DOMAINS,notEmpty" envDefault:"*"`
	// Model is asked by tasks that name none.
	Model string `env:"SLUICE_MODEL" envDefault:"global.anthropic.claude-haiku-4-5-20251001-v1:0"`
	// Way is how calls reach the models.
	Way bedrock.Way
	// Sandboxes is how many sandboxes there are at most, which share the quotas:
	// the function's reserved concurrency. Each answers one request at a time.
	Sandboxes int `env:"SLUICE_SANDBOXES" envDefault:"20"`
	// Quotas are those of the account by model, and QuotaShare the part of them that
	// this function may use; see functions/analyze, which has the rest.
	Quotas     pacing.Quotas `env:"SLUICE_QUOTAS"`
	QuotaShare pacing.Share  `env:"SLUICE_QUOTA_SHARE" envDefault:"1"`
	// Limits bound what may be spent in a day.
	Limits budget.Limits
	// APIURL is the API's own public address, LinkSecret what the links in mails are
	// signed with. Without both no link opens.
	APIURL     string `env:"SLUICE_API_URL"`
	LinkSecret string `env:"SLUICE_LINK_SECRET"`

	// Keys are derived from AnswerSecret, Links from APIURL and LinkSecret; Links is
	// nil without them.
	Keys  answers.Keys `env:"-"`
	Links *links.Links `env:"-"`
}

const mostSandboxes = 1000

// LoadConfig reads the environment. The error lists what is missing or wrong,
// and never a secret.
func LoadConfig() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return Config{}, fmt.Errorf("environment: %w", err)
	}
	return c, nil
}

// check judges what was read, and derives the rest.
func (c *Config) check() error {
	var errs []error
	wrong := func(err error) { errs = append(errs, err) }
	if c.Sandboxes < 1 || c.Sandboxes > mostSandboxes {
		wrong(fmt.Errorf("SLUICE_SANDBOXES is %d, must be 1 to %d", c.Sandboxes, mostSandboxes))
	}
	if len(c.SuppressionSecret) < suppression.MinSecret {
		wrong(fmt.Errorf("SLUICE_SUPPRESSION_SECRET is shorter than %d characters", suppression.MinSecret))
	}
	if err := c.Limits.Check(); err != nil {
		wrong(err)
	}
	var err error
	if c.Keys, err = answers.NewKeys(c.AnswerSecret); err != nil {
		wrong(fmt.Errorf("SLUICE_ANSWER_SECRET: %w", err))
	}
	switch {
	case (c.APIURL == "") != (c.LinkSecret == ""):
		wrong(errors.New("SLUICE_API_URL and SLUICE_LINK_SECRET are given together or not at all"))
	case c.APIURL != "":
		if c.Links, err = links.New(c.APIURL, c.LinkSecret); err != nil {
			wrong(err)
		}
	}
	return errors.Join(errs...)
}

// pace is how a model's calls are paced.
func (c Config) pace(model string) pacing.Config {
	quota := c.QuotaShare.Of(c.Quotas.Of(model))
	return pacing.Config{TokensPerMinute: quota.TokensPerMinute, RequestsPerMinute: quota.RequestsPerMinute, Sandboxes: c.Sandboxes, InFlight: 1}
}

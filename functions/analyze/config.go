package analyze

import (
	"fmt"

	"github.com/caarlos0/env/v11"

	"sluice/events"
	"sluice/internal/answers"
	"sluice/internal/bedrock"
	"sluice/internal/budget"
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
	// Tenants says whom each account speaks for: account=tenant,account=tenant.
	Tenants events.Tenants `env:"SLUICE_TENANTS,required,notEmpty"`
	// AnswerSecret is what the names of kept answers are derived from.
	AnswerSecret string `env:"SLUICE_ANSWER_SECRET,required,notEmpty"`
	// SuppressionSecret is what addresses are filed under; the same for all.
	SuppressionSecret string `env:"SLUICE_SUPPRESSION_SECRET,required,notEmpty"`
	// Domains are those that may be mailed.
	Domains suppression.Domains `env:"SLUICE_RECIPIENT_DOMAINS,notEmpty" envDefault:"*"`
	// Model is asked by tasks that name none.
	Model string `env:"SLUICE_MODEL" envDefault:"global.anthropic.claude-haiku-4-5-20251001-v1:0"`
	// Way is how calls reach the models.
	Way bedrock.Way
	// CallsInFlight is how many model calls are under way at the same time.
	CallsInFlight int `env:"SLUICE_CALLS_IN_FLIGHT" envDefault:"10"`
	// Sandboxes is how many sandboxes there are at most, which share the quotas:
	// the maximum concurrency of the event source mapping.
	Sandboxes int `env:"SLUICE_SANDBOXES" envDefault:"5"`
	// Quotas are those of the account by model: model=tokens per minute, or
	// model=tokens/requests per minute, separated by commas; * is every other
	// model. A model without one is not paced until it is throttled.
	Quotas pacing.Quotas `env:"SLUICE_QUOTAS"`
	// QuotaShare is the part of them that this function may use.
	QuotaShare pacing.Share `env:"SLUICE_QUOTA_SHARE" envDefault:"1"`
	// Limits bound what may be spent in a day.
	Limits budget.Limits
	// PauseRole is the role by which EventBridge Scheduler switches the queue on
	// again after a quota of the day was used up. Without one, messages wait one
	// by one.
	PauseRole string `env:"SLUICE_PAUSE_ROLE"`
	// WorkflowARN is the state machine that runs requests with audit: true. Without
	// one they go by the choreography.
	WorkflowARN string `env:"SLUICE_WORKFLOW_ARN"`
	// Function is the function's own name, which Lambda sets.
	Function string `env:"AWS_LAMBDA_FUNCTION_NAME"`

	// Keys are derived from AnswerSecret.
	Keys answers.Keys `env:"-"`
}

const (
	mostCallsInFlight = 1000
	mostSandboxes     = 1000
)

// LoadConfig reads the environment. The error lists what is missing or wrong,
// and never the secret.
func LoadConfig() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return Config{}, fmt.Errorf("environment: %w", err)
	}
	if c.CallsInFlight < 1 || c.CallsInFlight > mostCallsInFlight {
		return Config{}, fmt.Errorf("environment: SLUICE_CALLS_IN_FLIGHT is %d, must be 1 to %d", c.CallsInFlight, mostCallsInFlight)
	}
	if c.Sandboxes < 1 || c.Sandboxes > mostSandboxes {
		return Config{}, fmt.Errorf("environment: SLUICE_SANDBOXES is %d, must be 1 to %d", c.Sandboxes, mostSandboxes)
	}
	if len(c.SuppressionSecret) < suppression.MinSecret {
		return Config{}, fmt.Errorf("environment: SLUICE_SUPPRESSION_SECRET is shorter than %d characters", suppression.MinSecret)
	}
	if err := c.Limits.Check(); err != nil {
		return Config{}, fmt.Errorf("environment: %w", err)
	}
	if c.Keys, err = answers.NewKeys(c.AnswerSecret); err != nil {
		return Config{}, fmt.Errorf("environment: SLUICE_ANSWER_SECRET: %w", err)
	}
	return c, nil
}

// pace is how a model's calls are paced.
func (c Config) pace(model string) pacing.Config {
	quota := c.QuotaShare.Of(c.Quotas.Of(model))
	return pacing.Config{TokensPerMinute: quota.TokensPerMinute, RequestsPerMinute: quota.RequestsPerMinute, Sandboxes: c.Sandboxes, InFlight: c.CallsInFlight}
}

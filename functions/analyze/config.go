package analyze

import (
	"fmt"

	"github.com/caarlos0/env/v11"

	"sluice/events"
	"sluice/internal/answers"
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
	// Model is asked by tasks that name none.
	Model string `env:"SLUICE_MODEL" envDefault:"global.anthropic.claude-haiku-4-5-20251001-v1:0"`
	// CallsInFlight is how many records are worked on at the same time.
	CallsInFlight int `env:"SLUICE_CALLS_IN_FLIGHT" envDefault:"10"`

	// Keys are derived from AnswerSecret.
	Keys answers.Keys `env:"-"`
}

const mostCallsInFlight = 1000

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
	if c.Keys, err = answers.NewKeys(c.AnswerSecret); err != nil {
		return Config{}, fmt.Errorf("environment: SLUICE_ANSWER_SECRET: %w", err)
	}
	return c, nil
}

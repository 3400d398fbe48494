package park

import (
	"fmt"

	"github.com/caarlos0/env/v11"

	"sluice/events"
)

// Config is what the environment says.
type Config struct {
	Bus         string `env:"SLUICE_BUS,required,notEmpty"`
	Bucket      string `env:"SLUICE_BUCKET,required,notEmpty"`
	Environment string `env:"SLUICE_ENVIRONMENT,required,notEmpty"`
	// Tenants says whose requests those of upstream systems are.
	Tenants events.Tenants `env:"SLUICE_TENANTS,required"`
}

// LoadConfig reads the environment; the error names what is missing or wrong.
func LoadConfig() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return Config{}, fmt.Errorf("environment: %w", err)
	}
	return c, nil
}

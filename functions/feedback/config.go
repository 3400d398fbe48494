package feedback

import (
	"errors"
	"fmt"

	"github.com/caarlos0/env/v11"

	"sluice/internal/suppression"
)

// Config is what the environment says.
type Config struct {
	Bus              string `env:"SLUICE_BUS,required,notEmpty"`
	Bucket           string `env:"SLUICE_BUCKET,required,notEmpty"`
	Environment      string `env:"SLUICE_ENVIRONMENT,required,notEmpty"`
	ConfigurationSet string `env:"SLUICE_CONFIGURATION_SET,required,notEmpty"`
	// SuppressionSecret is what addresses are filed under; the same for all.
	SuppressionSecret string `env:"SLUICE_SUPPRESSION_SECRET,required,notEmpty"`
}

// LoadConfig reads the environment; the error names what is missing or wrong.
func LoadConfig() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return Config{}, fmt.Errorf("environment: %w", err)
	}
	if len(c.SuppressionSecret) < suppression.MinSecret {
		return Config{}, errors.New("environment: SLUICE_SUPPRESSION_SECRET is shorter than 32 characters")
	}
	return c, nil
}

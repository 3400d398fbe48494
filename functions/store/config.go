package store

import (
	"fmt"

	"github.com/caarlos0/env/v11"
)

// Config is what the environment says.
type Config struct {
	Bus    string `env:"SLUICE_BUS,required,notEmpty"`
	Bucket string `env:"SLUICE_BUCKET,required,notEmpty"`
}

// LoadConfig reads the environment; the error names what is missing.
func LoadConfig() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return Config{}, fmt.Errorf("environment: %w", err)
	}
	return c, nil
}

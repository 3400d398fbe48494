package ingest

import (
	"fmt"

	"github.com/caarlos0/env/v11"
)

// Config is the function's environment.
type Config struct {
	// Bus is the event bus that events are said on.
	Bus string `env:"SLUICE_BUS,required,notEmpty"`
	// Bucket is the one bucket of the environment.
	Bucket string `env:"SLUICE_BUCKET,required,notEmpty"`
}

// LoadConfig reads the environment. The error lists everything that is missing.
func LoadConfig() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return c, nil
}

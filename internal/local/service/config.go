package service

import (
	"log/slog"
	"time"
)

// Config is the ground a service's State stands on. Zero values are made into
// defaults.
type Config struct {
	// Account is the 12-digit account that owns everything; 000000000000.
	Account string
	// Region is where everything is; us-east-1.
	Region string
	// Now is the clock; time.Now.
	Now func() time.Time
	// Log gets what no caller is told; nobody. It never gets what a caller has
	// sent: no address, key, body, text or event.
	Log *slog.Logger
}

// WithDefaults is the Config with the defaults in place of zero values.
func (c Config) WithDefaults() Config {
	if c.Account == "" {
		c.Account = "000000000000"
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

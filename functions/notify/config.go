package notify

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Config is what the environment says.
type Config struct {
	Bus              string `env:"SLUICE_BUS,required,notEmpty"`
	Bucket           string `env:"SLUICE_BUCKET,required,notEmpty"`
	Environment      string `env:"SLUICE_ENVIRONMENT,required,notEmpty"`
	ConfigurationSet string `env:"SLUICE_CONFIGURATION_SET,required,notEmpty"`
	// Sender is the address that mails come from, with or without a name.
	Sender string `env:"SLUICE_SENDER,required,notEmpty"`
	// Domains are those that may be mailed.
	Domains Domains `env:"SLUICE_RECIPIENT_DOMAINS,required,notEmpty"`
}

// LoadConfig reads the environment; the error names what is missing or wrong.
func LoadConfig() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return Config{}, fmt.Errorf("environment: %w", err)
	}
	if _, err := mail.ParseAddress(c.Sender); err != nil {
		return Config{}, errors.New("environment: SLUICE_SENDER is not an address")
	}
	return c, nil
}

// Domains says which domains may be mailed: "*" all of them, else those of a
// comma list and no others, not even their subdomains.
type Domains struct {
	all    bool
	listed map[string]bool
}

// UnmarshalText reads "*" or "example.com,example.org".
func (d *Domains) UnmarshalText(text []byte) error {
	*d = Domains{listed: map[string]bool{}}
	for name := range strings.SplitSeq(string(text), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case name == "*":
			d.all = true
		case name != "":
			d.listed[name] = true
		}
	}
	if !d.all && len(d.listed) == 0 {
		return errors.New("no domain is listed; * allows all")
	}
	return nil
}

// Allow tells whether addresses of the domain may be mailed.
func (d Domains) Allow(domain string) bool { return d.all || d.listed[strings.ToLower(domain)] }

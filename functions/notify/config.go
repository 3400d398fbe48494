package notify

import (
	"errors"
	"fmt"
	"net/mail"

	"github.com/caarlos0/env/v11"

	"sluice/internal/links"
	"sluice/internal/suppression"
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
	Domains suppression.Domains `env:"SLUICE_RECIPIENT_DOMAINS,required,notEmpty"`
	// SuppressionSecret is what addresses are filed under; the same for all.
	SuppressionSecret string `env:"SLUICE_SUPPRESSION_SECRET,required,notEmpty"`
	// APIURL is the public URL of the API, and LinkSecret what its links are signed
	// with. Without both, mails hold no links.
	APIURL     string `env:"SLUICE_API_URL"`
	LinkSecret string `env:"SLUICE_LINK_SECRET"`
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
	if len(c.SuppressionSecret) < suppression.MinSecret {
		return Config{}, fmt.Errorf("environment: SLUICE_SUPPRESSION_SECRET is shorter than %d characters", suppression.MinSecret)
	}
	if _, err := c.links(); err != nil {
		return Config{}, fmt.Errorf("environment: %w", err)
	}
	return c, nil
}

// links makes the links of mails; nil without an API.
func (c Config) links() (*links.Links, error) {
	switch {
	case c.APIURL == "" && c.LinkSecret == "":
		return nil, nil
	case c.APIURL == "" || c.LinkSecret == "":
		return nil, errors.New("SLUICE_API_URL and SLUICE_LINK_SECRET are given together or not at all")
	}
	return links.New(c.APIURL, c.LinkSecret)
}

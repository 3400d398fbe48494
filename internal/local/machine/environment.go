package machine

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The credentials of the local machine's clients where signatures are not
// checked; SDKs do not start without.
const (
	AccessKey = "local"
	SecretKey = "local"
)

// pollerKey is what the machine's own pollers are known by. Messages that were
// received with it belong to a machine that is gone once the next one starts.
const pollerKey = "sluice-lambda-host"

// Variable is one environment variable.
type Variable struct{ Name, Value string }

// ClientEnvironment is what any AWS client needs to talk to the machine, and
// what the resources are called there.
func ClientEnvironment(r Running) []Variable {
	return []Variable{
		{"AWS_ENDPOINT_URL", r.URL},
		{"AWS_REGION", Region},
		{"AWS_DEFAULT_REGION", Region},
		{"AWS_ACCESS_KEY_ID", r.Keys.AccessKey},
		{"AWS_SECRET_ACCESS_KEY", r.Keys.SecretKey},
		{"AWS_EC2_METADATA_DISABLED", "true"},
		{"SLUICE_ENVIRONMENT", Environment},
		{"SLUICE_BUS", Bus},
		{"SLUICE_BUCKET", Bucket},
		{"SLUICE_SENDER", Sender},
		{"SLUICE_CONFIGURATION_SET", ConfigurationSet},
	}
}

// functionEnvironment is what a function is given here.
func functionEnvironment(function, url, secret, apiURL string, knobs map[string]string) map[string]string {
	at := here()
	at.knobs, at.apiURL = knobs, apiURL
	environment := at.forFunction(function, secret)
	environment["AWS_ENDPOINT_URL"] = url
	if function == "analyze" {
		environment["SLUICE_PAUSE_ROLE"] = pauseRole
	}
	return environment
}

// answerSecret is the secret under which answers are filed. It is made once per
// data folder: with another one no answer would be found again.
func answerSecret(folder string) (string, error) {
	path := filepath.Join(folder, "answer-secret")
	raw, err := os.ReadFile(path)
	switch {
	case err == nil && len(raw) >= 32:
		return string(raw), nil
	case err == nil:
		return "", fmt.Errorf("%s is damaged: it has %d characters, not at least 32", path, len(raw))
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("read the answers' secret: %w", err)
	}
	secret := newSecret()
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		return "", fmt.Errorf("keep the answers' secret: %w", err)
	}
	return secret, nil
}

// SuppressionSecret is what the machine of the data folder files addresses under.
func SuppressionSecret(folder string) (string, error) {
	if err := makeFolder(folder); err != nil {
		return "", err
	}
	secret, err := answerSecret(folder)
	if err != nil {
		return "", err
	}
	return derived(secret, "suppression"), nil
}

func newSecret() string { return rand.Text() + rand.Text() }

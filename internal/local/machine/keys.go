package machine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/events"
	"sluice/internal/local/signature"
)

// Keys are what a client signs with.
type Keys struct{ AccessKey, SecretKey string }

// Provider gives the keys to an AWS client.
func (k Keys) Provider() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(k.AccessKey, k.SecretKey, "")
}

// unchecked are the keys where nobody checks signatures; SDKs do not start without.
func unchecked() Keys { return Keys{AccessKey, SecretKey} }

// FunctionKey is the access key of a function of this machine.
func FunctionKey(function string) string { return "sluice-function-" + function }

// ask makes every request be signed, if the options say so: with the machine's own
// keys, with those of its functions, which nobody else learns, or by one of the
// callers.
func (m *Machine) ask(c events.Choreography) error {
	m.keys, m.functionKeys = unchecked(), map[string]Keys{}
	for name := range c.Functions {
		m.functionKeys[name] = Keys{FunctionKey(name), SecretKey}
	}
	if !m.options.Signed {
		return nil
	}
	var err error
	if m.options.Memory {
		m.keys, m.keysMade = newKeys(), true
	} else if m.keys, m.keysMade, err = ownKeys(m.options.Folder); err != nil {
		return err
	}
	all := append([]signature.Credential{}, m.options.Callers...)
	all = append(all, signature.Credential{AccessKey: m.keys.AccessKey, SecretKey: m.keys.SecretKey})
	for name, k := range m.functionKeys {
		k.SecretKey = newSecret()
		m.functionKeys[name] = k
		all = append(all, signature.Credential{AccessKey: k.AccessKey, SecretKey: k.SecretKey})
	}
	m.services.Access = signature.New(time.Now, all...)
	return nil
}

// Running is how others reach this machine.
func (m *Machine) Running() Running {
	return Running{URL: m.URL(), PID: os.Getpid(), Signed: m.options.Signed, Keys: m.keys}
}

// At is a machine at the URL that asks for no signatures.
func At(url string) Running { return Running{URL: url, Keys: unchecked()} }

// KeysMade tells whether the machine's own keys were made at this start, and so
// are known to nobody yet.
func (m *Machine) KeysMade() bool { return m.keysMade }

// environment is what a function of this machine is given.
func (m *Machine) environment(function, secret string) map[string]string {
	environment := functionEnvironment(function, m.URL(), secret, m.apiURL(), m.options.knobs())
	keys := m.functionKeys[function]
	environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"] = keys.AccessKey, keys.SecretKey
	return environment
}

// KeysFile is where a machine keeps its own keys, in the format of AWS's shared
// credentials file. Only its user may read it.
func KeysFile(folder string) string { return filepath.Join(folder, "credentials") }

// ownKeys are the keys of a data folder, made once.
func ownKeys(folder string) (keys Keys, made bool, err error) {
	path := KeysFile(folder)
	keys, err = readKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, false, err
	}
	keys = newKeys()
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", keys.AccessKey, keys.SecretKey)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return Keys{}, false, fmt.Errorf("keep the machine's keys: %w", err)
	}
	return keys, true, nil
}

func readKeys(path string) (Keys, error) {
	c, err := ReadCredential(context.Background(), path, "default")
	return Keys{c.AccessKey, c.SecretKey}, err
}

// newKeys are as long as AWS's are: 20 letters and digits, and 130 bits or more.
func newKeys() Keys { return Keys{"SLUICE" + rand.Text()[:14], newSecret()} }

// ReadCredential reads a profile of a file in the format of AWS's shared
// credentials file. The error says what is missing; it is fs.ErrNotExist if there
// is no such file.
func ReadCredential(ctx context.Context, path, profile string) (signature.Credential, error) {
	if _, err := os.Stat(path); err != nil {
		return signature.Credential{}, fmt.Errorf("credentials: %w", err)
	}
	found, err := config.LoadSharedConfigProfile(ctx, profile, func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{path}, []string{}
	})
	if err != nil {
		return signature.Credential{}, fmt.Errorf("credentials: profile %q of %s: %w", profile, path, err)
	}
	c := signature.Credential{AccessKey: found.Credentials.AccessKeyID, SecretKey: found.Credentials.SecretAccessKey, Token: found.Credentials.SessionToken}
	if c.AccessKey == "" || c.SecretKey == "" {
		return signature.Credential{}, fmt.Errorf("credentials: profile %q of %s has no aws_access_key_id and aws_secret_access_key", profile, path)
	}
	return c, nil
}

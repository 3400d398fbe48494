package awsclient

import (
	"strings"
	"testing"
)

func TestConfigReadsTheEnvironment(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "token")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	c, err := Config(Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Credentials.Retrieve(t.Context())
	if err != nil || got.AccessKeyID != "key" || got.SessionToken != "token" || c.Region != "eu-central-1" || *c.BaseEndpoint != "http://127.0.0.1:1" {
		t.Errorf("%+v %v %+v", got, err, c)
	}
	t.Setenv("AWS_ENDPOINT_URL", "")
	if c, err = Config(Options{}); err != nil || c.BaseEndpoint != nil {
		t.Errorf("%v %v", c.BaseEndpoint, err)
	}
}

func TestWhatIsMissingIsTold(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
				t.Setenv(v, "x")
			}
			t.Setenv(name, "")
			if _, err := Config(Options{}); err == nil || !strings.Contains(err.Error(), name) {
				t.Error(err)
			}
		})
	}
}

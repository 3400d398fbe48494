package awsclient

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
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

func TestAServiceMayHaveAnEndpointOfItsOwn(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:2",
	} {
		t.Setenv(name, value)
	}
	c, err := Config(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := bedrockruntime.NewFromConfig(c).Options().BaseEndpoint; got == nil || *got != "http://127.0.0.1:2" {
		t.Errorf("Bedrock is at %v", got)
	}
	if got := sqs.NewFromConfig(c).Options().BaseEndpoint; got == nil || *got != "http://127.0.0.1:1" {
		t.Errorf("SQS is at %v", got)
	}
	t.Setenv("AWS_ENDPOINT_URL", "") // then only Bedrock is elsewhere
	if c, err = Config(Options{}); err != nil {
		t.Fatal(err)
	}
	if got := bedrockruntime.NewFromConfig(c).Options().BaseEndpoint; got == nil || *got != "http://127.0.0.1:2" {
		t.Errorf("Bedrock is at %v", got)
	}
	if got := sqs.NewFromConfig(c).Options().BaseEndpoint; got != nil {
		t.Errorf("SQS is at %v", *got)
	}
}

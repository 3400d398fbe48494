package awsclient

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// own is an endpoint that one service has for itself.
type own struct{}

func (own) GetServiceBaseEndpoint(_ context.Context, service string) (string, bool, error) {
	return "http://127.0.0.1:2/", service == "Scheduler", nil
}

func TestWhereTheServicesAre(t *testing.T) {
	for name, test := range map[string]struct {
		clients           aws.Config
		lambda, scheduler string
	}{
		"at AWS":          {aws.Config{Region: "eu-west-1"}, "https://lambda.eu-west-1.amazonaws.com", "https://scheduler.eu-west-1.amazonaws.com"},
		"in China":        {aws.Config{Region: "cn-north-1"}, "https://lambda.cn-north-1.amazonaws.com.cn", "https://scheduler.cn-north-1.amazonaws.com.cn"},
		"one of its own":  {aws.Config{Region: "eu-west-1", ConfigSources: []any{1, own{}}}, "https://lambda.eu-west-1.amazonaws.com", "http://127.0.0.1:2"},
		"all in one":      {aws.Config{BaseEndpoint: aws.String("http://127.0.0.1:1")}, "http://127.0.0.1:1", "http://127.0.0.1:1"},
		"both, its first": {aws.Config{BaseEndpoint: aws.String("http://127.0.0.1:1"), ConfigSources: []any{own{}}}, "http://127.0.0.1:1", "http://127.0.0.1:2"},
	} {
		l, s := endpoint(test.clients, "Lambda", "lambda"), endpoint(test.clients, "Scheduler", "scheduler")
		if l != test.lambda || s != test.scheduler {
			t.Errorf("%s: %s, %s", name, l, s)
		}
	}
}

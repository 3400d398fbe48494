package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/local/apigateway"
	"sluice/internal/local/endpoint"
	"sluice/internal/local/lambdahost"
)

// RemoteOptions say where the functions are to run against.
type RemoteOptions struct {
	// Endpoint is the URL of an emulator, or [AWSItself].
	Endpoint string
	// Address is where the HTTP API listens, 127.0.0.1:port; port 0 is any free one.
	Address string
	// Provision makes what the choreography asks for, where it is not there yet.
	Provision bool
	// Functions holds <name>/bootstrap of every function.
	Functions string
	// Folder keeps the ledger, and the answers' secret unless the environment has
	// one. With "" nothing is kept.
	Folder string
	// Getenv reads the environment, Environ lists it as name=value: region and
	// credentials (AWS_…), names (SLUICE_…), endpoints of single services
	// (AWS_ENDPOINT_URL_…).
	Getenv  func(name string) string
	Environ func() []string
	// Log takes what the functions and the host log, a line each.
	Log io.Writer
}

// AWSItself stands for AWS's own endpoints. Nothing is provisioned there:
// Terraform does that.
const AWSItself = "aws"

// Remote is the functions alone, run against somebody else's services.
type Remote struct {
	host     *lambdahost.Host
	callable functionsHost
	server   *endpoint.Server
	keeper   *keeper
	// APIURL is where the HTTP API is, "" if there are no routes.
	APIURL string
	// Bus and Bucket are what the environment's are called.
	Bus, Bucket string
}

// OpenRemote starts the functions and returns when they hear. The error tells
// what is wrong with the environment or which resource cannot be had.
func OpenRemote(ctx context.Context, o RemoteOptions) (*Remote, error) {
	choreography, err := events.LoadChoreography()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewJSONHandler(o.Log, nil))
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	at := o.place()
	if o.Provision && o.Endpoint != AWSItself {
		if err := provision(ctx, config, choreography, at, skipping(log)); err != nil {
			return nil, err
		}
	}
	secret, err := o.secret()
	if err != nil {
		return nil, err
	}
	client := sqs.NewFromConfig(config)
	account, err := accountOf(ctx, client, choreography, at)
	if err != nil {
		return nil, err
	}
	if at.tenants == "" {
		// Some emulators deliver events without their account.
		at.tenants = account + "=" + events.AnyTenant + ",=" + events.AnyTenant
	}
	credentials := o.forClients(ctx, config)
	r := &Remote{Bus: at.bus, Bucket: at.bucket}
	if err := r.listen(o, choreography, account, log); err != nil {
		return nil, err
	}
	if at.apiURL == "" && o.Endpoint != AWSItself {
		at.apiURL = r.APIURL // people whom AWS mails cannot reach this machine
	}
	if o.Folder != "" {
		if r.keeper, err = openKeeper(o.Folder); err != nil {
			return nil, errors.Join(err, r.Close(ctx))
		}
	}
	r.host, err = fleet{
		choreography: choreography, folder: o.Functions, client: client, queues: client, region: config.Region, account: account, log: log, output: o.Log, keeper: r.keeper,
		environment: func(function string) map[string]string {
			environment := at.forFunction(function, secret)
			for name, value := range credentials {
				environment[name] = value
			}
			return environment
		},
	}.start(ctx, at.environment)
	if err != nil {
		return nil, errors.Join(err, r.Close(ctx))
	}
	r.callable.host.Store(r.host)
	return r, nil
}

// listen serves the HTTP API, in front of functions that start later.
func (r *Remote) listen(o RemoteOptions, c events.Choreography, account string, log *slog.Logger) error {
	api, err := gateway(c, &r.callable, account, AccessKey, apigateway.CORS{}, log)
	if err != nil || api == nil {
		return err
	}
	if r.server, err = endpoint.ListenAPI(o.Address, api, log); err != nil {
		return err
	}
	r.APIURL = r.server.URL()
	return nil
}

// Close takes no more messages and requests, and lets running calls end until ctx
// ends.
func (r *Remote) Close(ctx context.Context) error {
	var errs []error
	if r.host != nil {
		errs = append(errs, r.host.Stop(ctx))
	}
	errs = append(errs, r.keeper.close())
	if r.server != nil {
		errs = append(errs, r.server.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// Invoke calls a function by the name that the choreography has for it; see
// [lambdahost.Host.Invoke].
func (r *Remote) Invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	return r.host.Invoke(ctx, function, payload)
}

// or is an environment variable, or the value that stands for it.
func (o RemoteOptions) or(name, value string) string {
	if set := o.Getenv(name); set != "" {
		return set
	}
	return value
}

// place is the environment's names: what the variables say, else what its name
// implies.
func (o RemoteOptions) place() place {
	environment := o.or("SLUICE_ENVIRONMENT", Environment)
	knobs := knobsOf(o.Getenv)
	if workflow := o.Getenv("SLUICE_WORKFLOW_ARN"); workflow != "" { // the local services have none
		knobs["SLUICE_WORKFLOW_ARN"] = workflow
	}
	return place{
		environment: environment, bus: o.or("SLUICE_BUS", events.BusName(environment)), bucket: o.or("SLUICE_BUCKET", "sluice-"+environment),
		sender: o.or("SLUICE_SENDER", Sender), configurationSet: o.or("SLUICE_CONFIGURATION_SET", "sluice-"+environment),
		domains: o.or("SLUICE_RECIPIENT_DOMAINS", "*"), tenants: o.Getenv("SLUICE_TENANTS"),
		knobs:             knobs,
		suppressionSecret: o.Getenv("SLUICE_SUPPRESSION_SECRET"), linkSecret: o.Getenv("SLUICE_LINK_SECRET"), apiURL: o.Getenv("SLUICE_API_URL"),
	}
}

// config is that of the host's own clients.
func (o RemoteOptions) config() (aws.Config, error) {
	key, secret := o.Getenv("AWS_ACCESS_KEY_ID"), o.Getenv("AWS_SECRET_ACCESS_KEY")
	c := aws.Config{Region: o.or("AWS_REGION", o.or("AWS_DEFAULT_REGION", Region)), RetryMaxAttempts: 3}
	if o.Endpoint == AWSItself {
		if key == "" || secret == "" {
			return c, errors.New("AWS needs credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (aws configure export-credentials --format env prints them)")
		}
		c.Credentials = credentials.NewStaticCredentialsProvider(key, secret, o.Getenv("AWS_SESSION_TOKEN"))
		return c, nil
	}
	address, err := url.Parse(o.Endpoint)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return c, fmt.Errorf("the endpoint %q is neither http://host:port nor %s", o.Endpoint, AWSItself)
	}
	if address.Hostname() == "localhost" {
		// With a name, S3 clients would look for the bucket at bucket.localhost.
		address.Host = strings.TrimSuffix(net.JoinHostPort("127.0.0.1", address.Port()), ":")
	}
	c.BaseEndpoint = aws.String(strings.TrimSuffix(address.String(), "/"))
	if key == "" {
		key, secret = AccessKey, SecretKey
	}
	c.Credentials = credentials.NewStaticCredentialsProvider(key, secret, o.Getenv("AWS_SESSION_TOKEN"))
	return c, nil
}

// passedOn are variables that functions get as they are.
var passedOn = []string{"SLUICE_MODEL", "SLUICE_CALLS_IN_FLIGHT", "SLUICE_INFERENCE_PROFILES", "SLUICE_GUARDRAIL"}

// forClients is what the functions' clients need: the host's own endpoint and
// credentials, and the endpoints of single services.
func (o RemoteOptions) forClients(ctx context.Context, config aws.Config) map[string]string {
	all := map[string]string{}
	for _, variable := range o.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "AWS_ENDPOINT_URL_") || slices.Contains(passedOn, name) && value != "" {
			all[name] = value
		}
	}
	if config.BaseEndpoint != nil {
		all["AWS_ENDPOINT_URL"] = *config.BaseEndpoint
	}
	if c, err := config.Credentials.Retrieve(ctx); err == nil { // static, so it cannot fail
		all["AWS_ACCESS_KEY_ID"], all["AWS_SECRET_ACCESS_KEY"] = c.AccessKeyID, c.SecretAccessKey
		if c.SessionToken != "" {
			all["AWS_SESSION_TOKEN"] = c.SessionToken
		}
	}
	return all
}

// secret is that of the answers.
func (o RemoteOptions) secret() (string, error) {
	if set := o.Getenv("SLUICE_ANSWER_SECRET"); set != "" {
		return set, nil
	}
	if o.Folder == "" {
		return newSecret(), nil
	}
	if err := makeFolder(o.Folder); err != nil {
		return "", err
	}
	return answerSecret(o.Folder)
}

// accountOf reads the account's number in the ARN of one of the queues.
func accountOf(ctx context.Context, client *sqs.Client, c events.Choreography, at place) (string, error) {
	for name := range c.Subscriptions {
		q, err := findQueue(ctx, client, events.QueueName(at.environment, name))
		if err != nil {
			return "", err
		}
		if parts := strings.Split(q.arn, ":"); len(parts) == 6 {
			return parts[4], nil
		}
		return "", fmt.Errorf("the endpoint tells %q as a queue's ARN", q.arn)
	}
	return "", errors.New("the choreography has no subscriptions")
}

// skipping lets steps be left out that an emulator does not offer, and logs
// which. Without them the pipeline answers and stores, but may not mail, take
// files, or hear what became of its mails.
func skipping(log *slog.Logger) func(what string, err error) error {
	return func(what string, err error) error {
		var answer *awshttp.ResponseError
		if !errors.As(err, &answer) {
			return err
		}
		switch answer.HTTPStatusCode() {
		case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusInternalServerError, http.StatusNotImplemented:
			log.Warn("the endpoint cannot do this; it is left out", "step", what, "status", answer.HTTPStatusCode())
			return nil
		}
		return err
	}
}

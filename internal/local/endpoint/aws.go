package endpoint

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
)

// AWSModel is real Bedrock behind the local endpoint: model calls go there,
// signed with the user's own credentials instead of the function's local ones.
// What comes back is passed on as it is, errors too.
type AWSModel struct {
	// Region is where the models are asked.
	Region string
	// Endpoint is https://host, without a path.
	Endpoint *url.URL
	// Credentials sign the calls; they are asked for at every call, as they may
	// expire.
	Credentials aws.CredentialsProvider
}

// credentialsTime is the most that finding the credentials may take at the
// start; the chain's last resort asks the network.
const credentialsTime = 15 * time.Second

// FindAWSModel finds credentials, region and endpoint as every AWS SDK does: in
// the environment, in the user's profile, from single sign-on. A region other
// than "" is taken instead of the user's; AWS_ENDPOINT_URL_BEDROCK_RUNTIME names
// a private endpoint. The error says what is missing. The credentials of the
// local machine itself are not taken.
func FindAWSModel(ctx context.Context, region string) (*AWSModel, error) {
	ctx, cancel := context.WithTimeout(ctx, credentialsTime)
	defer cancel()
	found, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return nil, fmt.Errorf("real Bedrock: AWS configuration: %w", err)
	}
	if found.Region == "" {
		return nil, errors.New("real Bedrock: no region; name one with --bedrock-region or AWS_REGION")
	}
	credentials, err := found.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("real Bedrock: no AWS credentials; log in first (aws sso login, AWS_PROFILE or AWS_ACCESS_KEY_ID): %w", err)
	}
	if credentials.AccessKeyID == localKey {
		return nil, errors.New("real Bedrock: the environment has the local machine's credentials (sluice env); use a shell without them, or unset AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	m := &AWSModel{Region: found.Region, Credentials: found.Credentials}
	m.Endpoint, err = bedrockEndpoint(ctx, found)
	return m, err
}

// localKey is the access key that the local machine gives its own clients.
const localKey = "local"

// bedrockEndpoint is Bedrock Runtime's address in a region. AWS_ENDPOINT_URL is
// not asked: it points at the local machine.
func bedrockEndpoint(ctx context.Context, found aws.Config) (*url.URL, error) {
	var configured *string
	for _, source := range found.ConfigSources {
		named, is := source.(config.EnvConfig)
		if !is {
			continue
		}
		if address, set, err := named.GetServiceBaseEndpoint(ctx, bedrockruntime.ServiceID); err == nil && set {
			configured = &address
		}
	}
	resolved, err := bedrockruntime.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx,
		bedrockruntime.EndpointParameters{Region: &found.Region, Endpoint: configured})
	if err != nil {
		return nil, fmt.Errorf("real Bedrock: endpoint in %s: %w", found.Region, err)
	}
	return &resolved.URI, nil
}

// mostModelBody is the most bytes of a call, as the service has it.
const mostModelBody = 25_000_000

// Handler passes Converse, InvokeModel and CountTokens on.
func (m *AWSModel) Handler(log *slog.Logger) http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	p := &awsProxy{model: m, client: &http.Client{Transport: transport, CheckRedirect: noRedirect}, signer: v4.NewSigner(), log: log, now: time.Now}
	return http.HandlerFunc(p.serve)
}

// noRedirect: a signed call is for one host.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

type awsProxy struct {
	model  *AWSModel
	client *http.Client
	signer *v4.Signer
	log    *slog.Logger
	now    func() time.Time
}

func (p *awsProxy) serve(w http.ResponseWriter, r *http.Request) {
	operation := r.URL.EscapedPath()
	operation = operation[strings.LastIndexByte(operation, '/')+1:]
	if r.Method != http.MethodPost || operation != "converse" && operation != "invoke" && operation != "count-tokens" {
		refuseModel(w, http.StatusNotFound, "UnknownOperationException", "The local machine passes Converse, InvokeModel and CountTokens on, nothing else.")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostModelBody))
	if err != nil {
		refuseModel(w, http.StatusBadRequest, "ValidationException", "The body could not be read: "+err.Error())
		return
	}
	call, err := p.sign(r, body)
	if err != nil {
		p.log.Error("a model call cannot be signed", "error", err.Error())
		refuseModel(w, http.StatusServiceUnavailable, "ServiceUnavailableException", "The local machine has no valid AWS credentials any more.")
		return
	}
	answer, err := p.client.Do(call)
	if err != nil {
		if r.Context().Err() == nil {
			p.log.Warn("Bedrock cannot be reached", "error", err.Error())
		}
		refuseModel(w, http.StatusServiceUnavailable, "ServiceUnavailableException", "The local machine cannot reach Bedrock.")
		return
	}
	defer answer.Body.Close()
	for name, values := range answer.Header {
		if !hopByHop[name] {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(w, answer.Body); err != nil {
		// Half an answer must not look like a whole one.
		panic(http.ErrAbortHandler)
	}
}

// hopByHop are headers that are between two neighbours only.
var hopByHop = map[string]bool{"Connection": true, "Keep-Alive": true, "Transfer-Encoding": true, "Trailer": true, "Upgrade": true, "Proxy-Authenticate": true}

// sign makes the same call to Bedrock, in the user's name. The path stays as it
// was escaped: a model's id has colons, and slashes if it is an ARN.
func (p *awsProxy) sign(r *http.Request, body []byte) (*http.Request, error) {
	to := *p.model.Endpoint
	to.Path, to.RawPath, to.RawQuery = r.URL.Path, r.URL.RawPath, r.URL.RawQuery
	call, err := http.NewRequestWithContext(r.Context(), http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		if passedOn(name) {
			call.Header[name] = values
		}
	}
	credentials, err := p.model.Credentials.Retrieve(r.Context())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	return call, p.signer.SignHTTP(r.Context(), credentials, call, hex.EncodeToString(sum[:]), "bedrock", p.model.Region, p.now())
}

// passedOn tells whether a header says something about the call, and not about
// who called whom.
func passedOn(name string) bool {
	switch name {
	case "Content-Type", "Accept", "User-Agent", "X-Amzn-Trace-Id":
		return true
	}
	return strings.HasPrefix(name, "X-Amzn-Bedrock-")
}

func refuseModel(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", kind)
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q}`, message)
}

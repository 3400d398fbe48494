package mappings

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// caller calls a service that speaks REST with JSON, as the SDK's own clients do:
// signed, retried, with the SDK's errors.
type caller struct {
	id, name string // as the SDK and as signatures name the service
	clients  aws.Config
	http     aws.HTTPClient
	signer   *v4.Signer
	endpoint string
	retryer  aws.Retryer
}

// operation is one of a service.
type operation struct {
	name, method, path string
	query              url.Values
}

const (
	// callTime bounds one attempt.
	callTime = 10 * time.Second
	// mostAnswer bounds an answer's bytes: a page of mappings has up to 100.
	mostAnswer = 4 << 20
)

func newCaller(clients aws.Config, id, name string) caller {
	c := caller{id: id, name: name, clients: clients, http: clients.HTTPClient, signer: v4.NewSigner(), endpoint: endpoint(clients, id, name)}
	if c.http == nil {
		c.http = awshttp.NewBuildableClient()
	}
	if clients.Retryer != nil {
		c.retryer = clients.Retryer()
	} else {
		c.retryer = retry.NewStandard()
	}
	return c
}

// endpoint is where a service is: where the configuration says, or at AWS.
// https://docs.aws.amazon.com/general/latest/gr/rande.html
func endpoint(clients aws.Config, id, name string) string {
	for _, source := range clients.ConfigSources {
		own, is := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		})
		if !is {
			continue
		}
		if address, found, err := own.GetServiceBaseEndpoint(context.Background(), id); err == nil && found {
			return strings.TrimSuffix(address, "/")
		}
	}
	if clients.BaseEndpoint != nil {
		return strings.TrimSuffix(*clients.BaseEndpoint, "/")
	}
	suffix := ".amazonaws.com"
	if strings.HasPrefix(clients.Region, "cn-") {
		suffix = ".amazonaws.com.cn"
	}
	return "https://" + name + "." + clients.Region + suffix
}

// call carries out an operation and reads its answer into out, unless that is
// nil. What failed on the way is tried again.
func (c caller) call(ctx context.Context, o operation, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, o, body, out)
		if err == nil {
			return nil
		}
		err = &smithy.OperationError{ServiceID: c.id, OperationName: o.name, Err: err}
		if ctx.Err() != nil || attempt >= c.retryer.MaxAttempts() || !c.retryer.IsErrorRetryable(err) {
			return err
		}
		pause, refused := c.retryer.RetryDelay(attempt, err)
		if refused != nil || sleep(ctx, pause) != nil {
			return err
		}
	}
}

func (c caller) once(ctx context.Context, o operation, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	request, err := c.request(ctx, o, body)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return refusal(response, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer is not the operation's: %w", err)
	}
	return nil
}

// request is signed.
func (c caller) request(ctx context.Context, o operation, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, o.method, c.endpoint+o.path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	// url.Values writes a space as +, which signatures do not know.
	request.URL.RawQuery = strings.ReplaceAll(o.query.Encode(), "+", "%20")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.clients.Credentials == nil {
		return nil, errors.New("no credentials")
	}
	credentials, err := c.clients.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	return request, c.signer.SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), c.name, c.clients.Region, time.Now())
}

// refusal is what the service answered, as the SDK's clients tell it.
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
func refusal(response *http.Response, body []byte) error {
	var told struct {
		Code    string `json:"code"`
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &told) // a proxy's answer may be anything
	code := fmt.Sprintf("HTTP%d", response.StatusCode)
	for _, said := range []string{told.Type, told.Code, response.Header.Get("X-Amzn-Errortype")} {
		// aws.protocoltests#FooError:http://… names FooError.
		said, _, _ = strings.Cut(said, ":")
		if said = said[strings.LastIndexByte(said, '#')+1:]; said != "" {
			code = said
		}
	}
	return &awshttp.ResponseError{RequestID: response.Header.Get("X-Amzn-Requestid"), ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: response}, Err: &smithy.GenericAPIError{Code: code, Message: told.Message}}}
}

package awsclient

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

// Service calls a service that speaks JSON, as the SDK's own clients do: signed,
// retried, with the SDK's errors. It is for services of whose many operations a
// function needs one or two: their clients would make its program larger and its
// start slower.
type Service struct {
	id, name string // as the SDK and as signatures name the service
	clients  aws.Config
	http     aws.HTTPClient
	signer   *v4.Signer
	endpoint string
	retryer  aws.Retryer
}

// Operation is one of a service.
type Operation struct {
	// Name is what errors call it.
	Name string
	// Target is the X-Amz-Target of a service that speaks JSON 1.0; the rest is left
	// empty then. For one that speaks REST it is "".
	Target       string
	Method, Path string
	Query        url.Values
}

const (
	// callTime bounds one attempt.
	callTime = 10 * time.Second
	// mostAnswer bounds an answer's bytes: a page of mappings has up to 100.
	mostAnswer = 4 << 20
)

// NewService makes the client of a service by its id, such as "Bedrock Runtime",
// and by the name that it has in signatures and addresses. Of the configuration
// it takes region, credentials, HTTP client, retryer and endpoint.
func NewService(clients aws.Config, id, name string) Service {
	c := Service{id: id, name: name, clients: clients, http: clients.HTTPClient, signer: v4.NewSigner(), endpoint: endpoint(clients, id, name)}
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

// Call carries out an operation and reads its answer into out, unless that is
// nil. What failed on the way is tried again. The error has the SDK's types, so
// internal/fault knows its code and status.
func (c Service) Call(ctx context.Context, o Operation, in, out any) error {
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
		err = &smithy.OperationError{ServiceID: c.id, OperationName: o.Name, Err: err}
		if ctx.Err() != nil || attempt >= c.retryer.MaxAttempts() || !c.retryer.IsErrorRetryable(err) {
			return err
		}
		pause, refused := c.retryer.RetryDelay(attempt, err)
		if refused != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

func (c Service) once(ctx context.Context, o Operation, body []byte, out any) error {
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
func (c Service) request(ctx context.Context, o Operation, body []byte) (*http.Request, error) {
	if o.Target != "" {
		o.Method, o.Path = http.MethodPost, "/"
	}
	request, err := http.NewRequestWithContext(ctx, o.Method, c.endpoint+o.Path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	// url.Values writes a space as +, which signatures do not know.
	request.URL.RawQuery = strings.ReplaceAll(o.Query.Encode(), "+", "%20")
	switch {
	case o.Target != "":
		request.Header.Set("Content-Type", "application/x-amz-json-1.0")
		request.Header.Set("X-Amz-Target", o.Target)
	case body != nil:
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

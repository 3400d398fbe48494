package endpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"sluice/internal/local/apigateway"
	"sluice/internal/local/disk"
	"sluice/internal/local/signature"
)

const (
	callerKey    = "AKIACALLER"
	callerSecret = "the caller's secret"
)

// guardedEndpoint asks for the caller's signature, on every address of this machine.
func guardedEndpoint(t *testing.T) string { return guardedEndpointWith(t, nil) }

func guardedEndpointWith(t *testing.T, api *apigateway.API) string {
	t.Helper()
	store := disk.Memory()
	services, err := Assemble(store, "", Options{Account: account, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	services.Own = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "come in") })
	services.API = api
	services.Access = signature.New(time.Now, signature.Credential{AccessKey: callerKey, SecretKey: callerSecret})
	server, err := Listen("0.0.0.0:0", services, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(server.Shutdown(context.Background()), services.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return server.URL()
}

func as(url, key, secret string) aws.Config {
	return aws.Config{Region: "eu-central-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
}

// calls are one of each service.
var calls = map[string]func(context.Context, aws.Config) error{
	"s3": func(ctx context.Context, c aws.Config) error {
		_, err := s3.NewFromConfig(c).ListBuckets(ctx, &s3.ListBucketsInput{})
		return err
	},
	"sqs": func(ctx context.Context, c aws.Config) error {
		_, err := sqs.NewFromConfig(c).ListQueues(ctx, &sqs.ListQueuesInput{})
		return err
	},
	"events": func(ctx context.Context, c aws.Config) error {
		_, err := eventbridge.NewFromConfig(c).ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
		return err
	},
	"ses": func(ctx context.Context, c aws.Config) error {
		_, err := sesv2.NewFromConfig(c).GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String("a+b@example.com")})
		if errorOf(err) == "404 NotFoundException" {
			return nil
		}
		return err
	},
	"bedrock": func(ctx context.Context, c aws.Config) error {
		_, err := bedrockruntime.NewFromConfig(c).Converse(ctx, ask("anthropic.claude-3-haiku-20240307-v1:0"))
		return err
	},
}

// errorOf is status and code of an error that a service told.
func errorOf(err error) string {
	var answer *awshttp.ResponseError
	var told smithy.APIError
	if !errors.As(err, &answer) || !errors.As(err, &told) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%d %s", answer.HTTPStatusCode(), told.ErrorCode())
}

func TestOnlyWhoSignsIsLetIn(t *testing.T) {
	url := guardedEndpoint(t)
	const letIn = "<nil>"
	wants := map[string]map[string]string{
		"s3":      {"caller": letIn, "stranger": "403 InvalidAccessKeyId", "impostor": "403 SignatureDoesNotMatch", "nobody": "403 AccessDenied"},
		"sqs":     {"caller": letIn, "stranger": "403 InvalidClientTokenId", "impostor": "403 SignatureDoesNotMatch", "nobody": "403 MissingAuthenticationToken"},
		"events":  {"caller": letIn, "stranger": "400 UnrecognizedClientException", "impostor": "400 InvalidSignatureException", "nobody": "400 MissingAuthenticationTokenException"},
		"ses":     {"caller": letIn, "stranger": "403 UnrecognizedClientException", "impostor": "403 InvalidSignatureException", "nobody": "403 MissingAuthenticationTokenException"},
		"bedrock": {"caller": letIn, "stranger": "403 UnrecognizedClientException", "impostor": "403 InvalidSignatureException"}, // its client does not call without credentials
	}
	who := map[string]aws.Config{"caller": as(url, callerKey, callerSecret), "stranger": as(url, "AKIAOTHER", "x"), "impostor": as(url, callerKey, "x"), "nobody": as(url, "x", "x")}
	nobody := who["nobody"]
	nobody.Credentials = aws.AnonymousCredentials{}
	who["nobody"] = nobody
	for service, call := range calls {
		for name := range wants[service] {
			config := who[name]
			if got := errorOf(call(t.Context(), config)); got != wants[service][name] {
				t.Errorf("%s, %s: %s, want %s", service, name, got, wants[service][name])
			}
		}
	}
}

// late signs as if the clock were wrong.
type late struct {
	signer *v4.Signer
	by     time.Duration
}

func (l late) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, at time.Time, o ...func(*v4.SignerOptions)) error {
	return l.signer.SignHTTP(ctx, c, r, hash, service, region, at.Add(-l.by), o...)
}

func TestAWrongClockIsTold(t *testing.T) {
	config := as(guardedEndpoint(t), callerKey, callerSecret)
	signer := late{v4.NewSigner(), 20 * time.Minute}
	_, err := sqs.NewFromConfig(config, func(o *sqs.Options) { o.HTTPSignerV4 = signer }).ListQueues(t.Context(), &sqs.ListQueuesInput{})
	if got := errorOf(err); got != "400 RequestExpired" {
		t.Errorf("sqs: %s", got)
	}
	_, err = eventbridge.NewFromConfig(config, func(o *eventbridge.Options) { o.HTTPSignerV4 = signer }).ListEventBuses(t.Context(), &eventbridge.ListEventBusesInput{})
	if got := errorOf(err); got != "400 RequestExpired" {
		t.Errorf("events: %s", got)
	}
	_, err = sesv2.NewFromConfig(config, func(o *sesv2.Options) { o.HTTPSignerV4 = signer }).GetAccount(t.Context(), &sesv2.GetAccountInput{})
	if got := errorOf(err); got != "400 RequestExpired" {
		t.Errorf("ses: %s", got)
	}
}

func TestObjectsOfEveryKindOfBodyAreLetIn(t *testing.T) {
	config := as(guardedEndpoint(t), callerKey, callerSecret)
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("signed")}); err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 300<<10)
	for name, options := range map[string]func(*s3.Options){
		"hashed":   func(*s3.Options) {},
		"unsigned": s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware),
	} {
		for _, content := range [][]byte{nil, []byte("xin chào"), large} {
			key := "a key/with spaces+and=signs/ạ?&#"
			if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("signed"), Key: &key, Body: bytes.NewReader(content),
				Metadata: map[string]string{"note": "two  spaces"}}, options); err != nil {
				t.Fatalf("%s, %d bytes: %v", name, len(content), err)
			}
			out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("signed"), Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(out.Body); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s: %d bytes of %d came back, %v", name, len(got), len(content), err)
			}
		}
	}
	presign := s3.NewPresignClient(client)
	put, err := presign.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("signed"), Key: aws.String("presigned")})
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		url    string
		status int
	}{"as it is": {put.URL, 200}, "another key": {strings.Replace(put.URL, "/presigned", "/other", 1), 403}} {
		request, err := http.NewRequest(http.MethodPut, c.url, strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil || response.StatusCode != c.status {
			t.Errorf("a presigned URL, %s: %v %v", what, response, err)
		}
	}
}

func TestTheMachinesOwnDoorsAskToo(t *testing.T) {
	url := guardedEndpoint(t)
	for _, c := range []struct {
		service string
		status  int
	}{{OwnService, 200}, {"s3", 403}, {"", 403}} {
		request, err := http.NewRequest(http.MethodGet, url+"/_sluice/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.service != "" {
			err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: callerKey, SecretAccessKey: callerSecret}, request,
				"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", c.service, region, time.Now())
			if err != nil {
				t.Fatal(err)
			}
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil || response.StatusCode != c.status {
			t.Errorf("signed for %q: %v %v", c.service, response, err)
		}
	}
}

// A chunk that was not signed must not become an object.
func TestChunksWithoutTheirSignatureAreRefused(t *testing.T) {
	url := guardedEndpoint(t)
	config := as(url, callerKey, callerSecret)
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("signed")}); err != nil {
		t.Fatal(err)
	}
	body := "5;chunk-signature=" + strings.Repeat("0", 64) + "\r\nhello\r\n0;chunk-signature=" + strings.Repeat("0", 64) + "\r\n\r\n"
	request, err := http.NewRequest(http.MethodPut, url+"/signed/chunked", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	const kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	request.Header.Set("Content-Encoding", "aws-chunked")
	request.Header.Set("X-Amz-Decoded-Content-Length", "5")
	request.Header.Set("X-Amz-Content-Sha256", kind)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(t.Context(), aws.Credentials{AccessKeyID: callerKey, SecretAccessKey: callerSecret}, request, kind, "s3", region, time.Now()); err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if told, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusForbidden || !strings.Contains(string(told), "SignatureDoesNotMatch") {
		t.Errorf("%d %s %v", response.StatusCode, told, err)
	}
	if _, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("signed"), Key: aws.String("chunked")}); errorOf(err) != "404 NotFound" {
		t.Errorf("the object: %s", errorOf(err))
	}
}

func TestOtherHostNamesAreRefusedOnLoopback(t *testing.T) {
	s := start(t, "")
	for host, status := range map[string]int{
		"localhost:8790": 200, "LOCALHOST": 200, "127.0.0.1:1": 200, "[::1]:8790": 200, "10.0.0.5": 200, "localhost.": 200,
		"bucket.localhost:8790": 404, "rebound.example": 403, "localhost.evil.example": 403, "127.0.0.1.nip.io": 403, "notlocalhost": 403,
	} {
		if got, body := s.ask(t, http.MethodGet, "/", map[string]string{"Host": host}, ""); got != status {
			t.Errorf("%s: %d %s", host, got, body)
		}
	}
}

package endpoint

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"sluice/internal/local/disk"
)

const (
	userKey    = "AKIAUSER"
	userSecret = "the user's secret"
	userToken  = "the user's session"
)

// bedrockInAWS stands for Amazon Bedrock: it keeps the calls it gets.
type bedrockInAWS struct {
	calls  []*http.Request
	bodies []string
	status int
	header http.Header
	answer string
}

func (b *bedrockInAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.calls, b.bodies = append(b.calls, r), append(b.bodies, string(body))
	for name, values := range b.header {
		w.Header()[name] = values
	}
	w.WriteHeader(b.status)
	_, _ = io.WriteString(w, b.answer)
}

// local is a machine whose model calls go to b, and its client with the
// credentials of a function.
func (b *bedrockInAWS) local(t *testing.T) (*bedrockruntime.Client, *Server) {
	t.Helper()
	there := httptest.NewServer(b)
	t.Cleanup(there.Close)
	address, err := url.Parse(there.URL)
	if err != nil {
		t.Fatal(err)
	}
	store := disk.Memory()
	services, err := Assemble(store, "", Options{Account: "000000000000", Region: "us-east-1", AWS: &AWSModel{
		Region: "eu-central-1", Endpoint: address, Credentials: credentials.NewStaticCredentialsProvider(userKey, userSecret, userToken)}})
	if err != nil {
		t.Fatal(err)
	}
	server, err := Listen("127.0.0.1:0", services, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Shutdown(t.Context())
		_ = services.Close()
		_ = store.Close()
	})
	return bedrockruntime.New(bedrockruntime.Options{Region: "us-east-1", BaseEndpoint: aws.String(server.URL()), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}), server
}

func ask(model string) *bedrockruntime.ConverseInput {
	return &bedrockruntime.ConverseInput{ModelId: &model, Messages: []types.Message{{Role: types.ConversationRoleUser,
		Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: "Xin chào"}}}}}
}

const converseAnswer = `{"output":{"message":{"role":"assistant","content":[{"text":"chào"}]}},"stopReason":"end_turn","usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5},"metrics":{"latencyMs":1}}`

func TestModelCallsGoToAWSInTheUsersName(t *testing.T) {
	for _, model := range []string{
		"global.anthropic.claude-haiku-4-5-20251001-v1:0",
		"arn:aws:bedrock:eu-central-1:111122223333:application-inference-profile/abc",
	} {
		b := &bedrockInAWS{status: http.StatusOK, answer: converseAnswer}
		client, _ := b.local(t)
		out, err := client.Converse(t.Context(), ask(model))
		if err != nil || aws.ToInt32(out.Usage.TotalTokens) != 5 {
			t.Fatalf("%v %+v", err, out)
		}
		r := b.calls[0]
		path := "/model/" + strings.NewReplacer(":", "%3A", "/", "%2F").Replace(model) + "/converse"
		if r.Method != http.MethodPost || r.URL.EscapedPath() != path || !strings.Contains(b.bodies[0], "Xin chào") {
			t.Errorf("%s %s %s", r.Method, r.URL.EscapedPath(), b.bodies[0])
		}
		if r.Header.Get("X-Amz-Security-Token") != userToken || !strings.Contains(r.Header.Get("Authorization"), "Credential="+userKey+"/") {
			t.Errorf("it goes in another's name: %s", r.Header.Get("Authorization"))
		}
		if got, want := r.Header.Get("Authorization"), signatureOf(r, b.bodies[0]); got != want {
			t.Errorf("the signature is\n%s\nwant\n%s", got, want)
		}
	}
}

// signatureOf is what AWS computes for a call, after its documentation: "Create a
// signed AWS API request". Paths are escaped once more for every service but S3.
func signatureOf(r *http.Request, body string) string {
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	digest := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
	canonical := r.Method + "\n" + strings.ReplaceAll(r.URL.EscapedPath(), "%", "%25") + "\n" + r.URL.RawQuery + "\n"
	for name := range strings.SplitSeq(list, ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
		}
		canonical += name + ":" + strings.TrimSpace(value) + "\n"
	}
	canonical += "\n" + list + "\n" + digest(body)
	at := r.Header.Get("X-Amz-Date")
	scope := at[:8] + "/eu-central-1/bedrock/aws4_request"
	key := []byte("AWS4" + userSecret)
	for _, part := range []string{at[:8], "eu-central-1", "bedrock", "aws4_request", "AWS4-HMAC-SHA256\n" + at + "\n" + scope + "\n" + digest(canonical)} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return "AWS4-HMAC-SHA256 Credential=" + userKey + "/" + scope + ", SignedHeaders=" + list + ", Signature=" + hex.EncodeToString(key)
}

func TestTheOtherOperationsGoThereToo(t *testing.T) {
	b := &bedrockInAWS{status: http.StatusOK, answer: `{"inputTokens":7}`, header: http.Header{"X-Amzn-Bedrock-Input-Token-Count": {"7"}}}
	client, server := b.local(t)
	count, err := client.CountTokens(t.Context(), &bedrockruntime.CountTokensInput{ModelId: aws.String("m"), Input: &types.CountTokensInputMemberInvokeModel{
		Value: types.InvokeModelTokensRequest{Body: []byte(`{}`)}}})
	if err != nil || aws.ToInt32(count.InputTokens) != 7 {
		t.Errorf("%v %+v", err, count)
	}
	invoked, err := client.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String("m"), Body: []byte(`{"a":1}`),
		ContentType: aws.String("application/json"), GuardrailIdentifier: aws.String("g"), GuardrailVersion: aws.String("1")})
	if err != nil || string(invoked.Body) != b.answer || b.bodies[1] != `{"a":1}` || b.calls[1].Header.Get("X-Amzn-Bedrock-Guardrailidentifier") != "g" {
		t.Errorf("%v %+v %v", err, invoked, b.calls[1].Header)
	}
	response, err := http.Post(server.URL()+"/model/m/converse-stream", "application/json", strings.NewReader("{}"))
	if err != nil || response.StatusCode != http.StatusNotFound || len(b.calls) != 2 {
		t.Errorf("a stream: %v %v", response, err)
	}
}

func TestWhatAWSRefusesIsPassedOn(t *testing.T) {
	b := &bedrockInAWS{status: http.StatusTooManyRequests, answer: `{"message":"Too many tokens, please wait before trying again."}`,
		header: http.Header{"X-Amzn-Errortype": {"ThrottlingException"}, "X-Amzn-Requestid": {"r-1"}, "Retry-After": {"3"}}}
	client, _ := b.local(t)
	_, err := client.Converse(t.Context(), ask("m"))
	var throttled *types.ThrottlingException
	if !errors.As(err, &throttled) || !strings.Contains(throttled.ErrorMessage(), "Too many tokens") || !strings.Contains(err.Error(), "r-1") {
		t.Error(err)
	}
}

func TestAWSThatCannotBeReachedIsAnErrorToRetry(t *testing.T) {
	address, _ := url.Parse("http://127.0.0.1:1")
	m := &AWSModel{Region: "us-east-1", Endpoint: address, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	for name, provider := range map[string]aws.CredentialsProvider{
		"unreachable":         m.Credentials,
		"expired credentials": aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("expired") }),
	} {
		m.Credentials = provider
		w := httptest.NewRecorder()
		m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/model/m/converse", strings.NewReader("{}")))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("X-Amzn-Errortype") != "ServiceUnavailableException" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}

// bare is an environment in which nothing of AWS is set up.
func bare(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/credentials")
}

func TestWhatRealBedrockNeedsIsFoundOrTold(t *testing.T) {
	tests := map[string]struct {
		environment  map[string]string
		region, want string // want begins with https or http, or is part of the error
	}{
		"nothing":             {want: "no region"},
		"a region":            {region: "us-east-1", want: "no AWS credentials"},
		"the local machine's": {environment: map[string]string{"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}, want: "sluice env"},
		"all":                 {environment: map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-west-2"}, want: "https://bedrock-runtime.us-west-2.amazonaws.com"},
		"another region": {environment: map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-west-2"}, region: "eu-west-1",
			want: "https://bedrock-runtime.eu-west-1.amazonaws.com"},
		"a private endpoint": {environment: map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://10.0.0.1:8"},
			region: "eu-west-1", want: "http://10.0.0.1:8"},
		"the local endpoint is not real Bedrock": {environment: map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": "http://127.0.0.1:8790"},
			region: "eu-west-1", want: "https://bedrock-runtime.eu-west-1.amazonaws.com"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bare(t)
			for k, v := range test.environment {
				t.Setenv(k, v)
			}
			m, err := FindAWSModel(t.Context(), test.region)
			if !strings.HasPrefix(test.want, "http") {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Error(err)
				}
				return
			}
			if err != nil || m.Endpoint.String() != test.want {
				t.Errorf("%v %v", m, err)
			}
		})
	}
}

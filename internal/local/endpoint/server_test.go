package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/local/apigateway"
	"sluice/internal/local/disk"
)

const (
	account = "000000000000"
	region  = "us-east-1"
)

// started is an endpoint with clients.
type started struct {
	config aws.Config
	url    string
	stop   func()
}

// start serves what is in the folder, or memory for "".
func start(t *testing.T, folder string) *started { return startWith(t, folder, nil) }

func startWith(t *testing.T, folder string, api *apigateway.API) *started {
	t.Helper()
	store, objects := disk.Memory(), ""
	if folder != "" {
		var err error
		if store, err = disk.Open(filepath.Join(folder, "state.db")); err != nil {
			t.Fatal(err)
		}
		objects = filepath.Join(folder, "objects")
	}
	services, err := Assemble(store, objects, Options{Account: account, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	services.API = api
	services.Own = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a door that is broken") })
	server, err := Listen("127.0.0.1:0", services, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	s := &started{url: server.URL(), stop: func() {
		if stopped {
			return
		}
		stopped = true
		if err := errors.Join(server.Shutdown(context.Background()), services.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	}}
	t.Cleanup(s.stop)
	s.config = aws.Config{Region: region, BaseEndpoint: aws.String(server.URL()), Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
	return s
}

// queue makes a queue and answers its ARN.
func (s *started) queue(t *testing.T, name string) string {
	t.Helper()
	if _, err := sqs.NewFromConfig(s.config).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name}); err != nil {
		t.Fatal(err)
	}
	return "arn:aws:sqs:" + region + ":" + account + ":" + name
}

// receive waits for a message of a queue and removes it.
func (s *started) receive(t *testing.T, queue string) sqstypes.Message {
	t.Helper()
	client := sqs.NewFromConfig(s.config)
	url := s.url + "/" + account + "/" + queue
	out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"}})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("%s: %+v, %v", queue, out, err)
	}
	if _, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: out.Messages[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	return out.Messages[0]
}

func (s *started) rule(t *testing.T, name, bus, pattern string, target ebtypes.Target) {
	t.Helper()
	client := eventbridge.NewFromConfig(s.config)
	if _, err := client.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &name, EventBusName: &bus, EventPattern: &pattern}); err != nil {
		t.Fatal(err)
	}
	target.Id = aws.String("1")
	if _, err := client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &name, EventBusName: &bus, Targets: []ebtypes.Target{target}}); err != nil {
		t.Fatal(err)
	}
}

func TestAnObjectIsToldToAQueue(t *testing.T) {
	folder := t.TempDir()
	s := start(t, folder)
	queue := s.queue(t, "uploads")
	objects := s3.NewFromConfig(s.config)
	bucket := aws.String("inbox")
	s.rule(t, "uploads", "default", `{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{"bucket":{"name":["inbox"]},"object":{"key":[{"prefix":"uploads/"}]}}}`, ebtypes.Target{Arn: &queue})
	if _, err := objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	_, err := objects.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: bucket,
		NotificationConfiguration: &s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"results/not-told", "uploads/thư.jsonl"} {
		if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	var event struct {
		Account, Region, Source string
		Resources               []string
		Detail                  struct {
			Object struct{ Key string }
			Reason string
		}
	}
	if err := json.Unmarshal([]byte(*s.receive(t, "uploads").Body), &event); err != nil {
		t.Fatal(err)
	}
	if event.Source != "aws.s3" || event.Account != account || event.Region != region || event.Detail.Object.Key != "uploads/thư.jsonl" ||
		event.Detail.Reason != "PutObject" || len(event.Resources) != 1 || event.Resources[0] != "arn:aws:s3:::inbox" {
		t.Errorf("event %+v", event)
	}
}

func TestWhatWasPutIsInTheQueueAfterARestart(t *testing.T) {
	folder := t.TempDir()
	s := start(t, folder)
	queue, dead := s.queue(t, "heard"), s.queue(t, "dead")
	missing := strings.Replace(queue, "heard", "missing", 1)
	s.rule(t, "heard", "default", `{"source":["mine"]}`, ebtypes.Target{Arn: &queue})
	s.rule(t, "lost", "default", `{"source":["mine"]}`, ebtypes.Target{Arn: &missing, DeadLetterConfig: &ebtypes.DeadLetterConfig{Arn: &dead}})
	out, err := eventbridge.NewFromConfig(s.config).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
		{Source: aws.String("mine"), DetailType: aws.String("Said"), Detail: aws.String(`{"n":1}`)}}})
	if err != nil || out.FailedEntryCount != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	s.stop()
	s = start(t, folder)
	if body := *s.receive(t, "heard").Body; !strings.Contains(body, `"detail":{"n":1}`) || !strings.Contains(body, *out.Entries[0].EventId) {
		t.Errorf("message %s", body)
	}
	letter := s.receive(t, "dead")
	if code := letter.MessageAttributes["ERROR_CODE"].StringValue; code == nil || *code != "NO_RESOURCE" {
		t.Errorf("dead letter %+v", letter.MessageAttributes)
	}
}

// ask sends a request and answers its status and body.
func (s *started) ask(t *testing.T, method, path string, headers map[string]string, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	request.Host = headers["Host"]
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// signed is the header of a request that says it is signed for a service.
func signed(service string) map[string]string {
	return map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=local/20261124/us-east-1/" + service + "/aws4_request, SignedHeaders=host, Signature=0"}
}

// with is the headers and one more.
func with(headers map[string]string, name, value string) map[string]string {
	headers[name] = value
	return headers
}

func TestRouting(t *testing.T) {
	s := start(t, "")
	cases := []struct {
		name, method, path string
		headers            map[string]string
		body               string
		status             int
		says               string
	}{
		{"sqs", "POST", "/", map[string]string{"X-Amz-Target": "AmazonSQS.ListQueues"}, "{}", 200, "{"},
		{"eventbridge", "POST", "/", map[string]string{"X-Amz-Target": "AWSEvents.ListEventBuses"}, "{}", 200, "default"},
		{"ses", "GET", "/v2/email/identities", nil, "", 200, "EmailIdentities"},
		{"s3", "GET", "/", nil, "", 200, "ListAllMyBucketsResult"},
		{"s3, a key that a mux would tidy up", "GET", "/bucket/a//../b", nil, "", 404, "NoSuchBucket"},
		{"s3, a bucket in the host", "GET", "/model/x", map[string]string{"Host": "bucket.localhost"}, "", 404, "NoSuchBucket"},
		{"lambda", "GET", "/2015-03-31/functions", signed("lambda"), "", 200, "Functions"},
		{"scheduler", "GET", "/schedules", signed("scheduler"), "", 200, "Schedules"},
		{"s3, a bucket that is called so", "GET", "/schedules", signed("s3"), "", 404, "NoSuchBucket"},
		{"another JSON service", "POST", "/", map[string]string{"X-Amz-Target": "DynamoDB_20120810.ListTables"}, "{}", 400, "UnknownOperationException"},
		{"the query protocol", "POST", "/", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "Action=CreateQueue&QueueName=q", 200, "<QueueUrl>http://127.0.0.1"},
		{"the query protocol, of another service", "POST", "/", with(signed("sns"), "Content-Type", "application/x-www-form-urlencoded"), "Action=ListTopics", 400, "ListTopics of sns"},
		{"the query protocol, broken", "POST", "/", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "Action=%zz", 400, "MalformedQueryString"},
		{"who asks", "POST", "/", with(signed("sts"), "Content-Type", "application/x-www-form-urlencoded"), "Action=GetCallerIdentity", 200, "<Account>000000000000</Account>"},
		{"who asks, unsigned", "POST", "/", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "Action=GetCallerIdentity", 403, "MissingAuthenticationToken"},
		{"a part of Bedrock that is not here", "GET", "/foundation-models", signed("bedrock"), "", 404, "does not offer GET /foundation-models of bedrock"},
		{"a panic", "GET", "/_sluice/", nil, "", 500, ""},
		{"still alive", "GET", "/", nil, "", 200, "ListAllMyBucketsResult"},
		{"another origin", "POST", "/bucket?delete", map[string]string{"Origin": "https://evil.example", "Content-Type": "text/plain"}, "<Delete/>", 403, "origins"},
		{"another site", "PUT", "/bucket", map[string]string{"Sec-Fetch-Site": "cross-site"}, "", 403, "origins"},
		{"a name that points here", "GET", "/", map[string]string{"Host": "rebound.example", "User-Agent": "Mozilla/5.0"}, "", 403, "127.0.0.1"},
		{"a browser", "GET", "/", map[string]string{"User-Agent": "Mozilla/5.0"}, "", 200, "ListAllMyBucketsResult"},
	}
	for _, c := range cases {
		if status, body := s.ask(t, c.method, c.path, c.headers, c.body); status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}

// The JavaScript SDK calls Bedrock over HTTP/2 and nothing else.
func TestHTTP2WithoutTLS(t *testing.T) {
	s := start(t, "")
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: 10 * time.Second}
	response, err := client.Post(s.url+"/model/m/converse", "application/json", strings.NewReader(`{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.ProtoMajor != 2 || response.StatusCode != http.StatusOK {
		t.Errorf("%s %s %s, %v", response.Proto, response.Status, body, err)
	}
}

func TestOnlyLoopback(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "localhost.example:0", "nonsense"} {
		if _, err := Listen(address, &Services{}, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s was taken", address)
		}
	}
}

func TestAPanicBehindAnAnswerDropsTheConnection(t *testing.T) {
	server := httptest.NewServer(recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), slog.New(slog.DiscardHandler)))
	defer server.Close()
	client := http.Client{Timeout: 10 * time.Second}
	if _, err := client.Get(server.URL); err == nil {
		t.Error("it was answered")
	}
}

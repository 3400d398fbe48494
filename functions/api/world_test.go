package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/events"
	"sluice/internal/answers"
	"sluice/internal/bedrock"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/budget"
	"sluice/internal/bus"
	"sluice/internal/bus/bustest"
	"sluice/internal/ledger"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/pacing"
	"sluice/internal/requests"
	"sluice/internal/results"
	"sluice/internal/suppression"
	"sluice/internal/task"
	"sluice/internal/telemetry"
	"sluice/internal/upload"
)

// canary is in every text and address of these tests, and may be in no event but
// RequestReceived, and in no log line or problem.
const canary = "canary"

const secret = "0123456789abcdef0123456789abcdef"

// world is the function with everything around it in memory.
type world struct {
	t       testing.TB
	memory  *objectstest.Memory
	bus     *bustest.Recorder
	model   *bedrocktest.Model
	log     *output
	clock   *clock
	limits  budget.Limits
	quota   pacing.Config
	handler *Handler
	// after is called once, after the next answer.
	after func()
}

// clock is what time it is for the function.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, memory: objectstest.NewMemory(), bus: &bustest.Recorder{}, model: &bedrocktest.Model{}, log: &output{},
		clock: &clock{at: time.Date(2026, 3, 4, 8, 0, 5, 0, time.UTC)}, quota: pacing.Config{Sandboxes: 1, InFlight: 1}}
	w.restart()
	return w
}

// output is what the program prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(line)
}

// String is all of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// restart puts a new process in the place of the old one.
func (w *world) restart() {
	w.t.Helper()
	store := objects.New(w.memory, "b")
	table, err := bedrock.LoadModels()
	w.must(err)
	c := Config{Environment: "test", Bucket: "b", Bus: "own", TenantClaim: "tenant", AnswerSecret: secret, SuppressionSecret: secret, Sandboxes: 1,
		QuotaShare: 1, Limits: w.limits, APIURL: "https://api.example.com", LinkSecret: secret}
	w.must(c.Tenants.UnmarshalText([]byte("123456789012=acme,listed-subject=shop,999999999999=*")))
	w.must(c.Domains.UnmarshalText([]byte("example.com")))
	w.must(c.check())
	c.Links = c.Links.At(w.clock.now)
	signing := s3.New(s3.Options{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired})
	w.handler = New(Parts{
		Config: c, Store: store, Signer: s3.NewPresignClient(signing), Payloads: bus.NewPayloads(store), Tasks: task.NewRegistry(store, w.clock.now),
		Answers: answers.New(store, bedrock.New(w.model, table, "test"), answers.Options{
			Keys: c.Keys, DefaultModel: "anthropic.claude-haiku-4-5", Models: table, Now: w.clock.now,
			Pace:   func(string) pacing.Config { return w.quota },
			Ledger: ledger.New(w.log, "test", w.clock.now), Budget: budget.New(store, w.limits, w.clock.now),
		}),
		Bus: bus.NewDirect(w.bus, "own", Name), Suppressions: suppressionsOf(w), Permit: suppression.Permit{List: suppressionsOf(w), Domains: c.Domains},
		Log: telemetry.NewLogger(w.log, Name), Now: w.clock.now,
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// request is an HTTP request as API Gateway passes it on, from the account that is
// acme's.
func request(route, path, body string, headers ...string) awsevents.APIGatewayV2HTTPRequest {
	method, _, _ := strings.Cut(route, " ")
	e := awsevents.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: route, RawPath: path, Headers: map[string]string{}, Body: body}
	e.RequestContext.Stage, e.RequestContext.RouteKey, e.RequestContext.RequestID = "$default", route, "gw-1"
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path = method, path
	e.RequestContext.Authorizer = &awsevents.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		IAM: &awsevents.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{AccountID: "123456789012"}}
	_, pattern, _ := strings.Cut(route, " ")
	e.PathParameters, _ = match(pattern, path)
	if method == http.MethodPost {
		e.Headers["content-type"] = "application/json"
	}
	for i := 0; i+1 < len(headers); i += 2 {
		e.Headers[headers[i]] = headers[i+1]
	}
	return e
}

// send has the function answer. What was said and logged must not hold the canary.
func (w *world) send(e awsevents.APIGatewayV2HTTPRequest) awsevents.APIGatewayV2HTTPResponse {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 29*time.Second)
	defer cancel()
	r, err := w.handler.Handle(ctx, e)
	w.must(err)
	if w.after != nil {
		w.after()
		w.after = nil
	}
	if strings.Contains(w.log.String(), canary) {
		w.t.Errorf("the log holds what it must not: %s", w.log)
	}
	for _, said := range w.bus.Records() {
		if said.DetailType != "RequestReceived" && strings.Contains(string(said.Detail), canary) {
			w.t.Errorf("an event holds what it must not: %s", said.Detail)
		}
	}
	return r
}

// want sends a request and checks the status.
func (w *world) want(status int, e awsevents.APIGatewayV2HTTPRequest) awsevents.APIGatewayV2HTTPResponse {
	w.t.Helper()
	r := w.send(e)
	if r.StatusCode != status {
		w.t.Fatalf("%s %s: %d %s, want %d; log: %s", e.RouteKey, e.RawPath, r.StatusCode, r.Body, status, w.log)
	}
	return r
}

// parsed reads an answer.
func parsed[D any](t testing.TB, r awsevents.APIGatewayV2HTTPResponse) D {
	t.Helper()
	var d D
	if err := json.Unmarshal([]byte(r.Body), &d); err != nil {
		t.Fatalf("%s: %v", r.Body, err)
	}
	return d
}

func (w *world) status(id string) requests.Status {
	w.t.Helper()
	return w.statusOf("acme", id)
}

func (w *world) statusOf(tenant, id string) requests.Status {
	w.t.Helper()
	s, err := requests.New(objects.New(w.memory, "b")).Get(w.t.Context(), tenant, id)
	w.must(err)
	return s
}

// said are the detail-types of all events, in order.
func (w *world) said() string {
	var names []string
	for _, r := range w.bus.Records() {
		names = append(names, r.DetailType)
	}
	return strings.Join(names, " ")
}

// tokenOf is the token of a link.
func tokenOf(link string) string { return link[strings.LastIndexByte(link, '/')+1:] }

// suppressionKey names somebody who may be mailed.
var suppressionKey = suppression.Key(secret, "canary@example.com")

// reported is the id of an upload of acme's whose report is there.
func (w *world) reported() string {
	w.t.Helper()
	store := objects.New(w.memory, "b")
	id := upload.ID("b", "uploads/acme/classify/x.csv", "e")
	intake := upload.Intake{ID: id, Tenant: "acme", File: events.UploadFile{Bucket: "b", Key: "uploads/acme/classify/x.csv", ETag: "e"}, Submitted: w.clock.now(), Done: true}
	_, err := upload.SaveIntake(context.Background(), store, &intake, "")
	w.must(err)
	_, err = requests.UpdateProgress(context.Background(), store, id, func(p *requests.Progress) bool {
		p.Tenant, p.Task, p.Submitted, p.Received = "acme", "classify", w.clock.now(), &events.UploadReceived{Records: 3}
		p.Ends(1, events.Completed, &events.Spend{CostUSD: 0.5})
		p.Ends(2, events.Rejected, nil, "empty")
		p.Done = &requests.Done{Results: "reports/acme/" + id + "/results.csv", Report: "reports/acme/" + id + "/report.html"}
		return true
	})
	w.must(err)
	return id
}

// stored is what store and track do with an answer.
func (w *world) stored(id, answer string, spend events.Spend) {
	w.t.Helper()
	store, ctx := objects.New(w.memory, "b"), w.t.Context()
	s := w.status(id)
	key := results.Key(s.Submitted, "acme", id)
	lines, err := results.Lines([]results.Result{{RequestID: id, Tenant: "acme", Task: s.Task, Attempt: 1, Submitted: s.Submitted, Completed: w.clock.now(),
		Answer: json.RawMessage(answer), Spend: spend}})
	w.must(err)
	_, err = store.Put(ctx, key, objects.JSON, bytes.NewReader(lines))
	w.must(err)
	_, err = requests.New(store).Update(ctx, "acme", id, func(s *requests.Status) bool {
		s.State, s.Outcome, s.Result = requests.Stored, events.Completed, key
		return true
	})
	w.must(err)
}

func suppressionsOf(w *world) *suppression.List {
	return suppression.New(objects.New(w.memory, "b"), secret, w.clock.now)
}

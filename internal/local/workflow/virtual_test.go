package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/functions/analyze"
	"sluice/functions/feedback"
	"sluice/functions/notify"
	"sluice/functions/store"
	"sluice/functions/track"
	"sluice/internal/answers"
	"sluice/internal/bedrock"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/budget"
	"sluice/internal/bus"
	"sluice/internal/consume"
	"sluice/internal/ledger"
	"sluice/internal/local/emulator"
	"sluice/internal/local/eventbridge/pattern"
	"sluice/internal/local/stepfunctions"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/pacing"
	"sluice/internal/requests"
	"sluice/internal/suppression"
	"sluice/internal/task"
	"sluice/internal/telemetry"
	"sluice/internal/workflow"
)

const (
	tenant   = "acme"
	account  = "111122223333" // the upstream system's
	analyzer = "arn:aws:lambda:" + emulator.Region + ":" + emulator.Account + ":function:" + prefix + "-analyze"
)

// virtual is the environment in one process and in virtual time: the functions'
// own handlers, rules and mappings as the choreography has them, and the workflow
// as Terraform has it, not hurried.
type virtual struct {
	*testing.T
	memory  *objectstest.Memory
	store   *objects.Store
	model   *bedrocktest.Model
	queues  map[string]*queue
	rules   []rule
	direct  lambda.Handler // analyze, called directly
	post    *post
	machine *stepfunctions.State
	paused  []time.Time

	mu      sync.Mutex
	said    []events.Record
	dead    map[string][]string     // what is in the dead-letter queues, by queue
	faults  map[string]func() error // what stands in the workflow's way, by the queue or function it asks
	sent    map[string]int          // how often it asked them
	instead map[string]string       // what a step is answered in the place of its function, once
	later   time.Duration           // until when it is put off then
}

// rule is a rule on the environment's bus.
type rule struct {
	queue   string
	pattern *pattern.Pattern
	bus     string
}

// newVirtual makes the environment; audited is whether it has a workflow, and
// change may alter that. It is to be called in a bubble of synctest.
func newVirtual(t *testing.T, audited bool, change func(states map[string]map[string]any)) *virtual {
	t.Helper()
	v := &virtual{T: t, memory: objectstest.NewMemory(), model: &bedrocktest.Model{}, queues: map[string]*queue{}, dead: map[string][]string{},
		faults: map[string]func() error{}, sent: map[string]int{}, instead: map[string]string{}}
	v.store = objects.New(v.memory, "b")
	v.post = &post{v: v, became: map[string]string{}}
	if audited {
		d, err := stepfunctions.Parse(v.definition(change))
		if err != nil {
			t.Fatal(err)
		}
		v.machine = stepfunctions.New(d, stepfunctions.Options{ARN: machineARN, Resources: v})
	}
	v.open()
	ctx, cancel := context.WithCancel(context.Background())
	var draining sync.WaitGroup
	for _, q := range v.queues {
		draining.Go(func() { q.drain(ctx) })
	}
	t.Cleanup(func() {
		if audited {
			v.machine.Close()
		}
		cancel()
		draining.Wait()
		v.post.out.Wait()
	})
	return v
}

// definition is the workflow as Terraform fills it in, changed.
func (v *virtual) definition(change func(states map[string]map[string]any)) []byte {
	v.Helper()
	names := map[string]string{"analyze_function_arn": analyzer}
	for _, name := range []string{"analyze", "store", "notify"} {
		queue := events.QueueName(environment, name)
		names[name+"_queue_url"], names[name+"_dead_letter_queue_url"] = queue, events.DeadLetterQueueName(queue)
	}
	return definition(v.T, names, change)
}

// open puts the functions to work.
func (v *virtual) open() {
	choreography, err := events.LoadChoreography()
	if err != nil {
		v.Fatal(err)
	}
	for name, handle := range v.functions() {
		s := choreography.Subscriptions[name]
		compiled, err := pattern.Compile(s.PatternFor("b", "set"))
		if err != nil {
			v.Fatal(err)
		}
		v.rules = append(v.rules, rule{name, compiled, s.Bus})
		v.queues[name] = newQueue(name, choreography.Functions[s.Function], s, handle)
	}
}

// functions are the handlers with what Lambda wraps around them.
func (v *virtual) functions() map[string]consume.Handler {
	tasks := workflow.New(v.aws())
	options := func(name string) consume.Options {
		return consume.Options{Function: name, Log: telemetry.NewLogger(io.Discard, name), Queues: v, Tasks: tasks, Defers: name != store.Name}
	}
	analyzes := v.analyze()
	asked := consume.All(options(analyze.Name), analyzes.Handle)
	v.direct = consume.Serve(options(analyze.Name), asked, analyzes.Steps())
	config := notify.Config{Bus: "own", Bucket: "b", Environment: environment, ConfigurationSet: "set", Sender: "sluice@example.com", SuppressionSecret: secret, Domains: v.domains()}
	mails, err := notify.New(config, v.store, v.post, sayer{v, notify.Name}, time.Now)
	if err != nil {
		v.Fatal(err)
	}
	hears := feedback.New(feedback.Config{Bus: "own", Bucket: "b", Environment: environment, ConfigurationSet: "set", SuppressionSecret: secret},
		v.store, v.post, sayer{v, feedback.Name}, slog.New(slog.DiscardHandler), time.Now)
	return map[string]consume.Handler{
		analyze.Name:  asked,
		store.Name:    consume.All(options(store.Name), store.New(v.store, sayer{v, store.Name}, time.Now).Handle),
		notify.Name:   consume.Each(options(notify.Name), mails.Handle),
		track.Name:    consume.All(options(track.Name), track.New(v.store, sayer{v, track.Name}, slog.New(slog.DiscardHandler), time.Now, "").Handle),
		feedback.Name: consume.All(options(feedback.Name), hears.Handle),
	}
}

func (v *virtual) analyze() *analyze.Handler {
	table, err := bedrock.LoadModels()
	if err != nil {
		v.Fatal(err)
	}
	keys, err := answers.NewKeys(secret)
	if err != nil {
		v.Fatal(err)
	}
	var tenants events.Tenants
	if err := tenants.UnmarshalText([]byte(account + "=" + tenant + "," + emulator.Account + "=*")); err != nil {
		v.Fatal(err)
	}
	parts := analyze.Parts{
		Tenants: tenants, Payloads: bus.NewPayloads(v.store), Tasks: task.NewRegistry(v.store, time.Now), Book: requests.New(v.store),
		Answers: answers.New(v.store, bedrock.New(v.model, table, environment), answers.Options{
			Keys: keys, DefaultModel: "anthropic.claude-haiku-4-5", Models: table, Now: time.Now,
			Pace:   func(string) pacing.Config { return pacing.Config{Sandboxes: 1, InFlight: 10} },
			Ledger: ledger.New(io.Discard, environment, time.Now), Budget: budget.New(v.store, budget.Limits{}, time.Now),
		}),
		Mappings: v, Permit: suppression.Permit{List: v.suppressions(), Domains: v.domains()}, Store: v.store, Bus: sayer{v, analyze.Name}, Log: telemetry.NewLogger(io.Discard, analyze.Name), Now: time.Now,
	}
	if v.machine != nil {
		if parts.Workflow, err = workflow.NewMachine(workflow.New(v.aws()), machineARN); err != nil {
			v.Fatal(err)
		}
	}
	return analyze.New(parts)
}

func (v *virtual) domains() (d suppression.Domains) {
	if err := d.UnmarshalText([]byte("example.com,simulator.amazonses.com")); err != nil {
		v.Fatal(err)
	}
	return d
}

func (v *virtual) suppressions() *suppression.List { return suppression.New(v.store, secret, time.Now) }

// sayer is the environment's bus, for one who speaks.
type sayer struct {
	v    *virtual
	name string
}

// Publish implements the functions' Publisher.
func (s sayer) Publish(_ context.Context, e events.Envelope) error {
	record, err := events.RecordOf(s.name, emulator.Account, emulator.Region, e)
	if err == nil {
		s.v.put("own", record)
	}
	return err
}

// PublishAll implements store's.
func (s sayer) PublishAll(ctx context.Context, all ...events.Envelope) []error {
	errs := make([]error, len(all))
	for i, e := range all {
		errs[i] = s.Publish(ctx, e)
	}
	return errs
}

// aws leads to the machine, over HTTP and in this process.
func (v *virtual) aws() aws.Config {
	return aws.Config{Region: emulator.Region, BaseEndpoint: aws.String("http://states.test"), HTTPClient: v,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
}

// Do implements aws.HTTPClient.
func (v *virtual) Do(r *http.Request) (*http.Response, error) {
	if v.machine == nil {
		return nil, errors.New("there is no workflow")
	}
	w := httptest.NewRecorder()
	stepfunctions.Handler(v.machine).ServeHTTP(w, r)
	return w.Result(), nil
}

// Pause implements analyze.Mappings. The queue goes on: what is asked of the
// workflow is that it waits by itself.
func (v *virtual) Pause(_ context.Context, _ string, until time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.paused = append(v.paused, until)
	return nil
}

// put lets the rules of a bus have an event.
func (v *virtual) put(bus string, record events.Record) {
	if bus == "own" && strings.HasPrefix(record.Source, "sluice.") {
		v.mu.Lock()
		v.said = append(v.said, record)
		v.mu.Unlock()
	}
	body, err := json.Marshal(record)
	if err != nil {
		v.Error(err)
		return
	}
	for _, r := range v.rules {
		if matches, err := r.pattern.MatchJSON(body); err != nil || r.bus != bus || !matches {
			continue
		}
		v.queues[r.queue].send(string(body), nil)
	}
}

// publish says a request as an upstream system does.
func (v *virtual) publish(id string, data map[string]any) {
	detail, err := json.Marshal(map[string]any{"requestId": id, "data": data})
	if err != nil {
		v.Fatal(err)
	}
	v.put("own", events.Record{ID: events.ID("upstream", string(detail)), Source: "my.app", DetailType: "RequestReceived", Account: account,
		Region: emulator.Region, Time: time.Now().UTC(), Resources: []string{}, Detail: detail})
}

// GetQueueUrl implements consume.API: the URL is the name.
func (v *virtual) GetQueueUrl(_ context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	return &sqs.GetQueueUrlOutput{QueueUrl: in.QueueName}, nil
}

// ChangeMessageVisibility implements consume.API.
func (v *virtual) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	v.queues[strings.TrimPrefix(*in.QueueUrl, prefix+"-")].hide(*in.ReceiptHandle, time.Duration(in.VisibilityTimeout)*time.Second)
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

// SendMessage implements consume.API: functions send nothing but what they give up.
func (v *virtual) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	v.bury(*in.QueueUrl, *in.MessageBody)
	return &sqs.SendMessageOutput{}, nil
}

func (v *virtual) bury(queue, body string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.dead[queue] = append(v.dead[queue], body)
}

// ask counts what the workflow asks for, and is what stands in its way.
func (v *virtual) ask(what string) error {
	v.mu.Lock()
	v.sent[what]++
	fault := v.faults[what]
	v.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault()
}

// Send implements stepfunctions.Resources.
func (v *virtual) Send(_ context.Context, url, body string, attributes map[string]string) error {
	name := strings.TrimPrefix(url, prefix+"-")
	if err := v.ask(name); err != nil {
		return err
	}
	if v.answerInstead(name, body) {
		return nil
	}
	if q := v.queues[name]; q != nil {
		q.send(body, attributes)
	} else {
		v.bury(url, body)
	}
	return nil
}

// Invoke implements stepfunctions.Resources.
func (v *virtual) Invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	if function != analyzer {
		v.Errorf("there is no function %s", function)
	}
	var in struct{ Step string }
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, err
	}
	if err := v.ask(in.Step); err != nil {
		return nil, err
	}
	answer, err := v.direct.Invoke(ctx, payload)
	var told messages.InvokeResponse_Error
	if errors.As(err, &told) {
		return nil, &stepfunctions.Failure{Name: told.Type, Cause: told.Message}
	}
	return answer, err
}

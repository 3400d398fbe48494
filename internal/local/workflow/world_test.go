package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/awsclient"
	"sluice/internal/local/bedrock"
	"sluice/internal/local/emulator"
	"sluice/internal/local/lambdahost"
	"sluice/internal/local/machine"
	"sluice/internal/objects"
	"sluice/internal/workflow"
)

const (
	environment = "local"
	secret      = "a secret of the tests that is long enough"
	prefix      = "sluice-" + environment
	machineARN  = "arn:aws:states:" + emulator.Region + ":" + emulator.Account + ":stateMachine:" + prefix
	// patience is how long anything may take; moto handles three events a second.
	patience = 3 * time.Minute
)

// model is the local one, with a mood.
type model struct {
	http.Handler
	mu    sync.Mutex
	moods map[string]func(w http.ResponseWriter, r *http.Request) bool // by a word of the text; true: it was answered
	calls []string                                                     // the bodies
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		return
	}
	r.Body = struct {
		*bytes.Reader
		nothing
	}{Reader: bytes.NewReader(body.Bytes())}
	m.mu.Lock()
	m.calls = append(m.calls, body.String())
	var mood func(http.ResponseWriter, *http.Request) bool
	for word, one := range m.moods {
		if strings.Contains(body.String(), word) {
			mood = one
		}
	}
	m.mu.Unlock()
	if mood == nil || !mood(w, r) {
		m.Handler.ServeHTTP(w, r)
	}
}

// nothing is to be closed.
type nothing struct{}

func (nothing) Close() error { return nil }

// world is the environment in moto with every function at work.
type world struct {
	*testing.T
	model    *model
	states   workflow.States
	service  awsclient.Service
	events   *eventbridge.Client
	queues   *sqs.Client
	store    *objects.Store
	watching string // the URL of a queue that hears everything
	log      *lockedBuffer
	refused  *atomic.Int64 // how many direct calls fail
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if os.Getenv("SLUICE_WORKFLOW_TEST") != "on" {
		t.Skip("SKIPPED: the workflow in moto's interpreter; make workflow-test runs it")
	}
	stand, err := bedrock.New(bedrock.Config{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, log: &lockedBuffer{}, refused: &atomic.Int64{}, model: &model{Handler: bedrock.Handler(stand), moods: map[string]func(http.ResponseWriter, *http.Request) bool{}}}
	var functions *machine.Remote
	moto, err := emulator.Start(t.Context(), emulator.Options{StateMachines: true, Stack: true, Model: w.model,
		Invoke: func(ctx context.Context, function string, payload []byte) ([]byte, error) {
			if bytes.Contains(payload, []byte(`"step"`)) && w.refused.Add(-1) >= 0 {
				return nil, &lambdahost.FunctionError{Payload: []byte(`{"errorType":"Sluice.retry","errorMessage":"it is put into the way"}`)}
			}
			return functions.Invoke(ctx, strings.TrimPrefix(function, prefix+"-"), payload)
		}})
	if errors.Is(err, emulator.ErrAbsent) {
		t.Skip("SKIPPED: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = moto.Close() })
	variables := map[string]string{"SLUICE_WORKFLOW_ARN": machineARN, "SLUICE_SUPPRESSION_SECRET": secret}
	functions, err = machine.OpenRemote(t.Context(), machine.RemoteOptions{Endpoint: moto.URL(), Address: "127.0.0.1:0", Provision: true, Log: w.log,
		Functions: filepath.Join("..", "..", "..", "bin", "functions"),
		Getenv:    func(name string) string { return variables[name] }, Environ: func() []string { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = functions.Close(ctx) // a model that never answers holds a call
	})
	config := aws.Config{Region: emulator.Region, BaseEndpoint: aws.String(moto.URL()), Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
	w.states, w.service = workflow.New(config), awsclient.NewService(config, "SFN", "states")
	w.events, w.queues = eventbridge.NewFromConfig(config), sqs.NewFromConfig(config)
	w.store = objects.New(s3.NewFromConfig(config), machine.Bucket)
	w.watch()
	return w
}

// watch lets a queue hear everything that is said.
func (w *world) watch() {
	w.Helper()
	queue, err := w.queues.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: aws.String("watch")})
	if err != nil {
		w.Fatal(err)
	}
	w.watching = *queue.QueueUrl
	_, err = w.events.PutRule(w.Context(), &eventbridge.PutRuleInput{Name: aws.String("watch"), EventBusName: &machine.Bus,
		EventPattern: aws.String(`{"source":[{"prefix":"sluice."}]}`)})
	if err != nil {
		w.Fatal(err)
	}
	_, err = w.events.PutTargets(w.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("watch"), EventBusName: &machine.Bus, Targets: []ebtypes.Target{
		{Id: aws.String("watch"), Arn: aws.String("arn:aws:sqs:" + emulator.Region + ":" + emulator.Account + ":watch")}}})
	if err != nil {
		w.Fatal(err)
	}
}

// definition is the workflow with its names, in a hurry: change may alter its
// states.
func (w *world) definition(change func(states map[string]map[string]any)) string {
	w.Helper()
	names := map[string]string{"analyze_function_arn": "arn:aws:lambda:" + emulator.Region + ":" + emulator.Account + ":function:" + prefix + "-analyze"}
	for _, name := range []string{"analyze", "store", "notify"} {
		for part, queue := range map[string]string{"_queue_url": events.QueueName(environment, name), "_dead_letter_queue_url": events.DeadLetterQueueName(events.QueueName(environment, name))} {
			found, err := w.queues.GetQueueUrl(w.Context(), &sqs.GetQueueUrlInput{QueueName: &queue})
			if err != nil {
				w.Fatal(err)
			}
			names[name+part] = *found.QueueUrl
		}
	}
	return string(definition(w.T, names, func(states map[string]map[string]any) {
		for _, state := range states {
			retries, _ := state["Retry"].([]any)
			for _, retry := range retries {
				retry.(map[string]any)["IntervalSeconds"], retry.(map[string]any)["MaxDelaySeconds"] = 1, 2
			}
			if state["Type"] == "Wait" {
				delete(state, "TimestampPath")
				state["Seconds"] = 1
			}
		}
		if change != nil {
			change(states)
		}
	}))
}

// definition is terraform/workflow.asl.json with its names filled in; change may
// alter its states.
func definition(t *testing.T, names map[string]string, change func(states map[string]map[string]any)) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "terraform", "workflow.asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	var fill []string
	for name, value := range names {
		fill = append(fill, "${"+name+"}", value)
	}
	var document map[string]any
	if err := json.Unmarshal([]byte(strings.NewReplacer(fill...).Replace(string(raw))), &document); err != nil {
		t.Fatal(err)
	}
	states := map[string]map[string]any{}
	for name, state := range document["States"].(map[string]any) {
		states[name] = state.(map[string]any)
	}
	if change != nil {
		change(states)
	}
	changed, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// call calls Step Functions for what the functions need not.
func (w *world) call(name string, in map[string]string) {
	w.Helper()
	if err := w.service.Call(w.Context(), awsclient.Operation{Name: name, Target: "AWSStepFunctions." + name}, in, nil); err != nil {
		w.Fatal(err)
	}
}

// install makes the state machine, for as long as the test runs: moto starts no
// second execution while it knows a first one.
func (w *world) install(change func(states map[string]map[string]any)) {
	w.Helper()
	w.call("CreateStateMachine", map[string]string{"name": prefix, "roleArn": "arn:aws:iam::" + emulator.Account + ":role/workflow", "definition": w.definition(change)})
	w.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = w.service.Call(ctx, awsclient.Operation{Name: "DeleteStateMachine", Target: "AWSStepFunctions.DeleteStateMachine"}, map[string]string{"stateMachineArn": machineARN}, nil)
	})
}

// publish says a request as an upstream system does.
func (w *world) publish(id, text string, audit, anyway bool, emails ...string) {
	w.Helper()
	data := map[string]any{"task": "sentiment", "input": map[string]string{"text": text}}
	if audit {
		data["audit"] = true
	}
	if len(emails) > 0 {
		data["notify"] = map[string]any{"email": emails, "answerAnyway": anyway}
	}
	detail, err := json.Marshal(map[string]any{"requestId": id, "data": data})
	if err != nil {
		w.Fatal(err)
	}
	out, err := w.events.PutEvents(w.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{EventBusName: &machine.Bus,
		Source: aws.String("my.app"), DetailType: aws.String("RequestReceived"), Detail: aws.String(string(detail))}}})
	if err != nil || out.FailedEntryCount > 0 {
		w.Fatal(err, out)
	}
}

// execution is the ARN of a request's execution.
func execution(id string) string {
	return strings.Replace(machineARN, ":stateMachine:", ":execution:", 1) + ":" + workflow.Name(events.DefaultTenant, id, 1)
}

// ended waits for the end of a request's execution and returns it.
func (w *world) ended(id string) workflow.Execution {
	w.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		found, err := w.states.Describe(w.Context(), execution(id))
		if err == nil && found.Status != "RUNNING" {
			return found
		}
	}
	w.Fatalf("the execution of %s does not end: %s\n%s", id, strings.Join(w.path(id), " "), w.log)
	return workflow.Execution{}
}

// path is the way of the execution so far.
func (w *world) path(id string) []string {
	w.Helper()
	history, err := w.states.History(w.Context(), execution(id))
	if err != nil {
		return []string{err.Error()}
	}
	return pathOf(history)
}

// heard collects what was said until of each request its terminal event, or the
// mail about it, was among it. It returns the events by request, as text without
// what differs from run to run.
func (w *world) heard(last map[string]string) map[string][]string {
	w.Helper()
	all := map[string][]string{}
	missing := len(last)
	for deadline := time.Now().Add(patience); missing > 0 && time.Now().Before(deadline); {
		got, err := w.queues.ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.watching, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			w.Fatal(err)
		}
		for _, m := range got.Messages {
			var record events.Record
			var detail struct {
				RequestID, Execution string
				Terminal             bool
				Outcome              string
				Hop                  int
				Data                 json.RawMessage
			}
			if json.Unmarshal([]byte(*m.Body), &record) != nil || json.Unmarshal(record.Detail, &detail) != nil {
				w.Fatalf("said: %s", *m.Body)
			}
			if record.DetailType == last[detail.RequestID] {
				missing--
			}
			all[detail.RequestID] = append(all[detail.RequestID], fmt.Sprintf("%s %s hop %d terminal %t %s execution %t %s", record.Source, record.DetailType,
				detail.Hop, detail.Terminal, detail.Outcome, detail.Execution != "", strings.ReplaceAll(string(detail.Data), detail.RequestID, "ID")))
			if _, err := w.queues.DeleteMessage(w.Context(), &sqs.DeleteMessageInput{QueueUrl: &w.watching, ReceiptHandle: m.ReceiptHandle}); err != nil {
				w.Fatal(err)
			}
		}
	}
	if missing > 0 {
		w.Errorf("not heard of all of %v: %v", last, all)
	}
	return all
}

package machine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/events"
)

// functions is a folder with a bootstrap for every function. They never start a
// call: these tests are about the machine around them.
func functions(t *testing.T) string {
	t.Helper()
	c, err := events.LoadChoreography()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name := range c.Functions {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name, "bootstrap"), []byte("#!/bin/sh\nexec sleep 60\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func open(t *testing.T, o Options) (*Machine, error) {
	t.Helper()
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.Functions == "" {
		o.Functions = functions(t)
	}
	o.Log = io.Discard
	return Open(t.Context(), o)
}

func shut(t *testing.T, m *Machine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := m.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestEverythingTheChoreographyAsksForIsThere(t *testing.T) {
	folder := t.TempDir()
	for range 2 { // and may be there already
		m, err := open(t, Options{Folder: folder})
		if err != nil {
			t.Fatal(err)
		}
		c, err := events.LoadChoreography()
		if err != nil {
			t.Fatal(err)
		}
		queues, bus := sqs.NewFromConfig(m.config(m.keys)), eventbridge.NewFromConfig(m.config(m.keys))
		for name, s := range c.Subscriptions {
			queue := events.QueueName(Environment, name)
			found, err := queues.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &queue})
			if err != nil {
				t.Fatalf("%s: %v", queue, err)
			}
			got, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: found.QueueUrl, AttributeNames: []types.QueueAttributeName{"All"}})
			if err != nil || !strings.Contains(got.Attributes["RedrivePolicy"], events.DeadLetterQueueName(queue)) {
				t.Errorf("%s: %v %v", queue, got, err)
			}
			on := "default"
			if s.Bus == "own" {
				on = Bus
			}
			targets, err := bus.ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: &queue, EventBusName: &on})
			if err != nil || len(targets.Targets) != 1 || *targets.Targets[0].Arn != QueueARN(queue) || targets.Targets[0].DeadLetterConfig == nil {
				t.Errorf("%s: %v %v", queue, targets, err)
			}
		}
		shut(t, m)
	}
}

func TestOneMachinePerFolder(t *testing.T) {
	folder := t.TempDir()
	m, err := open(t, Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, Options{Folder: folder}); !errors.Is(err, ErrRunning) {
		t.Errorf("a second machine: %v", err)
	}
	running, found := Find(folder)
	if !found || running.URL != m.URL() || running.PID != os.Getpid() || !NewDoors(running.URL).Alive(t.Context()) {
		t.Errorf("%+v %v", running, found)
	}
	shut(t, m)
	if NewDoors(running.URL).Alive(t.Context()) {
		t.Error("it answers after it was closed")
	}
}

func TestAMachineInMemoryLeavesNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "none")
	m, err := open(t, Options{Folder: folder, Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	shut(t, m)
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
}

func TestWhatKeepsAMachineFromStartingIsTold(t *testing.T) {
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "state.db"), []byte(strings.Repeat("no data file ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	short := t.TempDir()
	if err := os.WriteFile(filepath.Join(short, "answer-secret"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		options Options
		want    string
	}{
		"functions that are not built": {Options{Folder: t.TempDir(), Functions: t.TempDir()}, "make build"},
		"another machine's address":    {Options{Folder: t.TempDir(), Address: "0.0.0.0:0"}, "loopback"},
		"a damaged file":               {Options{Folder: damaged}, "state.db"},
		"a damaged secret":             {Options{Folder: short}, "answer-secret"},
	}
	for name, test := range tests {
		_, err := open(t, test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want something with %q", name, err, test.want)
		}
	}
}

func TestFunctionsGetOnlyWhatTheyNeed(t *testing.T) {
	for name, secret := range map[string]bool{"analyze": true, "ingest": false, "store": false, "notify": false, "track": false, "park": false} {
		_, has := functionEnvironment(name, "http://x", "s", "", nil)["SLUICE_ANSWER_SECRET"]
		if has != secret {
			t.Errorf("%s has the secret: %v", name, has)
		}
	}
}

func TestABounceOnDemandSuppressesTheAddress(t *testing.T) {
	m, err := open(t, Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, m)
	mails := sesv2.NewFromConfig(m.config(m.keys))
	text := &sestypes.Content{Data: aws.String("x")}
	sent, err := mails.SendEmail(t.Context(), &sesv2.SendEmailInput{FromEmailAddress: aws.String(Sender), Destination: &sestypes.Destination{ToAddresses: []string{"a@example.com"}},
		Content: &sestypes.EmailContent{Simple: &sestypes.Message{Subject: text, Body: &sestypes.Body{Text: text}}}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(body string) int {
		response, err := http.Post(m.URL()+doorsPath+"mails/"+*sent.MessageId+"/feedback", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	for body, want := range map[string]int{`{`: 400, `{"recipient":"b@example.com","kind":"BOUNCE"}`: 400, `{"recipient":"a@example.com","kind":"RAIN"}`: 400} {
		if got := ask(body); got != want {
			t.Errorf("%s: %d", body, got)
		}
	}
	if got := ask(`{"recipient":"a@example.com","kind":"BOUNCE"}`); got != http.StatusOK {
		t.Fatal(got)
	}
	if _, err := mails.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String("a@example.com")}); err != nil {
		t.Error(err)
	}
}

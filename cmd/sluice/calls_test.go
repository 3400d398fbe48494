package main

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/local/endpoint"
	"sluice/internal/local/machine"
)

// What a policy says of a call besides the names in it: whatever AWS can narrow no
// further, or names only once it is there.
var anything = map[string]bool{"*": true, "models": true, "mapping": true, "schedules": true, "pauseRole": true}

// allows tells whether a function's calls in the choreography, which Terraform
// makes its policy of, let it make this one here.
func allows(c events.Choreography, function string, call endpoint.Call) bool {
	queue := func(word string, drainer string) bool {
		for name, s := range c.Subscriptions {
			own := events.QueueName(machine.Environment, name)
			if word == "queue" && s.Function == drainer && call.On == own ||
				word == "dlq" && s.Function == drainer && call.On == events.DeadLetterQueueName(own) ||
				word == "dlqs" && call.On == events.DeadLetterQueueName(own) {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc(c.Functions[function].Calls[call.Action], func(word string) bool {
		switch word {
		case "bus":
			return call.On == machine.Bus
		case "queue", "dlq", "dlqs":
			return queue(word, function)
		case "configurationSet":
			return call.On == machine.ConfigurationSet
		}
		return call.On == word || anything[word]
	})
}

// watched is a machine that notes who calls what.
func watched(t *testing.T) *machine.Machine {
	t.Helper()
	m, err := machine.Open(t.Context(), machine.Options{Memory: true, Address: "127.0.0.1:0", Functions: filepath.Join(built, "functions"), WatchCalls: true, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := m.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return m
}

// everyDoor makes each function do what it is for: records that are answered,
// rejected, reused, mailed and bounced, a file, poison, the clock, and the HTTP API.
func everyDoor(t *testing.T, m *machine.Machine) {
	t.Helper()
	config := clientConfig(m.Running())
	publishDetail(t, m.URL(), `{"requestId":"a","data":{"task":"sentiment","input":{"text":"I love it"},"notify":{"email":["bounce@simulator.amazonses.com"]}}}`)
	publishDetail(t, m.URL(), `{"requestId":"b","data":{"task":"nonesuch","input":{"text":"x"},"notify":{"email":["you@example.com"]}}}`)
	objects := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	put := func(key, content string) {
		if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(machine.Bucket), Key: &key, Body: strings.NewReader(content)}); err != nil {
			t.Fatal(err)
		}
	}
	put("payloads/local/long.txt", strings.Repeat("The parcel came late. ", 3000))
	publishDetail(t, m.URL(), `{"requestId":"c","data":{"task":"summarize","input":{"ref":"payloads/local/long.txt"}}}`)
	put("uploads/local/sentiment/f.csv.sluice.json", `{"task":"sentiment","notify":{"email":["you@example.com"]}}`)
	put("uploads/local/sentiment/f.csv", "id,text\n1,good\n2,bad\n3,\n")
	queues := sqs.NewFromConfig(config)
	send := func(name, body string) {
		queue := events.QueueName(machine.Environment, name)
		found, err := queues.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &queue})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: found.QueueUrl, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	for name, s := range mustLoad(t).Subscriptions {
		send(name, "{poison")
		if s.Schedule != "" {
			send(name, `{"version":"0","source":"aws.events","detail-type":"Scheduled Event","detail":{}}`)
		}
	}
	large := `{"task":"summarize","input":{"text":"` + strings.Repeat("It rained all day. ", 4000) + `"}}`
	for _, ask := range [][2]string{
		{"POST /ai/generate", `{"task":"summarize","input":{"text":"It rained all day."}}`}, {"POST /requests", large}, {"GET /requests/a", ""}, {"GET /tasks", ""},
		{"POST /uploads", `{"task":"summarize","name":"f.csv","textField":"t"}`}, {"GET /uploads/summarize-" + strings.Repeat("a", 26), ""},
	} {
		method, path, _ := strings.Cut(ask[0], " ")
		request, err := http.NewRequestWithContext(t.Context(), method, m.URL()+path, strings.NewReader(ask[1]))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", "every-door")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode >= http.StatusBadRequest && ask[0] != "GET /requests/a" {
			t.Errorf("%s: %s", ask[0], response.Status)
		}
	}
}

// runOutOfQuota lets the model's quota of the day end.
func runOutOfQuota(t *testing.T, m *machine.Machine) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, m.URL()+"/_sluice/bedrock", strings.NewReader(`{"faults":{"throttleDay":{"probability":1}}}`))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
	publishDetail(t, m.URL(), `{"requestId":"d","data":{"task":"sentiment","input":{"text":"Is it midnight yet?"}}}`)
}

func mustLoad(t *testing.T) events.Choreography {
	t.Helper()
	c, err := events.LoadChoreography()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The policy of each function comes from its calls in the choreography. On this
// machine it is seen to make no other ones.
func TestFunctionsCallNoMoreThanTheirPoliciesAllow(t *testing.T) {
	c, m := mustLoad(t), watched(t)
	everyDoor(t, m)
	seen := func(function, action, on string) bool {
		return slices.Contains(m.Calls(), endpoint.Call{Caller: machine.FunctionKey(function), Action: action, On: on})
	}
	eventually(t, "everybody has done something", func() bool {
		return seen("park", "s3:PutObject", "parked/") && seen("feedback", "s3:PutObject", "suppressions/") &&
			seen("feedback", "ses:ListSuppressedDestinations", "") && seen("track", "s3:PutObject", "reports/") &&
			seen("notify", "ses:SendEmail", machine.ConfigurationSet) && seen("store", "s3:PutObject", "results/") && seen("ingest", "events:PutEvents", machine.Bus)
	})
	runOutOfQuota(t, m)
	eventually(t, "the mapping is paused until the quota is new", func() bool {
		return seen("analyze", "lambda:ListEventSourceMappings", "") && slices.ContainsFunc(m.Calls(), func(c endpoint.Call) bool { return c.Action == "iam:PassRole" })
	})
	used := map[string]map[string]bool{}
	for _, call := range m.Calls() {
		function, is := strings.CutPrefix(call.Caller, machine.FunctionKey(""))
		if !is {
			continue // the test itself, and the pollers
		}
		if used[function] == nil {
			used[function] = map[string]bool{}
		}
		used[function][call.Action] = true
		if !allows(c, function, call) {
			t.Errorf("%s calls %s on %q, which its calls in choreography.json do not list", function, call.Action, call.On)
		}
	}
	for function, f := range c.Functions {
		if len(used[function]) == 0 {
			t.Errorf("%s was not seen to call anything", function)
		}
		for action := range f.Calls {
			if !used[function][action] {
				t.Logf("%s may %s, which was not seen here", function, action)
			}
		}
	}
}

func TestACallThatIsNotListedIsSeen(t *testing.T) {
	c := mustLoad(t)
	tests := map[endpoint.Call]bool{
		{Action: "s3:PutObject", On: "results/"}:                   true,
		{Action: "s3:PutObject", On: "answers/"}:                   false,
		{Action: "s3:DeleteObject", On: "results/"}:                false,
		{Action: "events:PutEvents", On: machine.Bus}:              true,
		{Action: "events:PutEvents", On: "default"}:                false,
		{Action: "sqs:SendMessage", On: "sluice-local-store-dlq"}:  true,
		{Action: "sqs:SendMessage", On: "sluice-local-notify-dlq"}: false,
		{Action: "unknown:DELETE bucket?"}:                         false,
	}
	for call, want := range tests {
		if got := allows(c, "store", call); got != want {
			t.Errorf("%+v: %t", call, got)
		}
	}
}

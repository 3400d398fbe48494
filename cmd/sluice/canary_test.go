package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	queuetypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/events"
	"sluice/internal/local/machine"
	"sluice/internal/objects"
)

// What a person wrote, and where a person is mailed, in these tests.
const canaryText, canaryAddress = "canarytext", "canaryaddress"

// aviary is a machine that canaries are let into by every door.
type aviary struct {
	t         *testing.T
	data, url string
	queues    *sqs.Client
	// heard is a queue that hears what the audit trail does: every event but
	// RequestReceived.
	heard string
}

// What people wrote and where they are mailed is in no log line, metric, trace,
// event, error or reason, by whatever door it came in and whatever became of it:
// answered, rejected, refused by the model, mailed in vain, parked, or never an
// event at all.
func TestNoCanaryIsHeard(t *testing.T) {
	a := &aviary{t: t, data: t.TempDir()}
	c, url := startDev(t, a.data)
	ended := false
	t.Cleanup(func() {
		if !ended {
			interrupt(t, c)
		}
	})
	a.url, a.queues = url, sqs.NewFromConfig(clientConfig(machine.At(url)))
	a.listen()
	a.spoil()
	a.files()
	a.commands()
	a.publish()
	a.messages()
	a.requests()
	a.settle()
	a.metrics()
	a.reasons()
	_ = c.Process.Signal(syscall.SIGINT)
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	ended = true
	for _, name := range []string{"machine.log", "ledger.jsonl"} {
		raw, err := os.ReadFile(filepath.Join(a.data, name))
		if err != nil || len(raw) == 0 {
			t.Fatalf("%s has %d bytes: %v", name, len(raw), err)
		}
		for line := range bytes.Lines(raw) {
			a.silent(name, string(line))
			a.once(name, line)
		}
	}
}

// silent: what was told of has neither.
func (a *aviary) silent(sink, told string) {
	a.t.Helper()
	folded := strings.ToLower(told)
	if strings.Contains(folded, canaryText) || strings.Contains(folded, canaryAddress) {
		a.t.Errorf("%s: %s", sink, told)
	}
}

// once: a line of JSON names each of its members once, so that what looks for an id
// finds the line's own.
func (a *aviary) once(sink string, line []byte) {
	a.t.Helper()
	at := bytes.IndexByte(line, '{')
	if at < 0 {
		return
	}
	decoder, depth, name, seen := json.NewDecoder(bytes.NewReader(line[at:])), 0, true, map[string]bool{}
	for {
		token, err := decoder.Token()
		if err != nil {
			return
		}
		if delimiter, is := token.(json.Delim); is {
			depth += map[json.Delim]int{'{': 1, '[': 1, '}': -1, ']': -1}[delimiter]
			name = depth == 1 // what comes next, where a value has ended or the object begins
			continue
		}
		if depth != 1 {
			continue
		}
		if key, is := token.(string); is && name {
			if seen[key] {
				a.t.Errorf("%s: %s twice in %s", sink, key, line)
			}
			seen[key] = true
		}
		name = !name
	}
}

// metrics are those that Prometheus is offered.
func (a *aviary) metrics() {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.url+"/metrics", http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(body), "sluice_rejected_total") {
		a.t.Errorf("the metrics: %v\n%s", err, body)
	}
	a.silent("/metrics", string(body))
}

// listen hears every event but RequestReceived.
func (a *aviary) listen() {
	a.t.Helper()
	made, err := a.queues.CreateQueue(a.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("ear"), Attributes: map[string]string{"VisibilityTimeout": "600"}})
	if err != nil {
		a.t.Fatal(err)
	}
	a.heard = *made.QueueUrl
	bus := eventbridge.NewFromConfig(clientConfig(machine.At(a.url)))
	_, err = bus.PutRule(a.t.Context(), &eventbridge.PutRuleInput{Name: aws.String("ear"), EventBusName: &machine.Bus, EventPattern: aws.String(`{"detail-type":[{"anything-but":"RequestReceived"}]}`)})
	if err == nil {
		_, err = bus.PutTargets(a.t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("ear"), EventBusName: &machine.Bus,
			Targets: []bustypes.Target{{Id: aws.String("ear"), Arn: aws.String(machine.QueueARN("ear"))}}})
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

// spoil lets the model fail where the text asks for it.
func (a *aviary) spoil() {
	a.post(http.MethodPut, "/_sluice/bedrock", `{"faults":{"denied":{"contains":"denyme"},"guardrail":{"contains":"refuseme"},"garbled":{"contains":"garbleme"}}}`, nil)
}

// post sends a body, and gives back the status; the answer is the caller's own.
func (a *aviary) post(method, path, body string, headers map[string]string) int {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// files: records that are good and broken in every way, and files that are.
func (a *aviary) files() {
	const text, address = canaryText, canaryAddress
	records := `{"text":"` + text + ` one","a ` + text + `":"` + text + `"}` + "\n" + `{"text":"` + text + `","unknown` + "\n" + `{"text":""}` + "\n" + `{"words":"` + text + `"}` + "\n" +
		`{"task":"` + text + `?","input":{"text":"` + text + `"},"notify":{"email":["` + address + `"]}}` + "\n" + `{"text":"` + text + ` refuseme"}` + "\n" +
		`{"task":"summarize","input":{"text":"` + text + `"},"a ` + text + `":"` + address + `"}` + "\n"
	file := write(a.t, "mixed.jsonl", records)
	_ = sluice(a.t, a.data, "run", file, "--task", "summarize", "--email", address+"@example.com")
	client := s3.NewFromConfig(clientConfig(machine.At(a.url)))
	for key, body := range map[string]string{
		"classify/header.csv": text + "," + address + "@example.com\n" + text + ",x\n", "classify/quote.csv": "text\n\"" + text + "\n", "classify/broken.jsonl.gz": text,
		"nosuchtask/a.txt": text + "\n", "classify/b.txt.sluice.json": `{"task":"` + text + `?","notify":{"email":["` + address + `"]},"` + address + `@example.com":1}`, "classify/b.txt": text + "\n",
	} {
		if _, err := client.PutObject(a.t.Context(), &s3.PutObjectInput{Bucket: aws.String(machine.Bucket), Key: aws.String("uploads/" + localTenant + "/" + key), Body: strings.NewReader(body)}); err != nil {
			a.t.Fatal(err)
		}
	}
}

// commands: single requests, among them such as the model fails at and such as
// are mailed in vain.
func (a *aviary) commands() {
	const text, address = canaryText, canaryAddress
	for _, args := range [][]string{
		{text + " good", "--task", "classify", "--email", address + "@example.com"},
		{text + " wrong", "--task", "classify", "--params", `{"labels":"` + text + `"}`, "--email", address + "@"},
		{text + " unknown", "--task", "nosuchtask", "--email", address + "@bounce.example"},
		{text + " bounces", "--task", "classify", "--email", "bounce+" + address + "@simulator.amazonses.com"},
		{text + " complains", "--task", "classify", "--email", "complaint+" + address + "@simulator.amazonses.com"},
		{text + " suppressed", "--task", "classify", "--email", "suppressionlist+" + address + "@simulator.amazonses.com"},
		{text + " refuseme", "--task", "classify", "--email", address + "@example.com"},
		{text + " garbleme", "--task", "extract", "--email", address + "@example.com"},
	} {
		_ = sluice(a.t, a.data, append([]string{"submit"}, args...)...)
	}
}

// publish: events that are good, wrong, or parked.
func (a *aviary) publish() {
	const text, address = canaryText, canaryAddress
	for _, detail := range []string{
		`{"requestId":"denied","data":{"task":"classify","input":{"text":"` + text + ` denyme"},"notify":{"email":["` + address + `@example.com"]}}}`,
		`{"data":{"task":"classify","input":{"text":["` + text + `"]}}}`,
		`{"data":{"task":"classify","input":{"text":"` + text + `"},"a ` + text + `":1,"params":{"` + address + `@example.com":{"` + text + ` x":1}}}}`,
		`{"requestId":"` + text + ` ?","data":{"task":"classify","input":{"text":"` + text + `"},"notify":{"email":["` + address + `@@example.com"]}}}`,
		`{"data":{"task":"` + text + `?","input":{"ref":"payloads/` + localTenant + `/` + text + `"},"deadline":"` + text + `"}}`,
		`{"a ` + text + `":"` + address + `@example.com"}`,
		`{"data":{"task":"extract","input":{"text":"` + text + `"},"params":{"fields":{"a ` + text + `":{"type":"` + address + `@example.com"},"` + address + `@example.com":5}}}}`,
	} {
		publishDetail(a.t, a.url, detail)
	}
}

// messages: what is no event, straight in the queues.
func (a *aviary) messages() {
	for _, name := range []string{"analyze", "store", "notify", "track", "feedback", "ingest"} {
		queue := events.QueueName(machine.Environment, name)
		found, err := a.queues.GetQueueUrl(a.t.Context(), &sqs.GetQueueUrlInput{QueueName: &queue})
		for _, body := range []string{canaryText + " " + canaryAddress + "@example.com", `{"detail-type":"Nonsense","source":"sluice.store","detail":{"data":"` + canaryText + `"}}`} {
			if err == nil {
				_, err = a.queues.SendMessage(a.t.Context(), &sqs.SendMessageInput{QueueUrl: found.QueueUrl, MessageBody: &body})
			}
		}
		if err != nil {
			a.t.Fatal(err)
		}
	}
}

// requests: the HTTP API, used well and badly.
func (a *aviary) requests() {
	const text, address = canaryText, canaryAddress
	good := `{"task":"classify","input":{"text":"` + text + `"},"notify":{"email":["` + address + `@example.com"]}}`
	for _, one := range []struct {
		method, path, body string
		headers            map[string]string
		status             int
	}{
		{"POST", "/requests", good, map[string]string{"Idempotency-Key": text + address}, 202},
		{"POST", "/requests", strings.Replace(good, text, text+" other", 1), map[string]string{"Idempotency-Key": text + address}, 422},
		{"POST", "/requests", `{"task":"classify","input":{"text":"` + text + `"},"a ` + text + `":1}`, nil, 400},
		{"POST", "/requests", `{"task":"` + text + `?","input":{"text":1}}`, nil, 400},
		{"POST", "/requests", text + " " + address + "@example.com", nil, 400},
		{"POST", "/ai/generate", `{"input":{"text":"` + text + `"}}`, nil, 200},
		{"POST", "/ai/generate", `{"input":{"text":"` + text + ` refuseme"},"notify":{"email":["` + address + `@example.com"]}}`, nil, 0},
		{"POST", "/ai/generate", `{"input":{"text":"` + text + ` denyme"}}`, map[string]string{"Prefer": "wait=2"}, 0},
		{"POST", "/uploads", `{"task":"` + text + `?","name":"` + address + `@example.com/../x"}`, nil, 400},
		{"GET", "/requests/" + text, "", nil, 404},
		{"GET", "/requests/" + text + "%20" + address + "@example.com?" + text + "=" + address, "", nil, 0},
		{"GET", "/uploads/" + text, "", nil, 404},
		{"GET", "/reports/" + text + address, "", nil, 404},
		{"POST", "/unsubscribe/" + text + address, "List-Unsubscribe=" + text, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 404},
	} {
		if got := a.post(one.method, one.path, one.body, one.headers); one.status != 0 && got != one.status {
			a.t.Errorf("%s %s %s: %d, want %d", one.method, one.path, one.body, got, one.status)
		}
	}
}

// settle waits until every kind of end was heard of, and hears all events.
func (a *aviary) settle() {
	a.t.Helper()
	want := []string{"AiCompleted", "AiFailed", "RequestRejected", "Stored", "Notified", "UploadReceived", "UploadCompleted", "RequestParked", "EmailDelivered", "EmailBounced", "EmailComplained"}
	kinds := map[string]int{}
	eventually(a.t, "every event was heard of", func() bool {
		a.hear(kinds)
		for _, kind := range want {
			if kinds[kind] == 0 {
				return false
			}
		}
		return kinds["RequestParked"] >= 3 && a.idle()
	})
	a.hear(kinds)
	a.t.Logf("heard %v", kinds)
}

// hear takes the events that came.
func (a *aviary) hear(kinds map[string]int) {
	a.t.Helper()
	for {
		got, err := a.queues.ReceiveMessage(a.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &a.heard, MaxNumberOfMessages: 10})
		if err != nil {
			a.t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return
		}
		for _, m := range got.Messages {
			var e struct {
				Kind string `json:"detail-type"`
			}
			_ = json.Unmarshal([]byte(*m.Body), &e)
			kinds[e.Kind]++
			a.silent("the event "+e.Kind, *m.Body)
		}
	}
}

// idle tells that analyze, store and notify have nothing to do.
func (a *aviary) idle() bool {
	for _, name := range []string{"analyze", "store", "notify"} {
		queue := events.QueueName(machine.Environment, name)
		found, err := a.queues.GetQueueUrl(a.t.Context(), &sqs.GetQueueUrlInput{QueueName: &queue})
		if err != nil {
			a.t.Fatal(err)
		}
		got, err := a.queues.GetQueueAttributes(a.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: found.QueueUrl, AttributeNames: []queuetypes.QueueAttributeName{"All"}})
		if err != nil {
			a.t.Fatal(err)
		}
		if got.Attributes["ApproximateNumberOfMessages"] != "0" || got.Attributes["ApproximateNumberOfMessagesNotVisible"] != "0" {
			return false
		}
	}
	return true
}

// reasons: why something is parked is told without what it says, and what outlives
// requests holds neither text nor addresses.
func (a *aviary) reasons() {
	a.t.Helper()
	store := newSession(machine.At(a.url), nil).store
	parked := 0
	a.each(store, "parked/", func(key string, body []byte) {
		var p map[string]any
		if err := json.Unmarshal(body, &p); err != nil {
			a.t.Errorf("%s: %v", key, err)
			return
		}
		delete(p, "body") // what is redriven
		rest, _ := json.Marshal(p)
		a.silent(key, string(rest))
		parked++
	})
	if parked < 3 {
		a.t.Errorf("%d are parked", parked)
	}
	for _, prefix := range []string{"claims/", "suppressions/", "reputation/", "budgets/"} {
		a.each(store, prefix, func(key string, body []byte) { a.silent(key, key+" "+string(body)) })
	}
}

func (a *aviary) each(store *objects.Store, prefix string, look func(string, []byte)) {
	a.t.Helper()
	for info, err := range store.List(a.t.Context(), prefix) {
		if err != nil {
			a.t.Fatal(err)
		}
		object, err := store.Get(a.t.Context(), info.Key, 0)
		if err != nil {
			a.t.Fatal(err)
		}
		look(info.Key, object.Body)
	}
}

package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"sluice/events"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/budget"
	"sluice/internal/objects"
	"sluice/internal/pacing"
	"sluice/internal/requests"
)

// generate asks for an answer.
func generate(body string, headers ...string) awsevents.APIGatewayV2HTTPRequest {
	return request("POST /ai/generate", "/ai/generate", body, headers...)
}

const hello = `{"requestId": "r1", "input": {"text": "canary says hello"}}`

func TestGenerateAnswersAtOnce(t *testing.T) {
	w := newWorld(t)
	r := w.want(200, generate(hello))
	a := parsed[answered](t, r)
	if string(a.Answer) != `{"text":"canary says hello"}` || a.Usage.Output == 0 || a.CostUSD == 0 || a.Task != "generate" || a.Location != "/requests/r1" {
		t.Errorf("%s", r.Body)
	}
	if s := w.status("r1"); w.said() != "AiCompleted" || s.State != requests.Received {
		t.Errorf("said %s, state %s", w.said(), s.State)
	}
	e, err := events.Decode(w.bus.Records()[0])
	w.must(err)
	if e.RequestID != "r1" || e.Tenant != "acme" || e.Hop != 1 || e.Terminal || e.Request.WantsMail || len(e.Timeline) != 1 {
		t.Errorf("%+v", e)
	}
}

func TestAnyTaskIsAsked(t *testing.T) {
	w := newWorld(t)
	r := w.want(200, generate(`{"task": "sentiment", "input": {"text": "canary"}, "notify": {"email": ["canary@example.com"]}}`))
	a := parsed[answered](t, r)
	if s := w.status(a.RequestID); a.Task != "sentiment" || s.Task != "sentiment" || len(s.Notify) != 1 {
		t.Errorf("%s: %+v", r.Body, s)
	}
	if e, err := events.Decode(w.bus.Records()[0]); err != nil || !e.Request.WantsMail {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestTheSameAgainIsTheSameAnswer(t *testing.T) {
	for name, send := range map[string]awsevents.APIGatewayV2HTTPRequest{
		"by key":       generate(`{"input": {"text": "canary"}}`, "idempotency-key", "k1"),
		"by requestId": generate(hello),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			first := w.want(200, send)
			w.restart()
			if again := w.want(200, send); again.Body != first.Body {
				t.Errorf("%s, then %s", first.Body, again.Body)
			}
			records := w.bus.Records()
			if len(w.model.Calls()) != 1 || len(records) != 2 {
				t.Fatalf("%d calls, said %s", len(w.model.Calls()), w.said())
			}
			one, _ := events.Decode(records[0])
			two, _ := events.Decode(records[1])
			if one.ID != two.ID {
				t.Errorf("the copies of the event have the ids %s and %s", one.ID, two.ID)
			}
		})
	}
}

func TestTheSameAgainAfterItWasStored(t *testing.T) {
	w := newWorld(t)
	first := w.want(200, generate(hello))
	w.stored("r1", `{"text":"canary says hello"}`, parsed[answered](t, first).Spend)
	if again := w.want(200, generate(hello)); again.Body != first.Body {
		t.Errorf("%s, then %s", first.Body, again.Body)
	}
	if w.said() != "AiCompleted" {
		t.Errorf("said %s", w.said())
	}
}

func TestAnotherBodyIsAnotherRequest(t *testing.T) {
	w := newWorld(t)
	w.want(200, generate(`{"input": {"text": "canary"}}`, "idempotency-key", "k1"))
	other := `{"input": {"text": "canary 2"}}`
	if p := parsed[problem](t, w.want(422, generate(other, "idempotency-key", "k1"))); p.Type != "urn:sluice:problem:key-reused" {
		t.Errorf("%+v", p)
	}
	w.want(200, generate(other, "idempotency-key", "k2"))
	w.want(200, generate(hello))
	if p := parsed[problem](t, w.want(409, generate(`{"requestId": "r1", "input": {"text": "canary"}}`))); p.Type != "urn:sluice:problem:conflict" || p.RequestID != "r1" {
		t.Errorf("%+v", p)
	}
	w.want(202, request("POST /requests", "/requests", `{"task": "summarize", "input": {"text": "canary"}}`, "idempotency-key", "k1")) // another route
}

func TestATwinIsToldToWait(t *testing.T) {
	w := newWorld(t)
	asked, go_ := make(chan bool), make(chan bool)
	w.model.Say = func(_ int, _ []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		asked <- true
		<-go_
		return bedrocktest.Default(in), nil
	}
	first := make(chan awsevents.APIGatewayV2HTTPResponse)
	go func() { first <- w.send(generate(hello)) }()
	<-asked
	r := w.want(409, generate(hello))
	if p := parsed[problem](t, r); p.Type != "urn:sluice:problem:in-progress" || r.Headers["retry-after"] == "" {
		t.Errorf("%v %s", r.Headers, r.Body)
	}
	go_ <- true
	one := <-first
	if again := w.want(200, generate(hello)); again.Body != one.Body || len(w.model.Calls()) != 1 {
		t.Errorf("%d calls; %s, then %s", len(w.model.Calls()), one.Body, again.Body)
	}
}

func TestWhoeverHeldItIsGone(t *testing.T) {
	w := newWorld(t)
	w.want(503, w.dying(generate(hello)))
	w.restart()
	w.want(409, generate(hello))
	w.clock.pass(held)
	w.want(200, generate(hello))
	if w.said() != "AiCompleted" || len(w.model.Calls()) != 1 {
		t.Errorf("said %s after %d calls", w.said(), len(w.model.Calls()))
	}
}

// dying makes the next look for a kept answer fail, which is after the request was
// admitted, and everything after it.
func (w *world) dying(e awsevents.APIGatewayV2HTTPRequest) awsevents.APIGatewayV2HTTPRequest {
	dead := false
	w.memory.Fault = func(_, key string) error {
		if dead = dead || strings.HasPrefix(key, "answers/"); dead {
			return errors.New("the process is gone")
		}
		return nil
	}
	w.bus.Fault = func() error {
		if dead {
			return errors.New("the process is gone")
		}
		return nil
	}
	w.t.Cleanup(func() { w.memory.Fault, w.bus.Fault = nil, nil })
	w.after = func() { w.memory.Fault, w.bus.Fault = nil, nil }
	return e
}

func TestWhatCannotBeAnsweredAtOnceIsQueued(t *testing.T) {
	throttled := func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		return nil, bedrocktest.Throttled()
	}
	broken := func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		return nil, bedrocktest.Error(500, "InternalServerException", "")
	}
	cut := func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		return bedrocktest.Stopped(types.StopReasonMaxTokens, `{"answers"`), nil
	}
	tests := map[string]struct {
		say    func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error)
		quota  int
		body   string
		prefer string
		calls  int
	}{
		"throttled":             {say: throttled, calls: 1},
		"the model is broken":   {say: broken, calls: 1},
		"a long answer":         {say: cut, calls: 1},
		"audited":               {body: `{"requestId": "r1", "audit": true, "input": {"text": "canary"}}`},
		"preferred":             {prefer: "respond-async"},
		"too little time":       {prefer: "wait=1"},
		"preferred after a bit": {prefer: "respond-async, wait=2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.model.Say = test.say
			if test.body == "" {
				test.body = hello
			}
			r := w.want(202, generate(test.body, "prefer", test.prefer))
			if r.Headers["location"] != "/requests/r1" || (r.Headers["preference-applied"] != "") != strings.HasPrefix(test.prefer, "respond-async") {
				t.Errorf("%v", r.Headers)
			}
			if len(w.model.Calls()) != test.calls || w.said() != "RequestReceived" || w.status("r1").Hold != nil {
				t.Errorf("%d calls, said %s, hold %v", len(w.model.Calls()), w.said(), w.status("r1").Hold)
			}
			w.model.Say = nil
			if again := w.want(202, generate(test.body)); again.Body != r.Body || len(w.model.Calls()) != test.calls {
				t.Errorf("%s, then %s after %d calls", r.Body, again.Body, len(w.model.Calls()))
			}
		})
	}
}

func TestNobodyWaitsForTheQuota(t *testing.T) {
	w := newWorld(t)
	w.quota = pacing.Config{TokensPerMinute: 1000, Sandboxes: 1, InFlight: 1}
	w.restart()
	w.want(200, generate(`{"input": {"text": "canary"}}`))
	w.want(202, generate(`{"input": {"text": "canary"}}`))
	if len(w.model.Calls()) != 1 || w.said() != "AiCompleted RequestReceived" {
		t.Errorf("%d calls, said %s", len(w.model.Calls()), w.said())
	}
}

func TestTheAnswerIsCutToWhatFitsTheTime(t *testing.T) {
	w := newWorld(t)
	w.want(200, generate(hello))
	// 20 s less 2 for the first token, of 40 tokens each.
	if most := *w.model.Calls()[0].InferenceConfig.MaxTokens; most != 720 {
		t.Errorf("max_tokens is %d, want 720", most)
	}
}

func TestTheModelRefuses(t *testing.T) {
	w := newWorld(t)
	w.model.Say = func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		return bedrocktest.Stopped(types.StopReasonContentFiltered, ""), nil
	}
	first := w.want(422, generate(hello))
	if p := parsed[problem](t, first); p.Class != "refused" || p.RequestID != "r1" {
		t.Errorf("%s", first.Body)
	}
	e, err := events.Decode(w.bus.Records()[0])
	w.must(err)
	if e.Type() != "AiFailed" || !e.Terminal || e.Outcome != events.Failed {
		t.Errorf("%+v", e)
	}
	if again := w.want(422, generate(hello)); again.Body != first.Body || len(w.model.Calls()) != 1 {
		t.Errorf("%s after %d calls", again.Body, len(w.model.Calls()))
	}
}

func TestThereIsNoMoney(t *testing.T) {
	tests := map[string]struct {
		past   budget.Action
		usd    float64
		status int
		fits   bool // on another day
	}{
		"waits":                            {budget.Defer, 0.0001, 202, false},
		"is refused":                       {budget.Reject, 0.0001, 429, false},
		"is refused for the rest of a day": {budget.Reject, 0.005, 429, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.limits = budget.Limits{EnvironmentUSD: test.usd, Past: test.past}
			w.restart()
			if test.usd == 0.005 { // most of the day's money goes for another one
				w.spend(0.0045)
			}
			r := w.want(test.status, generate(hello))
			if r.Headers["retry-after"] == "" || len(w.model.Calls()) != 0 {
				t.Errorf("%v, %d calls", r.Headers, len(w.model.Calls()))
			}
			if w.clock.pass(24 * time.Hour); test.fits {
				w.want(200, generate(hello))
			}
		})
	}
}

// spend takes money of the day.
func (w *world) spend(usd float64) {
	w.t.Helper()
	lease, err := budget.New(objects.New(w.memory, "b"), w.limits, w.clock.now).Take(w.t.Context(), "acme", usd)
	w.must(err)
	w.must(lease.Settle(w.t.Context(), usd))
}

// Whatever fails on the way, and whenever: what was answered 2xx is written down and
// said, and the same request again comes to its end.
func TestNothingAcceptedIsLost(t *testing.T) {
	sends := map[string]awsevents.APIGatewayV2HTTPRequest{
		"generate": generate(`{"input": {"text": "canary"}}`, "idempotency-key", "k1"),
		"queued":   generate(`{"input": {"text": "canary"}}`, "idempotency-key", "k1", "prefer", "respond-async"),
		"request":  request("POST /requests", "/requests", `{"task": "summarize", "input": {"text": "`+strings.Repeat("canary ", 10_000)+`"}}`, "idempotency-key", "k1"),
		"list":     request("POST /requests", "/requests", `[{"task": "summarize", "input": {"text": "canary 1"}}]`, "idempotency-key", "k1"),
	}
	for name, send := range sends {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, effect %v", name, after), func(t *testing.T) {
				t.Parallel()
				for step := 1; diesAt(t, send, after, step); step++ {
				}
			})
		}
	}
}

// diesAt kills the process at a step, and tells whether there was one.
func diesAt(t *testing.T, send awsevents.APIGatewayV2HTTPRequest, after bool, step int) bool {
	t.Helper()
	w := newWorld(t)
	steps := 0
	die := func() error {
		if steps++; steps >= step {
			return errors.New("the process is gone")
		}
		return nil
	}
	w.bus.Fault = die
	if after {
		w.memory.After = func(string, string) error { return die() }
	} else {
		w.memory.Fault = func(string, string) error { return die() }
	}
	r := w.send(send)
	w.memory.Fault, w.memory.After, w.bus.Fault = nil, nil, nil
	if r.StatusCode < 300 && !strings.Contains(r.Body, `"accepted":0`) {
		w.promised(r, w.said())
	}
	w.restart()
	w.clock.pass(held)
	r = w.send(send)
	if r.StatusCode >= 300 || r.StatusCode == http.StatusMultiStatus {
		t.Fatalf("step %d: then %d %s", step, r.StatusCode, r.Body)
	}
	w.promised(r, w.said())
	return steps >= step
}

// promised checks that whatever an answer tells of is written down and was said.
func (w *world) promised(r awsevents.APIGatewayV2HTTPResponse, said string) {
	w.t.Helper()
	if said == "" {
		w.t.Fatalf("%d was answered, and nothing said: %s", r.StatusCode, r.Body)
	}
	keys := w.memory.Keys("requests/acme/")
	if len(keys) != 1 {
		w.t.Fatalf("%d was answered, and %v is written down", r.StatusCode, keys)
	}
	for _, record := range w.bus.Of("RequestReceived") {
		e, data, problems := events.DecodeRequest(record, w.handler.Config.Tenants)
		if status := w.status(e.RequestID); len(problems) > 0 || status.Fingerprint != requests.Fingerprint(data) {
			w.t.Errorf("what was said is not what is written down: %v", problems)
		}
	}
}

package bedrock_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"sluice/events"
	"sluice/internal/bedrock"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/fault"
)

const (
	haiku  = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
	canary = "canary-93 bí mật"
)

func models(t testing.TB) bedrock.Models {
	t.Helper()
	m, err := bedrock.LoadModels()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wire is a client of the real SDK that talks to a server of this test; got is
// the request's body.
func wire(t *testing.T, status int, headers map[string]string, body string) (client *bedrock.Client, got *map[string]any, calls *int) {
	t.Helper()
	got, calls = new(map[string]any), new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*calls++
		raw, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(raw, got)
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	api := bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
	return bedrock.New(api, models(t), "test"), got, calls
}

func call(model string) bedrock.Call {
	return bedrock.Call{Model: model, System: "do it", User: `{"records":[]} ` + canary, MaxTokens: 100_000, Temperature: aws.Float64(0),
		Schema: json.RawMessage(`{"type":"object","properties":{"answers":{"type":"array"}}}`), Task: "classify", Tenant: "acme"}
}

const answered = `{"metrics":{"latencyMs":12},"output":{"message":{"role":"assistant","content":[{"text":"{\"answers\":[]}"}]}},"stopReason":"end_turn",
	"usage":{"inputTokens":1000,"outputTokens":200,"totalTokens":1200,"cacheReadInputTokens":50,"cacheWriteInputTokens":10},
	"trace":{"promptRouter":{"invokedModelId":"sluice-statistical-1"}}}`

func TestConverseOverTheWire(t *testing.T) {
	client, got, _ := wire(t, 200, nil, answered)
	a, err := client.Converse(t.Context(), call(haiku))
	if err != nil {
		t.Fatal(err)
	}
	want := bedrock.Answer{Text: []byte(`{"answers":[]}`), Latency: 12 * time.Millisecond, Spend: bedrock.Spend{
		Usage:      events.Usage{Input: 1000, Output: 200, CacheRead: 50, CacheWrite: 10},
		Cost:       bedrock.Cost{USD: 0.0020175, Priced: true}, // 1000×1 + 200×5 + 50×.10 + 10×1.25 millionths
		AnsweredBy: "sluice-statistical-1",
	}}
	if string(a.Text) != string(want.Text) || a.Latency != want.Latency || a.Spend != want.Spend {
		t.Errorf("answer = %+v, want %+v", a, want)
	}
	for path, value := range map[string]any{
		"inferenceConfig/maxTokens": 64000.0, "inferenceConfig/temperature": 0.0, "requestMetadata/environment": "test", "requestMetadata/task": "classify",
		"outputConfig/textFormat/type": "json_schema", "outputConfig/textFormat/structure/jsonSchema/name": "answers",
		"outputConfig/textFormat/structure/jsonSchema/schema": string(call(haiku).Schema),
	} {
		if found := at(*got, path); found != value {
			t.Errorf("%s = %v, want %v", path, found, value)
		}
	}
	if tenant, _ := at(*got, "requestMetadata/tenant").(string); tenant == "" || strings.Contains(tenant, "acme") {
		t.Errorf("tenant in the invocation log = %q", tenant)
	}
}

func TestModelWithoutTemperature(t *testing.T) {
	client, got, _ := wire(t, 200, nil, answered)
	if _, err := client.Converse(t.Context(), call("us.anthropic.claude-sonnet-5")); err != nil {
		t.Fatal(err)
	}
	if found := at(*got, "inferenceConfig/temperature"); found != nil {
		t.Errorf("temperature = %v", found)
	}
	if found := at(*got, "additionalModelRequestFields/thinking/type"); found != "disabled" {
		t.Errorf("thinking = %v", found)
	}
}

func TestModelThatAnswersByTool(t *testing.T) {
	client, got, _ := wire(t, 200, nil, `{"output":{"message":{"role":"assistant","content":[{"text":"I will use the tool."},
		{"toolUse":{"toolUseId":"1","name":"answers","input":{"answers":[{"id":"A","answer":{"score":0.25,"n":3,"big":12345678901234567890}}]}}}]}},
		"stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`)
	a, err := client.Converse(t.Context(), call("amazon.nova-micro-v1:0"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"answers":[{"answer":{"big":12345678901234567890,"n":3,"score":0.25},"id":"A"}]}`; string(a.Text) != want {
		t.Errorf("text = %s, want %s", a.Text, want)
	}
	if at(*got, "outputConfig") != nil || at(*got, "toolConfig/toolChoice/tool/name") != "answers" || at(*got, "inferenceConfig/maxTokens") != 5000.0 {
		t.Errorf("request = %v", *got)
	}
}

func at(document map[string]any, path string) any {
	var value any = document
	for part := range strings.SplitSeq(path, "/") {
		object, _ := value.(map[string]any)
		value = object[part]
	}
	return value
}

func TestErrorsAreClassified(t *testing.T) {
	for _, tt := range []struct {
		status        int
		code, message string
		class         fault.Class
		least         time.Duration
	}{
		{429, "ThrottlingException", "Too many tokens, please wait before trying again.", fault.Defer, 15 * time.Second},
		{429, "ThrottlingException", "Too many tokens per day, please wait before trying again.", fault.Defer, time.Hour},
		{429, "ModelNotReadyException", "warming up", fault.Defer, 8 * time.Second},
		{503, "ServiceUnavailableException", "no room", fault.Defer, 8 * time.Second},
		{400, "ServiceQuotaExceededException", "quota", fault.Defer, 10 * time.Minute},
		{500, "InternalServerException", canary, fault.Retry, 0},
		{408, "ModelTimeoutException", canary, fault.Retry, 0},
		{424, "ModelErrorException", canary, fault.Retry, 0},
		{403, "AccessDeniedException", "not authorized to perform: bedrock:InvokeModel", fault.Park, 0},
		{404, "ResourceNotFoundException", "no such model", fault.Park, 0},
		{402, "PaymentRequired", canary, fault.Park, 0},
	} {
		t.Run(fmt.Sprint(tt.status, tt.code), func(t *testing.T) {
			client, _, calls := wire(t, tt.status, map[string]string{"X-Amzn-ErrorType": tt.code}, fmt.Sprintf(`{"message":%q}`, tt.message))
			_, err := client.Converse(t.Context(), call(haiku))
			class, after := fault.Of(err)
			if err == nil || class != tt.class || after < tt.least {
				t.Errorf("class %s after %s, want %s after %s: %v", class, after, tt.class, tt.least, err)
			}
			if *calls != 1 {
				t.Errorf("%d calls, want 1: the SDK must not repeat them", *calls)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the service's words are quoted: %v", err)
			}
		})
	}
}

// What has no code comes from something between the service and here.
func TestWhatNoServiceSaidIsTriedAgain(t *testing.T) {
	for _, status := range []int{400, 403, 413} {
		client, _, _ := wire(t, status, map[string]string{"Content-Type": "text/plain"}, "Bad Request")
		_, err := client.Converse(t.Context(), call(haiku))
		if class, _ := fault.Of(err); err == nil || class != fault.Retry {
			t.Errorf("%d: class %s, want retry: %v", status, class, err)
		}
	}
	client, _, _ := wire(t, 400, map[string]string{"Content-Length": "100"}, `{"message":`)
	_, err := client.Converse(t.Context(), call(haiku))
	if class, _ := fault.Of(err); class != fault.Retry || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("broken off: class %s, want retry: %v", class, err)
	}
}

func TestFailures(t *testing.T) {
	for _, tt := range []struct {
		name      string
		out       *bedrockruntime.ConverseOutput
		err       error
		class     events.FailureClass
		truncated bool
	}{
		{"guardrail", bedrocktest.Stopped(types.StopReasonGuardrailIntervened, canary), nil, events.FailureRefused, false},
		{"filter", bedrocktest.Stopped(types.StopReasonContentFiltered, canary), nil, events.FailureRefused, false},
		{"refusal", bedrocktest.Stopped("refusal", canary), nil, events.FailureRefused, false},
		{"max tokens", bedrocktest.Stopped(types.StopReasonMaxTokens, canary), nil, events.FailureTooLong, true},
		{"context", bedrocktest.Stopped(types.StopReasonModelContextWindowExceeded, canary), nil, events.FailureTooLong, false},
		{"malformed", bedrocktest.Stopped(types.StopReasonMalformedModelOutput, canary), nil, events.FailureUnfit, false},
		{"nothing said", bedrocktest.Said(""), nil, events.FailureUnfit, false},
		{"no message", &bedrockruntime.ConverseOutput{StopReason: types.StopReasonEndTurn}, nil, events.FailureUnfit, false},
		{"too long", nil, bedrocktest.Error(400, "ValidationException", "Input is too long for requested model. "+canary), events.FailureTooLong, false},
		{"no such model", nil, bedrocktest.Error(400, "ValidationException", "The provided model identifier is invalid."), events.FailureUnusable, false},
		{"schema", nil, bedrocktest.Error(400, "ValidationException", "output_config.format.schema: maxItems is not supported"), events.FailureUnusable, false},
		{"other", nil, bedrocktest.Error(400, "ValidationException", canary), events.FailureModel, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			model := &bedrocktest.Model{Say: func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
				return tt.out, tt.err
			}}
			_, err := bedrock.New(model, models(t), "test").Converse(t.Context(), call(haiku))
			var failure *bedrock.Failure
			if !errors.As(err, &failure) || failure.Class != tt.class || failure.Truncated != tt.truncated {
				t.Fatalf("error = %v, want %s", err, tt.class)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the call is quoted: %v", err)
			}
			if tt.out != nil && tt.out.Usage != nil && failure.Spend.Usage.Input != bedrocktest.InputTokens {
				t.Errorf("spend = %+v", failure.Spend)
			}
		})
	}
}

func TestNoCallIsBegunWithoutTime(t *testing.T) {
	model := &bedrocktest.Model{}
	client := bedrock.New(model, models(t), "test")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := client.Converse(ctx, call(haiku))
	if class, after := fault.Of(err); class != fault.Defer || after == 0 || len(model.Calls()) != 0 {
		t.Errorf("class %s after %s, %d calls: %v", class, after, len(model.Calls()), err)
	}
}

func TestTheCallersEndOfTimeIsNoFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	model := &bedrocktest.Model{Say: func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		cancel()
		return nil, ctx.Err()
	}}
	_, err := bedrock.New(model, models(t), "test").Converse(ctx, call(haiku))
	if class, _ := fault.Of(err); class != fault.Defer {
		t.Errorf("class %s: %v", class, err)
	}
}

func TestModelsAreFound(t *testing.T) {
	table := models(t)
	for id, want := range map[string]string{
		haiku: "Claude Haiku 4.5",
		"anthropic.claude-haiku-4-5-20251001-v1:0":                                                "Claude Haiku 4.5",
		"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-6": "Claude Sonnet 4.6",
		"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0":                        "Amazon Nova Pro",
		"us.anthropic.claude-sonnet-5":                                                            "Claude Sonnet 5",
		"eu.amazon.nova-lite-v1:0":                                                                "Amazon Nova Lite",
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc":                "",
		"meta.llama3": "",
		"":            "",
	} {
		if got, _ := table.Find(id); got.Name != want {
			t.Errorf("Find(%q) = %q, want %q", id, got.Name, want)
		}
	}
	if cost := table.CostOf("meta.llama3", "", events.Usage{Input: 10}); cost.Priced || cost.USD != 0 {
		t.Errorf("an unknown model costs %+v", cost)
	}
}

func TestModelsAreStrict(t *testing.T) {
	const entry = `{"id":"a","name":"A","schema":"native","temperature":true,"prices":{"input":1,"output":2,"cacheWrite":0,"cacheRead":0},"burn":1,"contextWindow":1,"maxOutput":1}`
	for name, tt := range map[string]struct{ document, want string }{
		"good":    {`{"date":"2026-01-01","source":"s","models":[` + entry + `]}`, ""},
		"unknown": {`{"date":"2026-01-01","source":"s","model":[]}`, "unknown field"},
		"no date": {`{"source":"s","models":[]}`, "date"},
		"twice":   {`{"date":"2026-01-01","source":"s","models":[` + entry + `,` + entry + `]}`, "twice"},
		"mode":    {`{"date":"2026-01-01","source":"s","models":[` + strings.Replace(entry, "native", "magic", 1) + `]}`, "schema mode"},
		"price":   {`{"date":"2026-01-01","source":"s","models":[` + strings.Replace(entry, `"input":1`, `"input":0`, 1) + `]}`, "prices"},
	} {
		_, err := bedrock.ParseModels([]byte(tt.document))
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

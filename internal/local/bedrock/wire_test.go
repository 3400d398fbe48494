package bedrock

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"

	"sluice/internal/local/bedrock/model"
	"sluice/internal/local/bedrock/quota"
)

const haiku = "global.anthropic.claude-haiku-4-5-20251001-v1:0"

const answersSchema = `{"type":"object","properties":{"answers":{"type":"array","items":{"type":"object","properties":{
	"id":{"type":"string"},"answer":{"type":"object","properties":{"summary":{"type":"string","maxLength":200},
	"sentiment":{"type":"string","enum":["positive","neutral","negative","mixed"]}},"required":["summary","sentiment"],"additionalProperties":false}},
	"required":["id","answer"],"additionalProperties":false}}},"required":["answers"],"additionalProperties":false}`

const packed = `{"parameters":{},"records":[{"id":"r-1","text":"I was charged twice. Please help."},{"id":"r-2","text":"Dịch vụ tuyệt vời, cảm ơn!"}]}`

func newState(t testing.TB, cfg Config) *State {
	t.Helper()
	s, err := New(cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newClient is the real SDK in front of a State, without retries.
func newClient(t testing.TB, s *State) *bedrockruntime.Client {
	t.Helper()
	server := httptest.NewServer(Handler(s))
	t.Cleanup(server.Close)
	return bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL),
		Credentials:      credentials.NewStaticCredentialsProvider("local", "local", ""),
		RetryMaxAttempts: 1,
	})
}

func user(texts ...string) []types.Message {
	m := types.Message{Role: types.ConversationRoleUser}
	for _, text := range texts {
		m.Content = append(m.Content, &types.ContentBlockMemberText{Value: text})
	}
	return []types.Message{m}
}

func jsonSchema(schema string) *types.OutputConfig {
	return &types.OutputConfig{TextFormat: &types.OutputFormat{
		Type:      types.OutputFormatTypeJsonSchema,
		Structure: &types.OutputFormatStructureMemberJsonSchema{Value: types.JsonSchemaDefinition{Schema: &schema, Name: aws.String("answers")}},
	}}
}

func textOf(t testing.TB, out *bedrockruntime.ConverseOutput) string {
	t.Helper()
	m, ok := out.Output.(*types.ConverseOutputMemberMessage)
	if !ok || len(m.Value.Content) != 1 {
		t.Fatalf("the answer has not one block: %+v", out.Output)
	}
	text, ok := m.Value.Content[0].(*types.ContentBlockMemberText)
	if !ok {
		t.Fatalf("the block is %T", m.Value.Content[0])
	}
	return text.Value
}

func TestConverseWithSchema(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	ids := []string{haiku, "arn:aws:bedrock:us-east-1:000000000000:inference-profile/" + haiku, "amazon.nova-lite-v1:0"}
	for _, id := range ids {
		out, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{
			ModelId: &id, Messages: user("Answer these:", packed),
			System:          []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: "Summarize each record."}},
			InferenceConfig: &types.InferenceConfiguration{MaxTokens: aws.Int32(1000), Temperature: aws.Float32(0)},
			OutputConfig:    jsonSchema(answersSchema), ServiceTier: &types.ServiceTier{Type: types.ServiceTierTypeFlex},
			RequestMetadata: map[string]string{"tenant": "local"},
		})
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		var answer struct {
			Answers []struct {
				ID     string
				Answer struct{ Summary, Sentiment string }
			}
		}
		if err := json.Unmarshal([]byte(textOf(t, out)), &answer); err != nil {
			t.Fatalf("%s: %v in %s", id, err, textOf(t, out))
		}
		if len(answer.Answers) != 2 || answer.Answers[0].ID != "r-1" || answer.Answers[1].ID != "r-2" ||
			answer.Answers[0].Answer.Sentiment != "negative" || answer.Answers[1].Answer.Sentiment != "positive" {
			t.Errorf("%s: %+v", id, answer)
		}
		if got := aws.ToString(out.Trace.PromptRouter.InvokedModelId); got != model.ID {
			t.Errorf("the answer is labelled %q", got)
		}
		if out.StopReason != types.StopReasonEndTurn || *out.Usage.TotalTokens != *out.Usage.InputTokens+*out.Usage.OutputTokens || *out.Usage.OutputTokens < 20 {
			t.Errorf("stop %s, usage %d in, %d out, %d total", out.StopReason, *out.Usage.InputTokens, *out.Usage.OutputTokens, *out.Usage.TotalTokens)
		}
		if out.ServiceTier == nil || out.ServiceTier.Type != types.ServiceTierTypeFlex || out.Metrics.LatencyMs == nil {
			t.Errorf("tier %+v, metrics %+v", out.ServiceTier, out.Metrics)
		}
	}
}

func TestConversePlainText(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	out, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(haiku), Messages: user("How do I change my password?")})
	if err != nil {
		t.Fatal(err)
	}
	if text := textOf(t, out); !strings.Contains(text, "How do I change my password?") || !strings.Contains(text, "local statistical model") {
		t.Errorf("%q", text)
	}
}

func TestConverseForcedTool(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	var schema any
	if err := json.Unmarshal([]byte(answersSchema), &schema); err != nil {
		t.Fatal(err)
	}
	input := func(choice types.ToolChoice) *bedrockruntime.ConverseInput {
		return &bedrockruntime.ConverseInput{ModelId: aws.String(haiku), Messages: user(packed), ToolConfig: &types.ToolConfiguration{
			Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{
				Name: aws.String("answer"), InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(schema)},
			}}},
			ToolChoice: choice,
		}}
	}
	for _, choice := range []types.ToolChoice{
		&types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: aws.String("answer")}}, &types.ToolChoiceMemberAny{},
	} {
		out, err := client.Converse(t.Context(), input(choice))
		if err != nil {
			t.Fatal(err)
		}
		use, ok := out.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberToolUse)
		if !ok || out.StopReason != types.StopReasonToolUse || *use.Value.Name != "answer" || *use.Value.ToolUseId == "" {
			t.Fatalf("%+v", out)
		}
		raw, err := use.Value.Input.MarshalSmithyDocument()
		if err != nil || !strings.Contains(string(raw), `"r-2"`) {
			t.Errorf("%s %v", raw, err)
		}
	}
	_, err := client.Converse(t.Context(), input(&types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: aws.String("stranger")}}))
	wantCode(t, err, "ValidationException", "stranger")
	out, err := client.Converse(t.Context(), input(&types.ToolChoiceMemberAuto{}))
	if err != nil || out.StopReason != types.StopReasonEndTurn {
		t.Errorf("auto: %v %+v", err, out)
	}
}

func wantCode(t testing.TB, err error, code, words string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		t.Errorf("got %v, want %s with %q", err, code, words)
	}
}

func TestConverseRefusesWhatIsWrong(t *testing.T) {
	client := newClient(t, newState(t, Config{ContextTokens: 1000, MaxOutputTokens: 2000}))
	cases := []struct {
		name   string
		change func(*bedrockruntime.ConverseInput)
		words  string
	}{
		{"no messages", func(in *bedrockruntime.ConverseInput) { in.Messages = []types.Message{} }, "must start with a user message"},
		{"assistant first", func(in *bedrockruntime.ConverseInput) { in.Messages[0].Role = types.ConversationRoleAssistant }, "must start with a user message"},
		{"blank text", func(in *bedrockruntime.ConverseInput) { in.Messages = user("  ") }, "messages.0.content.0 is blank"},
		{"too long", func(in *bedrockruntime.ConverseInput) { in.Messages = user(strings.Repeat("word ", 1100)) }, "Input is too long for requested model."},
		{"max tokens above the model's", func(in *bedrockruntime.ConverseInput) {
			in.InferenceConfig = &types.InferenceConfiguration{MaxTokens: aws.Int32(2001)}
		}, "exceeds the model limit of 2000"},
		{"no tokens at all", func(in *bedrockruntime.ConverseInput) {
			in.InferenceConfig = &types.InferenceConfiguration{MaxTokens: aws.Int32(0)}
		}, "inferenceConfig.maxTokens"},
		{"temperature", func(in *bedrockruntime.ConverseInput) {
			in.InferenceConfig = &types.InferenceConfiguration{Temperature: aws.Float32(3)}
		}, "inferenceConfig.temperature"},
		{"a pattern in the schema", func(in *bedrockruntime.ConverseInput) {
			in.OutputConfig = jsonSchema(`{"type":"object","properties":{"code":{"type":"string","pattern":"^A"}}}`)
		}, "/properties/code/pattern"},
		{"a schema that is no JSON", func(in *bedrockruntime.ConverseInput) { in.OutputConfig = jsonSchema(`{`) }, "not valid JSON"},
		{"a model id that is none", func(in *bedrockruntime.ConverseInput) { in.ModelId = aws.String("no model!") }, "model identifier is invalid"},
	}
	for _, c := range cases {
		in := &bedrockruntime.ConverseInput{ModelId: aws.String(haiku), Messages: user("hello there")}
		c.change(in)
		_, err := client.Converse(t.Context(), in)
		t.Run(c.name, func(t *testing.T) { wantCode(t, err, "ValidationException", c.words) })
	}
}

func TestMaxTokensCutsTheAnswer(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	out, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{
		ModelId: aws.String(haiku), Messages: user(packed), OutputConfig: jsonSchema(answersSchema),
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: aws.Int32(12)},
	})
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(t, out)
	if out.StopReason != types.StopReasonMaxTokens || *out.Usage.OutputTokens != 12 || model.Tokens(text) > 12 || text == "" {
		t.Errorf("stop %s, %d tokens, %q", out.StopReason, *out.Usage.OutputTokens, text)
	}
}

func TestErrorsAreTyped(t *testing.T) {
	s := newState(t, Config{})
	client := newClient(t, s)
	cases := map[Fault]struct {
		code   string
		status int
	}{
		FaultThrottle: {"ThrottlingException", 429}, FaultThrottleDay: {"ThrottlingException", 429}, FaultRequests: {"ThrottlingException", 429},
		FaultUnavailable: {"ServiceUnavailableException", 503}, FaultTimeout: {"ModelTimeoutException", 408},
		FaultModelError: {"ModelErrorException", 424}, FaultNotReady: {"ModelNotReadyException", 429},
		FaultInternal: {"InternalServerException", 500}, FaultNotFound: {"ResourceNotFoundException", 404},
		FaultDenied: {"AccessDeniedException", 403}, FaultQuotaExceeded: {"ServiceQuotaExceededException", 400},
	}
	for fault, want := range cases {
		if err := s.Configure(Config{Faults: Faults{fault: {Every: 1}}}); err != nil {
			t.Fatal(err)
		}
		_, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(haiku), Messages: user("hello")})
		wantCode(t, err, want.code, "")
		var response interface{ HTTPStatusCode() int }
		if !errors.As(err, &response) || response.HTTPStatusCode() != want.status {
			t.Errorf("%s: status of %v, want %d", fault, err, want.status)
		}
	}
	var throttled *types.ThrottlingException
	_ = s.Configure(Config{Faults: Faults{FaultThrottle: {Every: 1}}})
	_, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(haiku), Messages: user("hello")})
	if !errors.As(err, &throttled) || throttled.ErrorMessage() != "Too many tokens, please wait before trying again." {
		t.Errorf("%v", err)
	}
}

func TestCountTokensAgreesWithUsage(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	system := []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: "You are careful."}}
	counted, err := client.CountTokens(t.Context(), &bedrockruntime.CountTokensInput{
		ModelId: aws.String(haiku),
		Input:   &types.CountTokensInputMemberConverse{Value: types.ConverseTokensRequest{Messages: user("Hello, world"), System: system}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(haiku), Messages: user("Hello, world"), System: system})
	if err != nil {
		t.Fatal(err)
	}
	if *counted.InputTokens != *out.Usage.InputTokens || *counted.InputTokens < 6 {
		t.Errorf("counted %d, used %d", *counted.InputTokens, *out.Usage.InputTokens)
	}
	body := []byte(`{"anthropic_version":"bedrock-2023-05-31","max_tokens":10,"system":"You are careful.","messages":[{"role":"user","content":"Hello, world"}]}`)
	counted, err = client.CountTokens(t.Context(), &bedrockruntime.CountTokensInput{
		ModelId: aws.String(haiku), Input: &types.CountTokensInputMemberInvokeModel{Value: types.InvokeModelTokensRequest{Body: body}},
	})
	if err != nil || *counted.InputTokens != *out.Usage.InputTokens {
		t.Errorf("the same as InvokeModel: %v %+v", err, counted)
	}
}

func TestPromptCache(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	long := strings.Repeat("instruction ", 2000)
	in := &bedrockruntime.ConverseInput{
		ModelId: aws.String(haiku), Messages: user("hello"),
		System: []types.SystemContentBlock{
			&types.SystemContentBlockMemberText{Value: long},
			&types.SystemContentBlockMemberCachePoint{Value: types.CachePointBlock{Type: types.CachePointTypeDefault}},
		},
	}
	first, err := client.Converse(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	second, err := client.Converse(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	written := *first.Usage.CacheWriteInputTokens
	if written < 4096 || *first.Usage.CacheReadInputTokens != 0 || *second.Usage.CacheReadInputTokens != written || *second.Usage.CacheWriteInputTokens != 0 || *first.Usage.InputTokens > 20 {
		t.Errorf("first %+v, second %+v", first.Usage, second.Usage)
	}
}

func TestQuotaOverTheWire(t *testing.T) {
	s := newState(t, Config{Quota: quota.Config{TokensPerMinute: 1000}})
	client := newClient(t, s)
	call := func(maximum int32) error {
		_, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{
			ModelId: aws.String(haiku), Messages: user("hello"), InferenceConfig: &types.InferenceConfiguration{MaxTokens: &maximum},
		})
		return err
	}
	wantCode(t, call(1001), "ThrottlingException", "Too many tokens,")
	if err := call(900); err != nil {
		t.Fatal(err)
	}
	counter := s.Counters()[haiku]
	if counter.Calls != 2 || counter.Answered != 1 || counter.Throttled != 1 || counter.InFlight != 0 ||
		counter.SettledTokens != float64(counter.InputTokens+5*counter.OutputTokens) {
		t.Errorf("%+v", counter)
	}
}

func TestLostAnswerBreaksTheConnection(t *testing.T) {
	s := newState(t, Config{Faults: Faults{FaultLost: {Every: 1}}})
	client := newClient(t, s)
	_, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(haiku), Messages: user("hello")})
	var api smithy.APIError
	if err == nil || errors.As(err, &api) && api.ErrorCode() == "InternalServerException" {
		t.Errorf("%v", err)
	}
	if c := s.Counters()[haiku]; c.Abandoned != 1 || c.SettledTokens == 0 {
		t.Errorf("a lost answer is charged: %+v", c)
	}
}

func TestCallerLeaves(t *testing.T) {
	s := newState(t, Config{Latency: Latency{FirstTokenMs: 60_000}})
	client := newClient(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := client.Converse(ctx, &bedrockruntime.ConverseInput{ModelId: aws.String(haiku), Messages: user("hello")})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	for range 200 {
		if c := s.Counters()[haiku]; c.Abandoned == 1 && c.InFlight == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("the call still runs: %+v", s.Counters()[haiku])
}

func TestUnknownPathsAndBodies(t *testing.T) {
	handler := Handler(newState(t, Config{}))
	cases := []struct {
		method, path, body, code string
	}{
		{"GET", "/model/m/converse", "", "UnknownOperationException"},
		{"POST", "/model/m/invoke-with-bidirectional-stream", "{}", "UnknownOperationException"},
		{"POST", "/model/m/converse-stream", "{", "SerializationException"},
		{"POST", "/model/m/converse-stream", "{}", "ValidationException"},
		{"POST", "/model/amazon.nova-lite-v1:0/invoke-with-response-stream", "{}", "ValidationException"},
		{"POST", "/elsewhere", "{}", "UnknownOperationException"},
		{"POST", "/model/m/converse", "{", "SerializationException"},
		{"POST", "/model/m/converse", `{"messages":"no"}`, "SerializationException"},
		{"POST", "/model/m/converse", `{"messages":[{"role":"user","content":[{"text":"a","image":{}}]}]}`, "ValidationException"},
		{"POST", "/model/cohere.embed/invoke", `{}`, "ValidationException"},
		{"POST", "/model/m/count-tokens", `{"input":{}}`, "ValidationException"},
	}
	for _, c := range cases {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
		var told struct{ Message string }
		if err := json.NewDecoder(w.Result().Body).Decode(&told); err != nil || told.Message == "" {
			t.Errorf("%s %s: no message (%v)", c.method, c.path, err)
		}
		if got := w.Header().Get("X-Amzn-ErrorType"); got != c.code || w.Code != statuses[Code(c.code)] {
			t.Errorf("%s %s: %s %d, want %s", c.method, c.path, got, w.Code, c.code)
		}
	}
}

func TestToolResultsAreThoseOfTheTurnBefore(t *testing.T) {
	handler := Handler(newState(t, Config{}))
	for results, want := range map[string]string{
		`{"toolResult":{"toolUseId":"t-1","content":[{"text":"12"}]}}`:                                                              "",
		`{"toolResult":{"toolUseId":"t-2","content":[{"text":"12"}]}}`:                                                              "that no toolUse block",
		`{"toolResult":{"toolUseId":"t-1","content":[{"text":"12"}]}},{"toolResult":{"toolUseId":"t-1","content":[{"text":"13"}]}}`: "another toolResult",
		`{"text":"Never mind."}`: "Expected toolResult blocks at messages.2.content for the following Ids: t-1",
	} {
		body := `{"messages":[{"role":"user","content":[{"text":"How warm is it?"}]},
			{"role":"assistant","content":[{"toolUse":{"toolUseId":"t-1","name":"weather","input":{}}}]},{"role":"user","content":[` + results + `]}]}`
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/model/m/converse", strings.NewReader(body)))
		if refused := w.Code != http.StatusOK; refused != (want != "") || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s, want %q", results, w.Code, w.Body, want)
		}
	}
}

func TestPlainSlashesInAnARN(t *testing.T) {
	server := httptest.NewServer(Handler(newState(t, Config{})))
	defer server.Close()
	body := strings.NewReader(`{"messages":[{"role":"user","content":[{"text":"hello"}]}]}`)
	response, err := http.Post(server.URL+"/model/arn:aws:bedrock:us-east-1:000000000000:inference-profile/"+haiku+"/converse", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if raw, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
		t.Errorf("%d %s", response.StatusCode, raw)
	}
}

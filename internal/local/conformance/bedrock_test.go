package conformance

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	brtypes "github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	bedrockReference  = "https://docs.aws.amazon.com/bedrock/latest/APIReference/"
	bedrockConverse   = bedrockReference + "API_runtime_Converse.html"
	bedrockInvoke     = bedrockReference + "API_runtime_InvokeModel.html"
	bedrockCount      = bedrockReference + "API_runtime_CountTokens.html"
	bedrockStructured = "https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html"
	bedrockTools      = "https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use.html"
)

const claude = "anthropic.claude-3-haiku-20240307-v1:0"

// TestConformanceBedrock runs against the embedded endpoint only: moto does not
// answer Converse, and has no model behind InvokeModel.
func TestConformanceBedrock(t *testing.T) {
	cases := slices.Concat(bedrockCases, bedrockDoorCases)
	checkTable(t, cases, nil)
	target, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Run(target.Name, func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				runSame(t, "Bedrock", c, target)
			})
		}
	})
}

// bedrockRoom asks a model.
type bedrockRoom struct {
	*bedrockruntime.Client
	t   testing.TB
	ctx context.Context
}

func newBedrockRoom(t testing.TB, target Target) *bedrockRoom {
	return &bedrockRoom{bedrockruntime.NewFromConfig(target.Config), t, t.Context()}
}

func userSays(text string) []brtypes.Message {
	return []brtypes.Message{{Role: brtypes.ConversationRoleUser, Content: []brtypes.ContentBlock{&brtypes.ContentBlockMemberText{Value: text}}}}
}

const complaint = "The parcel came late and the box was open. I want my money back."

// ask is a call with the complaint, changed as wanted.
func (r *bedrockRoom) ask(change func(*bedrockruntime.ConverseInput)) (*bedrockruntime.ConverseOutput, error) {
	in := &bedrockruntime.ConverseInput{ModelId: aws.String(claude), Messages: userSays(complaint)}
	if change != nil {
		change(in)
	}
	return r.Converse(r.ctx, in)
}

// answered is the only block of an answer.
func answered[T brtypes.ContentBlock](r *bedrockRoom, out *bedrockruntime.ConverseOutput, err error) T {
	r.t.Helper()
	var none T
	if err != nil {
		r.t.Fatal(err)
	}
	message, ok := out.Output.(*brtypes.ConverseOutputMemberMessage)
	if !ok || message.Value.Role != brtypes.ConversationRoleAssistant || len(message.Value.Content) != 1 {
		r.t.Fatalf("output %+v", out.Output)
	}
	block, ok := message.Value.Content[0].(T)
	if !ok {
		r.t.Fatalf("block %T, want %T", message.Value.Content[0], none)
	}
	return block
}

const bedrockSchema = `{"type":"object","additionalProperties":false,"required":["label","confidence","reasons"],"properties":{
	"label":{"type":"string","enum":["delivery","billing","praise"]},"confidence":{"type":"number","minimum":0,"maximum":1},
	"reasons":{"type":"array","items":{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}}}}}`

// fits tells what is wrong with a document by the schema.
func fits(t testing.TB, schema string, text []byte) {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("answer.json", parsed); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("answer.json")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if err := compiled.Validate(answer); err != nil {
		t.Errorf("%s: %v", text, err)
	}
}

func structured(schema string) *brtypes.OutputConfig {
	return &brtypes.OutputConfig{TextFormat: &brtypes.OutputFormat{Type: brtypes.OutputFormatTypeJsonSchema,
		Structure: &brtypes.OutputFormatStructureMemberJsonSchema{Value: brtypes.JsonSchemaDefinition{Name: aws.String("answer"), Schema: &schema}}}}
}

func labelTool(choice brtypes.ToolChoice) *brtypes.ToolConfiguration {
	var schema any
	if err := json.Unmarshal([]byte(bedrockSchema), &schema); err != nil {
		panic(err) // a constant
	}
	return &brtypes.ToolConfiguration{ToolChoice: choice, Tools: []brtypes.Tool{&brtypes.ToolMemberToolSpec{Value: brtypes.ToolSpecification{
		Name: aws.String("label"), Description: aws.String("Labels a message."), InputSchema: &brtypes.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(schema)}}}}}
}

var bedrockCases = []Case{
	{"Converse", bedrockConverse, func(t testing.TB, target Target) {
		r := newBedrockRoom(t, target)
		out, err := r.ask(nil)
		if text := answered[*brtypes.ContentBlockMemberText](r, out, err).Value; text == "" {
			t.Error("an empty answer")
		}
		u := out.Usage
		if out.StopReason != brtypes.StopReasonEndTurn || *u.InputTokens < 10 || *u.OutputTokens < 1 || *u.TotalTokens != *u.InputTokens+*u.OutputTokens || out.Metrics.LatencyMs == nil {
			t.Errorf("stop %s, usage %+v", out.StopReason, u)
		}
	}},
	{"a system prompt is charged", bedrockConverse, func(t testing.TB, target Target) {
		r := newBedrockRoom(t, target)
		plain, err := r.ask(nil)
		wantTold(t, "without", err, "200")
		system, err := r.ask(func(in *bedrockruntime.ConverseInput) {
			in.System = []brtypes.SystemContentBlock{&brtypes.SystemContentBlockMemberText{Value: "Answer kindly, in one sentence of at most twenty words."}}
		})
		wantTold(t, "with", err, "200")
		if *system.Usage.InputTokens <= *plain.Usage.InputTokens+5 {
			t.Errorf("%d input tokens with a system prompt, %d without", *system.Usage.InputTokens, *plain.Usage.InputTokens)
		}
	}},
	{"structured output", bedrockStructured, func(t testing.TB, target Target) {
		r := newBedrockRoom(t, target)
		out, err := r.ask(func(in *bedrockruntime.ConverseInput) { in.OutputConfig = structured(bedrockSchema) })
		fits(t, bedrockSchema, []byte(answered[*brtypes.ContentBlockMemberText](r, out, err).Value))
		_, err = r.ask(func(in *bedrockruntime.ConverseInput) { in.OutputConfig = structured(`{"type":`) })
		wantTold(t, "a schema that is none", err, "400 ValidationException")
	}},
	{"a forced tool", bedrockTools, func(t testing.TB, target Target) {
		r := newBedrockRoom(t, target)
		for _, choice := range []brtypes.ToolChoice{
			&brtypes.ToolChoiceMemberTool{Value: brtypes.SpecificToolChoice{Name: aws.String("label")}}, &brtypes.ToolChoiceMemberAny{},
		} {
			out, err := r.ask(func(in *bedrockruntime.ConverseInput) { in.ToolConfig = labelTool(choice) })
			use := answered[*brtypes.ContentBlockMemberToolUse](r, out, err).Value
			input, err := use.Input.MarshalSmithyDocument()
			if err != nil || out.StopReason != brtypes.StopReasonToolUse || *use.Name != "label" || aws.ToString(use.ToolUseId) == "" {
				t.Errorf("%T: stop %s, use %+v, %v", choice, out.StopReason, use, err)
			}
			fits(t, bedrockSchema, input)
		}
		_, err := r.ask(func(in *bedrockruntime.ConverseInput) {
			in.ToolConfig = labelTool(&brtypes.ToolChoiceMemberTool{Value: brtypes.SpecificToolChoice{Name: aws.String("unknown")}})
		})
		wantTold(t, "a tool that is not there", err, "400 ValidationException")
	}},
	{"a tool's result", bedrockTools, func(t testing.TB, target Target) {
		r := newBedrockRoom(t, target)
		out, err := r.ask(func(in *bedrockruntime.ConverseInput) {
			in.ToolConfig = labelTool(nil)
			in.Messages = append(in.Messages,
				brtypes.Message{Role: brtypes.ConversationRoleAssistant, Content: []brtypes.ContentBlock{&brtypes.ContentBlockMemberToolUse{Value: brtypes.ToolUseBlock{
					ToolUseId: aws.String("t-1"), Name: aws.String("label"), Input: document.NewLazyDocument(map[string]any{"label": "delivery"})}}}},
				brtypes.Message{Role: brtypes.ConversationRoleUser, Content: []brtypes.ContentBlock{&brtypes.ContentBlockMemberToolResult{Value: brtypes.ToolResultBlock{
					ToolUseId: aws.String("t-1"), Content: []brtypes.ToolResultContentBlock{&brtypes.ToolResultContentBlockMemberText{Value: "done"}}}}}})
		})
		answered[*brtypes.ContentBlockMemberText](r, out, err)
		if out.StopReason != brtypes.StopReasonEndTurn {
			t.Errorf("stop %s", out.StopReason)
		}
	}},
	{"stop reasons", bedrockConverse, func(t testing.TB, target Target) {
		r := newBedrockRoom(t, target)
		whole, err := r.ask(nil)
		text := answered[*brtypes.ContentBlockMemberText](r, whole, err).Value
		cut, err := r.ask(func(in *bedrockruntime.ConverseInput) {
			in.InferenceConfig = &brtypes.InferenceConfiguration{MaxTokens: aws.Int32(3)}
		})
		part := answered[*brtypes.ContentBlockMemberText](r, cut, err).Value
		if cut.StopReason != brtypes.StopReasonMaxTokens || *cut.Usage.OutputTokens > 3 || len(part) >= len(text) {
			t.Errorf("3 tokens: stop %s, %d tokens, %q", cut.StopReason, *cut.Usage.OutputTokens, part)
		}
		word := strings.Fields(text)[2]
		stopped, err := r.ask(func(in *bedrockruntime.ConverseInput) {
			in.InferenceConfig = &brtypes.InferenceConfiguration{StopSequences: []string{word}}
		})
		part = answered[*brtypes.ContentBlockMemberText](r, stopped, err).Value
		if stopped.StopReason != brtypes.StopReasonStopSequence || strings.TrimSuffix(part, word) != text[:strings.Index(text, word)] {
			t.Errorf("stop at %q: stop %s, %q", word, stopped.StopReason, part)
		}
	}},
	{"a conversation that cannot be", bedrockConverse, func(t testing.TB, target Target) {
		r := newBedrockRoom(t, target)
		said := func(role brtypes.ConversationRole, text string) brtypes.Message {
			return brtypes.Message{Role: role, Content: []brtypes.ContentBlock{&brtypes.ContentBlockMemberText{Value: text}}}
		}
		user, assistant := brtypes.ConversationRoleUser, brtypes.ConversationRoleAssistant
		for what, messages := range map[string][]brtypes.Message{
			"no messages":            {},
			"the assistant begins":   {said(assistant, "x"), said(user, "y")},
			"the user speaks twice":  {said(user, "x"), said(user, "y")},
			"a blank message":        {said(user, " ")},
			"a message with nothing": {{Role: user, Content: []brtypes.ContentBlock{}}},
		} {
			_, err := r.ask(func(in *bedrockruntime.ConverseInput) { in.Messages = messages })
			wantTold(t, what, err, "400 ValidationException")
		}
		_, err := r.ask(func(in *bedrockruntime.ConverseInput) {
			in.InferenceConfig = &brtypes.InferenceConfiguration{Temperature: aws.Float32(1.5)}
		})
		wantTold(t, "temperature 1.5", err, "400 ValidationException")
		_, err = r.ask(func(in *bedrockruntime.ConverseInput) { in.Messages = userSays(strings.Repeat("word ", 300_000)) })
		wantTold(t, "more than the model's context", err, "400 ValidationException")
	}},
	{"InvokeModel families", "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html", bedrockFamilies},
	{"InvokeModel refuses what is wrong", bedrockInvoke, func(t testing.TB, target Target) {
		r := newBedrockRoom(t, target)
		for what, body := range map[string]string{"no JSON": `{`, "no max_tokens": `{"messages":[{"role":"user","content":"x"}]}`, "no messages": `{"max_tokens":5,"messages":[]}`} {
			_, err := r.InvokeModel(r.ctx, &bedrockruntime.InvokeModelInput{ModelId: aws.String(claude), Body: []byte(body)})
			wantTold(t, what, err, "400 ValidationException")
		}
	}},
	{"CountTokens is what is charged", bedrockCount, func(t testing.TB, target Target) {
		r := newBedrockRoom(t, target)
		system := []brtypes.SystemContentBlock{&brtypes.SystemContentBlockMemberText{Value: "Be kind."}}
		out, err := r.ask(func(in *bedrockruntime.ConverseInput) { in.System = system })
		wantTold(t, "Converse", err, "200")
		count, err := r.CountTokens(r.ctx, &bedrockruntime.CountTokensInput{ModelId: aws.String(claude),
			Input: &brtypes.CountTokensInputMemberConverse{Value: brtypes.ConverseTokensRequest{System: system, Messages: userSays(complaint)}}})
		if err != nil || *count.InputTokens != *out.Usage.InputTokens {
			t.Errorf("Converse: counted %+v, charged %d, %v", count, *out.Usage.InputTokens, err)
		}
		body := []byte(`{"anthropic_version":"bedrock-2023-05-31","max_tokens":100,"messages":[{"role":"user","content":"Where is my parcel?"}]}`)
		invoked, err := r.InvokeModel(r.ctx, &bedrockruntime.InvokeModelInput{ModelId: aws.String(claude), Body: body})
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Usage struct {
				Input int32 `json:"input_tokens"`
			}
		}
		if err := json.Unmarshal(invoked.Body, &answer); err != nil {
			t.Fatal(err)
		}
		count, err = r.CountTokens(r.ctx, &bedrockruntime.CountTokensInput{ModelId: aws.String(claude),
			Input: &brtypes.CountTokensInputMemberInvokeModel{Value: brtypes.InvokeModelTokensRequest{Body: body}}})
		if err != nil || *count.InputTokens != answer.Usage.Input {
			t.Errorf("InvokeModel: counted %+v, charged %d, %v", count, answer.Usage.Input, err)
		}
	}},
}

// bedrockFamilies asks each family of models in its own words.
func bedrockFamilies(t testing.TB, target Target) {
	r := newBedrockRoom(t, target)
	for _, c := range []struct {
		model, body string
		text, stop  []any // where they are in the answer
		stopped     string
	}{
		{claude, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":200,"system":"Be kind.","messages":[{"role":"user","content":[{"type":"text","text":"Hello there"}]}]}`,
			[]any{"content", 0, "text"}, []any{"stop_reason"}, "end_turn"},
		{"us." + claude, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":2,"messages":[{"role":"user","content":"Hello there"}]}`,
			[]any{"content", 0, "text"}, []any{"stop_reason"}, "max_tokens"},
		{"amazon.nova-lite-v1:0", `{"messages":[{"role":"user","content":[{"text":"Hello there"}]}],"inferenceConfig":{"maxTokens":200}}`,
			[]any{"output", "message", "content", 0, "text"}, []any{"stopReason"}, "end_turn"},
		{"amazon.titan-text-express-v1", `{"inputText":"Hello there","textGenerationConfig":{"maxTokenCount":2}}`,
			[]any{"results", 0, "outputText"}, []any{"results", 0, "completionReason"}, "LENGTH"},
		{"meta.llama3-8b-instruct-v1:0", `{"prompt":"Hello there","max_gen_len":200}`, []any{"generation"}, []any{"stop_reason"}, "stop"},
		{"mistral.mistral-7b-instruct-v0:2", `{"prompt":"<s>[INST] Hello there [/INST]","max_tokens":200}`, []any{"outputs", 0, "text"}, []any{"outputs", 0, "stop_reason"}, "stop"},
	} {
		out, err := r.InvokeModel(r.ctx, &bedrockruntime.InvokeModelInput{ModelId: &c.model, Body: []byte(c.body), ContentType: aws.String("application/json")})
		if err != nil {
			t.Errorf("%s: %v", c.model, err)
			continue
		}
		var answer any
		if err := json.Unmarshal(out.Body, &answer); err != nil {
			t.Errorf("%s: %v", c.model, err)
		}
		if text, _ := within(answer, c.text...).(string); text == "" || within(answer, c.stop...) != c.stopped {
			t.Errorf("%s: %s", c.model, out.Body)
		}
	}
}

// within is what lies at a path of a JSON document, or nil.
func within(v any, path ...any) any {
	for _, step := range path {
		switch key := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[key]
		case int:
			list, _ := v.([]any)
			if key >= len(list) {
				return nil
			}
			v = list[key]
		}
	}
	return v
}

package bedrock

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
)

// at walks a decoded JSON document by keys and indexes.
func at(t *testing.T, document any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch key := step.(type) {
		case string:
			object, _ := document.(map[string]any)
			document = object[key]
		case int:
			list, _ := document.([]any)
			if key >= len(list) {
				t.Fatalf("no %v of %v", path, document)
			}
			document = list[key]
		}
	}
	return document
}

func TestInvokeModelFamilies(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	schema := strings.ReplaceAll(answersSchema, "\n", " ")
	text, err := json.Marshal(packed)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, model, body string
		answer            []any // path of the text
		contains          string
		stop              []any
		stopWant          any
	}{
		{"anthropic", haiku, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":500,"system":"Be kind.","messages":[{"role":"user","content":"Where is my parcel?"}]}`,
			[]any{"content", 0, "text"}, "Where is my parcel?", []any{"stop_reason"}, "end_turn"},
		{"anthropic, blocks and schema", haiku, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":500,"messages":[{"role":"user","content":[{"type":"text","text":` + string(text) + `}]}],"output_config":{"format":{"type":"json_schema","schema":` + schema + `}}}`,
			[]any{"content", 0, "text"}, `"id":"r-2"`, []any{"model"}, "sluice.local-statistical-v1"},
		{"anthropic, cut", haiku, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[{"role":"user","content":"Where is my parcel?"}]}`,
			[]any{"content", 0, "text"}, "Thank you", []any{"stop_reason"}, "max_tokens"},
		{"nova", "amazon.nova-lite-v1:0", `{"schemaVersion":"messages-v1","messages":[{"role":"user","content":[{"text":"Where is my parcel?"}]}],"inferenceConfig":{"max_new_tokens":100}}`,
			[]any{"output", "message", "content", 0, "text"}, "Where is my parcel?", []any{"stopReason"}, "end_turn"},
		{"titan", "amazon.titan-text-express-v1", `{"inputText":"Where is my parcel?","textGenerationConfig":{"maxTokenCount":5}}`,
			[]any{"results", 0, "outputText"}, "Thank you", []any{"results", 0, "completionReason"}, "LENGTH"},
		{"llama", "meta.llama3-8b-instruct-v1:0", `{"prompt":"Where is my parcel?","max_gen_len":200}`,
			[]any{"generation"}, "Where is my parcel?", []any{"stop_reason"}, "stop"},
		{"mistral", "mistral.mistral-7b-instruct-v0:2", `{"prompt":"Where is my parcel?","max_tokens":200}`,
			[]any{"outputs", 0, "text"}, "Where is my parcel?", []any{"outputs", 0, "stop_reason"}, "stop"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, err := client.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: &c.model, Body: []byte(c.body), ContentType: aws.String("application/json")})
			if err != nil {
				t.Fatal(err)
			}
			var document any
			if err := json.Unmarshal(out.Body, &document); err != nil {
				t.Fatal(err)
			}
			if got, _ := at(t, document, c.answer...).(string); !strings.Contains(got, c.contains) {
				t.Errorf("%s", out.Body)
			}
			if got := at(t, document, c.stop...); got != c.stopWant {
				t.Errorf("%v: %v in %s", c.stop, got, out.Body)
			}
		})
	}
}

func TestInvokeModelForcedTool(t *testing.T) {
	handler := Handler(newState(t, Config{}))
	body := `{"anthropic_version":"bedrock-2023-05-31","max_tokens":500,"messages":[{"role":"user","content":"Where is my parcel?"}],"tools":[{"name":"answer","input_schema":{"type":"object","properties":{"language":{"type":"string"}}}}],"tool_choice":{"type":"tool","name":"answer"}}`
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/model/"+haiku+"/invoke", strings.NewReader(body)))
	var document any
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if at(t, document, "content", 0, "type") != "tool_use" || at(t, document, "content", 0, "input", "language") != "en" || at(t, document, "stop_reason") != "tool_use" {
		t.Errorf("%s", w.Body)
	}
	if w.Header().Get("X-Sluice-Answered-By") == "" || w.Header().Get("X-Amzn-Bedrock-Output-Token-Count") == "" {
		t.Errorf("%v", w.Header())
	}
}

func TestInvokeModelRefusesWhatIsWrong(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	for body, words := range map[string]string{
		`{`: "Malformed input request", `{"messages":[]}`: "anthropic_version", `{"anthropic_version":"bedrock-2023-05-31","messages":[]}`: "max_tokens",
		`{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[]}`:                                                                       "start with a user message",
		`{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"tool","name":"t"}}`: "tool_choice",
	} {
		_, err := client.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String(haiku), Body: []byte(body)})
		wantCode(t, err, "ValidationException", words)
	}
	_, err := client.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String("cohere.command"), Body: []byte(`{}`)})
	wantCode(t, err, "ValidationException", "use Converse")
}

// Whatever comes over the wire is answered with JSON and a status of the
// protocol.
func FuzzWire(f *testing.F) {
	f.Add("converse", `{"messages":[{"role":"user","content":[{"text":"hello"}]}],"system":[{"text":"a"},{"cachePoint":{"type":"default"}}],"inferenceConfig":{"maxTokens":5,"topP":0.5}}`)
	f.Add("converse", `{"messages":[{"role":"user","content":[{"document":{"format":"txt","name":"a","source":{"bytes":"aGVsbG8="}}},{"image":{}},{"toolResult":{"content":[{"json":{}},{"text":"x"}]}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"a","inputSchema":{"json":{"type":"object"}}}}],"toolChoice":{"any":{}}}}`)
	f.Add("converse", `{"messages":[{"role":"user","content":[null]}],"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{}"}}}}}`)
	f.Add("count-tokens", `{"input":{"invokeModel":{"body":"e30="}}}`)
	f.Add("invoke", `{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"system":[{"type":"text","text":"a"}],"messages":[{"role":"user","content":[{"type":"tool_result","content":"x"}]}]}`)
	f.Add("invoke", `{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[{"role":"user","content":{}}]}`)
	handler := Handler(newState(f, Config{}))
	f.Fuzz(func(t *testing.T, operation, body string) {
		r := httptest.NewRequest(http.MethodPost, "/model/anthropic.claude/converse", strings.NewReader(body))
		r.URL.Path = "/model/anthropic.claude/" + operation
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != 200 && w.Header().Get("X-Amzn-ErrorType") == "" {
			t.Fatalf("%d without a type", w.Code)
		}
		if !json.Valid(w.Body.Bytes()) || w.Code >= 500 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

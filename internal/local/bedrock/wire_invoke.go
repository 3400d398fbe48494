package bedrock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"sluice/internal/local/bedrock/model"
)

// family turns a model family's own answer shape out of a Response.
type family func(modelID string, answer Response) any

// invocation reads InvokeModel's body by the family that the model id names.
func invocation(modelID string, body []byte) (Request, family, error) {
	id := strings.ToLower(modelID)
	switch {
	case strings.Contains(id, "anthropic"), strings.Contains(id, "claude"):
		return anthropicRequest(modelID, body)
	case strings.Contains(id, "nova"):
		return novaRequest(modelID, body)
	case strings.Contains(id, "titan-text"), strings.Contains(id, "titan-tg"):
		return titanRequest(modelID, body)
	case strings.Contains(id, "llama"):
		return llamaRequest(modelID, body)
	case strings.Contains(id, "mistral"), strings.Contains(id, "mixtral"):
		return mistralRequest(modelID, body)
	}
	return Request{}, nil, invalid("The local machine knows the InvokeModel bodies of Anthropic, Amazon Nova, Titan text, Meta Llama and Mistral models; use Converse for this one.")
}

func invoke(s *State, w http.ResponseWriter, r *http.Request, modelID string, body []byte) {
	request, shape, err := invocation(modelID, body)
	if err != nil {
		refuse(w, err)
		return
	}
	answer, err := s.Converse(r.Context(), request)
	if err != nil {
		refuse(w, err)
		return
	}
	h := w.Header()
	h.Set("X-Amzn-Bedrock-Input-Token-Count", strconv.Itoa(answer.Usage.Input))
	h.Set("X-Amzn-Bedrock-Output-Token-Count", strconv.Itoa(answer.Usage.Output))
	h.Set("X-Amzn-Bedrock-Invocation-Latency", strconv.FormatInt(answer.Latency.Milliseconds(), 10))
	for _, header := range []string{"X-Amzn-Bedrock-Service-Tier", "X-Amzn-Bedrock-PerformanceConfig-Latency"} {
		if v := r.Header.Get(header); v != "" {
			h.Set(header, v)
		}
	}
	// InvokeModel has no trace: this header is where the stand-in says so.
	h.Set("X-Sluice-Answered-By", model.ID)
	encode(w, http.StatusOK, shape(modelID, answer))
}

// anthropicBlock is a content block of Anthropic's Messages shape.
type anthropicBlock struct {
	Type    string          `json:"type"`
	Text    string          `json:"text"`
	Name    string          `json:"name"`
	Input   json.RawMessage `json:"input"`
	Content anthropicBlocks `json:"content"`
}

// anthropicBlocks are blocks, or a string that stands for one of text.
type anthropicBlocks []anthropicBlock

// UnmarshalJSON takes both forms.
func (b *anthropicBlocks) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte{'"'}) {
		*b = anthropicBlocks{{Type: "text"}}
		return json.Unmarshal(raw, &(*b)[0].Text)
	}
	type plain anthropicBlocks
	return json.Unmarshal(raw, (*plain)(b))
}

type anthropicInput struct {
	Version   string          `json:"anthropic_version"`
	MaxTokens *int            `json:"max_tokens"`
	System    anthropicBlocks `json:"system"`
	Stop      []string        `json:"stop_sequences"`
	Messages  []struct {
		Role    string          `json:"role"`
		Content anthropicBlocks `json:"content"`
	} `json:"messages"`
	Tools []struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		InputSchema json.RawMessage `json:"input_schema"`
	} `json:"tools"`
	ToolChoice *struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"tool_choice"`
	OutputConfig struct {
		Format *anthropicFormat `json:"format"`
	} `json:"output_config"`
	OutputFormat *anthropicFormat `json:"output_format"`
}

type anthropicFormat struct {
	Type   string          `json:"type"`
	Schema json.RawMessage `json:"schema"`
}

func anthropicRequest(modelID string, body []byte) (Request, family, error) {
	var in anthropicInput
	if err := decode(body, &in); err != nil {
		return Request{}, nil, malformed(err)
	}
	if in.Version == "" {
		return Request{}, nil, invalid("anthropic_version: Field required")
	}
	if in.MaxTokens == nil {
		return Request{}, nil, invalid("max_tokens: Field required")
	}
	// The rest is Converse under other names.
	c := converseInput{InferenceConfig: &inferenceConfig{MaxTokens: in.MaxTokens, StopSequences: in.Stop}}
	c.System = in.System.blocks()
	for _, m := range in.Messages {
		c.Messages = append(c.Messages, message{Role: m.Role, Content: m.Content.blocks()})
	}
	r, err := c.request(modelID)
	if err != nil {
		return r, nil, err
	}
	if err := in.structure(&r); err != nil {
		return r, nil, err
	}
	return r, anthropicAnswer, nil
}

// structure reads the forced tool, or the schema of the answer.
func (in *anthropicInput) structure(r *Request) error {
	forced := ""
	if c := in.ToolChoice; c != nil {
		forced = c.Name
		if c.Type == "any" && len(in.Tools) > 0 {
			forced = in.Tools[0].Name
		}
	}
	for _, t := range in.Tools {
		r.Parts = append(r.Parts, Part{Text: t.Name + "\n" + t.Description + "\n" + string(t.InputSchema), Tokens: messageTokens})
		if t.Name == forced && forced != "" {
			r.Tool, r.Schema = t.Name, string(t.InputSchema)
		}
	}
	if forced != "" && r.Tool == "" {
		return invalid("tool_choice: tool %q not found in tools", forced)
	}
	format := in.OutputConfig.Format
	if format == nil {
		format = in.OutputFormat
	}
	if format != nil && r.Tool == "" {
		if format.Type != "json_schema" || len(format.Schema) == 0 {
			return invalid("output_config.format: it must have the type json_schema and a schema")
		}
		r.Schema = string(format.Schema)
		r.Parts = append(r.Parts, Part{Text: r.Schema, Tokens: messageTokens})
	}
	return nil
}

func (b anthropicBlocks) blocks() []block {
	var out []block
	for _, one := range b {
		switch one.Type {
		case "text":
			out = append(out, block{Text: &one.Text})
		case "tool_result":
			out = append(out, one.Content.blocks()...)
		case "tool_use":
			text := one.Name + "\n" + string(one.Input)
			out = append(out, block{Text: &text})
		default:
			out = append(out, block{Image: json.RawMessage(`{}`)})
		}
	}
	return out
}

func anthropicAnswer(_ string, answer Response) any {
	content := []map[string]any{}
	if t := answer.Tool; t != nil {
		content = append(content, map[string]any{"type": "tool_use", "id": t.ID, "name": t.Name, "input": t.Input})
	} else {
		content = append(content, map[string]any{"type": "text", "text": answer.Text})
	}
	return map[string]any{
		"id": fmt.Sprintf("msg_local_%08x", answer.Usage.Total()), "type": "message", "role": "assistant", "model": model.ID,
		"content": content, "stop_reason": answer.StopReason, "stop_sequence": nil,
		"usage": map[string]int{
			"input_tokens": answer.Usage.Input, "output_tokens": answer.Usage.Output,
			"cache_read_input_tokens": answer.Usage.CacheRead, "cache_creation_input_tokens": answer.Usage.CacheWrite,
		},
	}
}

func novaRequest(modelID string, body []byte) (Request, family, error) {
	var in struct {
		converseInput
		InferenceConfig struct {
			inferenceConfig
			MaxNewTokens *int `json:"max_new_tokens"`
		} `json:"inferenceConfig"`
	}
	if err := decode(body, &in); err != nil {
		return Request{}, nil, malformed(err)
	}
	c := in.converseInput
	c.InferenceConfig = &in.InferenceConfig.inferenceConfig
	if c.InferenceConfig.MaxTokens == nil {
		c.InferenceConfig.MaxTokens = in.InferenceConfig.MaxNewTokens
	}
	r, err := c.request(modelID)
	return r, func(_ string, answer Response) any {
		return map[string]any{"output": output{messageOf(answer)}, "stopReason": answer.StopReason, "usage": usageOf(answer.Usage)}
	}, err
}

func titanRequest(modelID string, body []byte) (Request, family, error) {
	var in struct {
		InputText string `json:"inputText"`
		Config    struct {
			MaxTokens *int     `json:"maxTokenCount"`
			Stop      []string `json:"stopSequences"`
		} `json:"textGenerationConfig"`
	}
	if err := decode(body, &in); err != nil {
		return Request{}, nil, malformed(err)
	}
	r, err := promptRequest(modelID, in.InputText, in.Config.MaxTokens, in.Config.Stop)
	return r, func(_ string, answer Response) any {
		return map[string]any{
			"inputTextTokenCount": answer.Usage.Input,
			"results": []map[string]any{{
				"tokenCount": answer.Usage.Output, "outputText": answer.Text, "completionReason": ended(answer, "LENGTH", "FINISH"),
			}},
		}
	}, err
}

func llamaRequest(modelID string, body []byte) (Request, family, error) {
	var in struct {
		Prompt    string `json:"prompt"`
		MaxGenLen *int   `json:"max_gen_len"`
	}
	if err := decode(body, &in); err != nil {
		return Request{}, nil, malformed(err)
	}
	r, err := promptRequest(modelID, in.Prompt, in.MaxGenLen, nil)
	return r, func(_ string, answer Response) any {
		return map[string]any{
			"generation": answer.Text, "prompt_token_count": answer.Usage.Input,
			"generation_token_count": answer.Usage.Output, "stop_reason": ended(answer, "length", "stop"),
		}
	}, err
}

func mistralRequest(modelID string, body []byte) (Request, family, error) {
	var in struct {
		Prompt    string   `json:"prompt"`
		MaxTokens *int     `json:"max_tokens"`
		Stop      []string `json:"stop"`
	}
	if err := decode(body, &in); err != nil {
		return Request{}, nil, malformed(err)
	}
	r, err := promptRequest(modelID, in.Prompt, in.MaxTokens, in.Stop)
	return r, func(_ string, answer Response) any {
		return map[string]any{"outputs": []map[string]string{{"text": answer.Text, "stop_reason": ended(answer, "length", "stop")}}}
	}, err
}

func ended(answer Response, short, whole string) string {
	if answer.StopReason == "max_tokens" {
		return short
	}
	return whole
}

func promptRequest(modelID, prompt string, maxTokens *int, stop []string) (Request, error) {
	if strings.TrimSpace(prompt) == "" {
		return Request{}, invalid("Malformed input request: the prompt is empty, please reformat your input and try again.")
	}
	return Request{Model: modelID, Parts: []Part{{Text: prompt}}, User: []string{prompt}, MaxTokens: maxTokens, Stop: stop}, nil
}

// malformed is how InvokeModel words a body that is not of the family's shape.
func malformed(err error) error {
	return invalid("Malformed input request: %v, please reformat your input and try again.", err)
}

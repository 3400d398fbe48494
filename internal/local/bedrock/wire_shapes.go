package bedrock

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The shapes of Converse's request, as far as the stand-in reads them.

type converseInput struct {
	Messages        []message        `json:"messages"`
	System          []block          `json:"system"`
	InferenceConfig *inferenceConfig `json:"inferenceConfig"`
	ToolConfig      *toolConfig      `json:"toolConfig"`
	OutputConfig    *struct {
		TextFormat *struct {
			Type      string `json:"type"`
			Structure struct {
				JSONSchema *struct {
					Schema string `json:"schema"`
				} `json:"jsonSchema"`
			} `json:"structure"`
		} `json:"textFormat"`
	} `json:"outputConfig"`
	GuardrailConfig   json.RawMessage   `json:"guardrailConfig"`
	PromptVariables   json.RawMessage   `json:"promptVariables"`
	RequestMetadata   map[string]string `json:"requestMetadata"`
	ServiceTier       *tier             `json:"serviceTier"`
	PerformanceConfig *performance      `json:"performanceConfig"`
}

type tier struct {
	Type string `json:"type"`
}

type performance struct {
	Latency string `json:"latency"`
}

type inferenceConfig struct {
	MaxTokens     *int     `json:"maxTokens"`
	Temperature   *float64 `json:"temperature"`
	TopP          *float64 `json:"topP"`
	StopSequences []string `json:"stopSequences"`
}

type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

// block is a content block: one of its members is set.
type block struct {
	Text       *string         `json:"text"`
	CachePoint *cachePoint     `json:"cachePoint"`
	Image      json.RawMessage `json:"image"`
	Video      json.RawMessage `json:"video"`
	Audio      json.RawMessage `json:"audio"`
	Document   *struct {
		Name   string `json:"name"`
		Format string `json:"format"`
		Source struct {
			Bytes []byte  `json:"bytes"`
			Text  *string `json:"text"`
		} `json:"source"`
	} `json:"document"`
	GuardContent *struct {
		Text *struct {
			Text string `json:"text"`
		} `json:"text"`
	} `json:"guardContent"`
	ToolUse *struct {
		ID    string          `json:"toolUseId"`
		Name  string          `json:"name"`
		Input json.RawMessage `json:"input"`
	} `json:"toolUse"`
	ToolResult *struct {
		ID      string `json:"toolUseId"`
		Content []struct {
			Text *string         `json:"text"`
			JSON json.RawMessage `json:"json"`
		} `json:"content"`
	} `json:"toolResult"`
}

type cachePoint struct {
	Type string `json:"type"`
	TTL  string `json:"ttl"`
}

type toolConfig struct {
	Tools []struct {
		ToolSpec *struct {
			Name        string `json:"name"`
			Description string `json:"description"`
			InputSchema struct {
				JSON json.RawMessage `json:"json"`
			} `json:"inputSchema"`
		} `json:"toolSpec"`
		CachePoint *cachePoint `json:"cachePoint"`
	} `json:"tools"`
	ToolChoice *struct {
		Any  *struct{} `json:"any"`
		Tool *struct {
			Name string `json:"name"`
		} `json:"tool"`
	} `json:"toolChoice"`
}

// What media and framing cost in tokens.
const (
	mediaTokens   = 1600
	messageTokens = 4
)

func (c *cachePoint) part() Part {
	p := Part{CachePoint: true}
	if c.TTL == "1h" {
		p.TTL = time.Hour
	}
	return p
}

// request turns the shape into a Request, checking what the service checks.
func (in *converseInput) request(modelID string) (Request, error) {
	r := Request{Model: modelID}
	if in.GuardrailConfig != nil || in.PromptVariables != nil {
		return r, invalid("guardrailConfig and promptVariables are not available on the local machine.")
	}
	if err := in.tools(&r); err != nil {
		return r, err
	}
	for i, b := range in.System {
		b.parts(&r, nil)
		if b.Text != nil && strings.TrimSpace(*b.Text) == "" {
			return r, invalid("The text field in the SystemContentBlock object at system.%d is blank. Add text to the text field, and try again.", i)
		}
	}
	if err := in.conversation(&r); err != nil {
		return r, err
	}
	if c := in.InferenceConfig; c != nil {
		r.MaxTokens, r.Stop = c.MaxTokens, c.StopSequences
		for name, v := range map[string]*float64{"temperature": c.Temperature, "topP": c.TopP} {
			if v != nil && !(*v >= 0 && *v <= 1) {
				return r, invalid("1 validation error detected: Value at 'inferenceConfig.%s' failed to satisfy constraint: Member must be between 0 and 1", name)
			}
		}
	}
	return r, in.format(&r)
}

// tools reads the tool definitions, and the forced tool's schema.
func (in *converseInput) tools(r *Request) error {
	if in.ToolConfig == nil {
		return nil
	}
	forced := ""
	if c := in.ToolConfig.ToolChoice; c != nil && c.Tool != nil {
		forced = c.Tool.Name
	}
	names := map[string]json.RawMessage{}
	for i, t := range in.ToolConfig.Tools {
		if t.CachePoint != nil {
			r.Parts = append(r.Parts, t.CachePoint.part())
		}
		if t.ToolSpec == nil {
			continue
		}
		if t.ToolSpec.Name == "" || len(t.ToolSpec.InputSchema.JSON) == 0 {
			return invalid("The tool at toolConfig.tools.%d needs a name and an inputSchema.", i)
		}
		names[t.ToolSpec.Name] = t.ToolSpec.InputSchema.JSON
		r.Parts = append(r.Parts, Part{Text: t.ToolSpec.Name + "\n" + t.ToolSpec.Description + "\n" + string(t.ToolSpec.InputSchema.JSON), Tokens: messageTokens})
		if c := in.ToolConfig.ToolChoice; c != nil && c.Any != nil && forced == "" {
			forced = t.ToolSpec.Name
		}
	}
	if len(names) == 0 {
		return invalid("1 validation error detected: Value at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	if forced == "" {
		return nil
	}
	schema, known := names[forced]
	if !known {
		return invalid("The tool %q of toolConfig.toolChoice is not among toolConfig.tools.", forced)
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(schema, &object) != nil || string(object["type"]) != `"object"` {
		return invalid("The value at toolConfig.tools.inputSchema.json.type must be one of the following: object.")
	}
	r.Tool, r.Schema = forced, string(schema)
	return nil
}

// toolTurn refuses a message whose tool results are not those of the tools that the
// message before asked for.
// https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use-inference-call.html
func (in *converseInput) toolTurn(i int) error {
	missing := map[string]bool{}
	if i > 0 {
		for _, b := range in.Messages[i-1].Content {
			if b.ToolUse != nil && b.ToolUse.ID != "" {
				missing[b.ToolUse.ID] = true
			}
		}
	}
	for _, b := range in.Messages[i].Content {
		if b.ToolResult == nil || b.ToolResult.ID == "" {
			continue
		}
		if !missing[b.ToolResult.ID] {
			return invalid("The toolResult block at messages.%d.content has a toolUseId that no toolUse block of the previous turn has, or that another toolResult block has.", i)
		}
		delete(missing, b.ToolResult.ID)
	}
	if len(missing) > 0 {
		return invalid("Expected toolResult blocks at messages.%d.content for the following Ids: %.200s", i, strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
	}
	return nil
}

// conversation reads the messages; the last user message is what is answered.
func (in *converseInput) conversation(r *Request) error {
	if len(in.Messages) == 0 {
		return invalid("A conversation must start with a user message. Try again with a conversation that starts with a user message.")
	}
	for i, m := range in.Messages {
		want := "user"
		if i%2 == 1 {
			want = "assistant"
		}
		switch {
		case m.Role != "user" && m.Role != "assistant":
			return invalid("1 validation error detected: Value '%.40s' at 'messages.%d.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]", m.Role, i+1)
		case i == 0 && m.Role != "user":
			return invalid("A conversation must start with a user message. Try again with a conversation that starts with a user message.")
		case m.Role != want:
			return invalid("A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.")
		case len(m.Content) == 0:
			return invalid("The content field in the Message object at messages.%d is empty. Add a ContentBlock object to the content field and try again.", i)
		}
		if err := in.toolTurn(i); err != nil {
			return err
		}
		r.Parts = append(r.Parts, Part{Tokens: messageTokens})
		var user *[]string
		if i == len(in.Messages)-1 {
			user = &r.User
		}
		for j, b := range m.Content {
			if b.Text != nil && strings.TrimSpace(*b.Text) == "" {
				return invalid("The text field in the ContentBlock object at messages.%d.content.%d is blank. Add text to the text field, and try again.", i, j)
			}
			b.parts(r, user)
		}
	}
	if in.Messages[len(in.Messages)-1].Role != "user" {
		return invalid("This model does not support assistant message prefill. The conversation must end with a user message.")
	}
	return nil
}

// parts adds a block's input, and its text to user when that is not nil.
func (b block) parts(r *Request, user *[]string) {
	add := func(text string) {
		r.Parts = append(r.Parts, Part{Text: text})
		if user != nil {
			*user = append(*user, text)
		}
	}
	switch {
	case b.Text != nil:
		add(*b.Text)
	case b.CachePoint != nil:
		r.Parts = append(r.Parts, b.CachePoint.part())
	case b.GuardContent != nil && b.GuardContent.Text != nil:
		add(b.GuardContent.Text.Text)
	case b.ToolUse != nil:
		r.Parts = append(r.Parts, Part{Text: b.ToolUse.Name + "\n" + string(b.ToolUse.Input)})
	case b.ToolResult != nil:
		for _, c := range b.ToolResult.Content {
			if c.Text != nil {
				add(*c.Text)
			} else {
				add(string(c.JSON))
			}
		}
	case b.Document != nil:
		b.document(r, add)
	case b.Image != nil, b.Video != nil, b.Audio != nil:
		// It cannot see or hear; it only counts.
		r.Parts = append(r.Parts, Part{Tokens: mediaTokens})
	}
}

func (b block) document(r *Request, add func(string)) {
	switch {
	case b.Document.Source.Text != nil:
		add(*b.Document.Source.Text)
	case strings.Contains(" txt csv md html ", " "+b.Document.Format+" "):
		add(strings.ToValidUTF8(string(b.Document.Source.Bytes), "\ufffd"))
	default:
		r.Parts = append(r.Parts, Part{Tokens: mediaTokens})
	}
}

// format reads the output's schema.
func (in *converseInput) format(r *Request) error {
	if in.OutputConfig == nil || in.OutputConfig.TextFormat == nil {
		return nil
	}
	f := in.OutputConfig.TextFormat
	if f.Type != "json_schema" || f.Structure.JSONSchema == nil || f.Structure.JSONSchema.Schema == "" {
		return invalid("outputConfig.textFormat must have the type json_schema and a structure.jsonSchema.schema.")
	}
	if r.Tool == "" {
		r.Schema = f.Structure.JSONSchema.Schema
		r.Parts = append([]Part{{Text: r.Schema, Tokens: messageTokens}}, r.Parts...)
	}
	return nil
}

// UnmarshalJSON refuses a block of several members, as a union does.
func (b *block) UnmarshalJSON(raw []byte) error {
	type plain block
	if err := json.Unmarshal(raw, (*plain)(b)); err != nil {
		return fmt.Errorf("a content block: %w", err)
	}
	members := 0
	for _, set := range []bool{
		b.Text != nil, b.CachePoint != nil, b.Image != nil, b.Video != nil, b.Audio != nil,
		b.Document != nil, b.GuardContent != nil, b.ToolUse != nil, b.ToolResult != nil,
	} {
		if set {
			members++
		}
	}
	if members > 1 {
		return invalid("A content block must have exactly one member, not %d.", members)
	}
	return nil
}

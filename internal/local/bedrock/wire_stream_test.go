package bedrock

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"sluice/internal/local/bedrock/model"
	"sluice/internal/local/bedrock/quota"
)

// heard is what a ConverseStream said, put together.
type heard struct {
	text, tool, input string
	stop              types.StopReason
	usage             *types.TokenUsage
	by                string
	kinds             []string
}

func listen(t *testing.T, out *bedrockruntime.ConverseStreamOutput) (h heard) {
	t.Helper()
	for event := range out.GetStream().Events() {
		switch e := event.(type) {
		case *types.ConverseStreamOutputMemberMessageStart:
			h.kinds = append(h.kinds, "start")
		case *types.ConverseStreamOutputMemberContentBlockStart:
			h.tool = aws.ToString(e.Value.Start.(*types.ContentBlockStartMemberToolUse).Value.Name)
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			switch d := e.Value.Delta.(type) {
			case *types.ContentBlockDeltaMemberText:
				h.text += d.Value
			case *types.ContentBlockDeltaMemberToolUse:
				h.input += aws.ToString(d.Value.Input)
			}
		case *types.ConverseStreamOutputMemberContentBlockStop:
			h.kinds = append(h.kinds, "block")
		case *types.ConverseStreamOutputMemberMessageStop:
			h.stop = e.Value.StopReason
			h.kinds = append(h.kinds, "stop")
		case *types.ConverseStreamOutputMemberMetadata:
			h.usage, h.by = e.Value.Usage, aws.ToString(e.Value.Trace.PromptRouter.InvokedModelId)
			h.kinds = append(h.kinds, "metadata")
		}
	}
	if err := out.GetStream().Err(); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAStreamSaysWhatConverseSays(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	whole, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(haiku), Messages: user("I was charged twice.")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(haiku), Messages: user("I was charged twice.")})
	if err != nil {
		t.Fatal(err)
	}
	h := listen(t, out)
	want := whole.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberText).Value
	if h.text != want || h.stop != whole.StopReason || h.by != model.ID || strings.Join(h.kinds, " ") != "start block stop metadata" {
		t.Errorf("%+v, want %q", h, want)
	}
	if *h.usage.InputTokens != *whole.Usage.InputTokens || *h.usage.OutputTokens != *whole.Usage.OutputTokens {
		t.Errorf("usage %+v", h.usage)
	}
}

func TestAToolIsStreamed(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	schema := map[string]any{"type": "object", "required": []string{"city"}, "properties": map[string]any{"city": map[string]any{"type": "string"}}}
	out, err := client.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{
		ModelId: aws.String(haiku), Messages: user("How is the weather in Huế?"),
		ToolConfig: &types.ToolConfiguration{
			Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{Name: aws.String("weather"),
				InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(schema)}}}},
			ToolChoice: &types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: aws.String("weather")}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := listen(t, out)
	var input struct{ City *string }
	if err := json.Unmarshal([]byte(h.input), &input); err != nil || input.City == nil || h.tool != "weather" || h.stop != types.StopReasonToolUse {
		t.Errorf("%v: %+v", err, h)
	}
}

func TestWhatIsRefusedIsNotStreamed(t *testing.T) {
	client := newClient(t, newState(t, Config{Quota: quota.Config{TokensPerMinute: 1}}))
	_, err := client.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(haiku), Messages: user("Hello")})
	if throttled := (*types.ThrottlingException)(nil); !errors.As(err, &throttled) {
		t.Errorf("%v, want a throttle", err)
	}
}

func TestInvokeModelIsStreamedInAnthropicsEvents(t *testing.T) {
	client := newClient(t, newState(t, Config{}))
	body := `{"anthropic_version":"bedrock-2023-05-31","max_tokens":200,"messages":[{"role":"user","content":"I was charged twice."}]}`
	out, err := client.InvokeModelWithResponseStream(t.Context(), &bedrockruntime.InvokeModelWithResponseStreamInput{ModelId: aws.String(haiku), Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	text, stop, tokens := "", "", 0
	for event := range out.GetStream().Events() {
		var e struct {
			Type  string
			Delta struct {
				Text string
				Stop string `json:"stop_reason"`
			}
			Usage struct {
				Output int `json:"output_tokens"`
			}
		}
		if err := json.Unmarshal(event.(*types.ResponseStreamMemberChunk).Value.Bytes, &e); err != nil {
			t.Fatal(err)
		}
		if n := len(kinds); n == 0 || kinds[n-1] != e.Type {
			kinds = append(kinds, e.Type)
		}
		text, stop, tokens = text+e.Delta.Text, stop+e.Delta.Stop, tokens+e.Usage.Output
	}
	if err := out.GetStream().Err(); err != nil || text == "" || stop != "end_turn" || tokens == 0 ||
		strings.Join(kinds, " ") != "message_start content_block_start content_block_delta content_block_stop message_delta message_stop" {
		t.Errorf("%v: %q %q %d %v", err, text, stop, tokens, kinds)
	}
}

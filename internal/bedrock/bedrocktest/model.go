// Package bedrocktest is a model for tests: it reads the frame, answers every
// record in the schema, counts tokens by words, and can be made to misbehave.
package bedrocktest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Record is one record of a call.
type Record struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Model implements bedrock.API.
type Model struct {
	// Say, if set, answers a call in place of the default; call counts from 1.
	Say func(call int, records []Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error)

	mu    sync.Mutex
	calls []*bedrockruntime.ConverseInput
}

// Converse implements bedrock.API.
func (m *Model) Converse(_ context.Context, in *bedrockruntime.ConverseInput, _ ...func(*bedrockruntime.Options)) (*bedrockruntime.ConverseOutput, error) {
	m.mu.Lock()
	m.calls = append(m.calls, in)
	call := len(m.calls)
	m.mu.Unlock()
	records := Records(in)
	if m.Say != nil {
		return m.Say(call, records, in)
	}
	return Default(in), nil
}

// Calls are the calls that were made, in order.
func (m *Model) Calls() []*bedrockruntime.ConverseInput {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.calls)
}

// Records reads the records of a call.
func Records(in *bedrockruntime.ConverseInput) []Record {
	var framed struct {
		Records []Record `json:"records"`
	}
	if text, is := in.Messages[0].Content[0].(*types.ContentBlockMemberText); is {
		_ = json.Unmarshal([]byte(text.Value), &framed)
	}
	return framed.Records
}

// Default answers every record of the call in its schema: a string repeats the
// text, an enum is its first value, a number 0.5, a list empty.
func Default(in *bedrockruntime.ConverseInput) *bedrockruntime.ConverseOutput {
	var framed struct {
		Properties struct {
			Answers struct {
				Items struct {
					Properties struct {
						Answer map[string]any `json:"answer"`
					} `json:"properties"`
				} `json:"items"`
			} `json:"answers"`
		} `json:"properties"`
	}
	_ = json.Unmarshal([]byte(Schema(in)), &framed)
	var answers []any
	for _, r := range Records(in) {
		answers = append(answers, map[string]any{"id": r.ID, "answer": fill(framed.Properties.Answers.Items.Properties.Answer, r.Text)})
	}
	said, _ := json.Marshal(map[string]any{"answers": answers})
	return Said(string(said))
}

// Schema is the schema that a call asks for by structured output.
func Schema(in *bedrockruntime.ConverseInput) string {
	if in.OutputConfig == nil || in.OutputConfig.TextFormat == nil {
		return ""
	}
	member, is := in.OutputConfig.TextFormat.Structure.(*types.OutputFormatStructureMemberJsonSchema)
	if !is {
		return ""
	}
	return aws.ToString(member.Value.Schema)
}

func fill(schema map[string]any, text string) any {
	if values, has := schema["enum"].([]any); has {
		return values[0]
	}
	switch schema["type"] {
	case "object":
		object := map[string]any{}
		properties, _ := schema["properties"].(map[string]any)
		for name, property := range properties {
			inner, _ := property.(map[string]any)
			object[name] = fill(inner, text)
		}
		return object
	case "array":
		return []any{}
	case "number", "integer":
		return 0.5
	case "boolean":
		return true
	}
	return text
}

// Usage of every answer.
const (
	InputTokens  = 100
	OutputTokens = 20
)

// Said is an answer with this text.
func Said(text string) *bedrockruntime.ConverseOutput {
	return &bedrockruntime.ConverseOutput{
		Output: &types.ConverseOutputMemberMessage{Value: types.Message{
			Role: types.ConversationRoleAssistant, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: text}},
		}},
		StopReason: types.StopReasonEndTurn,
		Usage:      &types.TokenUsage{InputTokens: aws.Int32(InputTokens), OutputTokens: aws.Int32(OutputTokens), TotalTokens: aws.Int32(InputTokens + OutputTokens)},
		Metrics:    &types.ConverseMetrics{LatencyMs: aws.Int64(7)},
		Trace:      &types.ConverseTrace{PromptRouter: &types.PromptRouterTrace{InvokedModelId: aws.String("test-model")}},
	}
}

// Stopped is an answer that ended for a reason, with what was said until then.
func Stopped(reason types.StopReason, text string) *bedrockruntime.ConverseOutput {
	out := Said(text)
	out.StopReason = reason
	return out
}

// Error is an error of the service as the SDK gives it.
func Error(status int, code, message string) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code, Message: message},
	}}
}

// Throttled is a 429 for tokens per minute.
func Throttled() error {
	return Error(http.StatusTooManyRequests, "ThrottlingException", "Too many tokens, please wait before trying again.")
}

// Text is the user message of a call.
func Text(in *bedrockruntime.ConverseInput) string {
	var b strings.Builder
	for _, m := range in.Messages {
		for _, c := range m.Content {
			if text, is := c.(*types.ContentBlockMemberText); is {
				b.WriteString(text.Value)
			}
		}
	}
	return b.String()
}

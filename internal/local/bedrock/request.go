package bedrock

import (
	"encoding/json"
	"time"
)

// Request is one call, whatever protocol shape it came in.
type Request struct {
	// Model is the model or inference profile id, or an ARN of one.
	Model string
	// Parts are everything that counts as input, in the order in which a prefix
	// is cached: tools, system, messages.
	Parts []Part
	// User is the text of the last user message, block by block.
	User []string
	// Schema is the JSON Schema of the answer; empty asks for plain text.
	Schema string
	// Tool is the name of the tool that is forced, whose input has Schema.
	Tool string
	// MaxTokens bounds the output; nil means the model's maximum.
	MaxTokens *int
	// Stop are the sequences at which plain text ends.
	Stop []string
}

// Part is a piece of input.
type Part struct {
	Text string
	// Tokens are added to the text's own (media, framing).
	Tokens int
	// CachePoint ends a prefix to be cached, for TTL.
	CachePoint bool
	TTL        time.Duration
}

// Response is the answer to a Request.
type Response struct {
	// Text is the answer, unless a tool was forced.
	Text string
	// Tool is the use of the forced tool, else nil.
	Tool *ToolUse
	// StopReason is Converse's: end_turn, tool_use, max_tokens, stop_sequence …
	StopReason string
	Usage      Usage
	Latency    time.Duration
}

// ToolUse is a forced tool with its input, a JSON object.
type ToolUse struct {
	ID, Name string
	Input    json.RawMessage
}

// Usage counts tokens as the service does: Input is what was neither read from
// nor written to the prompt cache.
type Usage struct {
	Input, Output, CacheRead, CacheWrite int
}

// Total is the sum of all.
func (u Usage) Total() int { return u.Input + u.Output + u.CacheRead + u.CacheWrite }

package bedrock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"sluice/internal/local/bedrock/model"
)

// The stand-in has the whole answer before it says the first word: a stream has
// the events that the service sends, one after the other, after all of the wait.
// So whatever is wrong is said as an error of the call, never inside a stream.

// streamed is one event of a stream.
type streamed struct {
	kind string
	body any
}

// stream writes events in the framing application/vnd.amazon.eventstream.
func stream(w http.ResponseWriter, events []streamed) {
	var b bytes.Buffer
	encoder := eventstream.NewEncoder()
	for _, e := range events {
		payload, err := json.Marshal(e.body)
		if err == nil {
			err = encoder.Encode(&b, eventstream.Message{Payload: payload, Headers: eventstream.Headers{
				{Name: ":event-type", Value: eventstream.StringValue(e.kind)},
				{Name: ":content-type", Value: eventstream.StringValue("application/json")},
				{Name: ":message-type", Value: eventstream.StringValue("event")},
			}})
		}
		if err != nil {
			refuse(w, &Error{InternalServer, "The answer could not be encoded."})
			return
		}
	}
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	w.WriteHeader(http.StatusOK)
	// A caller that has gone is no error of ours.
	_, _ = w.Write(b.Bytes())
}

// converseStream is Converse with its answer in pieces:
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.
func converseStream(s *State, w http.ResponseWriter, r *http.Request, modelID string, body []byte) {
	in, answer, err := conversed(s, r, modelID, body)
	if err != nil {
		refuse(w, err)
		return
	}
	events := []streamed{{"messageStart", map[string]string{"role": "assistant"}}}
	delta := func(d map[string]any) {
		events = append(events, streamed{"contentBlockDelta", map[string]any{"contentBlockIndex": 0, "delta": d}})
	}
	if t := answer.Tool; t != nil {
		start := map[string]any{"toolUse": map[string]string{"toolUseId": t.ID, "name": t.Name}}
		events = append(events, streamed{"contentBlockStart", map[string]any{"contentBlockIndex": 0, "start": start}})
		delta(map[string]any{"toolUse": map[string]string{"input": string(t.Input)}})
	} else {
		for _, piece := range pieces(answer.Text) {
			delta(map[string]any{"text": piece})
		}
	}
	if len(events) > 1 {
		events = append(events, streamed{"contentBlockStop", map[string]int{"contentBlockIndex": 0}})
	}
	metadata := map[string]any{"usage": usageOf(answer.Usage), "metrics": map[string]int64{"latencyMs": answer.Latency.Milliseconds()}}
	var answeredBy trace
	answeredBy.PromptRouter.InvokedModelID = model.ID
	metadata["trace"] = answeredBy
	if in.ServiceTier != nil {
		metadata["serviceTier"] = in.ServiceTier
	}
	if in.PerformanceConfig != nil {
		metadata["performanceConfig"] = in.PerformanceConfig
	}
	stream(w, append(events, streamed{"messageStop", map[string]string{"stopReason": answer.StopReason}}, streamed{"metadata", metadata}))
}

// invokeStream is InvokeModel with its answer in pieces, of Anthropic's Messages:
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html.
func invokeStream(s *State, w http.ResponseWriter, r *http.Request, modelID string, body []byte) {
	if id := strings.ToLower(modelID); !strings.Contains(id, "anthropic") && !strings.Contains(id, "claude") {
		refuse(w, invalid("The local machine streams InvokeModel for Anthropic models only; use ConverseStream for this one."))
		return
	}
	request, _, err := anthropicRequest(modelID, body)
	if err != nil {
		refuse(w, err)
		return
	}
	answer, err := s.Converse(r.Context(), request)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("X-Amzn-Bedrock-Content-Type", "application/json")
	w.Header().Set("X-Sluice-Answered-By", model.ID)
	var events []streamed
	for _, e := range anthropicEvents(answer) {
		document, err := json.Marshal(e)
		if err != nil {
			refuse(w, &Error{InternalServer, "The answer could not be encoded."})
			return
		}
		events = append(events, streamed{"chunk", map[string][]byte{"bytes": document}})
	}
	stream(w, events)
}

// anthropicEvents are the events of Anthropic's Messages for an answer.
func anthropicEvents(answer Response) []map[string]any {
	block, deltas := map[string]any{"type": "text", "text": ""}, []map[string]any{}
	if t := answer.Tool; t != nil {
		block = map[string]any{"type": "tool_use", "id": t.ID, "name": t.Name, "input": map[string]any{}}
		deltas = append(deltas, map[string]any{"type": "input_json_delta", "partial_json": string(t.Input)})
	} else {
		for _, piece := range pieces(answer.Text) {
			deltas = append(deltas, map[string]any{"type": "text_delta", "text": piece})
		}
	}
	u := answer.Usage
	events := []map[string]any{
		{"type": "message_start", "message": map[string]any{
			"id": fmt.Sprintf("msg_local_%08x", u.Total()), "type": "message", "role": "assistant", "model": model.ID,
			"content": []any{}, "stop_reason": nil, "stop_sequence": nil,
			"usage": map[string]int{"input_tokens": u.Input, "output_tokens": 0, "cache_read_input_tokens": u.CacheRead, "cache_creation_input_tokens": u.CacheWrite}}},
		{"type": "content_block_start", "index": 0, "content_block": block},
	}
	for _, d := range deltas {
		events = append(events, map[string]any{"type": "content_block_delta", "index": 0, "delta": d})
	}
	return append(events,
		map[string]any{"type": "content_block_stop", "index": 0},
		map[string]any{"type": "message_delta", "delta": map[string]any{"stop_reason": answer.StopReason, "stop_sequence": nil}, "usage": map[string]int{"output_tokens": u.Output}},
		map[string]any{"type": "message_stop", "amazon-bedrock-invocationMetrics": map[string]int64{
			"inputTokenCount": int64(u.Input), "outputTokenCount": int64(u.Output),
			"invocationLatency": answer.Latency.Milliseconds(), "firstByteLatency": answer.Latency.Milliseconds()}})
}

// pieces are a text's words, each with the space behind it.
func pieces(text string) []string {
	if text == "" {
		return nil
	}
	return strings.SplitAfter(text, " ")
}

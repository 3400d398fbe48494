package bedrock

import (
	"encoding/json"
	"net/http"

	"sluice/internal/local/bedrock/model"
)

type outBlock struct {
	Text    *string  `json:"text,omitempty"`
	ToolUse *outTool `json:"toolUse,omitempty"`
}

type outTool struct {
	ID    string          `json:"toolUseId"`
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"`
}

type outMessage struct {
	Role    string     `json:"role"`
	Content []outBlock `json:"content"`
}

type outUsage struct {
	Input      int `json:"inputTokens"`
	Output     int `json:"outputTokens"`
	Total      int `json:"totalTokens"`
	CacheRead  int `json:"cacheReadInputTokens"`
	CacheWrite int `json:"cacheWriteInputTokens"`
}

type output struct {
	Message outMessage `json:"message"`
}

type converseOutput struct {
	Output      output           `json:"output"`
	StopReason  string           `json:"stopReason"`
	Usage       outUsage         `json:"usage"`
	Metrics     map[string]int64 `json:"metrics"`
	Trace       trace            `json:"trace"`
	Tier        *tier            `json:"serviceTier,omitempty"`
	Performance *performance     `json:"performanceConfig,omitempty"`
}

// trace names the model that really answered.
type trace struct {
	PromptRouter struct {
		InvokedModelID string `json:"invokedModelId"`
	} `json:"promptRouter"`
}

func converse(s *State, w http.ResponseWriter, r *http.Request, modelID string, body []byte) {
	in, answer, err := conversed(s, r, modelID, body)
	if err != nil {
		refuse(w, err)
		return
	}
	out := converseOutput{
		Output:      output{messageOf(answer)},
		StopReason:  answer.StopReason,
		Usage:       usageOf(answer.Usage),
		Metrics:     map[string]int64{"latencyMs": answer.Latency.Milliseconds()},
		Tier:        in.ServiceTier,
		Performance: in.PerformanceConfig,
	}
	out.Trace.PromptRouter.InvokedModelID = model.ID
	encode(w, http.StatusOK, out)
}

// conversed is what a Converse call's body asks for, and the answer to it.
func conversed(s *State, r *http.Request, modelID string, body []byte) (converseInput, Response, error) {
	var in converseInput
	if err := decode(body, &in); err != nil {
		return in, Response{}, err
	}
	request, err := in.request(modelID)
	if err != nil {
		return in, Response{}, err
	}
	answer, err := s.Converse(r.Context(), request)
	return in, answer, err
}

func messageOf(answer Response) outMessage {
	m := outMessage{Role: "assistant", Content: []outBlock{}}
	if t := answer.Tool; t != nil {
		m.Content = append(m.Content, outBlock{ToolUse: &outTool{t.ID, t.Name, t.Input}})
	} else if answer.Text != "" {
		m.Content = append(m.Content, outBlock{Text: &answer.Text})
	}
	return m
}

func usageOf(u Usage) outUsage {
	return outUsage{u.Input, u.Output, u.Total(), u.CacheRead, u.CacheWrite}
}

// countTokens counts the input of a Converse or an InvokeModel call.
func countTokens(s *State, w http.ResponseWriter, modelID string, body []byte) {
	var in struct {
		Input struct {
			Converse    *converseInput `json:"converse"`
			InvokeModel *struct {
				Body []byte `json:"body"`
			} `json:"invokeModel"`
		} `json:"input"`
	}
	if err := decode(body, &in); err != nil {
		refuse(w, err)
		return
	}
	var request Request
	var err error
	switch {
	case in.Input.Converse != nil && in.Input.InvokeModel == nil:
		request, err = in.Input.Converse.request(modelID)
	case in.Input.InvokeModel != nil && in.Input.Converse == nil:
		request, _, err = invocation(modelID, in.Input.InvokeModel.Body)
	default:
		err = invalid("The input must have exactly one of converse and invokeModel.")
	}
	if err != nil {
		refuse(w, err)
		return
	}
	tokens, err := s.CountTokens(request)
	if err != nil {
		refuse(w, err)
		return
	}
	encode(w, http.StatusOK, map[string]int{"inputTokens": tokens})
}

package api

import (
	"strings"
	"testing"

	"sluice/internal/requests"
)

func TestGenerateAnswersAtOnce(t *testing.T) {
	w := newWorld(t)
	r := w.want(200, request("POST /ai/generate", "/ai/generate", `{"requestId": "r1", "input": {"text": "canary says hello"}}`))
	if a := parsed[answered](t, r); string(a.Answer) != `{"text":"canary says hello"}` || a.Usage.Output == 0 || a.CostUSD == 0 || a.Task != "generate" {
		t.Errorf("%s", r.Body)
	}
	if s := w.status("r1"); w.said() != "AiCompleted" || s.State != requests.Received {
		t.Errorf("said %s, state %s", w.said(), s.State)
	}
}

func TestWhatIsNotAskedAtOnceIsQueued(t *testing.T) {
	w := newWorld(t)
	for _, route := range []string{"POST /ai/generate", "POST /requests"} {
		r := w.want(202, request(route, strings.TrimPrefix(route, "POST "), `{"task": "summarize", "input": {"text": "canary"}}`, "prefer", "respond-async"))
		a := parsed[accepted](t, r)
		if r.Headers["location"] != "/requests/"+a.RequestID || w.status(a.RequestID).Task != "summarize" {
			t.Errorf("%v %s", r.Headers, r.Body)
		}
	}
	if w.said() != "RequestReceived RequestReceived" || len(w.model.Calls()) != 0 {
		t.Error(w.said())
	}
}

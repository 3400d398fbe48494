package bedrock

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestDoor(t *testing.T) {
	s := newState(t, Config{Latency: DefaultLatency(), Seed: 1})
	door := Door(s)
	knock := func(method, body string) (int, Config, map[string]Counter) {
		w := httptest.NewRecorder()
		door.ServeHTTP(w, httptest.NewRequest(method, "/_sluice/bedrock", strings.NewReader(body)))
		var told struct {
			Config   Config
			Counters map[string]Counter
		}
		if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil {
			t.Fatalf("%s %s: %v", method, body, err)
		}
		return w.Code, told.Config, told.Counters
	}
	status, cfg, _ := knock("GET", "")
	if status != http.StatusOK || cfg.Latency.FirstTokenMs != 5 || cfg.Seed != 1 {
		t.Errorf("%d %+v", status, cfg)
	}
	status, cfg, _ = knock("POST", `{"quota":{"tokensPerMinute":5000,"window":"sliding"},"faults":{"throttle":{"every":1}}}`)
	if status != http.StatusOK || cfg.Quota.TokensPerMinute != 5000 || cfg.Faults[FaultThrottle].Every != 1 || cfg.Latency.FirstTokenMs != 5 {
		t.Errorf("%d %+v", status, cfg)
	}
	if _, err := s.Converse(t.Context(), ask("hello")); err == nil {
		t.Error("the fault is not in force")
	}
	// A part replaces the old one as a whole.
	if _, cfg, _ = knock("PUT", `{"faults":{"slow":{"every":9}},"quota":{"requestsPerMinute":7}}`); len(cfg.Faults) != 1 || cfg.Quota.TokensPerMinute != 0 {
		t.Errorf("%+v", cfg)
	}
	for _, bad := range []string{`{`, `[]`, `{"quotas":{}}`, `{"quota":{"window":"x"}}`, `{"faults":{"flood":{}}}`, `{"latency":{"firstTokenMs":"soon"}}`} {
		w := httptest.NewRecorder()
		door.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(bad)))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"message"`) {
			t.Errorf("%s: %d %s", bad, w.Code, w.Body)
		}
	}
	if _, cfg, counters := knock("GET", ""); cfg.Quota.RequestsPerMinute != 7 || counters[haiku].Throttled != 1 {
		t.Errorf("%+v %+v", cfg, counters)
	}
	if _, cfg, counters := knock("DELETE", ""); len(cfg.Faults) != 0 || cfg.Seed != 1 || len(counters) != 0 {
		t.Errorf("%+v %+v", cfg, counters)
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, httptest.NewRequest(http.MethodPatch, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("PATCH: %d", w.Code)
	}
}

package telemetry

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryLineCarriesTheIDsOfItsContext(t *testing.T) {
	t.Setenv("SLUICE_ENVIRONMENT", "test")
	var out bytes.Buffer
	log := NewLogger(&out, "analyze").With("a", 1)
	log.InfoContext(With(t.Context(), IDs{"r-1", "u-1", "RequestReceived"}), "answered", "tokens", 3)
	log.Info("started")
	decoder := json.NewDecoder(&out)
	var lines []map[string]any
	for decoder.More() {
		var line map[string]any
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		delete(line, "time")
		lines = append(lines, line)
	}
	want := []map[string]any{
		{"level": "INFO", "msg": "answered", "environment": "test", "function": "analyze", "a": 1.0, "tokens": 3.0, "requestId": "r-1", "correlationId": "u-1", "event": "RequestReceived"},
		{"level": "INFO", "msg": "started", "environment": "test", "function": "analyze", "a": 1.0},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

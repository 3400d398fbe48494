package bedrock

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// body is a packed Converse call of one record of about 500 characters.
func body(t testing.TB) string {
	t.Helper()
	text := strings.Repeat("I ordered the blue kettle on 3 March and was charged twice for it. ", 7) + "Please refund order #A-10293."
	document, err := json.Marshal(map[string]any{"parameters": map[string]any{"labels": []string{"billing", "technical", "shipping"}}, "records": []map[string]string{{"id": "r-3f9a", "text": text}}})
	if err != nil {
		t.Fatal(err)
	}
	call, err := json.Marshal(map[string]any{
		"messages": []any{map[string]any{"role": "user", "content": []any{map[string]any{"text": string(document)}}}},
		"system":   []any{map[string]any{"text": strings.Repeat("You summarize support messages with care. ", 30)}},
		"outputConfig": map[string]any{"textFormat": map[string]any{"type": "json_schema",
			"structure": map[string]any{"jsonSchema": map[string]any{"schema": answersSchema}}}},
		"inferenceConfig": map[string]any{"maxTokens": 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(call)
}

func BenchmarkConverse(b *testing.B) {
	handler := Handler(newState(b, Config{}))
	call := body(b)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/model/amazon.nova-lite-v1:0/converse", strings.NewReader(call)))
		if w.Code != 200 {
			b.Fatal(w.Body.String())
		}
	}
}

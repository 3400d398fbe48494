package lambda

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluice/internal/local/disk"
)

func ask(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func TestTheWire(t *testing.T) {
	s := installed(t, disk.Memory(), nil)
	h, id := Handler(s), UUID("f", testQueue)
	const mappings, functions = "/2015-03-31/event-source-mappings/", "/2015-03-31/functions/"
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"list", "GET", mappings + "?FunctionName=f&EventSourceArn=" + testQueue, "", 200, id},
		{"list, no slash", "GET", strings.TrimSuffix(mappings, "/"), "", 200, id},
		{"list, another queue", "GET", mappings + "?EventSourceArn=x", "", 200, `"EventSourceMappings":[]`},
		{"list, an unknown function", "GET", mappings + "?FunctionName=g", "", 404, "Function not found"},
		{"list, a wrong page", "GET", mappings + "?MaxItems=0", "", 400, "MaxItems"},
		{"list, the next page", "GET", mappings + "?Marker=" + id, "", 200, `"EventSourceMappings":[]`},
		{"get", "GET", mappings + id, "", 200, `"MaximumConcurrency":5`},
		{"get, unknown", "GET", mappings + "x", "", 404, "does not exist"},
		{"update", "PUT", mappings + id, `{"ScalingConfig":{}}`, 202, `"State":"Updating"`},
		{"update, no JSON", "PUT", mappings + id, `{`, 400, "takes"},
		{"update, more JSON", "PUT", mappings + id, `{}{}`, 400, "more than one"},
		{"update, unknown", "PUT", mappings + id, `{"FilterCriteria":{}}`, 400, "FilterCriteria"},
		{"update, a low limit", "PUT", mappings + id, `{"ScalingConfig":{"MaximumConcurrency":0}}`, 400, "between 2"},
		{"update, without failures", "PUT", mappings + id, `{"FunctionResponseTypes":[]}`, 400, "batch item failures"},
		{"create", "POST", strings.TrimSuffix(mappings, "/"), `{}`, 404, "choreography"},
		{"function", "GET", functions + "f", "", 200, `"FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:f"`},
		{"function, unknown", "GET", functions + "g", "", 404, "Function not found"},
		{"configuration", "GET", functions + "f/configuration", "", 200, `"Timeout":60`},
		{"functions", "GET", functions, "", 200, `"MemorySize":512`},
	} {
		w := ask(h, c.method, c.path, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if c.status >= 400 && w.Header().Get("X-Amzn-Errortype") == "" {
			t.Errorf("%s: the error has no name", c.name)
		}
		s.Close()
	}
	if got, err := s.Mapping(id); err != nil || got.Concurrency != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// No request makes the wire panic or fail, and what it changes can be.
func FuzzWire(f *testing.F) {
	for _, body := range []string{`{"Enabled":false}`, `{"BatchSize":10000,"MaximumBatchingWindowInSeconds":300}`, `{"ScalingConfig":{"MaximumConcurrency":2}}`,
		`{"ScalingConfig":{}}`, `{"FunctionName":"::"}`, `[]`, `null`, ``} {
		f.Add("PUT", "event-source-mappings/"+UUID("f", testQueue), body)
		f.Add("GET", "event-source-mappings?MaxItems=1&Marker=x", body)
		f.Add("GET", "functions/123456789012:f/configuration", body)
	}
	state, err := New(disk.Memory(), Config{})
	if err != nil {
		f.Fatal(err)
	}
	if err := state.Install(f.Context(), []Function{{Name: "f"}}, []Mapping{{Function: "f", QueueARN: testQueue, Settings: usual}}); err != nil {
		f.Fatal(err)
	}
	handler := Handler(state)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1/2015-03-31/"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %q %q: %d %s", method, path, body, w.Code, w.Body)
		}
		_ = CheckCall([]byte(body))
		m, err := state.Mapping(UUID("f", testQueue))
		if err != nil || m.BatchSize < 1 || m.BatchSize > mostBatch || m.Window < 0 || m.Window > mostWindow || m.Concurrency < 0 || m.Concurrency > mostCalls {
			t.Errorf("%q: %+v, %v", body, m, err)
		}
	})
}

package apigateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/local/service"
)

// answering is a function in place of an Invoker.
type answering func(function string, event []byte) ([]byte, error)

// Invoke implements Invoker.
func (a answering) Invoke(_ context.Context, function string, event []byte) ([]byte, error) {
	return a(function, event)
}

// ask sends a request and returns the answer.
func ask(api http.Handler, method, target string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

func TestWhatTheGatewayAnswersItself(t *testing.T) {
	fails := func(err error) func(string, []byte) ([]byte, error) {
		return func(string, []byte) ([]byte, error) { return nil, err }
	}
	says := func(text string) func(string, []byte) ([]byte, error) {
		return func(string, []byte) ([]byte, error) { return []byte(text), nil }
	}
	tests := map[string]struct {
		method, target string
		body           string
		headers        []string
		answer         func(string, []byte) ([]byte, error)
		status         int
		message        string
	}{
		"no route":                       {method: "GET", target: "/requests/a/b", status: 404, message: "Not Found"},
		"no method":                      {method: "DELETE", target: "/requests/a", status: 404, message: "Not Found"},
		"HEAD is not GET":                {method: "HEAD", target: "/requests/a", status: 404},
		"a slash too many":               {method: "GET", target: "/requests/", status: 404, message: "Not Found"},
		"an escaped slash":               {method: "GET", target: "/requests/a%2Fb", status: 404, message: "Not Found"},
		"body above 10 MB":               {method: "POST", target: "/requests", body: strings.Repeat("x", mostBody+1), status: 413, message: "Request Entity Too Large"},
		"event above Lambda's":           {method: "POST", target: "/requests", answer: fails(ErrTooLarge), status: 413, message: "Request Entity Too Large"},
		"head above 10,240 bytes":        {method: "GET", target: "/requests/a", headers: []string{"X-Long", strings.Repeat("x", mostHead)}, status: 431, message: "Request Header Fields Too Large"},
		"the function fails":             {method: "POST", target: "/requests", answer: fails(errors.New("boom")), status: 500, message: "Internal Server Error"},
		"the function is busy":           {method: "POST", target: "/requests", answer: fails(ErrUnavailable), status: 503, message: "Service Unavailable"},
		"a status that is none":          {method: "POST", target: "/requests", answer: says(`{"statusCode":99}`), status: 500, message: "Internal Server Error"},
		"a body that is no text":         {method: "POST", target: "/requests", answer: says(`{"statusCode":200,"body":{"a":1}}`), status: 500, message: "Internal Server Error"},
		"a body that is not base64":      {method: "POST", target: "/requests", answer: says(`{"statusCode":200,"body":"?","isBase64Encoded":true}`), status: 500, message: "Internal Server Error"},
		"a header that is an object":     {method: "POST", target: "/requests", answer: says(`{"statusCode":200,"headers":{"a":{}}}`), status: 500, message: "Internal Server Error"},
		"OPTIONS where there is no CORS": {method: "OPTIONS", target: "/requests", headers: []string{"Origin", "https://a.example", "Access-Control-Request-Method", "POST"}, status: 404, message: "Not Found"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			api := made(t, Config{}, test.answer)
			got := ask(api, test.method, test.target, strings.NewReader(test.body), test.headers...)
			want := `{"message":"` + test.message + `"}`
			if test.method == "HEAD" {
				want = got.Body.String() // the server drops it
			}
			if got.Code != test.status || got.Body.String() != want || got.Header().Get("Content-Type") != "application/json" || got.Header().Get("Apigw-Requestid") == "" {
				t.Errorf("%d %v %s", got.Code, got.Header(), got.Body)
			}
		})
	}
}

// blocking answers when nobody waits any more.
type blocking struct{ ended chan error }

// Invoke implements Invoker.
func (b blocking) Invoke(ctx context.Context, _ string, _ []byte) ([]byte, error) {
	<-ctx.Done()
	b.ended <- ctx.Err()
	return nil, ctx.Err()
}

func TestAFunctionHas30Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		invoker := blocking{make(chan error, 1)}
		var log bytes.Buffer
		api, err := New(Config{Routes: routes, Invoker: invoker, Config: service.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		got := ask(api, "GET", "/requests/secret", nil)
		if took := time.Since(began); took != IntegrationTimeout || got.Code != http.StatusServiceUnavailable || got.Body.String() != `{"message":"Service Unavailable"}` {
			t.Errorf("%d %s after %s", got.Code, got.Body, took)
		}
		if !errors.Is(<-invoker.ended, context.DeadlineExceeded) {
			t.Error("the call does not know that nobody waits")
		}
		if text := log.String(); !strings.Contains(text, "GET /requests/{id}") || strings.Contains(text, "secret") {
			t.Errorf("log %s", text)
		}
	})
}

func TestThrottles(t *testing.T) {
	now := noon
	c := Config{Throttle: Throttle{Rate: 2, Burst: 2}, Throttles: map[string]Throttle{"GET /reports/{token}": {Rate: 1, Burst: 1}, "GET /": {}}}
	c.Config = service.Config{Now: func() time.Time { return now }}
	api := made(t, c, func(string, []byte) ([]byte, error) { return []byte(`{}`), nil })
	codes := func(method, target string, n int) (all []int) {
		for range n {
			all = append(all, ask(api, method, target, nil).Code)
		}
		return all
	}
	equal := func(name string, got []int, want ...int) {
		t.Helper()
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", name, got, want)
				return
			}
		}
	}
	equal("the burst", codes("GET", "/requests/a", 3), 200, 200, 429)
	equal("another route of the same bucket", codes("POST", "/requests", 1), 429)
	equal("a route of its own", codes("GET", "/reports/x", 2), 200, 429)
	equal("a route without a throttle", codes("GET", "/", 3), 200, 200, 200)
	now = now.Add(500 * time.Millisecond)
	equal("half a second on", codes("POST", "/requests", 2), 200, 429)
	if got := ask(api, "POST", "/requests", nil); got.Body.String() != `{"message":"Too Many Requests"}` {
		t.Errorf("body %s", got.Body)
	}
}

func TestCORS(t *testing.T) {
	cors := CORS{Origins: []string{"https://app.example"}, Methods: []string{"GET", "POST"}, Headers: []string{"content-type"}, Expose: []string{"location"}, MaxAge: time.Hour, Credentials: true}
	answer := func(string, []byte) ([]byte, error) {
		return []byte(`{"statusCode":200,"headers":{"access-control-allow-origin":"*","X-Own":"1"},"body":"x"}`), nil
	}
	ours := made(t, Config{CORS: cors}, answer)
	all := made(t, Config{CORS: CORS{Origins: []string{"*"}}}, answer)
	none := made(t, Config{}, answer)
	preflight := []string{"Origin", "https://app.example", "Access-Control-Request-Method", "POST"}
	tests := map[string]struct {
		api            *API
		method, target string
		headers        []string
		status         int
		want           map[string]string
	}{
		"a preflight": {ours, "OPTIONS", "/requests", preflight, 204, map[string]string{"Access-Control-Allow-Origin": "https://app.example", "Access-Control-Allow-Methods": "GET,POST",
			"Access-Control-Allow-Headers": "content-type", "Access-Control-Max-Age": "3600", "Access-Control-Allow-Credentials": "true", "Vary": "Origin"}},
		"a preflight of a stranger":       {ours, "OPTIONS", "/requests", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}, 204, map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Methods": ""}},
		"OPTIONS that a route takes":      {ours, "OPTIONS", "/files/a", preflight, 200, map[string]string{"X-Own": "1"}},
		"a call":                          {ours, "POST", "/requests", []string{"Origin", "https://app.example"}, 200, map[string]string{"Access-Control-Allow-Origin": "https://app.example", "Access-Control-Expose-Headers": "location", "X-Own": "1"}},
		"a call of a stranger":            {ours, "POST", "/requests", []string{"Origin", "https://evil.example"}, 200, map[string]string{"Access-Control-Allow-Origin": ""}},
		"an error":                        {ours, "GET", "/nowhere", []string{"Origin", "https://app.example"}, 404, map[string]string{"Access-Control-Allow-Origin": "https://app.example"}},
		"all origins":                     {all, "POST", "/requests", []string{"Origin", "https://any.example"}, 200, map[string]string{"Access-Control-Allow-Origin": "*", "Vary": ""}},
		"what a function says without it": {none, "POST", "/requests", []string{"Origin", "https://any.example"}, 200, map[string]string{"Access-Control-Allow-Origin": "*"}},
	}
	for name, test := range tests {
		got := ask(test.api, test.method, test.target, nil, test.headers...)
		if got.Code != test.status {
			t.Errorf("%s: %d", name, got.Code)
		}
		for header, want := range test.want {
			if value := got.Header().Get(header); value != want {
				t.Errorf("%s: %s is %q, want %q", name, header, value, want)
			}
		}
	}
	if !ours.Allows("https://APP.example") || ours.Allows("") || ours.Allows("https://evil.example") || none.Allows("https://app.example") {
		t.Error("the wrong origins are allowed")
	}
}

// Over a real connection: what net/http adds and takes away.
func TestOverTheWire(t *testing.T) {
	api := made(t, Config{}, func(function string, _ []byte) ([]byte, error) {
		if function == "files" {
			return []byte(`{"statusCode":200,"headers":{"content-type":"image/png","connection":"close","content-length":"7"},"cookies":["a=1","b=2; Secure"],"body":"iVBORw==","isBase64Encoded":true}`), nil
		}
		return []byte(`{"statusCode":304}`), nil
	})
	server := httptest.NewServer(api)
	defer server.Close()
	for _, method := range []string{"GET", "HEAD"} {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/files/x.png", nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		want := "\x89PNG"
		if method == "HEAD" {
			want = ""
		}
		if err != nil || string(body) != want || got.ContentLength != 4 || got.Header.Get("Content-Type") != "image/png" || len(got.Cookies()) != 2 || got.Close {
			t.Errorf("%s: %d %v %q, %v", method, got.StatusCode, got.Header, body, err)
		}
	}
	got, err := server.Client().Get(server.URL + "/requests/x")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusNotModified {
		t.Errorf("%d", got.StatusCode)
	}
}

func TestOpenRequestsNeedNoSignature(t *testing.T) {
	api := made(t, Config{}, nil)
	for target, want := range map[string]bool{"/reports/x": true, "/requests/x": false, "/nowhere": true, "/reports/x/y": true} {
		if got := api.Open(httptest.NewRequest(http.MethodGet, target, nil)); got != want {
			t.Errorf("%s: %v", target, got)
		}
	}
	w := httptest.NewRecorder()
	api.Refuse(w, httptest.NewRequest(http.MethodGet, "/requests/x", nil), nil)
	if w.Code != http.StatusForbidden || w.Body.String() != `{"message":"Forbidden"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

package apigateway

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/service"
)

var update = flag.Bool("update", false, "write what is there now as what is wanted")

var noon = time.Date(2026, 11, 28, 12, 0, 0, 345_000_000, time.UTC)

// routes are those of the tests.
var routes = map[string]string{
	"POST /requests": "api", "GET /requests/{id}": "api", "GET /reports/{token}": "links", "ANY /files/{path+}": "files", "GET /": "front",
}

func public(key string) bool { return strings.HasSuffix(key, "/{token}") }

// made is an API whose functions answer so.
func made(t testing.TB, c Config, answer func(function string, event []byte) ([]byte, error)) *API {
	t.Helper()
	if c.Routes == nil {
		c.Routes = routes
	}
	if c.Now == nil {
		c.Config = service.Config{Account: "000000000000", Now: func() time.Time { return noon }}
	}
	c.Public, c.Invoker, c.AccessKey = public, answering(answer), "local"
	api, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// Real requests, byte for byte, and the events that API Gateway makes of them.
func TestEventsAreThoseOfAPIGateway(t *testing.T) {
	files, err := filepath.Glob("testdata/requests/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("no requests: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
			got := eventOf(t, file)
			var known lambdaevents.APIGatewayV2HTTPRequest
			decoder := json.NewDecoder(bytes.NewReader(got))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&known); err != nil {
				t.Errorf("aws-lambda-go does not know it: %v", err)
			}
			wanted := strings.TrimSuffix(file, ".http") + ".json"
			got = steady(t, got)
			if *update {
				if err := os.WriteFile(wanted, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wanted)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

// eventOf sends the request of a file and returns the event that its function got.
func eventOf(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	request.RemoteAddr = "127.0.0.1:50000"
	var got []byte
	api := made(t, Config{}, func(_ string, event []byte) ([]byte, error) {
		got = event
		return []byte(`{"statusCode":204}`), nil
	})
	answer := httptest.NewRecorder()
	api.ServeHTTP(answer, request)
	if answer.Code != http.StatusNoContent {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	var e event
	if err := json.Unmarshal(got, &e); err != nil {
		t.Fatal(err)
	}
	if id := answer.Header().Get("Apigw-Requestid"); id != e.Context.RequestID || !regexp.MustCompile(`^[A-Za-z0-9_-]{15}=$`).MatchString(id) {
		t.Errorf("the answer has the id %q, the event %q", id, e.Context.RequestID)
	}
	return got
}

// steady is an event, indented, with names for what differs each time.
func steady(t *testing.T, raw []byte) []byte {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`"requestId": "[^"]*"`).ReplaceAllString(indented.String(), `"requestId": "ID"`)
	text = regexp.MustCompile(`Root=1-6b0ac240-[0-9a-f]{24}`).ReplaceAllString(text, "Root=1-6b0ac240-TRACE")
	return []byte(text + "\n")
}

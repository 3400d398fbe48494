package api

import (
	"context"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/schemas/openapitest"
)

func TestRoutesAreDocumentedAndChosen(t *testing.T) {
	document, err := openapitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	choreography, err := events.LoadChoreography()
	if err != nil {
		t.Fatal(err)
	}
	var chosen []string
	for route, function := range choreography.Routes {
		if function == Name {
			chosen = append(chosen, route)
		}
	}
	slices.Sort(chosen)
	if diff := cmp.Diff(Routes(), document.Routes()); diff != "" {
		t.Errorf("the handler and openapi.yaml differ (-handler +openapi):\n%s", diff)
	}
	if diff := cmp.Diff(Routes(), chosen); diff != "" {
		t.Errorf("the handler and choreography.json differ (-handler +choreography):\n%s", diff)
	}
	for _, r := range routes() {
		if r.public != document.Public(r.key) || r.public != strings.HasSuffix(r.key, "/{token}") {
			t.Errorf("%s: public is %v here and %v in openapi.yaml", r.key, r.public, document.Public(r.key))
		}
	}
}

// sender calls the handler as API Gateway would.
func (w *world) sender() openapitest.Sender {
	return func(r openapitest.Request) (openapitest.Response, error) {
		e := request(r.Route, r.Path, string(r.Body))
		clear(e.Headers)
		for name, values := range r.Headers {
			e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
		answer, err := w.handler.Handle(context.Background(), e)
		headers := http.Header{}
		for name, value := range answer.Headers {
			headers.Set(name, value)
		}
		return openapitest.Response{Status: answer.StatusCode, Headers: headers, Body: []byte(answer.Body)}, err
	}
}

func TestNothingUndocumentedIsAnswered(t *testing.T) {
	w := newWorld(t)
	report := w.handler.Config.Links.Report("acme", w.reported())
	unsubscribe := w.handler.Config.Links.Unsubscribe(suppressionKey)
	openapitest.Explore(t, w.sender(), map[string][]string{
		"/reports/{token}":     {tokenOf(report)},
		"/unsubscribe/{token}": {tokenOf(unsubscribe)},
	})
}

// The same over the wire, against whatever API is there and asks for no signature:
// make dev, and SLUICE_EXPLORE=http://127.0.0.1:8790.
func TestNothingUndocumentedIsAnsweredOverHTTP(t *testing.T) {
	base := os.Getenv("SLUICE_EXPLORE")
	if base == "" {
		t.Skip("SKIPPED: the HTTP API over the wire; SLUICE_EXPLORE=http://127.0.0.1:8790 explores that of make dev")
	}
	openapitest.Explore(t, openapitest.Over(base, &http.Client{Timeout: 40 * time.Second}, nil), nil)
}

package openapitest

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// Sender has a request answered. Its error says that there was no answer.
type Sender func(Request) (Response, error)

// Over sends requests over the wire to an API at a base URL, with headers that let
// them in.
func Over(base string, client *http.Client, headers http.Header) Sender {
	return func(r Request) (Response, error) {
		method, _, _ := strings.Cut(r.Route, " ")
		var parts []string
		for part := range strings.SplitSeq(r.Path, "/") {
			parts = append(parts, url.PathEscape(part))
		}
		asked, err := http.NewRequest(method, strings.TrimRight(base, "/")+strings.Join(parts, "/"), bytes.NewReader(r.Body)) //nolint:noctx // the client has a timeout
		if err != nil {
			return Response{}, err
		}
		for _, all := range []http.Header{headers, r.Headers} {
			for name, values := range all {
				asked.Header[name] = values
			}
		}
		noRedirects := *client
		noRedirects.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		answer, err := noRedirects.Do(asked)
		if err != nil {
			return Response{}, err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		return Response{answer.StatusCode, answer.Header, body}, err
	}
}

// explorer remembers what answers told, so that later requests ask for it.
type explorer struct {
	document *Document
	send     Sender

	mu    sync.Mutex
	known map[string][]string
}

// Explore sends good, broken and wild requests, and fails the test for any answer
// that is a 5xx or is not documented, for a good request that is refused, and for a
// broken one that is not. Tokens are values for {token} by the route's path, that
// open; the API may forget whatever else it is sent.
func Explore(t *testing.T, send Sender, tokens map[string][]string) {
	t.Helper()
	document, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	e := &explorer{document: document, send: send, known: map[string][]string{}}
	for path, values := range tokens {
		e.known[path+" token"] = values
	}
	routes := document.Routes()
	slices.SortStableFunc(routes, func(a, b string) int { return -strings.Compare(a[:4], b[:4]) }) // POST first: it makes what GET asks for
	for _, route := range routes {
		t.Run(route, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				switch rapid.SampledFrom([]string{"good", "broken", "wild"}).Draw(t, "kind") {
				case "good":
					e.good(t, route)
				case "broken":
					e.broken(t, route)
				default:
					e.wild(t, route)
				}
			})
		})
	}
}

// ask sends a request and checks the answer.
func (e *explorer) ask(t *rapid.T, r Request) Response {
	answer, err := e.send(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Route, r.Path, err)
	}
	if answer.Status >= http.StatusInternalServerError {
		t.Fatalf("%s %s: %d %s", r.Route, r.Path, answer.Status, answer.Body)
	}
	if err := e.document.Check(r.Route, answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// good sends what must be taken. A requestId that was drawn before, with another
// body, is the one thing that may stand in the way.
func (e *explorer) good(t *rapid.T, route string) {
	d := drawer{e.document, t, true}
	r := d.request(route, e.known)
	r.renew()
	answer := e.ask(t, r)
	taken := answer.Status < http.StatusBadRequest || answer.Status == http.StatusConflict || answer.Status == http.StatusNotFound && !e.knows(route)
	if !taken || answer.Status == http.StatusMultiStatus && !bytes.Contains(answer.Body, []byte(`"status":409`)) {
		t.Fatalf("%s %s was refused: %d %s", r.Route, r.Body, answer.Status, answer.Body)
	}
	e.remember(answer.Headers.Get("Location"))
}

// renew makes the request's key one that never came with another body.
func (r *Request) renew() {
	if r.Headers.Get("Idempotency-Key") != "" {
		r.Headers.Set("Idempotency-Key", rand.Text())
	}
}

// knows tells whether something is known that the route's path may name.
func (e *explorer) knows(route string) bool {
	_, path, _ := strings.Cut(route, " ")
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.known[path+" id"])+len(e.known[path+" token"]) > 0
}

// remember keeps what a Location tells: /requests/<id>.
func (e *explorer) remember(location string) {
	parts := strings.Split(location, "/")
	if len(parts) != 3 {
		return
	}
	name := "/" + parts[1] + "/{id} id"
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.known[name]) < 20 {
		e.known[name] = append(e.known[name], parts[2])
	}
}

// broken sends what must be refused, and how.
func (e *explorer) broken(t *rapid.T, route string) {
	if e.document.Public(route) {
		e.wild(t, route)
		return
	}
	d := drawer{e.document, t, true}
	r := d.request(route, e.known)
	r.renew()
	status := d.breakIt(&r)
	if answer := e.ask(t, r); answer.Status != status {
		t.Fatalf("%s %v %.300s: %d %s, want %d", r.Route, r.Headers, r.Body, answer.Status, answer.Body, status)
	}
}

// wild sends what fits the schemas, or nothing at all, and expects no more than a
// documented answer.
func (e *explorer) wild(t *rapid.T, route string) {
	d := drawer{e.document, t, false}
	r := d.request(route, e.known)
	if rapid.IntRange(0, 3).Draw(t, "any body") == 0 {
		r.Body = rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "body")
	}
	if rapid.IntRange(0, 3).Draw(t, "any id") == 0 && strings.Count(r.Path, "/") == 2 && strings.Contains(route, "{") {
		id := rapid.StringOf(rapid.RuneFrom([]rune("aZ09-_.~%é\u202e\"'<&+ "))).Filter(func(s string) bool { return s != "" && s != "." && s != ".." })
		r.Path = r.Path[:strings.LastIndexByte(r.Path, '/')+1] + id.Draw(t, "id")
	}
	e.ask(t, r)
}

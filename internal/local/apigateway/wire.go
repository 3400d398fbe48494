package apigateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"

	"sluice/internal/local/service"
	"sluice/internal/local/signature"
)

// Limits of an HTTP API:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	// IntegrationTimeout is how long a client waits for a function.
	IntegrationTimeout = 30 * time.Second
	// mostBody is the largest body, in bytes.
	mostBody = 10 << 20
	// mostHead is the largest request line and header values together, in bytes.
	mostHead = 10_240
)

// Invoker calls functions.
type Invoker interface {
	// Invoke calls a function by its name with an event, and returns its answer.
	// The context ends when nobody waits any more. Errors: ErrUnavailable,
	// ErrTooLarge, the context's; any other is the function's failure. What it says is
	// logged, so it must not hold what a caller has sent.
	Invoke(ctx context.Context, function string, event []byte) ([]byte, error)
}

// Errors of an [Invoker].
var (
	// ErrUnavailable: the function cannot be called now. Try again later.
	ErrUnavailable = errors.New("the function cannot be called now")
	// ErrTooLarge: no function takes so large an event.
	ErrTooLarge = errors.New("the event is too large for a function")
)

// Config is what an API is made of.
type Config struct {
	// Config is account, clock and log; Region is not asked.
	service.Config
	// Routes are functions by route key.
	Routes map[string]string
	// Public tells which routes are for everybody; nil: none.
	Public func(key string) bool
	// Invoker calls the functions.
	Invoker Invoker
	// AccessKey is the caller's where a request is not signed and need not be.
	AccessKey string
	// Throttle is the stage's, Throttles those of single routes by their key.
	Throttle  Throttle
	Throttles map[string]Throttle
	CORS      CORS
}

// API is one HTTP API. It is safe for concurrent use.
type API struct {
	config    Config
	routes    table
	throttles throttles
}

// New checks the routes. The error lists all that are none.
func New(c Config) (*API, error) {
	c.Config = c.WithDefaults()
	if c.Public == nil {
		c.Public = func(string) bool { return false }
	}
	routes, err := readTable(c.Routes, c.Public)
	if err != nil {
		return nil, fmt.Errorf("HTTP API: %w", err)
	}
	return &API{config: c, routes: routes, throttles: newThrottles(c.Throttle, c.Throttles)}, nil
}

// Begins tells whether a path begins as one of the routes does, up to its second
// slash. Routes that begin with a variable, and $default, begin with nothing.
func (a *API) Begins(path string) bool { return a.routes.begins(path) }

// Open tells whether a request needs no signature: its route is public, there is
// none, or the gateway answers it itself.
func (a *API) Open(r *http.Request) bool {
	to, _, found := a.routes.find(r.Method, decodedPath(r))
	return !found || to.public
}

// Allows tells whether a web page of an origin may call.
func (a *API) Allows(origin string) bool { return a.config.CORS.allowed(origin) != "" }

// Refuse answers a request whose signature does not hold.
func (a *API) Refuse(w http.ResponseWriter, r *http.Request, _ *signature.Refusal) {
	a.refuse(w, r, http.StatusForbidden)
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, now := newID(), a.config.Now()
	w.Header().Set("Apigw-Requestid", id)
	to, variables, found := a.routes.find(r.Method, decodedPath(r))
	switch {
	case headOf(r) > mostHead:
		a.refuse(w, r, http.StatusRequestHeaderFieldsTooLarge)
	case !found && a.config.CORS.preflight(r):
		a.config.CORS.permit(w.Header(), r.Header.Get("Origin"))
		w.WriteHeader(http.StatusNoContent)
	case !found:
		a.refuse(w, r, http.StatusNotFound)
	case !a.throttles.allows(to.key, now):
		a.refuse(w, r, http.StatusTooManyRequests)
	default:
		a.integrate(w, r, id, to, variables, now)
	}
}

// headOf is how long request line and header values are.
func headOf(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  ") + len(r.Host)
	for _, values := range r.Header {
		for _, value := range values {
			n += len(value)
		}
	}
	return n
}

// integrate lets the route's function answer.
func (a *API) integrate(w http.ResponseWriter, r *http.Request, id string, to route, variables map[string]string, now time.Time) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		a.refuse(w, r, unreadable(err))
		return
	}
	e := newEvent(r, id, to, variables, body, now)
	e.Context.AccountID = a.config.Account
	if !to.public {
		key, _ := signature.Claimed(r)
		if key == "" {
			key = a.config.AccessKey
		}
		e.Context.Authorizer = root(a.config.Account, key)
	}
	said, err := a.invoke(r.Context(), to.function, e)
	if err != nil {
		status := statusOf(err)
		a.config.Log.Warn("the HTTP API has no answer", slog.String("route", to.key), slog.String("apiRequestId", id),
			slog.Int("status", status), slog.Int64("ms", a.config.Now().Sub(now).Milliseconds()), slog.String("error", err.Error()))
		a.refuse(w, r, status)
		return
	}
	a.write(w, r, said)
}

// unreadable is the status of a body that cannot be read.
func unreadable(err error) int {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return http.StatusRequestEntityTooLarge
	}
	if _, forged := errors.AsType[*signature.Refusal](err); forged {
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// invoke calls the function and reads its answer.
func (a *API) invoke(ctx context.Context, function string, e *event) (*response, error) {
	var payload bytes.Buffer
	encoder := json.NewEncoder(&payload)
	encoder.SetEscapeHTML(false) // it would only make it longer
	if err := encoder.Encode(e); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, IntegrationTimeout)
	defer cancel()
	answer, err := a.config.Invoker.Invoke(ctx, function, payload.Bytes())
	if err != nil {
		return nil, err
	}
	return read(answer)
}

// statusOf is what a client is told of a call that failed. That one which took
// too long, or could not begin, is a 503, and every failure of the function a
// 500, was seen; the pages name the 500 only.
func statusOf(err error) int {
	switch {
	case errors.Is(err, ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable
	case errors.Is(err, ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusInternalServerError
}

// write answers with what the function said.
func (a *API) write(w http.ResponseWriter, r *http.Request, said *response) {
	header := w.Header()
	maps.Copy(header, said.headers)
	a.config.CORS.mark(header, r.Header.Get("Origin"))
	empty := said.status == http.StatusNoContent || said.status == http.StatusNotModified
	if !empty {
		header.Set("Content-Length", strconv.Itoa(len(said.body)))
	}
	w.WriteHeader(said.status)
	if !empty && r.Method != http.MethodHead {
		_, _ = w.Write(said.body) // a client that has gone needs no answer
	}
}

// refuse answers for the gateway itself.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, status int) {
	a.config.CORS.mark(w.Header(), r.Header.Get("Origin"))
	w.Header().Set("Content-Type", jsonText)
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q}`, http.StatusText(status))
}

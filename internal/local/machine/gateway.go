package machine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"sluice/events"
	"sluice/internal/local/apigateway"
	"sluice/internal/local/lambdahost"
	"sluice/internal/local/service"
)

// sandboxWait is how long a request may wait for a process of its function. In the
// cloud another sandbox would start instead. It is short of what is left between
// the function's own deadline and the gateway's.
const sandboxWait = 5 * time.Second

// gateway makes the HTTP API of a choreography over functions that need not run
// yet; nil if it has no routes.
func gateway(c events.Choreography, functions *functionsHost, account, accessKey string, cors apigateway.CORS, log *slog.Logger) (*apigateway.API, error) {
	if len(c.Routes) == 0 {
		return nil, nil
	}
	return apigateway.New(apigateway.Config{
		Config: service.Config{Account: account, Log: log}, Routes: c.Routes, Public: events.PublicRoute,
		Invoker: functions, AccessKey: accessKey, CORS: cors,
	})
}

// functionsHost is the lambda host as the HTTP API calls it. There is none until
// the machine is up.
type functionsHost struct {
	host atomic.Pointer[lambdahost.Host]
}

// Invoke implements apigateway.Invoker.
func (f *functionsHost) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	host := f.host.Load()
	if host == nil {
		return nil, apigateway.ErrUnavailable
	}
	answer, err := host.InvokeWithin(ctx, sandboxWait, function, event)
	switch {
	case errors.Is(err, lambdahost.ErrTooLarge):
		return nil, apigateway.ErrTooLarge
	case errors.Is(err, lambdahost.ErrThrottled), errors.Is(err, lambdahost.ErrStopped):
		return nil, fmt.Errorf("%w: %w", apigateway.ErrUnavailable, err)
	}
	if failed, is := errors.AsType[*lambdahost.FunctionError](err); is {
		// Its message may say what the caller has sent; the function's own lines tell.
		return nil, fmt.Errorf("function %s failed in call %s: %s", failed.Function, failed.RequestID, failed.Type)
	}
	return answer, err
}

// apiURL is where the links in mails lead: the machine itself, unless the
// environment says how others reach it; "" if it has no HTTP API.
func (m *Machine) apiURL() string {
	switch {
	case m.services.API == nil:
		return ""
	case m.options.Getenv != nil && m.options.Getenv("SLUICE_API_URL") != "":
		return m.options.Getenv("SLUICE_API_URL")
	}
	return m.URL()
}

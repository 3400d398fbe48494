package endpoint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"sluice/internal/local/eventbridge"
	"sluice/internal/local/s3"
	"sluice/internal/local/ses"
	"sluice/internal/local/sqs"
)

// ErrNotLoopback: the services do not check who calls, so they are not offered
// to other machines.
var ErrNotLoopback = errors.New("the endpoint listens on loopback addresses only")

// Server is the endpoint at work.
type Server struct {
	http *http.Server
	url  string
}

// Listen serves the services at a loopback address and port; port 0 is any free
// one.
func Listen(address string, s *Services, log *slog.Logger) (*Server, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%w, not on %q", ErrNotLoopback, host)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	server := &http.Server{
		Handler:           Handler(s, log),
		Protocols:         new(http.Protocols),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	// The JavaScript SDK speaks HTTP/2 to Bedrock, without TLS too.
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = server.Serve(listener) }()
	return &Server{server, "http://" + listener.Addr().String()}, nil
}

// URL is http://address:port.
func (s *Server) URL() string { return s.url }

// Shutdown takes no more requests and lets running ones end until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	// Long polls would hold it for 20 seconds; they end with their connections.
	grace, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := s.http.Shutdown(grace); err == nil {
		return nil
	}
	return s.http.Close()
}

// Handler routes a request to the service it is for.
func Handler(s *Services, log *slog.Logger) http.Handler {
	var (
		queues  = sqs.Handler(s.SQS)
		events  = eventbridge.Handler(s.EventBridge)
		mails   = ses.Handler(s.SES)
		models  = s.models(log)
		objects = s3.Handler(s.S3)
	)
	route := func(w http.ResponseWriter, r *http.Request) {
		target, path := r.Header.Get("X-Amz-Target"), r.URL.Path
		switch {
		case strings.HasPrefix(target, sqs.TargetPrefix):
			queues.ServeHTTP(w, r)
		case strings.HasPrefix(target, "AWSEvents."):
			events.ServeHTTP(w, r)
		case target != "":
			unknown(w, target)
		case strings.Contains(r.Host, ".localhost"): // bucket.localhost, whatever the key
			objects.ServeHTTP(w, r)
		case strings.HasPrefix(path, "/v2/email/"):
			mails.ServeHTTP(w, r)
		case strings.HasPrefix(path, "/model/"):
			models.ServeHTTP(w, r)
		case s.Own != nil && strings.HasPrefix(path, "/_sluice/"):
			s.Own.ServeHTTP(w, r)
		case isQuery(r):
			queryProtocol(w)
		default:
			objects.ServeHTTP(w, r)
		}
	}
	return recovered(guarded(http.HandlerFunc(route)), log)
}

// recovered answers 500 for a panic and logs where it was: one request must not
// end the machine.
func recovered(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, is := p.(error); is && errors.Is(err, http.ErrAbortHandler) {
				panic(p) // the server's own way to drop a connection
			}
			log.Error("a request panicked", "target", r.Header.Get("X-Amz-Target"), "method", r.Method, "stack", string(debug.Stack()))
			w.WriteHeader(http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// unknown answers a JSON protocol call of a service that is not here.
func unknown(w http.ResponseWriter, target string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"__type":"UnknownOperationException","message":%q}`, "The local machine does not offer "+target+".")
}

// isQuery tells a call of AWS's old query protocol: a form with an Action.
func isQuery(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

func queryProtocol(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code>`+
		`<Message>The local machine speaks the JSON protocols of SQS and EventBridge, not the query protocol, and offers neither STS nor SNS; a newer AWS SDK or CLI does.</Message></Error></ErrorResponse>`)
}

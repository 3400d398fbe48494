package endpoint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"sluice/internal/local/apigateway"
)

// ErrNotLoopback: without credentials the services do not check who calls, so
// they are not offered to other machines.
var ErrNotLoopback = errors.New("without credentials the endpoint listens on loopback addresses only")

// Server is the endpoint at work.
type Server struct {
	http *http.Server
	url  string
}

// Listen serves the services at an address and port; port 0 is any free one.
// Without [Services.Access] the address must be a loopback one. A refusal is
// ErrNotLoopback; other errors are the network's.
func Listen(address string, s *Services, log *slog.Logger) (*Server, error) {
	return listen(address, s.Access != nil, func() http.Handler { return Handler(s, log) }, log)
}

// ListenAPI serves an HTTP API alone, at a loopback address; as [Listen].
func ListenAPI(address string, api *apigateway.API, log *slog.Logger) (*Server, error) {
	invited := func(r *http.Request) bool { return api.Allows(r.Header.Get("Origin")) }
	return listen(address, false, func() http.Handler { return recovered(guarded(api, invited), log) }, log)
}

// listen serves what made makes; it must be at a loopback address unless that asks
// who calls.
func listen(address string, asks bool, made func() http.Handler, log *slog.Logger) (*Server, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	if !asks && !Loopback(host) {
		return nil, fmt.Errorf("%w, not on %q", ErrNotLoopback, host)
	}
	network := "tcp"
	if ip := net.ParseIP(host); ip != nil && ip.To4() != nil {
		network = "tcp4" // or 0.0.0.0 would stand for IPv6 too
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), network, address)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	server := &http.Server{
		Handler:           made(),
		Protocols:         new(http.Protocols),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	// The JavaScript SDK speaks HTTP/2 to Bedrock, without TLS too.
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = server.Serve(listener) }()
	return &Server{server, "http://" + fromHere(listener.Addr())}, nil
}

// Loopback tells whether a host is an address that only this machine reaches.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// fromHere is how this machine itself reaches an address that it listens on:
// one that stands for all of its addresses is reached at loopback.
func fromHere(at net.Addr) string {
	host, port, err := net.SplitHostPort(at.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		if ip.To4() != nil {
			return net.JoinHostPort("127.0.0.1", port)
		}
		return net.JoinHostPort("::1", port)
	}
	return at.String()
}

// URL is http://address:port, as this machine itself reaches it.
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

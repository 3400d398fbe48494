package endpoint

import (
	"net"
	"net/http"
	"strings"

	"sluice/internal/local/apigateway"
)

// guarded refuses what a web page could make a browser of this machine send.
// Where no signatures are checked, any page that somebody visits could otherwise
// change what is here, or read it once its host name has been pointed at
// 127.0.0.1 (DNS rebinding): so only names that cannot be pointed elsewhere are
// taken. Pages that are invited may send what they are invited to.
func guarded(next http.Handler, invited func(r *http.Request) bool) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := origins.Check(r); err != nil && !invited(r) {
			http.Error(w, "The local machine takes no requests from other origins' web pages.", http.StatusForbidden)
			return
		}
		if !isLocal(r.Host) {
			http.Error(w, "The local machine answers at 127.0.0.1 or localhost only, and bucket.localhost.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// invited tells whether a web page may call the HTTP API, by its origin.
func (d *doors) invited(r *http.Request) bool {
	api, is := d.of(r).Handler.(*apigateway.API)
	return is && api.Allows(r.Header.Get("Origin"))
}

// isLocal tells whether a Host header is one that no name server decides about:
// an address, or localhost and what is below it. There is none in HTTP/1.0, which
// no browser speaks.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	return host == "" || net.ParseIP(host) != nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

package endpoint

import (
	"net"
	"net/http"
	"strings"
)

// guarded refuses what a web page could make a browser of this machine send.
// The endpoint checks no signatures, so without this any page that somebody
// visits could change what is here, or read it once its host name has been
// pointed at 127.0.0.1.
func guarded(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := origins.Check(r); err != nil {
			http.Error(w, "The local machine takes no requests from other origins' web pages.", http.StatusForbidden)
			return
		}
		if isBrowser(r) && !isLocal(r.Host) {
			http.Error(w, "The local machine answers browsers at 127.0.0.1 or localhost only.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isBrowser tells a browser by what every browser says of itself; AWS clients
// name themselves otherwise.
func isBrowser(r *http.Request) bool { return strings.HasPrefix(r.UserAgent(), "Mozilla/") }

// isLocal tells whether a Host header names this machine.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

package signature

import (
	"net/http"
	"strings"
)

// Claimed is the access key that a request says it is signed with, in its header or
// its query, and the service that it says it is signed for; "" if it says nothing
// that can be read. Only [Verifier.Verify] tells whether that is so.
func Claimed(r *http.Request) (accessKey, service string) {
	var scope string
	if _, header, found := strings.Cut(r.Header.Get("Authorization"), "Credential="); found {
		scope, _, _ = strings.Cut(header, ",")
	} else if r.URL.RawQuery != "" {
		scope = r.URL.Query().Get("X-Amz-Credential")
	}
	var c claim
	if !c.credential(strings.TrimSpace(scope)) {
		return "", ""
	}
	return c.accessKey, c.service
}

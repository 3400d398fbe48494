package emulator

import (
	"io"
	"net/http"
	"strings"
	"sync"
)

// policies keeps buckets' policies, which nobody enforces then.
type policies struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (p *policies) fill(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	bucket := strings.Trim(r.URL.Path, "/")
	if !r.URL.Query().Has("policy") || bucket == "" || strings.Contains(bucket, "/") {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.Method {
	case http.MethodPut:
		p.kept[bucket] = body(r)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodDelete:
		delete(p.kept, bucket)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet:
		policy, has := p.kept[bucket]
		if !has {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message></Error>")
			return true
		}
		_, _ = w.Write(policy)
	default:
		return false
	}
	return true
}

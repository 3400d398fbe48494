package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// registries are those of EventBridge's schemas: what was made there is there,
// and nothing is checked.
// https://docs.aws.amazon.com/eventbridge/latest/schema-reference/operations.html
type registries struct {
	mux  *http.ServeMux
	mu   sync.Mutex
	kept map[string]map[string]any // by path
}

const registryPath = "/v1/registries/name/"

func newRegistries() *registries {
	s := &registries{mux: http.NewServeMux(), kept: map[string]map[string]any{}}
	for _, pattern := range []string{registryPath + "{registry}", registryPath + "{registry}/schemas/name/{schema}"} {
		s.mux.HandleFunc(pattern, s.serve)
	}
	s.mux.HandleFunc("GET /tags/{arn...}", func(w http.ResponseWriter, r *http.Request) { s.tags(w, r.PathValue("arn")) })
	return s
}

func (s *registries) fill(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	if !strings.HasPrefix(r.URL.Path, registryPath) && !strings.HasPrefix(r.URL.Path, "/tags/arn:aws:schemas:") {
		return false
	}
	s.mux.ServeHTTP(w, r)
	return true
}

func (s *registries) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, registry, schema := r.URL.Path, r.PathValue("registry"), r.PathValue("schema")
	known, is := s.kept[at]
	switch {
	case r.Method == http.MethodPost && is:
		refuse(w, http.StatusConflict, "ConflictException", errThere)
	case r.Method == http.MethodPost || r.Method == http.MethodPut && is:
		if !is {
			known = map[string]any{"RegistryName": registry, "RegistryArn": "arn:aws:schemas:" + Region + ":" + Account + ":registry/" + registry}
			if schema != "" {
				known = map[string]any{"SchemaName": schema, "SchemaArn": "arn:aws:schemas:" + Region + ":" + Account + ":schema/" + registry + "/" + schema,
					"SchemaVersion": "1", "VersionCreatedDate": time.Now().UTC().Format(time.RFC3339)}
			}
		}
		_ = json.Unmarshal(body(r), &known)
		known["LastModified"] = time.Now().UTC().Format(time.RFC3339)
		s.kept[at] = known
		answer(w, http.StatusCreated, known)
	case !is:
		refuse(w, http.StatusNotFound, "NotFoundException", errNotThere)
	case r.Method == http.MethodDelete:
		delete(s.kept, at)
		w.WriteHeader(http.StatusNoContent)
	default:
		answer(w, http.StatusOK, known)
	}
}

func (s *registries) tags(w http.ResponseWriter, arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, known := range s.kept {
		if known["RegistryArn"] == arn || known["SchemaArn"] == arn {
			answer(w, http.StatusOK, map[string]any{"tags": known["tags"]})
			return
		}
	}
	refuse(w, http.StatusNotFound, "NotFoundException", errNotThere)
}

package emulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

// attributes keeps what moto forgets of queues' attributes, or writes in another
// way.
type attributes struct {
	mu   sync.Mutex
	kept map[string]map[string]string // by queue
}

const (
	allow   = "RedriveAllowPolicy"
	redrive = "RedrivePolicy"
)

// keep keeps them as they came; "" takes one away.
func (a *attributes) keep(queue string, given map[string]string) {
	for _, name := range []string{allow, redrive} {
		value, set := given[name]
		switch {
		case set && a.kept[queue] == nil:
			a.kept[queue] = map[string]string{name: value}
		case set:
			a.kept[queue][name] = value
		}
	}
	maps.DeleteFunc(a.kept[queue], func(_, value string) bool { return value == "" })
}

func (a *attributes) fill(w http.ResponseWriter, r *http.Request, rest http.Handler) bool {
	operation, is := target(r, "AmazonSQS.")
	if !is || !slices.Contains([]string{"CreateQueue", "SetQueueAttributes", "GetQueueAttributes", "DeleteQueue"}, operation) {
		return false
	}
	var in struct {
		QueueName      string
		QueueUrl       string
		Attributes     map[string]string
		AttributeNames []string
	}
	raw := body(r)
	if json.Unmarshal(raw, &in) != nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	queue := path.Base(in.QueueUrl)
	switch operation {
	case "DeleteQueue":
		delete(a.kept, queue)
		return false
	case "CreateQueue":
		a.keep(in.QueueName, in.Attributes)
		return false
	case "SetQueueAttributes":
		a.keep(queue, in.Attributes)
		delete(in.Attributes, allow)
		if len(in.Attributes) == 0 {
			answer(w, http.StatusOK, struct{}{})
			return true
		}
		restore(r, encoded(map[string]any{"QueueUrl": in.QueueUrl, "Attributes": in.Attributes}))
		return false
	}
	return a.get(w, r, rest, queue, in.QueueUrl, in.AttributeNames)
}

// get adds what is kept to what moto knows.
func (a *attributes) get(w http.ResponseWriter, r *http.Request, rest http.Handler, queue, url string, names []string) bool {
	if !slices.Contains(names, allow) && !slices.Contains(names, redrive) && !slices.Contains(names, "All") {
		return false
	}
	restore(r, encoded(map[string]any{"QueueUrl": url, "AttributeNames": []string{"All"}}))
	told := held(rest, r)
	var out struct{ Attributes map[string]string }
	if told.status != http.StatusOK || json.Unmarshal(told.Bytes(), &out) != nil {
		told.pass(w, told.Bytes())
		return true
	}
	if out.Attributes == nil {
		out.Attributes = map[string]string{}
	}
	maps.Copy(out.Attributes, a.kept[queue])
	if !slices.Contains(names, "All") {
		maps.DeleteFunc(out.Attributes, func(name, _ string) bool { return !slices.Contains(names, name) })
	}
	told.pass(w, encoded(out))
	return true
}

// disabledMappings makes mappings that take nothing: the queues are drained by
// whoever is tested.
func disabledMappings(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	if r.Method != http.MethodPost || strings.TrimSuffix(r.URL.Path, "/") != "/2015-03-31/event-source-mappings" {
		return false
	}
	var in map[string]any
	if json.Unmarshal(body(r), &in) == nil {
		in["Enabled"] = false
		restore(r, encoded(in))
	}
	return false
}

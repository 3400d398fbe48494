package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"sluice/internal/local/eventbridge/pattern"
)

// envelope is an event as EventBridge writes it.
type envelope struct {
	head
	Detail json.RawMessage `json:"detail"`
}

// head is all of an event but its detail.
type head struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	ReplayName string   `json:"replay-name,omitempty"`
}

// event is an event on its way. It is for one goroutine.
type event struct {
	head
	body     []byte // marshalled once
	detail   []byte // the part of it, a JSON object without space
	trace    string
	ingested time.Time
	// looked is as much of the detail as somebody looks at.
	looked map[string]any
	// decoded is all of it, nil until it is asked for.
	decoded map[string]any
}

var errDetail = errors.New("the detail is not one JSON object")

// headBytes is room for a common head.
const headBytes = 512

// newEvent marshals an event. The error tells that its detail is not one JSON object.
func newEvent(h head, detail string) (*event, error) {
	if h.Resources == nil {
		h.Resources = []string{}
	}
	var begin bytes.Buffer
	begin.Grow(headBytes + len(detail))
	if err := encode(&begin, h); err != nil {
		return nil, err
	}
	body := append(bytes.TrimSuffix(begin.Bytes(), []byte("}")), `,"detail":`...)
	at := len(body)
	object := jsontext.Value(append(body, detail...)[at:])
	if err := object.Compact(); err != nil || object.Kind() != '{' {
		return nil, errDetail
	}
	body = append(append(body, object...), '}')
	return &event{head: h, body: body, detail: body[at : len(body)-1]}, nil
}

// look decodes what patterns look at of the detail.
func (e *event) look(fields *pattern.Fields) { e.looked = fields.Decode(e.detail) }

// lookup is the event as a pattern sees it.
func (e *event) lookup(name string) (any, bool) {
	switch name {
	case "version":
		return e.Version, true
	case "id":
		return e.ID, true
	case "detail-type":
		return e.DetailType, true
	case "source":
		return e.Source, true
	case "account":
		return e.Account, true
	case "time":
		return e.Time, true
	case "region":
		return e.Region, true
	case "resources":
		return e.resources(), true
	case "replay-name":
		return e.ReplayName, e.ReplayName != ""
	case "detail":
		return e.looked, true
	}
	return nil, false
}

func (e *event) resources() []any {
	list := make([]any, len(e.Resources))
	for i, r := range e.Resources {
		list[i] = r
	}
	return list
}

// whole is the event as [pattern.Decode] would read it; its top level is the
// caller's.
func (e *event) whole() (map[string]any, error) {
	if e.decoded == nil {
		var err error
		if e.decoded, err = pattern.Decode(e.detail); err != nil {
			return nil, err
		}
	}
	fields := map[string]any{"detail": e.decoded}
	for _, name := range []string{"version", "id", "detail-type", "source", "account", "time", "region", "resources", "replay-name"} {
		if v, there := e.lookup(name); there {
			fields[name] = v
		}
	}
	return fields, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

package openapitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// Request is an HTTP request.
type Request struct {
	// Route is "GET /requests/{id}", Path what the client asks for, not escaped.
	Route, Path string
	Headers     http.Header
	Body        []byte
}

// drawer draws from the document's schemas.
type drawer struct {
	*Document
	*rapid.T
	// good draws what is sure to be taken: examples, where there are any.
	good bool
}

// value draws a value of a schema.
func (d drawer) value(schema any, label string) any {
	s := d.resolve(schema)
	if all, is := s["allOf"].([]any); is {
		merged := maps.Clone(s)
		delete(merged, "allOf")
		for _, one := range all {
			for name, keyword := range d.resolve(one) {
				if _, has := merged[name]; !has {
					merged[name] = keyword
				}
			}
		}
		s = merged
	}
	if examples, is := s["examples"].([]any); is && (d.good || rapid.Bool().Draw(d.T, label+" as in an example")) {
		return rapid.SampledFrom(examples).Draw(d.T, label)
	}
	if fixed, is := s["const"]; is {
		return fixed
	}
	for _, choice := range []string{"enum", "oneOf"} {
		if values, is := s[choice].([]any); is {
			chosen := rapid.SampledFrom(values).Draw(d.T, label)
			if choice == "oneOf" {
				return d.value(chosen, label)
			}
			return chosen
		}
	}
	switch s["type"] {
	case "object":
		return d.object(s, label)
	case "array":
		return d.array(s, label)
	case "boolean":
		return rapid.Bool().Draw(d.T, label)
	case "integer", "number":
		return rapid.IntRange(0, 1000).Draw(d.T, label)
	}
	return d.text(s, label)
}

func (d drawer) object(s map[string]any, label string) map[string]any {
	drawn := map[string]any{}
	required, _ := s["required"].([]any)
	properties := object(s["properties"])
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if slices.Contains(required, any(name)) || rapid.IntRange(0, 3).Draw(d.T, "with "+name) == 0 {
			drawn[name] = d.value(properties[name], label+"."+name)
		}
	}
	return drawn
}

func (d drawer) array(s map[string]any, label string) []any {
	least, most := number(s, "minItems", 0), min(number(s, "maxItems", 3), 4)
	drawn, seen := []any{}, map[string]bool{}
	for i := range rapid.IntRange(least, max(most, least)).Draw(d.T, label+" length") {
		value := d.value(s["items"], fmt.Sprintf("%s[%d]", label, i))
		key, _ := json.Marshal(value)
		if unique, _ := s["uniqueItems"].(bool); unique && seen[string(key)] {
			continue
		}
		seen[string(key)] = true
		drawn = append(drawn, value)
	}
	return drawn
}

func (d drawer) text(s map[string]any, label string) string {
	switch format, _ := s["format"].(string); format {
	case "date-time":
		return time.Unix(rapid.Int64Range(4_000_000_000, 5_000_000_000).Draw(d.T, label), 0).UTC().Format(time.RFC3339)
	case "email":
		return rapid.StringMatching(`[a-z]{1,20}@[a-z]{1,20}\.example`).Draw(d.T, label)
	}
	if pattern, is := s["pattern"].(string); is {
		return rapid.StringMatching(pattern).Draw(d.T, label)
	}
	least := number(s, "minLength", 0)
	return rapid.StringN(least, max(least, min(number(s, "maxLength", 40), 40)), -1).Draw(d.T, label)
}

func number(s map[string]any, keyword string, otherwise int) int {
	if n, is := s[keyword].(float64); is {
		return int(n)
	}
	return otherwise
}

// request draws a request that the document allows; known are values for path
// parameters by name.
func (d drawer) request(route string, known map[string][]string) Request {
	op := d.operation(route)
	_, path, _ := strings.Cut(route, " ")
	r := Request{Route: route, Path: path, Headers: http.Header{"Accept": {"*/*"}}}
	parameters, _ := op["parameters"].([]any)
	for _, raw := range parameters {
		p := d.resolve(raw)
		name := fmt.Sprint(p["name"])
		switch p["in"] {
		case "path":
			value := fmt.Sprint(d.value(p["schema"], name))
			if some := known[path+" "+name]; len(some) > 0 && (d.good || rapid.Bool().Draw(d.T, "a known "+name)) {
				value = rapid.SampledFrom(some).Draw(d.T, name)
			}
			r.Path = strings.Replace(r.Path, "{"+name+"}", value, 1)
		case "header":
			if rapid.Bool().Draw(d.T, "with "+name) {
				r.Headers.Set(name, fmt.Sprint(d.value(p["schema"], name)))
			}
		}
	}
	if contents := object(object(op["requestBody"])["content"]); len(contents) > 0 {
		media := rapid.SampledFrom(slices.Sorted(maps.Keys(contents))).Draw(d.T, "media type")
		d.encode(&r, media, d.value(object(contents[media])["schema"], "body"))
	}
	return r
}

// encode writes a body in its media type.
func (d drawer) encode(r *Request, media string, value any) {
	r.Headers.Set("Content-Type", media)
	switch media {
	case "application/json":
		r.Body, _ = json.Marshal(value)
	case "multipart/form-data":
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		for name, one := range object(value) {
			_ = form.WriteField(name, fmt.Sprint(one))
		}
		_ = form.Close()
		r.Headers.Set("Content-Type", form.FormDataContentType())
		r.Body = b.Bytes()
	default:
		form := url.Values{}
		for name, one := range object(value) {
			form.Set(name, fmt.Sprint(one))
		}
		r.Body = []byte(form.Encode())
	}
}

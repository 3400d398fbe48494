package openapitest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// hostile are bodies that are no good JSON, whatever the route.
var hostile = map[string]string{
	"nothing": "", "blank": " \n", "not JSON": "{", "a word": "hello", "two values": "{} {}", "null": "null", "a number": "1e999999999", "a string": `"{}"`,
	"not UTF-8": "{\"task\": \"\xff\"}", "deep": strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "a member twice": `{"task": "summarize", "task": "classify", "input": {"text": "x"}, "name": "x.csv"}`,
	"deep in it":    `{"task": "summarize", "name": "x.csv", "input": {"text": "x"}, "params": ` + strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200) + "}",
	"a huge number": `{"task": "summarize", "name": "x.csv", "input": {"text": "x"}, "params": {"a": 1e400}}`,
	"many digits":   `{"task": "summarize", "name": "x.csv", "input": {"text": "x"}, "params": {"a": ` + strings.Repeat("9", 5000) + "}}",
	"no object":     "[[]]", "an empty list": "[]", "eleven": "[" + strings.Repeat("{},", 10) + "{}]", "form": "task=summarize&text=x",
}

// wrongs are what a body's members must not be, by member. A wrong of any member is
// the wrong type.
var wrongs = map[string][]any{
	"task":      {"", "no such task", "no-such-task", 7, nil, strings.Repeat("a", 65)},
	"requestId": {"", "a b", "../x", "a\r\nset-cookie: x=1", strings.Repeat("a", 65), 7, nil},
	"input":     {nil, "text", map[string]any{}, map[string]any{"text": ""}, map[string]any{"text": " "}, map[string]any{"text": "x", "ref": "payloads/a/b"}, map[string]any{"ref": "payloads/../b"}, map[string]any{"txt": "x"}, map[string]any{"text": strings.Repeat("x", 400<<10+1)}},
	"params":    {"{}", 7, []any{}, map[string]any{"no such parameter": 1}},
	"notify":    {"a@example.com", map[string]any{"email": "a@example.com"}, map[string]any{"email": []any{"nobody"}}, map[string]any{"email": []any{"a@example.com", "a@example.com"}}, map[string]any{}},
	"deadline":  {"tomorrow", 7, "2026-02-30T00:00:00Z"},
	"audit":     {"yes", 1},
	"name":      {"", "x.exe", "../x.csv", "a/b.csv", "x.csv.sluice.json", "a\r\nb.csv", strings.Repeat("a", 201) + ".csv", 7, nil},
	"upload":    {map[string]any{"id": "u1", "record": 1}},
	"tenant":    {"other"},
	"submitted": {"2026-01-01T00:00:00Z"},
	"unknown":   {1},
}

// breakIt makes a good request one that must be refused, and tells with which status.
func (d drawer) breakIt(r *Request) int {
	ways := []string{"accept"}
	if r.Headers.Get("Idempotency-Key") != "" {
		ways = append(ways, "key")
	}
	if r.Headers.Get("Content-Type") == "application/json" {
		ways = append(ways, "media type", "hostile", "member", "member", "member", "missing")
	}
	switch way := rapid.SampledFrom(ways).Draw(d.T, "what is broken"); way {
	case "accept":
		r.Headers.Set("Accept", rapid.SampledFrom([]string{"text/html", "image/png, text/*;q=0.5", "application/json;q=0"}).Draw(d.T, "accept"))
		return http.StatusNotAcceptable
	case "key":
		r.Headers.Set("Idempotency-Key", rapid.SampledFrom([]string{strings.Repeat("k", 256), "clé", `""`}).Draw(d.T, "key"))
		return http.StatusBadRequest
	case "media type":
		r.Headers.Set("Content-Type", rapid.SampledFrom([]string{"text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "json"}).Draw(d.T, "media type"))
		return http.StatusUnsupportedMediaType
	case "hostile":
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(hostile))).Draw(d.T, "hostile body")
		r.Body = []byte(hostile[name])
		if name == "no object" && r.Route == "POST /requests" {
			return http.StatusMultiStatus
		}
		return http.StatusBadRequest
	case "missing":
		return d.withoutMember(r)
	}
	return d.wrongMember(r)
}

// first is the object that the body holds, or that its first item is, and how the
// body is written again.
func first(body []byte) (members map[string]any, whole func() []byte, refused int) {
	if json.Unmarshal(body, &members) == nil && members != nil {
		return members, func() []byte { b, _ := json.Marshal(members); return b }, http.StatusBadRequest
	}
	var list []map[string]any
	_ = json.Unmarshal(body, &list)
	return list[0], func() []byte { b, _ := json.Marshal(list); return b }, http.StatusMultiStatus
}

func (d drawer) withoutMember(r *Request) int {
	members, whole, refused := first(r.Body)
	delete(members, rapid.SampledFrom([]string{"input", "name"}).Draw(d.T, "missing"))
	_, input := members["input"]
	_, name := members["name"]
	if input || name { // the route does not know the other one
		delete(members, "input")
		delete(members, "name")
	}
	r.Body = whole()
	return refused
}

func (d drawer) wrongMember(r *Request) int {
	members, whole, refused := first(r.Body)
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(wrongs))).Draw(d.T, "wrong member")
	members[name] = rapid.SampledFrom(wrongs[name]).Draw(d.T, "wrong")
	r.Body = whole()
	return refused
}

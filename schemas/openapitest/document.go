package openapitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"sluice/schemas"
)

// Document is the OpenAPI document.
type Document struct {
	root     map[string]any
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

// Response is an HTTP answer.
type Response struct {
	Status  int
	Headers http.Header
	Body    []byte
}

// address is what the document is registered under.
const address = "sluice:///openapi.json"

// Load reads the document.
func Load() (*Document, error) {
	var tree any
	if err := yaml.Unmarshal(schemas.OpenAPI(), &tree); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	d := &Document{compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	if err := json.Unmarshal(text, &d.root); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	closed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	shut(closed)
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	return d, d.compiler.AddResource(address, closed)
}

// shut closes every object that names members, to find those that nobody named.
func shut(node any) {
	switch node := node.(type) {
	case map[string]any:
		_, names := node["properties"].(map[string]any)
		if _, says := node["additionalProperties"]; names && !says && node["type"] == "object" {
			node["additionalProperties"] = false
		}
		for _, value := range node {
			shut(value)
		}
	case []any:
		for _, value := range node {
			shut(value)
		}
	}
}

// Routes are the routes of the document as API Gateway names them, sorted.
func (d *Document) Routes() []string {
	var routes []string
	for path, item := range object(d.root["paths"]) {
		for method := range object(item) {
			routes = append(routes, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(routes)
	return routes
}

// Public tells whether the document asks nobody to sign in for a route.
func (d *Document) Public(route string) bool {
	security, says := d.operation(route)["security"].([]any)
	return says && len(security) == 0
}

func (d *Document) operation(route string) map[string]any {
	method, path, _ := strings.Cut(route, " ")
	return object(object(object(d.root["paths"])[path])[strings.ToLower(method)])
}

// resolve follows a reference.
func (d *Document) resolve(node any) map[string]any {
	at := object(node)
	for {
		ref, is := at["$ref"].(string)
		if !is {
			return at
		}
		var target any = d.root
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			target = object(target)[part]
		}
		at = object(target)
	}
}

func object(node any) map[string]any {
	found, _ := node.(map[string]any)
	return found
}

// Check tells what of an answer to a route is not documented.
func (d *Document) Check(route string, r Response) error {
	told, found := object(d.operation(route)["responses"])[strconv.Itoa(r.Status)]
	if !found {
		return fmt.Errorf("%s: the status %d is not documented: %s", route, r.Status, r.Body)
	}
	response := d.resolve(told)
	for name, raw := range object(response["headers"]) {
		header := d.resolve(raw)
		if required, _ := header["required"].(bool); required && r.Headers.Get(name) == "" && !d.listed(r) {
			return fmt.Errorf("%s: %d lacks the header %s", route, r.Status, name)
		}
	}
	contents := object(response["content"])
	if len(r.Body) == 0 && len(contents) == 0 {
		return nil
	}
	media, _, err := mime.ParseMediaType(r.Headers.Get("Content-Type"))
	if _, found := contents[media]; err != nil || !found {
		return fmt.Errorf("%s: %d in the media type %q is not documented", route, r.Status, r.Headers.Get("Content-Type"))
	}
	if !strings.HasSuffix(media, "json") {
		return nil
	}
	return d.checkBody(route, told, media, r)
}

// listed tells whether the answer is about a list, whose items have places of their own.
func (d *Document) listed(r Response) bool { return bytes.Contains(r.Body, []byte(`"items":[`)) }

func (d *Document) checkBody(route string, told any, media string, r Response) error {
	method, path, _ := strings.Cut(route, " ")
	at := pointer("paths", path, strings.ToLower(method), "responses", strconv.Itoa(r.Status), "content", media, "schema")
	if ref, is := object(told)["$ref"].(string); is {
		at = strings.TrimPrefix(ref, "#") + pointer("content", media, "schema")
	}
	schema, known := d.compiled[at]
	if !known {
		var err error
		if schema, err = d.compiler.Compile(address + "#" + at); err != nil {
			return fmt.Errorf("%s: the schema of %d: %w", route, r.Status, err)
		}
		d.compiled[at] = schema
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.Body))
	if err != nil {
		return fmt.Errorf("%s: %d is not JSON: %s", route, r.Status, r.Body)
	}
	if err := schema.Validate(body); err != nil {
		return fmt.Errorf("%s: the body of %d is not documented: %w in %s", route, r.Status, err, r.Body)
	}
	if status, told := object(body)["status"].(json.Number); told && media == "application/problem+json" && status.String() != strconv.Itoa(r.Status) {
		return fmt.Errorf("%s: %d says that it is %s", route, r.Status, status)
	}
	return nil
}

// pointer writes a JSON pointer as a URI fragment.
func pointer(parts ...string) string {
	var b strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, part := range parts {
		b.WriteString("/" + url.PathEscape(escape.Replace(part)))
	}
	return b.String()
}

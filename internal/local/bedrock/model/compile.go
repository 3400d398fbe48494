package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Bounds of a schema.
const (
	schemaBytes = 256 << 10
	schemaRefs  = 200
	schemaNodes = 2000
	schemaDepth = 24
)

type fields = map[string]json.RawMessage

// compiler turns a schema's JSON into nodes.
type compiler struct {
	model *Model
	root  fields
	refs  map[string]json.RawMessage
	nodes int
}

// annotations say nothing about which values fit.
var annotations = []string{
	"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment",
	"$schema", "$id", "id", "$anchor", "$defs", "definitions", "nullable", "$vocabulary",
	"contentEncoding", "contentMediaType", "contentSchema", "markdownDescription",
}

// unable are keywords that the model cannot honour.
var unable = []string{
	"pattern", "patternProperties", "propertyNames", "not", "if", "then", "else", "dependentRequired", "dependentSchemas",
	"dependencies", "contains", "minContains", "maxContains", "prefixItems", "additionalItems", "minProperties", "maxProperties",
	"$dynamicRef", "$recursiveRef", "unevaluatedItems",
}

func (m *Model) compile(schema string) (*node, error) {
	c := &compiler{model: m, refs: map[string]json.RawMessage{}}
	if len(schema) > schemaBytes {
		return nil, &SchemaError{Reason: fmt.Sprintf("it has %d bytes, more than %d", len(schema), schemaBytes)}
	}
	if !json.Valid([]byte(schema)) {
		return nil, &SchemaError{Reason: "it is not valid JSON"}
	}
	raw := json.RawMessage(schema)
	if err := json.Unmarshal(raw, &c.root); err != nil {
		return nil, &SchemaError{Reason: "it is not a JSON object"}
	}
	return c.node(raw, "", "", "", 0)
}

// node compiles one subschema. description is that of a wrapper (a reference),
// which wins over its own.
func (c *compiler) node(raw json.RawMessage, path, name, description string, depth int) (*node, error) {
	n := &node{path: path, name: name, maxLength: -1, maxItems: -1}
	c.nodes++
	if c.nodes > schemaNodes {
		return nil, n.errorf("the schema has more than %d parts", schemaNodes)
	}
	if depth > schemaDepth {
		return nil, n.errorf("the schema is nested deeper than %d, or refers to itself", schemaDepth)
	}
	raw = bytes.TrimSpace(raw)
	if string(raw) == "true" {
		raw = json.RawMessage(`{}`)
	}
	var f fields
	if json.Unmarshal(raw, &f) != nil || f == nil {
		return nil, n.errorf("a schema must be an object, not %s", short(raw))
	}
	if description == "" {
		description = text(f["description"])
	}
	if next, key, err := c.through(f, n); err != nil {
		return nil, err
	} else if next != nil {
		inner, err := c.node(next, path+"/"+key, name, description, depth+1)
		if err == nil && n.null {
			// oneOf allows exactly one branch: a null in both fits neither.
			both := inner.null || inner.kind == nullKind
			if both && key == "oneOf" && inner.kind == nullKind {
				return nil, &SchemaError{Path: path + "/oneOf", Reason: "no value fits exactly one branch"}
			}
			inner.null = !both || key != "oneOf"
		}
		return inner, err
	}
	for _, key := range unable {
		if _, used := f[key]; used {
			return nil, &SchemaError{Path: path + "/" + key, Reason: fmt.Sprintf("%q is not supported by the local model", key)}
		}
	}
	n.hint = strings.ToLower(description)
	n.words = nameWords(name)
	if err := c.kindOf(n, f); err != nil {
		return nil, err
	}
	if err := c.constraints(n, f); err != nil {
		return nil, err
	}
	n.means = c.model.vocab.purpose(n)
	n.limit = hintLimit(n.hint)
	if err := c.choices(n, f, description); err != nil {
		return nil, err
	}
	return n, c.children(n, f, depth)
}

// through follows $ref and the wrappers that mean "this or null"; nil when the
// schema speaks for itself. It sets n.null for a wrapper with null.
func (c *compiler) through(f fields, n *node) (json.RawMessage, string, error) {
	for _, key := range []string{"$ref", "anyOf", "oneOf", "allOf"} {
		raw, used := f[key]
		if !used {
			continue
		}
		for _, other := range sortedKeys(f) {
			if other != key && !slices.Contains(annotations, other) {
				return nil, "", &SchemaError{Path: n.path + "/" + key, Reason: fmt.Sprintf("%q beside %q is not supported by the local model", key, other)}
			}
		}
		if key == "$ref" {
			next, err := c.resolve(text(raw), n)
			return next, key, err
		}
		var branches []json.RawMessage
		if json.Unmarshal(raw, &branches) != nil || len(branches) == 0 {
			return nil, "", &SchemaError{Path: n.path + "/" + key, Reason: "it must be a list of schemas"}
		}
		var rest []json.RawMessage
		for _, b := range branches {
			var inner fields
			if key != "allOf" && json.Unmarshal(b, &inner) == nil && text(inner["type"]) == "null" && len(inner) == 1 {
				n.null = true
				continue
			}
			rest = append(rest, b)
		}
		if len(rest) != 1 || len(branches)-len(rest) > 1 {
			return nil, "", &SchemaError{Path: n.path + "/" + key, Reason: fmt.Sprintf("%q is supported only as one schema or null", key)}
		}
		return rest[0], key, nil
	}
	return nil, "", nil
}

// resolve finds a reference within the same document.
func (c *compiler) resolve(ref string, n *node) (json.RawMessage, error) {
	fail := &SchemaError{Path: n.path + "/$ref", Reason: fmt.Sprintf("the reference %s is not found in the schema (only #/… is followed)", short([]byte(ref)))}
	if !strings.HasPrefix(ref, "#/") {
		return nil, fail
	}
	if known, ok := c.refs[ref]; ok {
		return known, nil
	}
	if len(c.refs) == schemaRefs {
		return nil, &SchemaError{Path: n.path + "/$ref", Reason: fmt.Sprintf("the schema has more than %d references", schemaRefs)}
	}
	at := c.root
	parts := strings.Split(ref[2:], "/")
	for i, part := range parts {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		next, ok := at[part]
		if !ok {
			return nil, fail
		}
		if i == len(parts)-1 {
			c.refs[ref] = next
			return next, nil
		}
		at = nil
		if json.Unmarshal(next, &at) != nil {
			return nil, fail
		}
	}
	return nil, fail
}

// kinds are the JSON Schema names of types.
var kinds = map[string]kind{
	"string": stringKind, "number": numberKind, "integer": integerKind, "boolean": booleanKind,
	"null": nullKind, "array": arrayKind, "object": objectKind,
}

// kindOf reads type, or guesses it from the other keywords.
func (c *compiler) kindOf(n *node, f fields) error {
	raw, given := f["type"]
	if !given {
		n.kind = impliedKind(f)
		return nil
	}
	var names []string
	if json.Unmarshal(raw, &names) != nil {
		names = []string{text(raw)}
	}
	found := false
	for _, name := range names {
		k, known := kinds[name]
		switch {
		case !known:
			return &SchemaError{Path: n.path + "/type", Reason: fmt.Sprintf("%s is not a type", short([]byte(name)))}
		case k == nullKind && len(names) > 1:
			n.null = true
		case !found:
			// Of several types the first is enough.
			n.kind, found = k, true
		}
	}
	if !found && !n.null {
		return &SchemaError{Path: n.path + "/type", Reason: "it is not a type"}
	}
	if !found {
		n.kind = nullKind
	}
	return nil
}

func impliedKind(f fields) kind {
	has := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(k string) bool { _, ok := f[k]; return ok })
	}
	switch {
	case has("properties", "required", "additionalProperties"):
		return objectKind
	case has("items", "minItems", "maxItems", "uniqueItems"):
		return arrayKind
	case has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
		return numberKind
	}
	var values []json.RawMessage
	if raw, ok := f["const"]; ok {
		values = []json.RawMessage{raw}
	} else {
		_ = json.Unmarshal(f["enum"], &values)
	}
	for _, v := range values {
		if k := kindOfValue(v); k != nullKind {
			return k
		}
	}
	return stringKind
}

// children compiles what lies within an object or an array.
func (c *compiler) children(n *node, f fields, depth int) error {
	if n.fixed != nil {
		return nil
	}
	var err error
	switch n.kind {
	case arrayKind:
		items, given := f["items"]
		if !given {
			items = json.RawMessage(`{"type":"string"}`)
		}
		// What an array holds is told by the array's name.
		n.items, err = c.node(items, n.path+"/items", n.name, "", depth+1)
		return err
	case objectKind:
		return c.properties(n, f, depth)
	}
	return nil
}

func (c *compiler) properties(n *node, f fields, depth int) error {
	var required []string
	if raw, given := f["required"]; given && json.Unmarshal(raw, &required) != nil {
		return &SchemaError{Path: n.path + "/required", Reason: "it must be a list of names"}
	}
	raw, given := f["properties"]
	var keys []string
	var values []json.RawMessage
	if given {
		var object fields
		if json.Unmarshal(raw, &object) != nil || object == nil {
			return &SchemaError{Path: n.path + "/properties", Reason: "it must be an object"}
		}
		var err error
		if keys, values, err = orderedObject(raw); err != nil {
			return &SchemaError{Path: n.path + "/properties", Reason: "it must be an object"}
		}
	}
	must := make(map[string]bool, len(required))
	for _, name := range required {
		must[name] = true
	}
	seen := map[string]int{}
	for i, key := range keys {
		child, err := c.node(values[i], n.path+"/properties/"+escape(key), key, "", depth+1)
		if err != nil {
			return err
		}
		p := property{name: key, required: must[key], node: child}
		if at, again := seen[key]; again {
			n.properties[at] = p // the last of two equal names counts
			continue
		}
		seen[key] = len(n.properties)
		n.properties = append(n.properties, p)
	}
	for _, name := range required {
		if _, described := seen[name]; !described {
			return &SchemaError{Path: n.path + "/required", Reason: fmt.Sprintf("the property %s is required but not described", short([]byte(name)))}
		}
	}
	return nil
}

func escape(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }

func sortedKeys(f fields) []string {
	keys := make([]string, 0, len(f))
	for k := range f {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// text is a JSON string's text, or "".
func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

// short quotes a piece of the caller's JSON for an error.
func short(raw []byte) string {
	if len(raw) > 40 {
		raw = append(append([]byte{}, raw[:40]...), "…"...)
	}
	return fmt.Sprintf("%q", raw)
}

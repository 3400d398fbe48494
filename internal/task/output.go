package task

import (
	"fmt"
	"slices"
	"strings"
)

// paramKey in an object of the answer's schema stands for a parameter's value.
const paramKey = "$param"

// substitute replaces every {"$param": …} by what the parameters give for it.
func substitute(schema, params tree, path string) (tree, []string) {
	if schema.kind == '{' {
		if _, stands := schema.get(paramKey); stands {
			return fromParam(schema, params, path)
		}
	}
	var problems []string
	filled := tree{kind: schema.kind, scalar: schema.scalar}
	for _, m := range schema.members {
		value, wrong := substitute(m.value, params, path+"/"+m.name)
		filled.members = append(filled.members, member{m.name, value})
		problems = append(problems, wrong...)
	}
	for i, item := range schema.items {
		value, wrong := substitute(item, params, fmt.Sprintf("%s/%d", path, i))
		filled.items = append(filled.items, value)
		problems = append(problems, wrong...)
	}
	return filled, problems
}

// fromParam is the value for one {"$param": name, "take": member, "each": schema}.
func fromParam(stand, params tree, path string) (tree, []string) {
	for _, m := range stand.members {
		if m.name != paramKey && m.name != "take" && m.name != "each" {
			return tree{}, []string{fmt.Sprintf("%s: %q is unknown beside %s", path, cut(m.name), paramKey)}
		}
	}
	named, _ := stand.get(paramKey)
	name, _ := named.text()
	value, given := params.get(name)
	if !given {
		return tree{}, []string{fmt.Sprintf("%s: the parameter %q has neither a value nor a default", path, cut(name))}
	}
	if take, wanted := stand.get("take"); wanted {
		of, _ := take.text()
		value = taken(value, of)
	}
	each, wanted := stand.get("each")
	if !wanted {
		return value, repeated(value, path, name)
	}
	object := tree{kind: '{'}
	for _, item := range value.items {
		property, isText := item.text()
		if _, twice := object.get(property); twice || !isText || property == "" {
			return tree{}, []string{fmt.Sprintf("%s: the parameter %q must be a list of names that differ", path, cut(name))}
		}
		object.set(property, each)
	}
	return object, nil
}

// taken picks a member of each item that is an object.
func taken(list tree, of string) tree {
	picked := tree{kind: list.kind, scalar: list.scalar, members: list.members}
	for _, item := range list.items {
		if value, has := item.get(of); has {
			item = value
		}
		picked.items = append(picked.items, item)
	}
	return picked
}

// repeated: the values of an enum must differ.
func repeated(list tree, path, name string) []string {
	seen := map[string]bool{}
	for _, item := range list.items {
		key := string(item.canonical())
		if seen[key] {
			return []string{fmt.Sprintf("%s: the values of the parameter %q must differ", path, cut(name))}
		}
		seen[key] = true
	}
	return nil
}

// parametersOf lists the parameters that a schema stands on.
func parametersOf(schema tree) []string {
	var names []string
	if named, stands := schema.get(paramKey); stands {
		name, _ := named.text()
		names = append(names, name)
	}
	for _, m := range schema.members {
		names = append(names, parametersOf(m.value)...)
	}
	for _, item := range schema.items {
		names = append(names, parametersOf(item)...)
	}
	return names
}

// What structured output can enforce, what it knows but we check ourselves, and
// how that is told to the model.
var (
	enforced = []string{"type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "description", "title", "format"}
	ours     = map[string]string{
		"minLength": "at least %s characters", "maxLength": "at most %s characters", "minItems": "at least %s items", "maxItems": "at most %s items",
		"minimum": "at least %s", "maximum": "at most %s", "exclusiveMinimum": "more than %s", "exclusiveMaximum": "less than %s",
	}
	types   = []string{"object", "array", "string", "number", "integer", "boolean", "null"}
	formats = []string{"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)

const (
	maxSchemaDepth = 8
	maxProperties  = 100
)

// checkOutput lists what structured output could not enforce in a schema.
func checkOutput(schema tree, path string) []string {
	c := &outputCheck{}
	if kind, _ := schema.get("type"); string(kind.scalar) != `"object"` {
		c.wrong(path, "the root must be an object")
	}
	c.schema(schema, path, 1)
	if c.properties > maxProperties {
		c.wrong(path, fmt.Sprintf("has %d properties, may have at most %d", c.properties, maxProperties))
	}
	return c.problems
}

type outputCheck struct {
	problems   []string
	properties int
}

func (c *outputCheck) wrong(path, message string) {
	c.problems = append(c.problems, path+": "+message)
}

func (c *outputCheck) schema(s tree, path string, depth int) {
	if s.kind != '{' {
		c.wrong(path, "must be an object that is a schema")
		return
	}
	if depth > maxSchemaDepth {
		c.wrong(path, fmt.Sprintf("is nested more than %d deep", maxSchemaDepth))
		return
	}
	for _, m := range s.members {
		if _, checked := ours[m.name]; !checked && !slices.Contains(enforced, m.name) {
			c.wrong(path+"/"+cut(m.name), "structured output does not know this keyword")
		}
	}
	c.kind(s, path)
	if items, has := s.get("items"); has {
		c.schema(items, path+"/items", depth+1)
	}
	if forms, has := s.get("anyOf"); has {
		for i, form := range forms.items {
			c.schema(form, fmt.Sprintf("%s/anyOf/%d", path, i), depth+1)
		}
	}
	properties, _ := s.get("properties")
	for _, p := range properties.members {
		c.properties++
		c.schema(p.value, path+"/properties/"+cut(p.name), depth+1)
	}
	if _, says := s.get("enum"); says {
		c.enum(s, path)
	}
	if format, has := s.get("format"); has {
		if name, _ := format.text(); !slices.Contains(formats, name) {
			c.wrong(path+"/format", "must be one of "+strings.Join(formats, ", "))
		}
	}
}

// kind checks the type and what it asks for.
func (c *outputCheck) kind(s tree, path string) {
	named, has := s.get("type")
	if !has {
		for _, other := range []string{"enum", "const", "anyOf"} {
			if _, says := s.get(other); says {
				return
			}
		}
		c.wrong(path, "needs a type, enum, const or anyOf")
		return
	}
	kinds := named.items
	if named.kind == 0 {
		kinds = []tree{named}
	}
	for _, k := range kinds {
		name, _ := k.text()
		switch {
		case !slices.Contains(types, name):
			c.wrong(path+"/type", "must be one of "+strings.Join(types, ", "))
		case name == "array":
			if _, has := s.get("items"); !has {
				c.wrong(path, "an array needs items")
			}
		case name == "object":
			c.object(s, path)
		}
	}
}

func (c *outputCheck) object(s tree, path string) {
	if closed, _ := s.get("additionalProperties"); string(closed.scalar) != "false" {
		c.wrong(path+"/additionalProperties", "must be false on every object")
	}
	properties, _ := s.get("properties")
	if properties.kind != '{' || len(properties.members) == 0 {
		c.wrong(path+"/properties", "an object needs properties")
	}
	required, _ := s.get("required")
	for _, r := range required.items {
		name, _ := r.text()
		if _, has := properties.get(name); !has {
			c.wrong(path+"/required", fmt.Sprintf("%q is no property", cut(name)))
		}
	}
}

func (c *outputCheck) enum(s tree, path string) {
	values, _ := s.get("enum")
	if values.kind != '[' || len(values.items) == 0 {
		c.wrong(path+"/enum", "must be a list with at least one value")
	}
	for _, v := range values.items {
		if v.kind != 0 {
			c.wrong(path+"/enum", "may hold strings, numbers, booleans and null only")
			return
		}
	}
}

// enforceable is the schema as the model's service takes it: without the
// keywords that it would refuse, each of which is told in the description.
func enforceable(s tree) tree {
	out := tree{kind: s.kind, scalar: s.scalar}
	var told []string
	for _, m := range s.members {
		if words, checked := ours[m.name]; checked {
			told = append(told, fmt.Sprintf(words, m.value.bytes()))
			continue
		}
		switch m.name {
		case "properties":
			properties := tree{kind: '{'}
			for _, p := range m.value.members {
				properties.members = append(properties.members, member{p.name, enforceable(p.value)})
			}
			m.value = properties
		case "items":
			m.value = enforceable(m.value)
		case "anyOf":
			forms := tree{kind: '['}
			for _, form := range m.value.items {
				forms.items = append(forms.items, enforceable(form))
			}
			m.value = forms
		}
		out.members = append(out.members, m)
	}
	if len(told) > 0 {
		described, _ := out.get("description")
		text, _ := described.text()
		out.set("description", tree{scalar: encode(strings.TrimSpace(text + " (" + strings.Join(told, ", ") + ")"))})
	}
	return out
}

package eventbridge

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"time"
)

// transform makes the message for a target out of an event.
type transform func(e *event) ([]byte, error)

// newTransform reads Input, InputPath or InputTransformer; nil means that the
// event goes as it is.
func newTransform(r *Rule, t Target) (transform, error) {
	switch {
	case t.Input != "":
		constant := []byte(t.Input)
		return func(*event) ([]byte, error) { return constant, nil }, nil
	case t.InputPath != "" && t.InputPath != "$":
		p, err := parsePath(t.InputPath)
		if err != nil {
			return nil, invalid("Parameter InputPath for target %s is not valid: %s", t.ID, err)
		}
		return func(e *event) ([]byte, error) {
			whole, err := e.whole()
			if err != nil {
				return nil, err
			}
			v, _ := p.find(whole)
			return marshal(v)
		}, nil
	case t.InputTransformer != nil:
		return newTemplate(r, t)
	}
	return nil, nil
}

// placeholder is <name> in a template.
var placeholder = regexp.MustCompile(`<([^<>]*)>`)

// template is an InputTemplate cut at its placeholders: text, name, text, …
type template struct {
	texts  []string
	names  []string
	quoted []bool // whether the placeholder stands inside a JSON string
	paths  map[string]path
	rule   *Rule
}

func newTemplate(r *Rule, t Target) (transform, error) {
	src := t.InputTransformer.InputTemplate
	if src == "" {
		return nil, invalid("Parameter InputTemplate must be specified for target %s.", t.ID)
	}
	tpl := template{paths: map[string]path{}, rule: r}
	for name, expression := range t.InputTransformer.InputPathsMap {
		if strings.HasPrefix(strings.ToLower(name), "aws.") {
			return nil, invalid("Parameter InputPathsMap for target %s is not valid: keys can not start with AWS.", t.ID)
		}
		p, err := parsePath(expression)
		if err != nil {
			return nil, invalid("Parameter InputPathsMap for target %s is not valid: %s", t.ID, err)
		}
		tpl.paths[name] = p
	}
	at, inString := 0, false
	for _, m := range placeholder.FindAllStringSubmatchIndex(src, -1) {
		name := src[m[2]:m[3]]
		if _, known := tpl.paths[name]; !known && !predefined(name) {
			return nil, invalid("InputTemplate for target %s contains invalid placeholder %s.", t.ID, name)
		}
		text := src[at:m[0]]
		inString = endsInString(text, inString)
		tpl.texts = append(tpl.texts, text)
		tpl.names = append(tpl.names, name)
		tpl.quoted = append(tpl.quoted, inString)
		at = m[1]
	}
	tpl.texts = append(tpl.texts, src[at:])
	return tpl.fill, nil
}

func predefined(name string) bool {
	switch name {
	case "aws.events.rule-arn", "aws.events.rule-name", "aws.events.event", "aws.events.event.json", "aws.events.event.ingestion-time":
		return true
	}
	return false
}

// endsInString tells whether a JSON string is open behind the text.
func endsInString(text string, open bool) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			open = !open
		}
	}
	return open
}

// fill writes the template with the event's values: as JSON outside of
// strings; inside, text as it is and anything else as its JSON, escaped so
// that the message stays well-formed. A value that is not there is empty.
func (t template) fill(e *event) ([]byte, error) {
	var out bytes.Buffer
	for i, name := range t.names {
		out.WriteString(t.texts[i])
		v, found, err := t.value(name, e)
		if err != nil {
			return nil, err
		}
		if !found {
			v = ""
		}
		text, err := marshal(v)
		if err != nil {
			return nil, err
		}
		if t.quoted[i] {
			if _, isText := v.(string); !isText {
				if text, err = marshal(string(text)); err != nil {
					return nil, err
				}
			}
			text = text[1 : len(text)-1]
		}
		out.Write(text)
	}
	out.WriteString(t.texts[len(t.texts)-1])
	return out.Bytes(), nil
}

func (t template) value(name string, e *event) (v any, found bool, err error) {
	switch name {
	case "aws.events.rule-arn":
		return t.rule.arn, true, nil
	case "aws.events.rule-name":
		return t.rule.Name, true, nil
	case "aws.events.event.ingestion-time":
		return e.ingested.UTC().Format(time.RFC3339), true, nil
	}
	whole, err := e.whole()
	if err != nil {
		return nil, false, err
	}
	switch name {
	case "aws.events.event.json":
		return whole, true, nil
	case "aws.events.event":
		delete(whole, "detail")
		return whole, true, nil
	}
	v, found = t.paths[name].find(whole)
	return v, found, nil
}

// marshal is json.Marshal without HTML escapes and without a trailing newline.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	if err := encode(&out, v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// encode appends what marshal makes.
func encode(out *bytes.Buffer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	out.Truncate(out.Len() - len("\n"))
	return nil
}

// path is a parsed JSON path: field names, indices and wildcards.
type path []pathStep

type pathStep struct {
	field string
	index int // when field is "" and all is false
	all   bool
}

type pathError string

func (e pathError) Error() string { return string(e) }

// pathSteps cuts a JSON path: .field, ['field'], [0], [*] and .*
var pathSteps = regexp.MustCompile(`^(?:\.([^.\[\]*]+)|\['([^']+)'\]|\[(\d{1,9})\]|(\.\*|\[\*\]))`)

func parsePath(expression string) (path, error) {
	rest, ok := strings.CutPrefix(expression, "$")
	if !ok {
		return nil, pathError("a JSON path begins with $")
	}
	p := path{}
	for rest != "" {
		m := pathSteps.FindStringSubmatch(rest)
		if m == nil {
			return nil, pathError("Invalid JSON path " + expression)
		}
		rest = rest[len(m[0]):]
		switch {
		case m[1] != "" || m[2] != "":
			p = append(p, pathStep{field: m[1] + m[2]})
		case m[4] != "":
			p = append(p, pathStep{all: true})
		default:
			var index int
			for _, digit := range m[3] {
				index = index*10 + int(digit-'0')
			}
			p = append(p, pathStep{index: index})
		}
	}
	return p, nil
}

// find walks the path; a wildcard gathers a list.
func (p path) find(v any) (any, bool) {
	for i, step := range p {
		switch list, isList := v.([]any); {
		case step.all:
			return p[i+1:].gather(v)
		case step.field != "":
			object, ok := v.(map[string]any)
			if !ok {
				return nil, false
			}
			if v, ok = object[step.field]; !ok {
				return nil, false
			}
		case isList && step.index < len(list):
			v = list[step.index]
		default:
			return nil, false
		}
	}
	return v, true
}

func (p path) gather(v any) (any, bool) {
	found := []any{}
	add := func(e any) {
		if inner, ok := p.find(e); ok {
			found = append(found, inner)
		}
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			add(e)
		}
	case map[string]any:
		for _, name := range sortedKeys(v) {
			add(v[name])
		}
	}
	return found, len(found) > 0
}

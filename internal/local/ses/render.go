package ses

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A template has text, {{value}} or {{{value}}}, and the blocks
// {{#if x}}, {{#unless x}}, {{#each x}} and {{#with x}} with {{else}}. Values
// are names with dots, "this", "@index", "@key". SES escapes nothing.

// node is a piece of a parsed template.
type node struct {
	text   string // when it is neither a value nor a block
	value  string // name of a value, or argument of a block
	block  string // if, unless, each, with
	inner  []node
	orElse []node
}

var tags = regexp.MustCompile(`\{\{\{?\s*([^{}]*?)\s*\}?\}\}`)

type templateParser struct {
	src  string
	tags [][]int
	at   int // in src
}

// parseTemplate reads a template. The error tells what is not closed or not
// known.
func parseTemplate(src string) ([]node, error) {
	p := &templateParser{src: src, tags: tags.FindAllStringSubmatchIndex(src, -1)}
	nodes, end, err := p.nodes()
	if err == nil && end != "" {
		err = fmt.Errorf("{{%s}} closes nothing", end)
	}
	return nodes, err
}

// nodes reads up to the end, "else" or a closing tag, which it returns.
func (p *templateParser) nodes() (list []node, end string, err error) {
	for len(p.tags) > 0 {
		tag := p.tags[0]
		p.tags = p.tags[1:]
		if tag[0] > p.at {
			list = append(list, node{text: p.src[p.at:tag[0]]})
		}
		p.at = tag[1]
		name := p.src[tag[2]:tag[3]]
		switch {
		case strings.HasPrefix(name, "!"): // a comment
		case name == "else" || strings.HasPrefix(name, "/"):
			return list, name, nil
		case strings.HasPrefix(name, "#"):
			n, err := p.block(name[1:])
			if err != nil {
				return nil, "", err
			}
			list = append(list, n)
		case name == "" || strings.ContainsAny(name, " \t\n\"'>&^"):
			return nil, "", fmt.Errorf("{{%s}} is not supported", name)
		default:
			list = append(list, node{value: name})
		}
	}
	if p.at < len(p.src) {
		list = append(list, node{text: p.src[p.at:]})
		p.at = len(p.src)
	}
	return list, "", nil
}

func (p *templateParser) block(head string) (node, error) {
	kind, argument, _ := strings.Cut(head, " ")
	n := node{block: kind, value: strings.TrimSpace(argument)}
	switch kind {
	case "if", "unless", "each", "with":
	default:
		return n, fmt.Errorf("{{#%s}} is not supported", kind)
	}
	if n.value == "" {
		return n, fmt.Errorf("{{#%s}} needs a value", kind)
	}
	var end string
	var err error
	if n.inner, end, err = p.nodes(); err != nil {
		return n, err
	}
	if end == "else" {
		if n.orElse, end, err = p.nodes(); err != nil {
			return n, err
		}
	}
	if end != "/"+kind {
		return n, fmt.Errorf("{{#%s}} is not closed", kind)
	}
	return n, nil
}

// scope is what names mean at a place of a template.
type scope struct {
	this   any
	above  *scope
	locals map[string]any // @index, @key, @first, @last
}

// missing is the error of a value that the data do not have, in SES's words.
type missing string

func (m missing) Error() string {
	return "Attribute '" + string(m) + "' is not present in the rendering data."
}

// renderTemplate fills a template with data, a JSON object or "". The error is
// a missing, or tells what is wrong with template or data.
func renderTemplate(src, data string) (string, error) {
	nodes, err := parseTemplate(src)
	if err != nil {
		return "", err
	}
	values := map[string]any{}
	if strings.TrimSpace(data) != "" {
		dec := json.NewDecoder(strings.NewReader(data))
		dec.UseNumber()
		if err := dec.Decode(&values); err != nil {
			return "", fmt.Errorf("template data are not a JSON object: %w", err)
		}
	}
	var out rendering
	if err := write(&out, nodes, &scope{this: values}); err != nil {
		return "", err
	}
	return out.String(), nil
}

// mostSteps and mostRendered end templates that grow without measure.
const mostSteps, mostRendered = 200_000, mostMailBytes

var errTooLarge = errors.New("the rendered template is too large")

// rendering is the text so far and the steps that it took.
type rendering struct {
	strings.Builder
	steps int
}

func write(out *rendering, nodes []node, at *scope) error {
	for _, n := range nodes {
		if out.steps++; out.steps > mostSteps || out.Len() > mostRendered {
			return errTooLarge
		}
		var err error
		switch {
		case n.block != "":
			err = n.write(out, at)
		case n.value != "":
			v, found := at.find(n.value)
			if !found {
				return missing(n.value)
			}
			out.WriteString(text(v))
		default:
			out.WriteString(n.text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (n node) write(out *rendering, at *scope) error {
	v, _ := at.find(n.value)
	is := truth(v)
	if n.block == "unless" {
		is = !is
	}
	if !is {
		return write(out, n.orElse, at)
	}
	switch n.block {
	case "with":
		return write(out, n.inner, &scope{this: v, above: at})
	case "each":
		return n.each(out, v, at)
	}
	return write(out, n.inner, at)
}

func (n node) each(out *rendering, v any, at *scope) error {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			locals := map[string]any{"@index": json.Number(strconv.Itoa(i)), "@first": i == 0, "@last": i == len(v)-1}
			if err := write(out, n.inner, &scope{e, at, locals}); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if err := write(out, n.inner, &scope{v[key], at, map[string]any{"@key": key}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// find looks a dotted name up, here and then in the scopes above.
func (s *scope) find(name string) (any, bool) {
	if name == "this" || name == "." {
		return s.this, true
	}
	name = strings.TrimPrefix(name, "this.")
	for at := s; at != nil; at = at.above {
		if v, ok := at.locals[name]; ok {
			return v, true
		}
		if v, ok := walk(at.this, strings.Split(name, ".")); ok {
			return v, true
		}
	}
	return nil, false
}

func walk(v any, path []string) (any, bool) {
	for _, name := range path {
		switch inner := v.(type) {
		case map[string]any:
			next, ok := inner[name]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(inner) {
				return nil, false
			}
			v = inner[i]
		default:
			return nil, false
		}
	}
	return v, true
}

func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		f, err := v.Float64()
		return err != nil || f != 0
	case []any:
		return len(v) > 0
	}
	return true
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(out.String(), "\n")
}

package stepfunctions

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// scope is what paths lead into: $ and $$.
type scope struct{ data, context any }

// expression is a path or an intrinsic function: it gives a value, or tells that
// there is none.
type expression func(scope) (value any, found bool)

var plainPath = regexp.MustCompile(`^\$\$?(\.[A-Za-z_][A-Za-z0-9_]*)*$`)

// parsePath reads a path ($.a.b, $$.Task.Token) or States.Format and
// States.JsonToString of paths and 'texts'.
func parsePath(text string) (expression, error) {
	if plainPath.MatchString(text) {
		return pathTo(text), nil
	}
	name, rest, called := strings.Cut(text, "(")
	if !called || !strings.HasSuffix(rest, ")") {
		return nil, fmt.Errorf("the path %q is not known here", text)
	}
	var arguments []expression
	for _, argument := range split(strings.TrimSuffix(rest, ")")) {
		one, err := parseArgument(argument)
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, one)
	}
	switch {
	case name == "States.JsonToString" && len(arguments) == 1:
		return toText(arguments[0]), nil
	case name == "States.Format" && len(arguments) > 0:
		return format(arguments), nil
	}
	return nil, fmt.Errorf("the function %s of %d arguments is not known here", name, len(arguments))
}

func pathTo(text string) expression {
	steps := strings.Split(text, ".")
	return func(s scope) (any, bool) {
		at := s.data
		if steps[0] == "$$" {
			at = s.context
		}
		for _, step := range steps[1:] {
			object, is := at.(map[string]any)
			if !is {
				return nil, false
			}
			if at, is = object[step]; !is {
				return nil, false
			}
		}
		return at, true
	}
}

// split cuts arguments at commas outside quotes.
func split(text string) []string {
	var all []string
	quoted, from := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '\'':
			quoted = !quoted
		case text[i] == ',' && !quoted:
			all, from = append(all, strings.TrimSpace(text[from:i])), i+1
		}
	}
	return append(all, strings.TrimSpace(text[from:]))
}

func parseArgument(text string) (expression, error) {
	if len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'' {
		if inner := text[1 : len(text)-1]; !strings.ContainsAny(inner, `'\`) {
			return func(scope) (any, bool) { return inner, true }, nil
		}
	}
	return parsePath(text)
}

func toText(of expression) expression {
	return func(s scope) (any, bool) {
		value, found := of(s)
		if !found {
			return nil, false
		}
		return compact(value), true
	}
}

func format(arguments []expression) expression {
	return func(s scope) (any, bool) {
		var values []string
		for _, one := range arguments {
			value, found := one(s)
			if !found {
				return nil, false
			}
			text, is := value.(string)
			if !is {
				text = compact(value)
			}
			values = append(values, text)
		}
		parts := strings.Split(values[0], "{}")
		if len(parts) != len(values) {
			return nil, false
		}
		for i, value := range values[1:] {
			parts[i] += value
		}
		return strings.Join(parts, ""), true
	}
}

// compact is a value as JSON without escapes for HTML.
func compact(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return "null"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// resultPath reads where a result goes: nil steps for the whole of it, drop for
// null.
func resultPath(raw json.RawMessage) (steps []string, drop bool, err error) {
	switch string(raw) {
	case "", `"$"`:
		return nil, false, nil
	case "null":
		return nil, true, nil
	}
	var path string
	if json.Unmarshal(raw, &path) != nil || !plainPath.MatchString(path) || strings.HasPrefix(path, "$$") {
		return nil, false, fmt.Errorf("the result path %s is not known here", raw)
	}
	return strings.Split(path, ".")[1:], false, nil
}

// put is the input with the result where the path says. The input stays as it is.
func put(input, result any, raw json.RawMessage) (any, error) {
	steps, drop, err := resultPath(raw)
	if err != nil || drop {
		return input, err
	}
	if len(steps) == 0 {
		return result, nil
	}
	object, is := input.(map[string]any)
	if !is {
		return nil, errors.New("the input is no object")
	}
	changed := make(map[string]any, len(object)+1)
	for name, value := range object {
		changed[name] = value
	}
	if len(steps) > 1 {
		return nil, errors.New("a result goes one level deep here")
	}
	changed[steps[0]] = result
	return changed, nil
}

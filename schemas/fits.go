package schemas

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// shape answers the one question that is asked of nearly every document, whether
// it fits, straight from its bytes: the library builds a tree of maps and a
// rational of every number first, which takes ten times as long. It knows the
// keywords that schemas of events are made of. Whatever it is not sure of, a
// document that does not fit above all, is the library's to judge.
type shape struct {
	// rules must all hold: a schema and those that it refers to.
	rules      []*jsonschema.Schema
	properties map[string]property
	items      *shape
	// What types all rules allow.
	object, array, text, whole, fraction, boolean, null bool
	// unsure: the rules have a keyword that is not known here.
	unsure bool
}

// property is a shape under a name.
type property struct {
	name string
	*shape
}

// mostShapes and mostRules bound what a schema may make of itself.
const (
	mostShapes = 1000
	mostRules  = 20
)

// shaping makes the shapes of a schema, one for each set of rules, as a schema may
// refer to itself.
type shaping map[string]*shape

// of is the shape of schemas that must all hold.
func (made shaping) of(all ...*jsonschema.Schema) *shape {
	s := &shape{}
	key := ""
	for i := 0; i < len(all) && !s.unsure; i++ {
		if all[i].Ref != nil && !slices.Contains(all, all[i].Ref) {
			all = append(all, all[i].Ref)
		}
		key += fmt.Sprintf("%p ", all[i])
		s.unsure = !known(all[i]) || len(all) > mostRules
	}
	if before := made[key]; before != nil {
		return before
	}
	made[key] = s
	if s.unsure = s.unsure || len(made) > mostShapes; s.unsure {
		return s
	}
	s.rules = all
	s.object, s.array, s.text, s.boolean, s.null = s.allows("object"), s.allows("array"), s.allows("string"), s.allows("boolean"), s.allows("null")
	s.fraction, s.whole = s.allows("number"), s.allows("number", "integer")
	made.below(s)
	return s
}

// below makes the shapes of what is inside.
func (made shaping) below(s *shape) {
	properties := map[string][]*jsonschema.Schema{}
	var items []*jsonschema.Schema
	for _, rule := range s.rules {
		for name, property := range rule.Properties {
			properties[name] = append(properties[name], property)
		}
		if rule.Items2020 != nil {
			items = append(items, rule.Items2020)
		}
	}
	s.properties = make(map[string]property, len(properties))
	for name, rules := range properties {
		s.properties[name] = property{name, made.of(rules...)}
	}
	if len(items) > 0 {
		s.items = made.of(items...)
	}
}

// allows tells whether every rule allows one of the types.
func (s *shape) allows(types ...string) bool {
	for _, rule := range s.rules {
		if rule.Types == nil || rule.Types.IsEmpty() {
			continue
		}
		if !slices.ContainsFunc(rule.Types.ToStrings(), func(t string) bool { return slices.Contains(types, t) }) {
			return false
		}
	}
	return true
}

// known tells whether a schema has no keyword but those that are checked below.
func known(s *jsonschema.Schema) bool {
	_, isBool := s.AdditionalProperties.(bool)
	return (s.AdditionalProperties == nil || isBool) && inWhole(s.Minimum) && inWhole(s.Maximum) &&
		(s.Bool == nil || *s.Bool) && s.RecursiveRef == nil && s.DynamicRef == nil && s.Not == nil && s.AllOf == nil && s.AnyOf == nil && s.OneOf == nil &&
		s.If == nil && s.Then == nil && s.Else == nil &&
		s.PropertyNames == nil && s.PatternProperties == nil && s.Dependencies == nil && s.DependentRequired == nil &&
		s.DependentSchemas == nil && s.UnevaluatedProperties == nil &&
		!s.UniqueItems && s.Contains == nil && s.Items == nil && s.AdditionalItems == nil && s.PrefixItems == nil && s.UnevaluatedItems == nil &&
		s.ContentEncoding == nil && s.ContentMediaType == nil && s.ContentSchema == nil &&
		s.ExclusiveMaximum == nil && s.ExclusiveMinimum == nil && s.MultipleOf == nil && len(s.Extensions) == 0
}

// inWhole tells whether a limit is a whole number, or none.
func inWhole(limit *big.Rat) bool { return limit == nil || limit.IsInt() && limit.Num().IsInt64() }

// fits is true only for a document that fits the schema. It must be JSON.
func (s *shape) fits(document []byte) bool {
	if s.unsure {
		return false
	}
	_, ok := s.value(document)
	return ok
}

// value checks the value that valid JSON begins with, and returns what comes
// after it. A nil shape allows everything.
func (s *shape) value(in []byte) (rest []byte, ok bool) {
	if s != nil && s.unsure {
		return nil, false
	}
	in = next(in)
	switch in[0] {
	case '{':
		return s.members(in[1:])
	case '[':
		return s.elements(in[1:])
	case '"':
		text, rest, ok := cut(in)
		return rest, ok && s.string(text)
	}
	end := 0
	for end < len(in) && in[end] > ' ' && in[end] != ',' && in[end] != ']' && in[end] != '}' {
		end++
	}
	return in[end:], s.word(string(in[:end]))
}

// next passes over what stands between values.
func next(in []byte) []byte {
	for len(in) > 0 && (in[0] <= ' ' || in[0] == ',' || in[0] == ':') {
		in = in[1:]
	}
	return in
}

// cut takes the string that valid JSON begins with. One with an escape or with
// broken UTF-8 is decoded.
func cut(in []byte) (text, rest []byte, ok bool) {
	plain := true
	for i := 1; i < len(in); i++ {
		switch in[i] {
		case '\\':
			plain = false
			i++
		case '"':
			if plain && utf8.Valid(in[1:i]) {
				return in[1:i], in[i+1:], true
			}
			var decoded string
			err := json.Unmarshal(in[:i+1], &decoded)
			return []byte(decoded), in[i+1:], err == nil
		}
	}
	return nil, nil, false
}

// mostNames is how many properties an object may have that is checked here.
const mostNames = 32

func (s *shape) members(in []byte) (rest []byte, ok bool) {
	if s != nil && !s.object {
		return nil, false
	}
	var room [mostNames]string
	names := room[:0]
	for {
		if in = next(in); in[0] == '}' {
			return in[1:], s.named(names)
		}
		name, after, ok := cut(in)
		if !ok || len(names) == mostNames {
			return nil, false
		}
		var below property
		if s != nil {
			if below, ok = s.properties[string(name)]; !ok {
				below.name = string(name)
			}
			names = append(names, below.name)
		}
		if in, ok = below.value(after); !ok {
			return nil, false
		}
	}
}

// named checks which properties an object has. One that is there twice counts
// once, which is left to the library where it matters.
func (s *shape) named(names []string) bool {
	if s == nil {
		return true
	}
	for _, rule := range s.rules {
		if rule.Const != nil || rule.Enum != nil || !numbered(len(names), rule.MinProperties, rule.MaxProperties) {
			return false
		}
		if rule.MinProperties != nil && twice(names) {
			return false
		}
		for _, name := range rule.Required {
			if !slices.Contains(names, name) {
				return false
			}
		}
		if rule.AdditionalProperties == false && slices.ContainsFunc(names, func(name string) bool { return rule.Properties[name] == nil }) {
			return false
		}
	}
	return true
}

func twice(names []string) bool {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return true
		}
	}
	return false
}

func numbered(n int, least, most *int) bool {
	return (least == nil || n >= *least) && (most == nil || n <= *most)
}

func (s *shape) elements(in []byte) (rest []byte, ok bool) {
	if s != nil && !s.array {
		return nil, false
	}
	var items *shape
	if s != nil {
		items = s.items
	}
	for n := 0; ; n++ {
		if in = next(in); in[0] == ']' {
			return in[1:], s.counted(n)
		}
		if in, ok = items.value(in); !ok {
			return nil, false
		}
	}
}

func (s *shape) counted(n int) bool {
	if s == nil {
		return true
	}
	return !slices.ContainsFunc(s.rules, func(rule *jsonschema.Schema) bool {
		return rule.Const != nil || rule.Enum != nil || !numbered(n, rule.MinItems, rule.MaxItems)
	})
}

func (s *shape) string(raw []byte) bool {
	if s == nil {
		return true
	}
	if !s.text {
		return false
	}
	text := string(raw)
	for _, rule := range s.rules {
		if rule.MinLength != nil || rule.MaxLength != nil {
			if !numbered(utf8.RuneCountInString(text), rule.MinLength, rule.MaxLength) {
				return false
			}
		}
		if !among(rule, text) || rule.Pattern != nil && !rule.Pattern.MatchString(text) || rule.Format != nil && rule.Format.Validate(text) != nil {
			return false
		}
	}
	return true
}

// among tells whether a value is one of those that are allowed.
func among(rule *jsonschema.Schema, value any) bool {
	return (rule.Const == nil || *rule.Const == value) && (rule.Enum == nil || slices.Contains(rule.Enum.Values, value))
}

// word checks true, false, null and numbers.
func (s *shape) word(word string) bool {
	if s == nil {
		return true
	}
	var value any
	allowed := s.null
	switch word {
	case "null":
	case "true", "false":
		value, allowed = word == "true", s.boolean
	default:
		return s.number(word)
	}
	return allowed && !slices.ContainsFunc(s.rules, func(rule *jsonschema.Schema) bool { return !among(rule, value) })
}

// number is sure of whole numbers of 64 bits, and of what is above 0.
func (s *shape) number(literal string) bool {
	whole, err := strconv.ParseInt(literal, 10, 64)
	if err != nil {
		return s.above0(literal)
	}
	if !s.whole {
		return false
	}
	for _, rule := range s.rules {
		if rule.Minimum != nil && whole < rule.Minimum.Num().Int64() || rule.Maximum != nil && whole > rule.Maximum.Num().Int64() || !among(rule, json.Number(literal)) {
			return false
		}
	}
	return true
}

// above0 checks a number with a fraction.
func (s *shape) above0(literal string) bool {
	if !s.fraction || literal[0] == '-' || strings.ContainsAny(literal, "eE") {
		return false
	}
	return !slices.ContainsFunc(s.rules, func(rule *jsonschema.Schema) bool {
		return rule.Const != nil || rule.Enum != nil || rule.Maximum != nil || rule.Minimum != nil && rule.Minimum.Sign() > 0
	})
}

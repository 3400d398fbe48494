package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Lookup finds a top-level field of an event. Values are what encoding/json
// decodes with UseNumber: map[string]any, []any, string, json.Number, bool, nil.
type Lookup func(name string) (value any, found bool)

// step is one field name on the way to a condition, below its parent's object.
type step struct {
	name  string
	cond  *condition // what the field's own plain values have to meet, or nil
	steps []*step    // what the fields of its object have to meet
}

// tree arranges the conditions of a branch by field, siblings in the order of
// their whole paths.
func tree(b branch) *step {
	root := &step{}
	for i := range b {
		at := root
		for _, name := range b[i].path {
			same := func(s *step) bool { return s.name == name }
			found := slices.IndexFunc(at.steps, same)
			if found < 0 {
				at.steps = append(at.steps, &step{name: name})
				found = len(at.steps) - 1
			}
			at = at.steps[found]
		}
		at.cond = &b[i]
	}
	root.sort()
	return root
}

func (s *step) sort() {
	for _, inner := range s.steps {
		inner.sort()
	}
	key := func(s *step) string {
		if len(s.steps) > 0 {
			return s.name + "."
		}
		return s.name
	}
	slices.SortFunc(s.steps, func(a, b *step) int { return strings.Compare(key(a), key(b)) })
}

// Match tells whether the event meets the pattern. Fields that the pattern
// does not name are never looked up, so an event may be decoded lazily.
func (p *Pattern) Match(event Lookup) bool {
	for _, b := range p.branches {
		m := matching{names: make([]string, 0, usualDepth)}
		if m.branch(b, event) {
			return true
		}
	}
	return false
}

// MatchJSON decodes an event and matches it. The error tells that the event is
// not a JSON object.
func (p *Pattern) MatchJSON(event []byte) (bool, error) {
	fields, err := Decode(event)
	if err != nil {
		return false, err
	}
	return p.Match(func(name string) (any, bool) {
		v, ok := fields[name]
		return v, ok
	}), nil
}

// Decode reads one JSON object in the form that Match wants. The error tells
// that the text is not one whole JSON object.
func Decode(object []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.UseNumber()
	var fields map[string]any
	if err := dec.Decode(&fields); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if fields == nil {
		return nil, errors.New("not a JSON object: null")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a JSON object: text after its end")
	}
	return fields, nil
}

// usualDepth is as deep as nearly every pattern goes.
const usualDepth = 8

// matching is the state of matching one event against one branch.
type matching struct {
	// names leads from the top of the event to the object at hand.
	names []string
	// arrays are those around the object at hand, outermost first.
	arrays []around
	// pinned is how many of them an earlier condition has matched inside: for
	// these the element at hand is the only one that counts.
	pinned int
	// absence remembers what whole arrays were found to lack.
	absence map[absenceKey]bool
}

type around struct {
	elements []any
	depth    int // how many names lead to it
}

type absenceKey struct {
	step  *step
	array *any
}

func (m *matching) branch(root *step, event Lookup) bool {
	for _, s := range root.steps {
		v, found := event(s.name)
		if !m.step(s, v, found) {
			return false
		}
	}
	return true
}

func (m *matching) object(s *step, fields map[string]any) bool {
	for _, inner := range s.steps {
		v, found := fields[inner.name]
		if !m.step(inner, v, found) {
			return false
		}
	}
	return true
}

func (m *matching) step(s *step, v any, found bool) bool {
	m.names = append(m.names, s.name)
	defer func() { m.names = m.names[:len(m.names)-1] }()
	if s.cond != nil && !m.condition(s, v, found) {
		return false
	}
	return len(s.steps) == 0 || m.inner(s, v)
}

// inner matches the fields below a value: an object's own, those of one element
// of an array, or none.
func (m *matching) inner(s *step, v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return m.object(s, v)
	case []any:
		return m.element(s, v)
	}
	return m.object(s, nil)
}

func (m *matching) element(s *step, elements []any) bool {
	structured := false
	m.arrays = append(m.arrays, around{elements: elements, depth: len(m.names)})
	defer func() { m.arrays = m.arrays[:len(m.arrays)-1] }()
	outside, pinned := len(m.arrays)-1, m.pinned
	for _, e := range elements {
		switch e.(type) {
		case map[string]any, []any:
		default:
			continue
		}
		structured = true
		if m.inner(s, e) {
			m.pinned = min(m.pinned, outside)
			return true
		}
		m.pinned = pinned
	}
	// Without an object in it the array has none of the fields.
	return !structured && m.object(s, nil)
}

func (m *matching) condition(s *step, v any, found bool) bool {
	if found && anyPlain(v, s.cond.matchers) {
		m.pinned = len(m.arrays)
		return true
	}
	if !s.cond.absent || found && hasPlain(v) {
		return false
	}
	if m.pinned == len(m.arrays) {
		return true
	}
	scope := m.arrays[m.pinned]
	if len(scope.elements) == 0 {
		return true
	}
	key := absenceKey{s, &scope.elements[0]}
	lacking, known := m.absence[key]
	if !known {
		lacking = !hasPath(scope.elements, m.names[scope.depth:])
		if m.absence == nil {
			m.absence = map[absenceKey]bool{}
		}
		m.absence[key] = lacking
	}
	return lacking
}

// anyPlain tells whether a matcher takes the value, or any plain value of it
// if it is an array.
func anyPlain(v any, matchers []matcher) bool {
	switch v := v.(type) {
	case map[string]any:
		return false
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return anyPlain(e, matchers) })
	}
	return slices.ContainsFunc(matchers, func(accepts matcher) bool { return accepts(v) })
}

func hasPlain(v any) bool {
	return anyPlain(v, []matcher{anything})
}

// hasPath tells whether a plain value lies at the path below a value, in any
// element of the arrays on the way.
func hasPath(v any, path []string) bool {
	switch v := v.(type) {
	case []any:
		if len(path) == 0 {
			return hasPlain(v)
		}
		return slices.ContainsFunc(v, func(e any) bool { return hasPath(e, path) })
	case map[string]any:
		if len(path) == 0 {
			return false
		}
		inner, found := v[path[0]]
		return found && hasPath(inner, path[1:])
	}
	return len(path) == 0
}

package task

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// tree is a JSON value that keeps the order of an object's members: models
// write an answer's properties in the order in which its schema lists them, and
// an operator who puts the reason before the verdict means it.
type tree struct {
	kind    byte // '{', '[' or 0 for anything else
	members []member
	items   []tree
	scalar  json.RawMessage
}

type member struct {
	name  string
	value tree
}

// maxDepth bounds the nesting of definitions and parameters.
const maxDepth = 24

var errDepth = fmt.Errorf("is nested more than %d deep", maxDepth)

// parseTree reads one JSON value. An object with two members of one name is an
// error: readers differ in which of them they take.
func parseTree(raw []byte) (tree, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	t, err := readTree(decoder, 0)
	if err != nil {
		return tree{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return tree{}, errors.New("has something after the JSON value")
	}
	return t, nil
}

func readTree(decoder *json.Decoder, depth int) (tree, error) {
	if depth > maxDepth {
		return tree{}, errDepth
	}
	token, err := decoder.Token()
	if err != nil {
		return tree{}, errors.New("is not JSON")
	}
	switch token {
	case json.Delim('{'):
		return readObject(decoder, depth)
	case json.Delim('['):
		t := tree{kind: '['}
		for decoder.More() {
			item, err := readTree(decoder, depth+1)
			if err != nil {
				return tree{}, err
			}
			t.items = append(t.items, item)
		}
		return t, closing(decoder)
	}
	return tree{scalar: encode(token)}, nil
}

func readObject(decoder *json.Decoder, depth int) (tree, error) {
	t := tree{kind: '{'}
	for decoder.More() {
		token, err := decoder.Token()
		name, isName := token.(string)
		if err != nil || !isName {
			return tree{}, errors.New("is not JSON")
		}
		if _, twice := t.get(name); twice {
			return tree{}, fmt.Errorf("has %q twice", cut(name))
		}
		value, err := readTree(decoder, depth+1)
		if err != nil {
			return tree{}, err
		}
		t.set(name, value)
	}
	return t, closing(decoder)
}

func closing(decoder *json.Decoder) error {
	if _, err := decoder.Token(); err != nil {
		return errors.New("is not JSON")
	}
	return nil
}

func (t tree) get(name string) (tree, bool) {
	for _, m := range t.members {
		if m.name == name {
			return m.value, true
		}
	}
	return tree{}, false
}

// set replaces the member of that name, or adds it at the end.
func (t *tree) set(name string, value tree) {
	for i := range t.members {
		if t.members[i].name == name {
			t.members[i].value = value
			return
		}
	}
	t.members = append(t.members, member{name, value})
}

// text is the value of a JSON string.
func (t tree) text() (string, bool) {
	var s string
	if t.kind != 0 || len(t.scalar) == 0 || t.scalar[0] != '"' || json.Unmarshal(t.scalar, &s) != nil {
		return "", false
	}
	return s, true
}

// bytes writes the value without white space, in its order.
func (t tree) bytes() json.RawMessage { return t.append(nil) }

// canonical writes it with the members of every object sorted, so that equal
// values have equal bytes.
func (t tree) canonical() json.RawMessage { return t.sorted().append(nil) }

func (t tree) append(out []byte) []byte {
	switch t.kind {
	case '{':
		out = append(out, '{')
		for i, m := range t.members {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(out, encode(m.name)...), ':')
			out = m.value.append(out)
		}
		return append(out, '}')
	case '[':
		out = append(out, '[')
		for i, item := range t.items {
			if i > 0 {
				out = append(out, ',')
			}
			out = item.append(out)
		}
		return append(out, ']')
	}
	return append(out, t.scalar...)
}

func (t tree) sorted() tree {
	s := tree{kind: t.kind, scalar: t.scalar}
	for _, m := range t.members {
		s.members = append(s.members, member{m.name, m.value.sorted()})
	}
	slices.SortFunc(s.members, func(a, b member) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	for _, item := range t.items {
		s.items = append(s.items, item.sorted())
	}
	return s
}

// encode writes a string, number, boolean or null. Signs such as < stay as they
// are: no browser reads this, and their escapes would cost tokens.
func encode(scalar any) json.RawMessage {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(scalar) != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// cut shortens a name for a message.
func cut(name string) string {
	if runes := []rune(name); len(runes) > 64 {
		return string(runes[:64]) + "…"
	}
	return name
}

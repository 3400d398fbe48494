package pattern

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Fields are the names in an object that somebody looks at, each with those that
// somebody looks at below it. The zero value is nobody; read-only once filled, it
// may be used by many goroutines at once.
type Fields struct {
	name  string
	below map[string]*Fields
}

// Add adds what a pattern looks at.
func (f *Fields) Add(p *Pattern) {
	for _, root := range p.branches {
		f.addSteps(root.steps)
	}
}

func (f *Fields) addSteps(steps []*step) {
	for _, s := range steps {
		f.add(s.name).addSteps(s.steps)
	}
}

// AddPath adds the field at the end of a path from the top.
func (f *Fields) AddPath(names ...string) {
	for _, name := range names {
		f = f.add(name)
	}
}

func (f *Fields) add(name string) *Fields {
	inner := f.below[name]
	if inner == nil {
		inner = &Fields{name: name}
		if f.below == nil {
			f.below = map[string]*Fields{}
		}
		f.below[name] = inner
	}
	return inner
}

// Below is what somebody looks at in the object of a field.
func (f *Fields) Below(name string) *Fields {
	if inner := f.below[name]; inner != nil {
		return inner
	}
	return &Fields{}
}

// Decode reads of a JSON object what somebody looks at and passes over the rest: to
// every pattern that was added, the result is as good as that of the function Decode.
// The object must be valid and without space between its tokens, as json.Compact
// leaves it.
func (f *Fields) Decode(object []byte) map[string]any {
	w := walk{text: object}
	return w.object(f)
}

// walk goes over valid JSON without space.
type walk struct {
	text []byte
	at   int
}

// value reads the value at hand, and of the objects in it only the fields. It
// leaves behind it.
func (w *walk) value(f *Fields) any {
	switch w.text[w.at] {
	case '{':
		return w.object(f)
	case '[':
		return w.array(f)
	}
	return plain(w.pass())
}

func (w *walk) object(f *Fields) map[string]any {
	fields := make(map[string]any, len(f.below))
	for w.at++; w.text[w.at] != '}'; w.separator() {
		name := unquoted(w.pass())
		w.at++ // the colon
		if inner := f.below[string(name)]; inner != nil {
			fields[inner.name] = w.value(inner) // of two with one name the last counts
		} else {
			w.pass()
		}
	}
	w.at++
	return fields
}

func (w *walk) array(f *Fields) []any {
	elements := []any{}
	for w.at++; w.text[w.at] != ']'; w.separator() {
		elements = append(elements, w.value(f))
	}
	w.at++
	return elements
}

func (w *walk) separator() {
	if w.text[w.at] == ',' {
		w.at++
	}
}

// pass goes behind the value at hand and returns its text.
func (w *walk) pass() []byte {
	began, depth := w.at, 0
	for ; w.at < len(w.text); w.at++ {
		switch w.text[w.at] {
		case '"':
			w.endOfText()
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth < 0 {
				return w.text[began:w.at]
			}
		case ',', ':':
			if depth == 0 {
				return w.text[began:w.at]
			}
		}
	}
	return w.text[began:]
}

// endOfText goes from an opening quote to the closing one.
func (w *walk) endOfText() {
	for w.at++; w.text[w.at] != '"'; w.at++ {
		if w.text[w.at] == '\\' {
			w.at++
		}
	}
}

// plain is the value of a token: a string, a json.Number, a bool or nil.
func plain(token []byte) any {
	switch token[0] {
	case '"':
		return string(unquoted(token))
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	}
	return json.Number(token)
}

// unquoted is what a JSON string stands for.
func unquoted(token []byte) []byte {
	inside := token[1 : len(token)-1]
	if bytes.IndexByte(inside, '\\') < 0 && utf8.Valid(inside) {
		return inside
	}
	var text string
	_ = json.Unmarshal(token, &text) // a valid string always is one
	return []byte(text)
}

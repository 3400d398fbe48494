package model

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"sluice/internal/local/bedrock/reading"
)

// source is what a place of the answer is filled from.
type source struct {
	model      *Model
	text       *reading.Text
	parameters *parameters
	id         string
	// entity is the one that a list of entities is at, else nil.
	entity *reading.Entity
	// field is the name that a list of name and value is at, else "".
	field string
	// around is the object that is being filled.
	around *node
	// choice remembers the label chosen in that object.
	choice *reading.Choice
	label  *reading.Label
	// pinned is the label that a list of labels is at, else nil.
	pinned *reading.Label
	// budget is how many bytes the whole answer may still have.
	budget *int
	// spare makes padding differ from what was said before.
	spare int
}

// answerBytes bounds an answer, whatever a schema demands.
const answerBytes = 4 << 20

// fillRoot fills the answer of a prompt.
func (m *Model) fillRoot(root *node, in input) ([]byte, error) {
	budget := answerBytes
	if in.packed {
		for i := range root.properties {
			if p := root.properties[i].node; p.packed() {
				return m.fillPacked(root, i, in, &budget)
			}
		}
		if root.packed() {
			return m.fillRecords(root, in, nil, &budget)
		}
	}
	texts := make([]string, len(in.records))
	for i, r := range in.records {
		texts[i] = r.text
	}
	c := &source{model: m, text: m.reader.Read(strings.Join(texts, "\n")), parameters: &in.parameters, budget: &budget}
	out, _, err := c.fill(root, nil, true)
	return out, err
}

// packed says whether the node is a list of answers with ids.
func (n *node) packed() bool {
	return n.kind == arrayKind && n.fixed == nil && n.items.kind == objectKind && n.items.fixed == nil &&
		len(n.items.properties) > 1 && n.items.property("id") != nil && n.items.property("id").kind == stringKind
}

// fillPacked fills an object whose property at holds the records' answers.
func (m *Model) fillPacked(root *node, at int, in input, budget *int) ([]byte, error) {
	out := []byte{'{'}
	for i, p := range root.properties {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, p.name)
		out = append(out, ':')
		var err error
		if i == at {
			out, err = m.fillRecords(p.node, in, out, budget)
		} else {
			c := &source{model: m, text: m.reader.Read(""), parameters: &in.parameters, around: root, budget: budget}
			out, _, err = c.fill(p.node, out, true)
		}
		if err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// fillRecords answers every record in order under its id.
func (m *Model) fillRecords(n *node, in input, out []byte, budget *int) ([]byte, error) {
	if len(in.records) < n.minItems {
		return nil, n.errorf("%d records are fewer than minItems %d", len(in.records), n.minItems)
	}
	records := in.records
	if n.maxItems >= 0 && len(records) > n.maxItems {
		return nil, n.errorf("%d records are more than maxItems %d", len(records), n.maxItems)
	}
	seen := map[string]bool{}
	out = append(out, '[')
	for i, r := range records {
		if i > 0 {
			out = append(out, ',')
		}
		c := &source{model: m, text: m.reader.Read(r.text), parameters: &in.parameters, id: r.id, budget: budget}
		if r.parameters != nil {
			c.parameters = r.parameters
		}
		from := len(out)
		var err error
		if out, _, err = c.fill(n.items, out, true); err != nil {
			return nil, err
		}
		if n.unique {
			if seen[string(out[from:])] {
				return nil, n.errorf("uniqueItems is true and two records have the same id and answer")
			}
			seen[string(out[from:])] = true
		}
	}
	return append(out, ']'), nil
}

// fill appends a value for a node. Unless it must, it may find nothing: then it
// appends nothing and says false.
func (c *source) fill(n *node, out []byte, must bool) ([]byte, bool, error) {
	if n.fixed != nil {
		return append(out, n.fixed...), true, nil
	}
	from := len(out)
	found := true
	var err error
	if *c.budget <= 0 {
		return nil, false, n.errorf("the answer that it demands is larger than %d bytes", answerBytes)
	}
	switch n.kind {
	case stringKind:
		out, found, err = c.fillString(n, out, must && !n.null)
	case numberKind, integerKind:
		out, found, err = c.fillNumber(n, out, must && !n.null)
	case booleanKind:
		out = c.fillBoolean(n, out)
	case nullKind:
		out = append(out, "null"...)
	case arrayKind:
		out, err = c.fillArray(n, out)
	case objectKind:
		out, err = c.fillObject(n, out)
	}
	if err != nil {
		return nil, false, err
	}
	if n.kind != arrayKind && n.kind != objectKind {
		*c.budget -= len(out) - from
	}
	*c.budget -= 64 // nothing is free: lists of empty things end too
	if !found && n.null && must {
		return append(out[:from], "null"...), true, nil
	}
	return out, found, nil
}

func (c *source) fillObject(n *node, out []byte) ([]byte, error) {
	inner := *c
	inner.around, inner.choice, inner.label = n, nil, nil
	inner.decide(n)
	out = append(out, '{')
	written := false
	for _, p := range n.properties {
		from := len(out)
		if written {
			out = append(out, ',')
		}
		out = appendString(out, p.name)
		out = append(out, ':')
		filled, found, err := inner.fill(p.node, out, p.required)
		switch {
		case err != nil && !p.required && *c.budget > 0:
			out = out[:from] // nothing in this text fits it
		case err != nil:
			return nil, err
		case !found:
			out = filled[:from]
		default:
			out, written = filled, true
		}
	}
	return append(out, '}'), nil
}

// decide chooses the object's label before the rest, so that a confidence or a
// reason can speak of it.
func (c *source) decide(n *node) {
	for _, p := range n.properties {
		q := p.node
		labels := c.labelsFor(q)
		if labels == nil {
			continue
		}
		choice := c.choose(labels)
		c.choice, c.label = &choice, labels[choice.Index]
		return
	}
}

// choose picks a label by likeness, or the pinned one.
func (c *source) choose(labels []*reading.Label) reading.Choice {
	for i, l := range labels {
		if c.pinned != nil && l.Name == c.pinned.Name {
			only := c.text.Choose(labels[i : i+1])
			only.Index = i
			return only
		}
	}
	return c.text.Choose(labels)
}

// labelsFor are the labels that a string node chooses among, nil when it does
// not choose by likeness.
func (c *source) labelsFor(n *node) []*reading.Label {
	if n.kind != stringKind || n.scale.of != unclear || n.fixed != nil {
		return nil
	}
	if len(n.labels) > 0 {
		return c.described(n)
	}
	if n.means != label && n.means != keywords && n.means != title && !n.has("value", "name", "text") {
		return nil
	}
	if n.means != label && (c.around == nil || len(c.around.properties) > 3) {
		return nil
	}
	if len(c.parameters.labels) == 0 {
		if n.means != label {
			return nil
		}
		return c.model.vocab.common
	}
	if n.means == title || c.entity != nil || c.field != "" {
		return nil
	}
	labels := make([]*reading.Label, len(c.parameters.labels))
	for i, o := range c.parameters.labels {
		labels[i] = c.model.label(o)
	}
	return labels
}

// described are a node's labels with the descriptions that the parameters give.
func (c *source) described(n *node) []*reading.Label {
	labels := n.labels
	for _, o := range c.parameters.labels {
		if o.description == "" {
			continue
		}
		for i, l := range n.labels {
			if l.Name == o.name {
				if &labels[0] == &n.labels[0] {
					labels = append([]*reading.Label(nil), n.labels...)
				}
				labels[i] = c.model.label(o)
			}
		}
	}
	return labels
}

// appendString appends a JSON string.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	from := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= 0x20 && b != '"' && b != '\\' && b < utf8.RuneSelf {
			i++
			continue
		}
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			out = append(append(out, s[from:i]...), "\ufffd"...)
		} else {
			out = append(out, s[from:i]...)
			switch b {
			case '"', '\\':
				out = append(out, '\\', b)
			case '\n':
				out = append(out, '\\', 'n')
			case '\t':
				out = append(out, '\\', 't')
			case '\r':
				out = append(out, '\\', 'r')
			default:
				out = append(out, `\u00`...)
				out = append(out, "0123456789abcdef"[b>>4], "0123456789abcdef"[b&15])
			}
		}
		i++
		from = i
	}
	return append(append(out, s[from:]...), '"')
}

func appendRaw(out []byte, raw json.RawMessage) []byte { return append(out, raw...) }

package model

import (
	"fmt"
	"strings"

	"sluice/internal/local/bedrock/reading"
)

// Lists are short unless the schema wants them longer.
const (
	usualKeywords  = 5
	usualSentences = 3
	usualEntities  = 20
)

// fillArray appends a list. Each item is filled from its own source; what
// is missing to minItems is filled from the text as a whole. A text that has
// nothing of the kind gives an empty list.
func (c *source) fillArray(n *node, out []byte) ([]byte, error) {
	sources, texts := c.itemsFor(n)
	out = append(out, '[')
	l := &list{node: n, out: out}
	for _, i := range c.optionsFor(n.items) {
		if !l.full() {
			l.add(n.items.options[i].raw)
		}
	}
	for _, s := range texts {
		if l.full() {
			break
		}
		fitted, err := c.fitString(n.items, s)
		if err != nil {
			return nil, err
		}
		l.add(appendString(nil, fitted))
	}
	for _, inner := range sources {
		if l.full() {
			break
		}
		item, _, err := inner.fill(n.items, nil, true)
		if err != nil {
			return nil, err
		}
		l.add(item)
	}
	if err := c.pad(l); err != nil {
		return nil, err
	}
	return append(l.out, ']'), nil
}

// list is an array while it grows.
type list struct {
	node  *node
	out   []byte
	count int
	seen  map[string]bool
}

func (l *list) full() bool { return l.node.maxItems >= 0 && l.count >= l.node.maxItems }

// add appends an item, unless it must be unique and is not.
func (l *list) add(item []byte) bool {
	if l.node.unique {
		if l.seen == nil {
			l.seen = map[string]bool{}
		}
		if l.seen[string(item)] {
			return false
		}
		l.seen[string(item)] = true
	}
	if l.count > 0 {
		l.out = append(l.out, ',')
	}
	l.out = append(l.out, item...)
	l.count++
	return true
}

// pad fills a list up to minItems.
func (c *source) pad(l *list) error {
	n := l.node
	if l.count >= n.minItems {
		return nil
	}
	if n.items.kind == stringKind && n.items.options == nil && n.items.fixed == nil && n.items.format == "" {
		for _, s := range append(c.text.Keywords(n.minItems*2), c.text.KeySentences(n.minItems)...) {
			if l.count >= n.minItems {
				return nil
			}
			fitted, err := c.fitString(n.items, s)
			if err != nil {
				return err
			}
			l.add(appendString(nil, fitted))
		}
	}
	for _, o := range n.items.options {
		if l.count < n.minItems {
			l.add(o.raw)
		}
	}
	for spare := 0; l.count < n.minItems; spare++ {
		inner := *c
		inner.spare = spare
		item, _, err := inner.fill(n.items, nil, true)
		if err != nil {
			return err
		}
		if !l.add(item) && spare > n.minItems {
			return n.errorf("%d different items are wanted and only %d were found", n.minItems, l.count)
		}
	}
	return nil
}

// itemsFor is what the items of a list are filled from: sources, or strings
// that need none.
func (c *source) itemsFor(n *node) ([]source, []string) {
	items := n.items
	if items.fixed != nil {
		return nil, nil
	}
	switch items.kind {
	case objectKind:
		return c.objects(n), nil
	case stringKind:
		if len(items.options) > 0 {
			return nil, nil
		}
		if items.format != "" {
			return c.one(), nil
		}
		return nil, c.stringsFor(n)
	case numberKind, integerKind:
		var sources []source
		for i := range min(10, len(c.numbers())) {
			inner := *c
			inner.spare = i
			sources = append(sources, inner)
		}
		return sources, nil
	}
	return nil, nil
}

func (c *source) one() []source { return []source{*c} }

// optionsFor are the allowed strings, by index, that the text is like.
func (c *source) optionsFor(items *node) []int {
	switch {
	case items.kind != stringKind || len(items.options) == 0:
		return nil
	case items.scale.of != unclear:
		return []int{c.pick(items)}
	}
	return c.text.ChooseAll(c.described(items))
}

// stringsFor are the strings of a list by its purpose.
func (c *source) stringsFor(n *node) []string {
	most := usualEntities
	if n.maxItems >= 0 {
		most = n.maxItems
	}
	if kinds := c.model.vocab.kinds[n.means]; kinds != nil {
		return texts(c.text.EntitiesOf(kinds...), most)
	}
	means := n.means
	if described, asked := c.parameters.field(n.name); asked && means == unclear {
		// A field that somebody asks for is looked up, never guessed.
		means = c.model.vocab.purpose(&node{hint: strings.ToLower(described)})
		kinds := c.model.vocab.kinds[means]
		if value, ok := c.labelled(n.name); ok && kinds == nil {
			return []string{value}
		}
		return texts(c.text.EntitiesOf(kinds...), most)
	}
	switch means {
	case entities:
		return texts(c.text.Entities(), most)
	case label:
		return c.labelNames()
	case keywords:
		if len(c.parameters.labels) > 0 && n.has("tag", "tags", "topic", "topics", "theme", "themes") {
			return c.labelNames()
		}
		return c.text.Keywords(max(n.minItems, min(most, usualKeywords)))
	case language:
		return []string{c.text.Language()}
	case sentiment:
		return []string{c.text.Sentiment().Label()}
	case questions:
		var out []string
		for _, q := range c.text.Questions() {
			out = append(out, c.text.Slice(q))
		}
		return out
	case actions:
		return c.requests(usualSentences)
	case points, summary, quote, reason, title:
		if n.minItems == 0 && len(c.text.Sentences()) <= max(1, c.parameters.sentences-1) {
			return nil // the summary beside it has said it all
		}
		return c.text.KeySentences(max(n.minItems, min(most, usualSentences)))
	}
	return c.text.Keywords(max(n.minItems, min(most, usualKeywords)))
}

func texts(found []reading.Entity, most int) []string {
	var out []string
	seen := map[string]bool{}
	for _, e := range found {
		if len(out) == most {
			break
		}
		if !seen[e.Text] {
			seen[e.Text] = true
			out = append(out, e.Text)
		}
	}
	return out
}

// labelNames are the parameters' labels, or else the usual ones, that the text
// is like.
func (c *source) labelNames() []string {
	labels := c.model.vocab.common
	if len(c.parameters.labels) > 0 {
		labels = make([]*reading.Label, 0, len(c.parameters.labels))
		for _, o := range c.parameters.labels {
			labels = append(labels, c.model.label(o))
		}
	}
	var out []string
	for _, i := range c.text.ChooseAll(labels) {
		out = append(out, labels[i].Name)
	}
	return out
}

// requests are up to n sentences that ask for something to be done.
func (c *source) requests(n int) []string {
	var out []string
	for i, s := range c.text.Sentences() {
		if len(out) == n || i == 200 {
			break
		}
		sentence := c.text.Slice(s)
		if len(sentence) < 4<<10 && c.model.reader.Read(sentence).Concept("reply") >= 1.5 {
			out = append(out, sentence)
		}
	}
	return out
}

// objects are the sources of a list of objects: one per asked field, per
// entity, per label, or per weighty sentence.
func (c *source) objects(n *node) []source {
	var out []source
	items := n.items
	named := items.property("name", "field", "key", "label") != nil
	valued := items.property("value", "text", "content", "answer") != nil
	if fields := c.parameters.fields; len(fields) > 0 && named && valued {
		for _, f := range fields {
			inner := *c
			inner.field = f.name
			out = append(out, inner)
		}
		return out
	}
	kinds := c.model.vocab.kinds[n.means]
	typed := items.property("type", "kind", "entity", "entity_type", "entityType") != nil
	if n.means == entities || kinds != nil || typed && (valued || items.property("name", "mention", "entity") != nil) {
		found := c.text.Entities()
		if kinds != nil {
			found = c.text.EntitiesOf(kinds...)
		}
		seen := map[string]bool{}
		for i := range found {
			if key := fmt.Sprint(found[i].Kind, found[i].Text); !seen[key] && len(out) < usualEntities {
				seen[key] = true
				inner := *c
				inner.entity = &found[i]
				out = append(out, inner)
			}
		}
		return out
	}
	for _, p := range items.properties {
		labels := c.labelsFor(p.node)
		if labels == nil || p.node.means != label {
			continue
		}
		for _, i := range c.text.ChooseAll(labels) {
			inner := *c
			inner.pinned = labels[i]
			out = append(out, inner)
		}
		return out
	}
	sentences := c.text.KeySentences(usualSentences)
	if n.means == questions {
		sentences = c.stringsFor(n)
	}
	for _, s := range sentences {
		inner := *c
		inner.text = c.model.reader.Read(strings.TrimSpace(s))
		out = append(out, inner)
	}
	return out
}

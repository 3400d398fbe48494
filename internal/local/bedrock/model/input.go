package model

import (
	"bytes"
	"encoding/json"
	"strings"
)

// input is what a prompt is about.
type input struct {
	// packed says that the records came with ids in a JSON document.
	packed     bool
	records    []record
	parameters parameters
}

type record struct {
	id         string
	text       string
	parameters *parameters // the record's own, else nil
}

// parameters are the ones that the model understands; it ignores others.
type parameters struct {
	labels    []labelOption
	fields    []labelOption
	language  string
	sentences int
	words     int
	length    int // characters
}

type labelOption struct{ name, description string }

// jsonTries bounds how often a JSON document is looked for in one message.
const jsonTries = 8

// findInput finds the packed document in the text blocks, the last one first;
// without one, the blocks together are a single record.
func findInput(blocks []string) input {
	for i := len(blocks) - 1; i >= 0; i-- {
		if in, ok := findPacked(blocks[i]); ok {
			return in
		}
	}
	return input{records: []record{{text: strings.Join(blocks, "\n")}}}
}

func findPacked(text string) (input, bool) {
	rest := text
	for range jsonTries {
		at := strings.IndexByte(rest, '{')
		if at < 0 {
			return input{}, false
		}
		rest = rest[at:]
		var document map[string]json.RawMessage
		decoder := json.NewDecoder(strings.NewReader(rest))
		if decoder.Decode(&document) != nil {
			rest = rest[1:]
			continue
		}
		if in, ok := readPacked(document); ok {
			return in, true
		}
		rest = rest[decoder.InputOffset():]
	}
	return input{}, false
}

func readPacked(document map[string]json.RawMessage) (input, bool) {
	var in input
	in.parameters = readParameters(first(document, "parameters", "params"))
	raw := first(document, "records", "items", "inputs", "documents", "messages")
	var list []json.RawMessage
	if raw == nil || json.Unmarshal(raw, &list) != nil {
		// One record, not packed.
		text := first(document, "text", "input", "content", "body", "message")
		if text == nil {
			return input{}, false
		}
		in.records = []record{{text: plainText(text)}}
		return in, true
	}
	in.packed = true
	for _, item := range list {
		var fields map[string]json.RawMessage
		if json.Unmarshal(item, &fields) != nil || fields == nil {
			in.records = append(in.records, record{text: plainText(item)})
			continue
		}
		r := record{
			id:   plainText(first(fields, "id", "recordId", "record_id", "key")),
			text: plainText(first(fields, "text", "input", "content", "body", "message", "data")),
		}
		if own := first(fields, "parameters", "params"); own != nil {
			p := readParameters(own)
			r.parameters = &p
		}
		in.records = append(in.records, r)
	}
	return in, true
}

// first is the first of the fields that there is; nil if none.
func first(fields map[string]json.RawMessage, names ...string) json.RawMessage {
	for _, name := range names {
		if raw, ok := fields[name]; ok {
			return raw
		}
	}
	return nil
}

// plainText is a JSON string's text, an object's text field, or else the JSON
// itself; null is empty.
func plainText(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var s string
	if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	if raw[0] == '{' {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) == nil {
			var s string
			if inner := first(fields, "text", "content", "body"); inner != nil && json.Unmarshal(inner, &s) == nil {
				return s
			}
		}
	}
	return string(raw)
}

func readParameters(raw json.RawMessage) parameters {
	var p parameters
	var fields map[string]json.RawMessage
	if raw == nil || json.Unmarshal(raw, &fields) != nil {
		return p
	}
	p.labels = readLabels(first(fields, "labels", "categories", "classes", "options", "topics"))
	var descriptions map[string]string
	if json.Unmarshal(first(fields, "descriptions", "labelDescriptions", "label_descriptions"), &descriptions) == nil {
		for i := range p.labels {
			if p.labels[i].description == "" {
				p.labels[i].description = descriptions[p.labels[i].name]
			}
		}
	}
	p.fields = readLabels(first(fields, "fields", "keys", "attributes", "extract", "entities"))
	p.language = strings.ToLower(plainText(first(fields, "language", "lang", "targetLanguage", "target_language", "outputLanguage")))
	p.sentences = wholeNumber(first(fields, "sentences", "maxSentences", "max_sentences"))
	p.words = wholeNumber(first(fields, "words", "maxWords", "max_words"))
	p.length = wholeNumber(first(fields, "maxLength", "max_length", "maxCharacters", "max_characters", "characters", "length"))
	return p
}

// labelLimit is how many labels or fields are taken from the parameters.
const labelLimit = 500

// field is the description of a field that the parameters ask for by name.
func (p *parameters) field(name string) (description string, asked bool) {
	for _, f := range p.fields {
		if f.name == name {
			return f.description, true
		}
	}
	return "", false
}

// readLabels reads ["a", …], [{"name": "a", "description": "…"}, …],
// {"a": "…", …} or "a, b".
func readLabels(raw json.RawMessage) []labelOption {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil
	}
	var out []labelOption
	add := func(name, description string) {
		if name != "" && len(out) < labelLimit {
			out = append(out, labelOption{name, description})
		}
	}
	switch raw[0] {
	case '[':
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return nil
		}
		for _, item := range items {
			var fields map[string]json.RawMessage
			if json.Unmarshal(item, &fields) == nil && fields != nil {
				add(plainText(first(fields, "name", "label", "id", "value")), plainText(first(fields, "description", "about", "meaning")))
				continue
			}
			add(plainText(item), "")
		}
	case '{':
		keys, values, err := orderedObject(raw)
		if err != nil {
			return nil
		}
		for i, key := range keys {
			add(key, plainText(values[i]))
		}
	case '"':
		for _, name := range strings.Split(plainText(raw), ",") {
			add(strings.TrimSpace(name), "")
		}
	}
	return out
}

func wholeNumber(raw json.RawMessage) int {
	var n int
	if raw == nil || json.Unmarshal(raw, &n) != nil || n < 0 {
		return 0
	}
	return n
}

// orderedObject reads a JSON object with its fields in order.
func orderedObject(raw json.RawMessage) (keys []string, values []json.RawMessage, err error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if _, err := decoder.Token(); err != nil {
		return nil, nil, err
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, nil, err
		}
		name, _ := key.(string)
		keys, values = append(keys, name), append(values, value)
	}
	return keys, values, nil
}

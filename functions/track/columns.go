package track

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"sluice/internal/upload"
)

const (
	// maxColumns bounds the input's columns, and the answer's. What is beyond is
	// kept in the column of the same name with moreSuffix.
	maxColumns = 2000
	moreColumn = "(more fields)"
	// answerPrefix begins the name of an answer's column.
	answerPrefix = "answer."
)

// columns are names in the order in which they were first seen. A name that
// occurs twice in one record is two columns.
type columns struct {
	names []string
	index map[string]int
	more  bool
}

func newColumns() *columns { return &columns{index: map[string]int{}} }

// cell is a value under a name.
type cell struct{ name, value string }

// learn adds the columns that the cells need.
func (c *columns) learn(cells []cell) {
	for key, one := range keyed(cells) {
		if _, known := c.index[key]; known {
			continue
		}
		if len(c.names) == maxColumns {
			c.more = true
			continue
		}
		c.index[key] = len(c.names)
		c.names = append(c.names, one.name)
	}
}

// header is the names as they stand in the file.
func (c *columns) header() []string {
	if !c.more {
		return c.names
	}
	return append(slices.Clone(c.names), moreColumn)
}

// row puts the cells under their columns; what is not there is empty.
func (c *columns) row(cells []cell) []string {
	row := make([]string, len(c.header()))
	more := map[string]string{}
	for key, one := range keyed(cells) {
		if i, known := c.index[key]; known {
			row[i] = one.value
		} else {
			more[one.name] = one.value
		}
	}
	if c.more && len(more) > 0 {
		raw, _ := json.Marshal(more) // a map of strings cannot fail
		row[len(row)-1] = string(raw)
	}
	return row
}

// keyed yields the cells with keys that tell equal names apart.
func keyed(cells []cell) func(func(string, cell) bool) {
	return func(yield func(string, cell) bool) {
		seen := make(map[string]int, len(cells))
		for _, one := range cells {
			seen[one.name]++
			if !yield(one.name+"\x00"+strconv.Itoa(seen[one.name]), one) {
				return
			}
		}
	}
}

func inputCells(r upload.Record) []cell {
	cells := make([]cell, len(r.Fields))
	for i, f := range r.Fields {
		cells[i] = cell{f.Name, f.Value}
	}
	return cells
}

// answerCells flattens an answer: a cell per field of an object, in its order,
// and one named "answer" for anything else.
func answerCells(answer json.RawMessage) []cell {
	fields, is := objectFields(answer)
	if !is {
		if len(answer) == 0 {
			return nil
		}
		return []cell{{"answer", flat(answer)}}
	}
	cells := make([]cell, len(fields))
	for i, f := range fields {
		cells[i] = cell{answerPrefix + f.name, flat(f.value)}
	}
	return cells
}

type rawField struct {
	name  string
	value json.RawMessage
}

// objectFields takes a JSON object apart, in its order.
func objectFields(raw json.RawMessage) ([]rawField, bool) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, false
	}
	var fields []rawField
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, false
		}
		f := rawField{name: name.(string)} // a key is always a string
		if err := decoder.Decode(&f.value); err != nil {
			return nil, false
		}
		fields = append(fields, f)
	}
	return fields, true
}

// flat writes a JSON value as a cell: a string's characters, an array of plain
// values joined by "; ", nothing for null, anything else as JSON.
func flat(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text // of null too
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		parts := make([]string, len(list))
		for i, one := range list {
			if c := bytes.TrimSpace(one); len(c) > 0 && (c[0] == '{' || c[0] == '[') {
				return compact(raw)
			}
			parts[i] = flat(one)
		}
		return strings.Join(parts, "; ")
	}
	return compact(raw)
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// unlike gives ours another name where the input has a column of that name.
func unlike(taken []string, ours ...string) []string {
	named := make([]string, len(ours))
	for i, name := range ours {
		named[i] = name
		for slices.Contains(taken, named[i]) {
			named[i] = "sluice." + named[i]
		}
	}
	return named
}

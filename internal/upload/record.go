package upload

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"sluice/events"
)

// Record is one record of an upload, good or bad.
type Record struct {
	// Position counts all records of the upload from 1, bad ones included.
	Position int
	// Line is the line the record begins on, from 1, in the file or in the zip's
	// member; 0 where a record is not in a line (a member that cannot be read).
	Line int
	// File is the member's name in a zip, "" elsewhere.
	File string
	// CallerID is what the record says as its id, "" if nothing.
	CallerID string
	// Text is what the model is asked about, untouched; "" in a bad record.
	Text string
	// Request is the whole of what is asked, where the record says it in the form
	// of a RequestReceived's data. Its Task is "" where the record says none.
	Request *events.RequestReceived
	// Fields are all fields of the record in the order of the file, the text
	// included. Nil where the record could not be taken apart.
	Fields []Field
	// Problems are what is wrong with the record; none in a good one.
	Problems []events.Problem
}

// Field is one field of a record.
type Field struct {
	Name string
	// Value is the field as a cell of a table shows it: a CSV cell, a line, a JSON
	// string's characters, any other JSON value as it is written in the file.
	Value string
	// Raw is the JSON value as it is written in the file; nil outside JSON.
	Raw json.RawMessage
}

// defaultField is the text field's name where a definition names none.
const defaultField = "text"

// standIns are the CSV columns that may be the text where the definition names
// no field and the file has no column text.
var standIns = []string{"message", "body", "content", "description"}

// shape is what a record must look like.
type shape struct {
	field string
	// told: the definition named the field, so nothing else stands in for it.
	told   bool
	limits Limits
}

func newShape(o Options) shape {
	s := shape{field: o.TextField, told: o.TextField != "", limits: o.Limits}
	if !s.told {
		s.field = defaultField
	}
	return s
}

// checkText lists what is wrong with a text; field is a JSON pointer to it.
func (s shape) checkText(field, text string) []events.Problem {
	problem := func(code, message string) []events.Problem {
		return []events.Problem{{Field: field, Code: code, Message: message}}
	}
	switch {
	case len(text) > s.limits.TextBytes:
		return problem(events.CodeTooLarge, fmt.Sprintf("the text has %d bytes, may have at most %d", len(text), s.limits.TextBytes))
	case !utf8.ValidString(text):
		return problem(events.CodeEncoding, notUTF8)
	case strings.IndexByte(text, 0) >= 0:
		return problem(events.CodeEncoding, "the text has a NUL character")
	case strings.TrimSpace(text) == "":
		return problem(events.CodeEmpty, "the text is empty")
	}
	return nil
}

const notUTF8 = "the record is not UTF-8; save the file as UTF-8"

func (s shape) tooLong(line int) Record {
	return bad(line, events.CodeTooLarge, fmt.Sprintf("the record has more than %d bytes", s.limits.RecordBytes))
}

// ofLine makes a record of a text file's line.
func (s shape) ofLine(line []byte, number int) Record {
	text := string(line)
	r := Record{Line: number, Problems: s.checkText("", text)}
	if utf8.ValidString(text) {
		r.Fields = []Field{{Name: s.field, Value: text}}
	}
	if len(r.Problems) == 0 {
		r.Text = text
	}
	return r
}

// bad is a record of which nothing else is known.
func bad(line int, code, message string) Record {
	return Record{Line: line, Problems: []events.Problem{{Code: code, Message: message}}}
}

// pointer is the JSON pointer to a top-level field. The name may be the file's
// own, so it is cut.
func pointer(name string) string {
	return "/" + strings.ReplaceAll(strings.ReplaceAll(shortName(name), "~", "~0"), "/", "~1")
}

const maxName = 64

// shortName cuts a name that is shown in a message.
func shortName(name string) string {
	if len(name) <= maxName {
		return name
	}
	if runes := []rune(name); len(runes) > maxName {
		return string(runes[:maxName]) + "…"
	}
	return name
}

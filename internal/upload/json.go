package upload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/events"
	"sluice/schemas"
)

// jsonLines reads a JSON value a line.
type jsonLines struct {
	*lines
	shape shape
}

func (s jsonLines) next() (Record, error) {
	line, number, tooLong, err := s.lines.next()
	switch {
	case err != nil:
		return Record{}, err
	case tooLong:
		return s.shape.tooLong(number), nil
	}
	r := s.shape.ofJSON(bytes.Clone(line))
	r.Line = number
	return r, nil
}

// ofJSON makes a record of a JSON value. The record keeps the line.
func (s shape) ofJSON(line []byte) Record {
	line = bytes.TrimSpace(line)
	switch {
	case !utf8.Valid(line):
		return bad(0, events.CodeEncoding, notUTF8)
	case !json.Valid(line):
		return bad(0, events.CodeNotJSON, notJSON(line))
	case line[0] == '"':
		return s.ofString(line)
	case line[0] == '{':
		return s.ofObject(line)
	}
	return bad(0, "type", "the record is "+kindOf(line)+", must be an object or a string")
}

// notJSON says where the line stops being JSON. The decoder's own message may
// quote the line.
func notJSON(line []byte) string {
	var syntax *json.SyntaxError
	if err := json.Unmarshal(line, new(json.RawMessage)); errors.As(err, &syntax) {
		return fmt.Sprintf("the line is not JSON from its byte %d on", syntax.Offset)
	}
	return "the line is not JSON"
}

func (s shape) ofString(line []byte) Record {
	text := unquote(line)
	r := Record{Fields: []Field{{Name: s.field, Value: text, Raw: line}}, Problems: s.checkText("", text)}
	if len(r.Problems) == 0 {
		r.Text = text
	}
	return r
}

func (s shape) ofObject(line []byte) Record {
	r := Record{Fields: members(line)}
	var text, input *Field
	for i := range r.Fields {
		f := &r.Fields[i]
		// As for every JSON reader, the last of equal names counts.
		switch f.Name {
		case s.field:
			text = f
		case "input":
			input = f
		}
		if f.Name == "id" {
			r.CallerID = callerID(*f)
		}
	}
	switch {
	case text == nil && input != nil && input.Raw[0] == '{':
		s.asRequest(&r)
	case text == nil:
		r.Problems = s.noText("the record")
	case text.Raw[0] == '"':
		if r.Problems = s.checkText(pointer(s.field), text.Value); len(r.Problems) == 0 {
			r.Text = text.Value
		}
	default:
		r.Problems = []events.Problem{{Field: pointer(s.field), Code: "type", Message: "is " + kindOf(text.Raw) + ", must be a string"}}
	}
	return r
}

func (s shape) noText(who string) []events.Problem {
	return []events.Problem{{Field: pointer(s.field), Code: events.CodeNoText,
		Message: fmt.Sprintf("%s has no field %q; the definition's textField names another", who, shortName(s.field))}}
}

// asRequest reads the record as the data of a RequestReceived, strictly. Only
// the caller's id may stand beside it, and the task may be left out.
func (s shape) asRequest(r *Record) {
	data, task := bytes.NewBufferString(`{"data":{`), false
	for _, f := range r.Fields {
		switch f.Name {
		case "id":
			continue
		case "task":
			task = true
		}
		name, _ := json.Marshal(f.Name)
		fmt.Fprintf(data, "%s:%s,", name, f.Raw)
	}
	if !task {
		data.WriteString(`"task":"` + anyTask + `",`)
	}
	data.Truncate(data.Len() - 1)
	data.WriteString("}}")

	kind := events.RequestReceived{}
	found, err := schemas.ValidateEvent(kind.Type(), kind.Version(), data.Bytes())
	if err != nil {
		r.Problems = []events.Problem{{Code: events.CodeNotJSON, Message: "the record does not decode"}}
		return
	}
	for _, p := range found {
		p.Path = strings.TrimPrefix(p.Path, "/data")
		r.Problems = append(r.Problems, events.ProblemsOf("", []schemas.Problem{p})...)
	}
	var detail struct {
		Data events.RequestReceived `json:"data"`
	}
	if err := json.Unmarshal(data.Bytes(), &detail); err != nil && len(r.Problems) == 0 {
		r.Problems = []events.Problem{{Code: events.CodeNotJSON, Message: "the record does not decode"}}
	}
	request := detail.Data
	if !task {
		request.Task = ""
	}
	if request.Input.Text != "" {
		r.Problems = append(r.Problems, s.checkText("/input/text", request.Input.Text)...)
	}
	if request.Upload != nil {
		r.Problems = append(r.Problems, events.Problem{Field: "/upload", Code: events.CodeUnsupported, Message: "a record of a file cannot say that it belongs to another"})
	}
	if len(request.Params) > MaxParamsBytes {
		r.Problems = append(r.Problems, events.Problem{Field: "/params", Code: events.CodeTooLarge,
			Message: fmt.Sprintf("has %d bytes, may have at most %d", len(request.Params), MaxParamsBytes)})
	}
	if len(r.Problems) == 0 {
		r.Request, r.Text = &request, request.Input.Text
	}
}

// anyTask stands for the upload's own task while a record without one is
// checked.
const anyTask = "task"

// callerID is the id as text: a string's characters or a number's digits.
func callerID(f Field) string {
	if c := f.Raw[0]; c == '"' || c == '-' || '0' <= c && c <= '9' {
		return f.Value
	}
	return ""
}

func kindOf(value []byte) string {
	switch value[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// members takes a JSON object that is known to be valid apart, in order.
func members(object []byte) []Field {
	var fields []Field
	i := space(object, 1)
	for object[i] != '}' {
		end := valueEnd(object, i)
		f := Field{Name: unquote(object[i:end])}
		i = space(object, end) // the colon
		i = space(object, i+1) // the value
		end = valueEnd(object, i)
		f.Raw = object[i:end:end]
		if f.Value = string(f.Raw); f.Raw[0] == '"' {
			f.Value = unquote(f.Raw)
		}
		fields = append(fields, f)
		if i = space(object, end); object[i] == ',' {
			i = space(object, i+1)
		}
	}
	return fields
}

// space is the first index from i that is not JSON's white space.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

// valueEnd is the index after the JSON value that begins at i.
func valueEnd(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // the end of what a number or a word is in
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// unquote gives the characters of a valid JSON string.
func unquote(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		// Not reached: the string is a part of valid JSON.
		return strconv.Quote(string(inner))
	}
	return s
}

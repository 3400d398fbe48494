package upload

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"sluice/events"
)

// csvRows reads a record a row, after the header.
type csvRows struct {
	rows   rows
	shape  shape
	header []string
	// text and id are the columns' indexes, -1 where there is none.
	text, id int
}

// separators are tried on the header; the one that stands there most often is
// the file's, the first of these at a tie.
const separators = ",;\t"

// newCSV reads the header, unless the position knows it. An empty text has
// none and no rows. The error is a fileError where the header is no good.
func newCSV(r *bufio.Reader, from Position, s shape) (*csvRows, error) {
	c := &csvRows{shape: s, rows: rows{r: r, max: s.limits.RecordBytes, number: from.Line, offset: from.Offset}}
	if len(from.Separator) == 1 {
		c.header, c.rows.separator, c.rows.plainTo = from.Header, from.Separator[0], from.PlainTo
	} else if err := c.readHeader(); err != nil {
		return nil, err
	}
	c.text, c.id = c.column(), index(c.header, "id")
	return c, nil
}

func (c *csvRows) readHeader() error {
	c.rows.separator = detectSeparator(c.rows.r)
	c.rows.max = maxHeader
	head, err := c.rows.next()
	c.rows.max = c.shape.limits.RecordBytes
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case head.fault == rowTooLong:
		return damaged(events.CodeTooLarge, fmt.Sprintf("the header row has more than %d bytes", maxHeader))
	case head.fault != rowGood:
		return damaged(events.CodeMalformedRow, "the header row is not CSV: a quote in it is not closed, or characters follow the closing quote")
	}
	for _, name := range head.cells {
		c.header = append(c.header, strings.ToValidUTF8(strings.Clone(name), "�"))
	}
	return nil
}

// maxHeader is in bytes: the header is a part of every stored position.
const maxHeader = 32 << 10

// detectSeparator looks at the first line that is not blank, outside quotes.
func detectSeparator(r *bufio.Reader) byte {
	ahead, _ := r.Peek(maxHeader)
	ahead = bytes.TrimLeft(ahead, "\r\n")
	var count [len(separators)]int
	quoted := false
	for _, b := range ahead {
		if b == '"' {
			quoted = !quoted
		}
		if b == '\n' && !quoted {
			break
		}
		if i := strings.IndexByte(separators, b); i >= 0 && !quoted {
			count[i]++
		}
	}
	best := 0
	for i, n := range count {
		if n > count[best] {
			best = i
		}
	}
	return separators[best]
}

// column finds the text's column; see the package's documentation for the order.
func (c *csvRows) column() int {
	names := []string{c.shape.field}
	if !c.shape.told {
		names = append(names, standIns...)
	}
	for _, name := range names {
		if i := index(c.header, name); i >= 0 {
			return i
		}
	}
	if !c.shape.told && len(c.header) == 1 {
		return 0
	}
	return -1
}

// index finds a name in the header: to the letter, else in any case and with
// spaces around it.
func index(header []string, name string) int {
	for i, h := range header {
		if h == name {
			return i
		}
	}
	for i, h := range header {
		if strings.EqualFold(strings.TrimSpace(h), name) {
			return i
		}
	}
	return -1
}

func (c *csvRows) next() (Record, error) {
	row, err := c.rows.next()
	if err != nil {
		return Record{}, err
	}
	switch row.fault {
	case rowTooLong:
		return c.shape.tooLong(row.line), nil
	case rowAfterQuote:
		return bad(row.line, events.CodeMalformedRow, "characters follow a closing quote; a quote within quotes is written twice"), nil
	case rowUnclosed:
		return bad(row.line, events.CodeMalformedRow, "a quote is opened in this row and never closed"), nil
	case rowEndless:
		return bad(row.line, events.CodeMalformedRow, "a quote is opened in this row and never closed; nothing after it could be read"), nil
	}
	if len(row.cells) != len(c.header) {
		return bad(row.line, events.CodeMalformedRow, fmt.Sprintf("the row has %d fields, the header has %d", len(row.cells), len(c.header))), nil
	}
	return c.record(row), nil
}

func (c *csvRows) record(row row) Record {
	r := Record{Line: row.line}
	for _, cell := range row.cells {
		if !utf8.ValidString(cell) {
			return bad(row.line, events.CodeEncoding, notUTF8)
		}
	}
	r.Fields = make([]Field, len(row.cells))
	for i, cell := range row.cells {
		r.Fields[i] = Field{Name: c.header[i], Value: cell}
	}
	if c.id >= 0 {
		r.CallerID = row.cells[c.id]
	}
	if c.text < 0 {
		r.Problems = c.noColumn()
		return r
	}
	if r.Problems = c.shape.checkText(pointer(c.header[c.text]), row.cells[c.text]); len(r.Problems) == 0 {
		r.Text = row.cells[c.text]
	}
	return r
}

func (c *csvRows) noColumn() []events.Problem {
	if c.shape.told {
		return c.shape.noText("the header")
	}
	return []events.Problem{{Field: pointer(c.shape.field), Code: events.CodeNoText,
		Message: fmt.Sprintf("the header names no column %q (nor %s); the definition's textField names another", c.shape.field, strings.Join(standIns, ", "))}}
}

func (c *csvRows) at(p *Position) {
	p.Line, p.Offset = c.rows.number, c.rows.offset
	p.Header, p.Separator = c.header, string(c.rows.separator)
	if p.PlainTo = 0; c.rows.plainTo > c.rows.offset {
		p.PlainTo = c.rows.plainTo
	}
}

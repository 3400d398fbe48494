package upload

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// rows takes a CSV text apart (RFC 4180, with any one-byte separator). A quote
// within an unquoted cell is an ordinary character. What is not CSV spoils as
// little as can be: a quote that is never closed, or closed where a later one
// opens, would swallow lines, so only the row's first line counts as spoilt and
// what follows is read again, line by line.
type rows struct {
	r         *bufio.Reader
	max       int
	separator byte
	// number and offset count the lines and bytes that were read.
	number int
	offset int64
	// again is what is read again before r; up to the offset plainTo, where it
	// ends, no cell goes over a line's end. So no byte is read a third time.
	again   []byte
	plainTo int64

	// The row that is being read.
	state cellState
	// cells holds the characters of all cells, one after another; ends says where
	// each ends.
	cells []byte
	ends  []int
	// quoted: a cell of the row was in quotes.
	quoted bool
	size   int
	fault  rowFault
	// kept is what was read since the row's first line ended within quotes.
	kept []byte
}

// row is one row; its cells are good until the next is read.
type row struct {
	line  int
	cells []string
	fault rowFault
}

// rowFault says why a row cannot be used.
type rowFault int

const (
	rowGood rowFault = iota
	rowTooLong
	rowAfterQuote // characters follow a closing quote
	rowUnclosed   // a quote is never closed
	rowEndless    // likewise, and too much follows to read it again
)

type cellState int

const (
	atStart cellState = iota
	inBare
	inQuotes
	afterQuote
	afterReturn // a carriage return after a closing quote
	skipping    // to the end of the line
)

// next is the next row that is not blank. A text that breaks off with an error
// has no last row.
func (s *rows) next() (row, error) {
	for {
		line := s.number + 1
		s.state, s.cells, s.ends, s.kept = atStart, s.cells[:0], s.ends[:0], s.kept[:0]
		s.quoted, s.size, s.fault = false, 0, rowGood
		if err := s.read(); err != nil {
			return row{}, err
		}
		if s.fault != rowGood {
			return row{line: line, fault: s.fault}, nil
		}
		if len(s.ends) == 1 && !s.quoted && len(bytes.TrimSpace(s.cells)) == 0 {
			continue
		}
		return row{line: line, cells: s.split()}, nil
	}
}

// read takes bytes up to the end of the row.
func (s *rows) read() error {
	for {
		b, err := s.readByte()
		if errors.Is(err, io.EOF) {
			return s.atEnd()
		}
		if err != nil {
			return err
		}
		s.count(b)
		if s.take(b) {
			return nil
		}
	}
}

func (s *rows) readByte() (byte, error) {
	if len(s.again) == 0 {
		return s.r.ReadByte()
	}
	b := s.again[0]
	s.again = s.again[1:]
	return b, nil
}

// count keeps the books for one byte.
func (s *rows) count(b byte) {
	s.offset++
	if b == '\n' {
		s.number++
	}
	if s.size++; s.size > s.max && s.fault == rowGood {
		s.fault = rowTooLong
	}
	if s.fault != rowGood {
		return
	}
	// The newline that begins kept marks that the row goes over lines.
	if len(s.kept) > 0 || b == '\n' && s.state == inQuotes && s.offset > s.plainTo {
		s.kept = append(s.kept, b)
	}
}

// take moves on by one byte and tells whether it ends the row.
func (s *rows) take(b byte) bool {
	switch s.state {
	case atStart:
		if b == '"' {
			s.state, s.quoted = inQuotes, true
			return false
		}
		s.state = inBare
		return s.bare(b)
	case inBare:
		return s.bare(b)
	case inQuotes:
		if b == '"' {
			s.state = afterQuote
			return false
		}
		if b == '\n' && s.offset <= s.plainTo {
			s.spoil(rowUnclosed)
			return true
		}
		s.keep(b)
	case afterQuote:
		switch b {
		case '"':
			s.state = inQuotes
			s.keep(b)
		case '\r':
			s.state = afterReturn
		default:
			return s.closed(b)
		}
	case afterReturn:
		if b == '\n' {
			s.endCell()
			return true
		}
		s.state = skipping
		return s.spoil(rowAfterQuote)
	case skipping:
		return b == '\n'
	}
	return false
}

func (s *rows) bare(b byte) bool {
	switch b {
	case s.separator:
		s.endCell()
	case '\n':
		begin := 0
		if len(s.ends) > 0 {
			begin = s.ends[len(s.ends)-1]
		}
		if n := len(s.cells); n > begin && s.cells[n-1] == '\r' {
			s.cells = s.cells[:n-1]
		}
		s.endCell()
		return true
	default:
		s.keep(b)
	}
	return false
}

// closed takes the byte after a cell in quotes.
func (s *rows) closed(b byte) bool {
	switch b {
	case s.separator, '\n':
		s.endCell()
		return b == '\n'
	}
	s.state = skipping
	return s.spoil(rowAfterQuote)
}

// spoil gives the row a fault. If the row goes over lines it ends after its
// first one, and the rest is read again; then spoil is true.
func (s *rows) spoil(why rowFault) bool {
	if s.fault != rowGood {
		return false
	}
	if s.fault = why; len(s.kept) == 0 {
		return false
	}
	s.fault, s.plainTo = rowUnclosed, s.offset
	s.again = bytes.Clone(s.kept[1:])
	s.offset -= int64(len(s.again))
	s.number -= bytes.Count(s.again, []byte("\n"))
	return true
}

func (s *rows) keep(b byte) {
	if s.fault == rowGood {
		s.cells = append(s.cells, b)
	}
}

func (s *rows) endCell() {
	s.state = atStart
	if s.fault == rowGood {
		s.ends = append(s.ends, len(s.cells))
	}
}

// atEnd ends the last row of the text.
func (s *rows) atEnd() error {
	if s.size == 0 {
		return io.EOF
	}
	switch s.state {
	case atStart, inBare:
		s.bare('\n')
	case afterQuote, afterReturn:
		s.endCell()
	case inQuotes:
		if s.fault == rowTooLong {
			s.fault = rowEndless
		}
		if s.spoil(rowUnclosed) {
			return nil
		}
	case skipping:
	}
	s.number++
	return nil
}

// split makes strings of the cells, all in one piece of memory.
func (s *rows) split() []string {
	all, begin := string(s.cells), 0
	cells := make([]string, len(s.ends))
	for i, end := range s.ends {
		cells[i], begin = all[begin:end], end
	}
	return cells
}

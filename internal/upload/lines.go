package upload

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// bufferBytes is what is read ahead of a text.
const bufferBytes = 64 << 10

// lines reads a text line by line, never holding more than the longest line
// that is allowed.
type lines struct {
	r   *bufio.Reader
	max int
	buf []byte
	// number and offset count the lines and bytes that were read.
	number int
	offset int64
}

func newLines(r *bufio.Reader, from Position, max int) *lines {
	return &lines{r: r, max: max, number: from.Line, offset: from.Offset}
}

// next is the next line that is not blank, without its end, and its number. The
// line is good until the next call. One that is too long comes as such, without
// its bytes. The rest of a text that breaks off with an error is not a line.
func (l *lines) next() (line []byte, number int, tooLong bool, err error) {
	for {
		line, tooLong, err = l.read()
		if err != nil {
			return nil, 0, false, err
		}
		if tooLong || len(bytes.TrimSpace(line)) > 0 {
			return line, l.number, tooLong, nil
		}
	}
}

func (l *lines) read() (line []byte, tooLong bool, err error) {
	l.buf = l.buf[:0]
	var size int64
	for {
		part, err := l.r.ReadSlice('\n')
		size += int64(len(part))
		tooLong = tooLong || len(l.buf)+len(part) > l.max+len("\r\n")
		if !tooLong {
			l.buf = append(l.buf, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || size == 0) {
			return nil, false, err
		}
		l.number++
		l.offset += size
		line = bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte("\n")), []byte("\r"))
		return line, tooLong || len(line) > l.max, nil
	}
}

func (l *lines) at(p *Position) { p.Line, p.Offset = l.number, l.offset }

// textLines reads a record a line.
type textLines struct {
	*lines
	shape shape
}

func (s textLines) next() (Record, error) {
	line, number, tooLong, err := s.lines.next()
	switch {
	case err != nil:
		return Record{}, err
	case tooLong:
		return s.shape.tooLong(number), nil
	}
	return s.shape.ofLine(line, number), nil
}

package upload

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"sluice/events"
)

// Options say how a file is read.
type Options struct {
	// TextField is the field or column that holds the text. "" is "text", and lets
	// the columns that the package's documentation lists stand in for it.
	TextField string
	// From is where to go on. The reader given to OpenRecords then begins at the
	// byte From.Offset. Where the offset is 0 (packed files have no other), the
	// records come from the first again, and the caller passes over the first
	// From.Record of them.
	From Position
	// Limits that are 0 have their defaults.
	Limits Limits
	// TempDir is where a zip is kept while it is read; "" is the system's.
	TempDir string
}

// Limits keep a file from filling memory or disk.
type Limits struct {
	// RecordBytes is the longest line or row. Default 4 MiB: a text of the largest
	// size with every character escaped, and room for other fields.
	RecordBytes int
	// TextBytes is the longest text. Default events.MaxInputBytes.
	TextBytes int
	// UnpackedBytes is the most that a packed file may unpack to. Default 10 GiB.
	UnpackedBytes int64
	// Ratio is how many times its size a packed file may unpack to, once that is
	// more than 16 MiB. Default 200.
	Ratio int64
	// ArchiveBytes is the largest zip. Default 400 MiB, for a disk of 512 MB.
	ArchiveBytes int64
}

func (l Limits) defaults() Limits {
	if l.RecordBytes <= 0 {
		l.RecordBytes = 4 << 20
	}
	if l.TextBytes <= 0 {
		l.TextBytes = events.MaxInputBytes
	}
	if l.UnpackedBytes <= 0 {
		l.UnpackedBytes = 10 << 30
	}
	if l.Ratio <= 0 {
		l.Ratio = 200
	}
	if l.ArchiveBytes <= 0 {
		l.ArchiveBytes = 400 << 20
	}
	return l
}

// Position is a place between two records from which a file can be read on.
type Position struct {
	// Record is the position of the last record before it; 0 is the start.
	Record int `json:"record"`
	// Line and Offset are the lines and bytes before it. They are 0 in a file that
	// can only be read from its start.
	Line   int   `json:"line,omitempty"`
	Offset int64 `json:"offset,omitempty"`
	// Header, Separator and PlainTo are what a CSV file needs besides: its columns,
	// and up to which byte its rows are single lines because a quote is missing.
	Header    []string `json:"header,omitempty"`
	Separator string   `json:"separator,omitempty"`
	PlainTo   int64    `json:"plainTo,omitempty"`
}

// ErrDamaged is wrapped by the error of a file that cannot be read, or not any
// further: broken, packed beyond the limits, or in a form that is not known.
// [ProblemOf] says what is wrong. Trying again does not help.
var ErrDamaged = errors.New("the file cannot be read")

type fileError struct {
	problem events.Problem
	// whole: a zip's other members cannot be read either.
	whole bool
}

func (e *fileError) Error() string { return ErrDamaged.Error() + ": " + e.problem.Message }
func (e *fileError) Unwrap() error { return ErrDamaged }

func damaged(code, message string) error {
	return &fileError{problem: events.Problem{Code: code, Message: message}}
}

// ProblemOf is what is wrong with the file, for an error that wraps
// [ErrDamaged].
func ProblemOf(err error) events.Problem {
	var file *fileError
	if errors.As(err, &file) {
		return file.problem
	}
	return events.Problem{Code: events.CodeDamagedFile, Message: ErrDamaged.Error()}
}

// stream is one text: a file, or a member of a zip.
type stream interface {
	// next is the next record, without its position. io.EOF ends the text.
	next() (Record, error)
	// at notes how far the text was read.
	at(*Position)
}

// Reader reads the records of a file one by one. It is for one goroutine.
type Reader struct {
	options Options
	source  *source
	// text is the file, or the zip's present member, or nil before the first.
	text stream
	// archive is nil unless the file is a zip.
	archive *archive
	// seekable: the file can be read on from a byte.
	seekable bool
	position Position
	ended    error
}

// OpenRecords begins to read a file. Its name tells the format; r is its bytes,
// from o.From.Offset on. The error wraps [ErrDamaged], or is r's own or the
// disk's. Close the Reader if it is not read to its end.
func OpenRecords(name string, r io.Reader, o Options) (*Reader, error) {
	o.Limits = o.Limits.defaults()
	f, err := formatOf(name)
	if err != nil {
		return nil, err
	}
	reader := &Reader{options: o, source: &source{r: r}, position: o.From}
	if o.From.Offset == 0 {
		reader.position = Position{}
	}
	if err := reader.open(f); err != nil {
		_ = reader.Close()
		return nil, reader.judge(err)
	}
	return reader, nil
}

func (r *Reader) open(f format) error {
	if f.packing == zipped {
		a, err := openArchive(r.source, r.options)
		r.archive = a
		return err
	}
	plain, err := r.unpack(f)
	if err != nil {
		return err
	}
	r.text, err = openText(plain, f, r.position, r.options)
	return err
}

// unpack gives the text's bytes as UTF-8, and notes whether they are the file's
// own.
func (r *Reader) unpack(f format) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r.source, bufferBytes)
	if r.position.Offset > 0 {
		r.seekable = true
		return in, nil
	}
	if f.packing == plain && startsWith(in, gzipMagic) {
		f.packing = gzipped // stored with Content-Encoding: gzip
	}
	if f.packing == gzipped {
		unpacked, err := gunzip(in, r.source, r.options.Limits)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReaderSize(unpacked, bufferBytes)
	}
	text, skipped := decode(in)
	if r.seekable = text == in && f.packing == plain; r.seekable {
		r.position.Offset = int64(skipped)
	}
	return text, nil
}

// Next is the next record, or io.EOF after the last. A record that is wrong is
// no error. Other errors end the reading: one that wraps [ErrDamaged], or the
// source's own.
func (r *Reader) Next() (Record, error) {
	if r.ended != nil {
		return Record{}, r.ended
	}
	record, err := r.read()
	if err != nil {
		r.ended = r.judge(err)
		if err := r.Close(); err != nil && errors.Is(r.ended, io.EOF) {
			r.ended = err
		}
		return Record{}, r.ended
	}
	r.position.Record++
	record.Position = r.position.Record
	if r.seekable {
		r.text.at(&r.position)
	}
	return record, nil
}

func (r *Reader) read() (Record, error) {
	if r.archive != nil {
		return r.archive.next()
	}
	return r.text.next()
}

// Position is after the record that Next gave last.
func (r *Reader) Position() Position { return r.position }

// Close lets go of a zip's temporary file. What was given to OpenRecords stays
// the caller's to close.
func (r *Reader) Close() error {
	if r.archive == nil {
		return nil
	}
	return r.archive.close()
}

// judge tells the source's errors from the file's.
func (r *Reader) judge(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case r.source.err != nil:
		return fmt.Errorf("read the file: %w", r.source.err)
	case errors.Is(err, ErrDamaged):
		return err
	}
	var disk *diskError
	if errors.As(err, &disk) {
		return err
	}
	return damaged(events.CodeDamagedFile, brokenOff)
}

const brokenOff = "the file is damaged or breaks off here; nothing after it could be read"

// source notes the error of the reader that the caller gave.
type source struct {
	r    io.Reader
	read int64
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

package upload

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"sluice/events"
)

// format is what a file's name says about it.
type format struct {
	kind    string // jsonl, json, csv or txt
	packing packing
}

type packing int

const (
	plain packing = iota
	gzipped
	zipped
)

// formatOf reads the name's endings, in any case.
func formatOf(name string) (format, error) {
	var f format
	name = strings.ToLower(baseName(name))
	ending := path.Ext(name)
	switch ending {
	case ".zip":
		f.packing = zipped
		return f, nil
	case ".gz":
		f.packing = gzipped
		ending = path.Ext(strings.TrimSuffix(name, ending))
	}
	switch ending {
	case ".jsonl", ".ndjson":
		f.kind = "jsonl"
	case ".json":
		f.kind = "json"
	case ".csv", ".tsv":
		f.kind = "csv"
	case ".txt":
		f.kind = "txt"
	case ".gz", ".zip", ".tar", ".tgz":
		return f, damaged(events.CodeUnsupported, "an archive within an archive is not read")
	default:
		return f, damaged(events.CodeUnsupported, "the name must end in .jsonl, .ndjson, .json, .csv, .tsv or .txt, or in one of these and .gz, or in .zip")
	}
	return f, nil
}

// openText begins a text of UTF-8.
func openText(r *bufio.Reader, f format, from Position, o Options) (stream, error) {
	s := newShape(o)
	if from.Record == 0 {
		if startsWith(r, zipMagic) {
			return nil, damaged(events.CodeUnsupported, "the file is a ZIP archive (or a workbook) by another name")
		}
		if f.kind == "json" && !oneValueALine(r) {
			return nil, damaged(events.CodeUnsupported, "a .json file must hold one JSON value a line (JSON Lines); this is one document over many")
		}
	}
	switch f.kind {
	case "csv":
		return newCSV(r, from, s)
	case "txt":
		return textLines{newLines(r, from, s.limits.RecordBytes), s}, nil
	}
	return jsonLines{newLines(r, from, s.limits.RecordBytes), s}, nil
}

const (
	utf8BOM   = "\xEF\xBB\xBF"
	gzipMagic = "\x1F\x8B"
	zipMagic  = "PK\x03\x04"
)

func startsWith(r *bufio.Reader, magic string) bool {
	head, _ := r.Peek(len(magic))
	return string(head) == magic
}

// oneValueALine tells JSON Lines from a JSON document, by its first line.
func oneValueALine(r *bufio.Reader) bool {
	head, _ := r.Peek(4 << 10)
	head = bytes.TrimLeft(head, " \t\r\n")
	line, _, more := bytes.Cut(head, []byte("\n"))
	line = bytes.TrimSpace(line)
	return !bytes.HasPrefix(line, []byte("[")) && (!more || string(line) != "{")
}

// decode gives a text as UTF-8 without a byte order mark. Where r was UTF-8 it
// is r itself, that many bytes further.
func decode(r *bufio.Reader) (text *bufio.Reader, skipped int) {
	head, _ := r.Peek(len(utf8BOM))
	switch {
	case string(head) == utf8BOM:
		skipped, _ = r.Discard(len(utf8BOM))
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")):
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		return bufio.NewReaderSize(transform.NewReader(r, utf16), bufferBytes), 0
	}
	return r, skipped
}

// gunzip unpacks, and stops at the limits. The caller's source counts the packed
// bytes.
func gunzip(r io.Reader, from *source, l Limits) (io.Reader, error) {
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // an empty file is no gzip file
		}
		return nil, err
	}
	return &meter{r: unpacked, limits: l, total: new(int64), packed: func() int64 { return from.read }}, nil
}

// ratioFrom is from how many unpacked bytes on the ratio counts: below, a
// single text of one letter would break it.
const ratioFrom = 16 << 20

// meter stops unpacking at the limits.
type meter struct {
	r      io.Reader
	limits Limits
	// total is what was unpacked so far, by this meter and those before it.
	total *int64
	// packed is how many bytes that was made of.
	packed func() int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	*m.total += int64(n)
	switch {
	case *m.total > m.limits.UnpackedBytes:
		return 0, m.tooMuch(fmt.Sprintf("%d bytes", m.limits.UnpackedBytes))
	case *m.total > ratioFrom && *m.total > m.limits.Ratio*m.packed():
		return 0, m.tooMuch(fmt.Sprintf("%d times its size", m.limits.Ratio))
	}
	return n, err
}

func (m *meter) tooMuch(than string) error {
	return &fileError{events.Problem{Code: events.CodeTooLarge,
		Message: "the file unpacks to more than " + than + "; what comes after was not read"}, true}
}

// CheckName tells what is wrong with a file's name: its ending says how the file is
// read. The error is for people.
func CheckName(name string) error {
	if _, err := formatOf(name); err != nil {
		return errors.New(ProblemOf(err).Message)
	}
	return nil
}

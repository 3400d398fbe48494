package upload

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"sluice/events"
)

// archive reads the members of a zip one after another.
type archive struct {
	options Options
	file    *os.File
	size    int64
	total   int64
	members []*zip.File
	// What is read at present.
	name   string
	text   stream
	opened io.Closer
}

// maxDirectory bounds the memory that a zip's directory takes: some 50,000
// members.
const maxDirectory = 4 << 20

// diskError is a failure of the temporary file, not of what is in it.
type diskError struct{ err error }

func (e *diskError) Error() string { return "keep the archive: " + e.err.Error() }
func (e *diskError) Unwrap() error { return e.err }

// openArchive copies the zip to a temporary file that is gone when it is closed,
// however the process ends.
func openArchive(r io.Reader, o Options) (*archive, error) {
	file, err := os.CreateTemp(o.TempDir, "upload-*.zip")
	if err != nil {
		return nil, &diskError{err}
	}
	a := &archive{options: o, file: file}
	if err := os.Remove(file.Name()); err != nil {
		return a, &diskError{err}
	}
	if a.size, err = io.Copy(writer{file}, io.LimitReader(r, o.Limits.ArchiveBytes+1)); err != nil {
		return a, err
	}
	if a.size > o.Limits.ArchiveBytes {
		return a, damaged(events.CodeTooLarge, fmt.Sprintf("the archive has more than %d bytes; unpack it, or upload its files as .gz", o.Limits.ArchiveBytes))
	}
	directory := &bounded{r: file, left: maxDirectory}
	opened, err := zip.NewReader(directory, a.size)
	switch {
	case directory.left < 0:
		return a, damaged(events.CodeTooLarge, "the archive has too many members")
	case err != nil:
		return a, damaged(events.CodeDamagedFile, "the file is not a ZIP archive, or its end is missing")
	}
	directory.off = true
	a.members = opened.File
	return a, nil
}

// next is the next record of the archive. A member that cannot be read, or not
// to its end, is a bad record, and the next member follows.
func (a *archive) next() (Record, error) {
	for {
		if a.text == nil {
			if len(a.members) == 0 {
				return Record{}, io.EOF
			}
			member := a.members[0]
			a.members = a.members[1:]
			if hidden(member) {
				continue
			}
			a.name = shownName(member.Name)
			if err := a.open(member); err != nil {
				return a.spoilt(err)
			}
		}
		record, err := a.text.next()
		if err == nil {
			record.File = a.name
			return record, nil
		}
		if !errors.Is(err, io.EOF) {
			return a.spoilt(err)
		}
		if err := a.shut(); err != nil {
			return a.spoilt(err)
		}
	}
}

// hidden: folders, and what some systems put into archives unasked.
func hidden(f *zip.File) bool {
	base := path.Base(f.Name)
	return strings.HasSuffix(f.Name, "/") || strings.HasPrefix(f.Name, "__MACOSX/") || base == ".DS_Store" || strings.HasPrefix(base, "._")
}

func shownName(name string) string {
	name = strings.ToValidUTF8(name, "�")
	if runes := []rune(name); len(runes) > 4*maxName {
		return "…" + string(runes[len(runes)-4*maxName:])
	}
	return name
}

const encrypted = 1 // the flag bit of a member that needs a password

func (a *archive) open(member *zip.File) error {
	f, err := formatOf(member.Name)
	switch {
	case err != nil:
		return err
	case f.packing != plain:
		return damaged(events.CodeUnsupported, "an archive within an archive is not read")
	case member.Flags&encrypted != 0:
		return damaged(events.CodeUnsupported, "the member needs a password")
	}
	unpacked, err := member.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return damaged(events.CodeUnsupported, "the member is packed by a method that is not known here")
	}
	if err != nil {
		return err
	}
	a.opened = unpacked
	metered := &meter{r: unpacked, limits: a.options.Limits, total: &a.total, packed: func() int64 { return a.size }}
	text, _ := decode(bufio.NewReaderSize(metered, bufferBytes))
	a.text, err = openText(text, f, Position{}, a.options)
	return err
}

// spoilt makes a bad record of a member's error. Only the disk's errors, and an
// archive that unpacks beyond the limits, end the reading.
func (a *archive) spoilt(err error) (Record, error) {
	_ = a.shut()
	var disk *diskError
	var file *fileError
	problem := events.Problem{Code: events.CodeDamagedFile, Message: "the member is damaged or breaks off here"}
	switch {
	case errors.As(err, &disk):
		return Record{}, err
	case errors.As(err, &file) && file.whole:
		return Record{}, err
	case errors.As(err, &file):
		problem = file.problem
	}
	return Record{File: a.name, Problems: []events.Problem{problem}}, nil
}

func (a *archive) shut() error {
	opened := a.opened
	a.text, a.opened = nil, nil
	if opened == nil {
		return nil
	}
	return opened.Close()
}

func (a *archive) close() error {
	_ = a.shut()
	a.members = nil
	if err := a.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return &diskError{err}
	}
	return nil
}

// bounded reads from the temporary file, at most so many bytes unless it is off.
type bounded struct {
	r    io.ReaderAt
	left int64
	off  bool
}

func (b *bounded) ReadAt(p []byte, offset int64) (int, error) {
	if !b.off {
		if b.left -= int64(len(p)); b.left < 0 {
			return 0, errDirectory
		}
	}
	n, err := b.r.ReadAt(p, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &diskError{err}
	}
	return n, err
}

var errDirectory = errors.New("the directory is too large")

// writer tells the disk's errors from those of what is copied to it.
type writer struct{ w io.Writer }

func (w writer) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		err = &diskError{err}
	}
	return n, err
}

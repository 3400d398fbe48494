package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The ledger of one machine is a file that is begun anew when it is full; the
// full ones are kept with a number, the highest the oldest. A call has two lines,
// of 1.5 KB together, so they hold some 170,000 calls.
const (
	fileName    = "ledger.jsonl"
	fileBytes   = 32 << 20
	filesInPast = 7
)

func path(folder string, age int) string {
	if age == 0 {
		return filepath.Join(folder, fileName)
	}
	return filepath.Join(folder, "ledger."+strconv.Itoa(age)+".jsonl")
}

// File is the ledger of one machine, ledger.jsonl in its data folder. What was
// added is in the hands of the operating system, so it outlives the process,
// though not the loss of power. It is safe for concurrent use.
type File struct {
	folder string
	full   int64

	mu   sync.Mutex
	file *os.File
	size int64
}

// Open opens the ledger of a data folder, which exists.
func Open(folder string) (*File, error) {
	f := &File{folder: folder, full: fileBytes}
	if err := f.open(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) open() error {
	file, err := os.OpenFile(path(f.folder, 0), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("ledger: %w", err), file.Close())
	}
	f.file, f.size = file, info.Size()
	return nil
}

// Add adds a line, which has no line break at its end. Anything that is not the
// account's is left out.
func (f *File) Add(line string) error {
	if !Is(line) {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return fmt.Errorf("ledger: %w", os.ErrClosed)
	}
	if f.size >= f.full {
		if err := f.turn(); err != nil {
			return err
		}
	}
	n, err := f.file.WriteString(line + "\n")
	f.size += int64(n)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// turn puts the full file to the others and begins a new one. Where that cannot
// be done, as somebody holds a file, the old one goes on and it is tried again.
func (f *File) turn() error {
	err := f.file.Close()
	f.file = nil
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	for age := filesInPast - 1; age >= 0; age-- {
		if err := os.Rename(path(f.folder, age), path(f.folder, age+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return f.open()
}

// Close closes the file.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// ReadFolder gives every line of a data folder's ledger to each, the oldest
// first; files that were last written before since are passed over. A folder
// without a ledger has no lines. It may be read while a machine writes it.
func ReadFolder(folder string, since time.Time, each func(Line) error) error {
	files, err := openFolder(folder)
	defer func() {
		for _, file := range files {
			file.Close()
		}
	}()
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	for _, file := range slices.Backward(files) {
		info, err := file.Stat()
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		if info.ModTime().Before(since) {
			continue
		}
		if err := Read(file, each); err != nil {
			return err
		}
	}
	return nil
}

// mostTurns is how often files may get other numbers while they are opened.
const mostTurns = 1000

// openFolder opens every file, the newest first. All are opened before any is read,
// so that none is missed that gets another number later; if one gets another number
// meanwhile, it begins anew, since which is newer could not be told.
func openFolder(folder string) ([]*os.File, error) {
	for range mostTurns {
		var files []*os.File
		inPlace := true
		var err error
		opened := [filesInPast + 1]os.FileInfo{}
		for age := range opened {
			var file *os.File
			if file, err = os.Open(path(folder, age)); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil {
				files = append(files, file)
				opened[age], err = file.Stat()
			}
			if err != nil {
				return files, err
			}
		}
		for age, was := range opened {
			now, err := os.Stat(path(folder, age))
			inPlace = inPlace && (err != nil) == (was == nil) && (err != nil || os.SameFile(was, now))
		}
		if inPlace {
			return files, nil
		}
		for _, file := range files {
			file.Close()
		}
	}
	return nil, errors.New("its files get other numbers faster than they can be opened")
}

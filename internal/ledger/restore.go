package ledger

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Restore adds the lines of the account in r that the ledger lacks, and tells how
// many. It is for what was printed while nobody could add it, or while nobody
// knows how far somebody came; so it can be done again. Lines that were cut are
// left out.
func (f *File) Restore(r io.ReadSeeker) (int, error) {
	missing := map[string]bool{}
	err := Read(r, func(l Line) error {
		missing[l.Name] = true
		return nil
	})
	if err != nil || len(missing) == 0 {
		return 0, err
	}
	err = ReadFolder(f.folder, time.Time{}, func(l Line) error {
		delete(missing, l.Name)
		return nil
	})
	if err != nil || len(missing) == 0 {
		return 0, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("restore the ledger: %w", err)
	}
	added := 0
	in := bufio.NewReaderSize(r, longest)
	for {
		raw, err := in.ReadSlice('\n')
		if l, is := Parse(raw); is && missing[l.Name] {
			line := string(raw)
			line = strings.TrimRight(line[strings.LastIndex(line, opening):], "\r\n")
			if err := f.Add(line); err != nil {
				return added, err
			}
			delete(missing, l.Name)
			added++
		}
		switch {
		case errors.Is(err, io.EOF):
			return added, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return added, fmt.Errorf("restore the ledger: %w", err)
		}
	}
}

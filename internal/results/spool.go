package results

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"sluice/internal/fault"
	"sluice/internal/objects"
)

// Spool holds lines of NDJSON about the records of an upload in a temporary
// file, and finds them by position. In memory it keeps 16 bytes a record. It is
// for one goroutine. Close it.
type Spool[T any] struct {
	file  *os.File
	end   int64
	index []place
	of    func(T) (position, rank int)
}

// place is where a line lies in the file; length 0 is no line.
type place struct {
	offset int64
	length int32
	rank   int32
}

const (
	// readAhead is how many segments are fetched at the same time.
	readAhead = 8
	// maxSegment bounds a segment: store packs at most a batch of answers into one.
	maxSegment = 64 << 20
	// maxPosition bounds the index against a position that cannot be.
	maxPosition = 1 << 26
)

// Open spools the results of an upload from its segments below the prefix (see
// [SegmentPrefix]). A position that occurs more than once, because its event was
// delivered twice, counts once: its latest attempt. Errors as of [OpenSpool].
func Open(ctx context.Context, store *objects.Store, prefix, dir string) (*Spool[Result], error) {
	return OpenSpool(ctx, store, prefix, dir, func(r Result) (int, int) { return r.Position(), r.Attempt })
}

// OpenSpool reads every object below the prefix into a file under dir ("": the
// system's). Of tells for each line which position it is about; of several lines
// about one position the first of the highest rank counts. Errors are S3's, or
// the disk's; a line that does not decode is of class Park.
func OpenSpool[T any](ctx context.Context, store *objects.Store, prefix, dir string, of func(T) (position, rank int)) (*Spool[T], error) {
	file, err := os.CreateTemp(dir, "spool-*.ndjson")
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	// Without its name it is gone with the process, however that ends.
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("spool: %w", err), file.Close())
	}
	s := &Spool[T]{file: file, of: of}
	if err := s.fill(ctx, store, prefix); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

type segment struct {
	key  string
	body []byte
	err  error
}

// fill fetches segments ahead and takes them in the order of their keys.
func (s *Spool[T]) fill(ctx context.Context, store *objects.Store, prefix string) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	ahead := make(chan chan segment, readAhead-1)
	running.Go(func() {
		defer close(ahead)
		for info, err := range store.List(ctx, prefix) {
			one := make(chan segment, 1)
			select {
			case ahead <- one:
			case <-ctx.Done():
				return
			}
			if err != nil {
				one <- segment{err: err}
				return
			}
			running.Go(func() {
				object, err := store.Get(ctx, info.Key, maxSegment)
				one <- segment{info.Key, object.Body, err}
			})
		}
	})
	buffered := bufio.NewWriterSize(s.file, 1<<20)
	for one := range ahead {
		got := <-one
		if got.err != nil {
			return fmt.Errorf("spool: %w", got.err)
		}
		if err := s.take(buffered, got.body); err != nil {
			return fmt.Errorf("spool %s: %w", got.key, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// take appends the lines of a segment.
func (s *Spool[T]) take(to io.Writer, body []byte) error {
	for line := range lines(body) {
		var about T
		if json.Unmarshal(line, &about) != nil {
			return fault.Errorf(fault.Park, "a line does not decode")
		}
		position, rank := s.of(about)
		if position < 1 || position > maxPosition {
			return fault.Errorf(fault.Park, "a line is not about the record of an upload")
		}
		for len(s.index) <= position {
			s.index = append(s.index, place{})
		}
		here := &s.index[position]
		if here.length > 0 && int(here.rank) >= rank {
			continue
		}
		if _, err := to.Write(line); err != nil {
			return err
		}
		*here = place{s.end, int32(len(line)), int32(rank)}
		s.end += int64(len(line))
	}
	return nil
}

// lines yields the lines of a body that have something on them.
func lines(body []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for start := 0; start < len(body); {
			end := start
			for end < len(body) && body[end] != '\n' {
				end++
			}
			if end > start && !yield(body[start:end]) {
				return
			}
			start = end + 1
		}
	}
}

// Find returns what the counted line of a position says, and whether there is
// one.
func (s *Spool[T]) Find(position int) (found T, ok bool, err error) {
	if position < 1 || position >= len(s.index) || s.index[position].length == 0 {
		return found, false, nil
	}
	at := s.index[position]
	line := make([]byte, at.length)
	if _, err := s.file.ReadAt(line, at.offset); err != nil {
		return found, false, fmt.Errorf("read the spool: %w", err)
	}
	if err := json.Unmarshal(line, &found); err != nil {
		return found, false, fault.Errorf(fault.Park, "the line of record %d does not decode", position)
	}
	return found, true, nil
}

// Len is how many positions have a line.
func (s *Spool[T]) Len() int {
	n := 0
	for _, at := range s.index {
		if at.length > 0 {
			n++
		}
	}
	return n
}

// Close gives the file back.
func (s *Spool[T]) Close() error { return s.file.Close() }

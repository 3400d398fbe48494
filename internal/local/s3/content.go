package s3

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Content is an object's content as it was when it was opened; a later write or
// delete does not disturb it. Close it.
type Content struct {
	from   *bodies
	folder string
	pieces []piece
	stored map[string][]byte // pieces of the store, read already
	closed bool
}

// open takes hold of the pieces. The caller sees to it that they are not
// discarded meanwhile, by the state's lock.
func (b *bodies) open(pieces []piece) (*Content, error) {
	c := &Content{from: b, pieces: pieces}
	for _, p := range pieces {
		if !p.InStore {
			continue
		}
		value, found, err := b.store.Get(bucketBodies, []byte(p.ID))
		if err != nil {
			return nil, fmt.Errorf("read a body: %w", err)
		}
		if !found || int64(len(value)) != p.Size {
			return nil, fmt.Errorf("read a body: the store has lost %s", p.ID)
		}
		if c.stored == nil {
			c.stored = map[string][]byte{}
		}
		c.stored[p.ID] = value
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c.folder = b.folder
	for _, p := range pieces {
		if !p.InStore {
			b.pins[p.ID]++
		}
	}
	return c, nil
}

// Close lets go of the pieces.
func (c *Content) Close() {
	if c.closed {
		return
	}
	c.closed = true
	c.from.mu.Lock()
	defer c.from.mu.Unlock()
	for _, p := range c.pieces {
		if p.InStore {
			continue
		}
		if c.from.pins[p.ID]--; c.from.pins[p.ID] > 0 {
			continue
		}
		delete(c.from.pins, p.ID)
		if c.from.doomed[p.ID] {
			delete(c.from.doomed, p.ID)
			_ = os.Remove(filepath.Join(c.folder, p.ID))
		}
	}
}

// Range reads length bytes from the start, which must lie within the content.
func (c *Content) Range(start, length int64) io.ReadCloser {
	return &stretch{of: c, rest: c.pieces, skip: start, left: length}
}

// stretch reads from piece to piece, with one file open at a time.
type stretch struct {
	of   *Content
	rest []piece
	skip int64 // of the first of rest
	left int64
	file *os.File
	now  io.Reader // of no more than what is left
}

// Read implements io.Reader.
func (r *stretch) Read(p []byte) (int, error) {
	for r.left > 0 {
		if r.now == nil {
			if err := r.next(); err != nil {
				return 0, err
			}
			continue
		}
		n, err := r.now.Read(p)
		r.left -= int64(n)
		if r.left == 0 || err == io.EOF {
			r.done()
		}
		if n > 0 {
			return n, nil
		}
		if err != nil && err != io.EOF {
			return 0, fmt.Errorf("read a body: %w", err)
		}
	}
	return 0, io.EOF
}

// next goes to the next piece.
func (r *stretch) next() error {
	if len(r.rest) == 0 {
		return io.ErrUnexpectedEOF
	}
	p := r.rest[0]
	r.rest = r.rest[1:]
	if r.skip >= p.Size {
		r.skip -= p.Size
		return nil
	}
	skip, size := r.skip, min(p.Size-r.skip, r.left)
	r.skip = 0
	if p.InStore {
		r.now = bytes.NewReader(r.of.stored[p.ID][skip : skip+size])
		return nil
	}
	f, err := os.Open(filepath.Join(r.of.folder, p.ID))
	if err != nil {
		return fmt.Errorf("read a body: %w", err)
	}
	r.file = f
	r.now = io.NewSectionReader(f, skip, size)
	return nil
}

// WriteTo implements io.WriterTo: what is in memory goes out as it is. A connection
// would read it through a buffer of its own, behind a packet with nothing but the
// head of the answer.
func (r *stretch) WriteTo(w io.Writer) (written int64, err error) {
	for r.left > 0 {
		if r.now == nil {
			if err := r.next(); err != nil {
				return written, err
			}
			continue
		}
		n, err := io.Copy(w, r.now)
		written, r.left = written+n, r.left-n
		r.done()
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

func (r *stretch) done() {
	if r.file != nil {
		r.file.Close()
	}
	r.file, r.now = nil, nil
}

// Close closes the file at hand, if the stretch was not read to its end.
func (r *stretch) Close() error {
	r.done()
	return nil
}

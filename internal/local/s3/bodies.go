package s3

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sluice/internal/local/disk"
)

// mostInStore is the largest body that is kept in the store, beside the
// metadata. Larger ones would be written twice there, and kept in memory until
// the commit.
const mostInStore = 64 << 10

// piece is a stretch of an object's content.
type piece struct {
	ID   string `json:"id"`
	Size int64  `json:"size"`
	// InStore: it is in the store and not in a file.
	InStore bool `json:"inStore,omitempty"`
}

// bodies keeps the contents: small ones in the store, others as files.
type bodies struct {
	store     disk.Store
	temporary bool

	mu     sync.Mutex
	folder string
	pins   map[string]int  // readers of a file
	doomed map[string]bool // pinned files to remove after the last reader
}

func newBodies(store disk.Store, folder string) *bodies {
	return &bodies{store: store, folder: folder, temporary: folder == "", pins: map[string]int{}, doomed: map[string]bool{}}
}

// place is the folder, made when it is first needed.
func (b *bodies) place() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.temporary {
		return b.folder, os.MkdirAll(b.folder, 0o700)
	}
	if b.folder == "" {
		folder, err := os.MkdirTemp("", "sluice-s3-")
		if err != nil {
			return "", err
		}
		b.folder = folder
	}
	return b.folder, nil
}

func (b *bodies) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.temporary || b.folder == "" {
		return nil
	}
	return os.RemoveAll(b.folder)
}

// sweep removes files that nothing refers to: of writes that a crash cut off,
// and of objects that were removed just before one.
func (b *bodies) sweep(referred map[string]bool) error {
	if b.temporary {
		return nil
	}
	files, err := os.ReadDir(b.folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("large bodies: %w", err)
	}
	for _, f := range files {
		id, isTemporary := strings.CutSuffix(f.Name(), temporarySuffix)
		if referred[id] && !isTemporary {
			delete(referred, id)
			continue
		}
		if err := os.Remove(filepath.Join(b.folder, f.Name())); err != nil {
			return fmt.Errorf("large bodies: %w", err)
		}
	}
	return nil
}

const temporarySuffix = ".part"

// received is a body that was taken in. It is durable with its changes.
type received struct {
	piece
	content []byte // if it goes into the store
	md5     []byte
}

func (r received) pieces() []piece {
	if r.Size == 0 {
		return nil
	}
	return []piece{r.piece}
}

func (r received) changes() []disk.Change {
	if !r.InStore || r.Size == 0 {
		return nil
	}
	return []disk.Change{{Bucket: bucketBodies, Key: []byte(r.ID), Value: r.content}}
}

func removals(pieces []piece) []disk.Change {
	var changes []disk.Change
	for _, p := range pieces {
		if p.InStore {
			changes = append(changes, disk.Change{Bucket: bucketBodies, Key: []byte(p.ID)})
		}
	}
	return changes
}

// receive reads a body to its end. A large one goes to a file as it comes.
func (b *bodies) receive(r io.Reader, size int64) (received, error) {
	in := received{piece: piece{ID: newBodyID(time.Now())}}
	sum := md5.New()
	head := bytes.NewBuffer(make([]byte, 0, min(max(size, 0), mostInStore)+bytes.MinRead))
	n, err := io.Copy(head, io.LimitReader(r, mostInStore+1))
	if err != nil {
		return in, reading(err)
	}
	sum.Write(head.Bytes())
	if n <= mostInStore {
		in.Size, in.InStore, in.content = n, true, head.Bytes()
	} else if in.Size, err = b.spool(in.ID, head.Bytes(), r, sum); err != nil {
		return in, err
	}
	in.md5 = sum.Sum(nil)
	if size >= 0 && in.Size != size {
		b.discard(in.pieces())
		return in, incompleteBody()
	}
	return in, nil
}

// reading is an error of reading what the client sends.
func reading(err error) error {
	if _, ours := errors.AsType[*Error](err); ours {
		return err
	}
	return fmt.Errorf("%w (%w)", incompleteBody(), err)
}

// spool writes a body to a temporary file, makes that durable and gives it its
// name.
func (b *bodies) spool(id string, head []byte, rest io.Reader, sum hash.Hash) (int64, error) {
	folder, err := b.place()
	if err != nil {
		return 0, fmt.Errorf("large body: %w", err)
	}
	name := filepath.Join(folder, id)
	f, err := os.OpenFile(name+temporarySuffix, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("large body: %w", err)
	}
	size, err := b.fill(f, head, rest, sum)
	if err == nil && !b.temporary {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(name+temporarySuffix, name)
	}
	if err == nil && !b.temporary {
		err = syncFolder(folder)
	}
	if err != nil {
		return 0, errors.Join(err, os.Remove(name+temporarySuffix))
	}
	return size, nil
}

func (b *bodies) fill(f *os.File, head []byte, rest io.Reader, sum hash.Hash) (int64, error) {
	if _, err := f.Write(head); err != nil {
		return 0, fmt.Errorf("large body: %w", err)
	}
	from := &source{Reader: rest}
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(f, sum)}, from, make([]byte, 256<<10))
	if from.err != nil {
		return 0, reading(from.err)
	}
	if err != nil {
		return 0, fmt.Errorf("large body: %w", err)
	}
	return int64(len(head)) + n, nil
}

// source remembers an error of reading, to tell it from one of writing.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// discard removes the files of pieces that nothing refers to any more, those that
// are being read when they have been. A file that stays is swept at the next
// start.
func (b *bodies) discard(pieces []piece) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range pieces {
		switch {
		case p.InStore:
		case b.pins[p.ID] > 0:
			b.doomed[p.ID] = true
		default:
			_ = os.Remove(filepath.Join(b.folder, p.ID))
		}
	}
}

package lambdahost

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// outlet is where a process prints, and where the host reads it: a pipe, or a
// file if what was printed must outlive the host. What a killed process wrote can
// be read from either. But a pipe, and what is in it, is gone with the host,
// while a file stays, and the next host's owner finds it.
type outlet struct {
	write, read *os.File
	// path is that of the file, "" for a pipe.
	path string
	// over is closed when the process has ended: what is there is all.
	over chan struct{}
	seen atomic.Int64
}

// newOutlet makes a pipe, or a file of that name if there is a folder.
func newOutlet(folder, name string) (*outlet, error) {
	o := &outlet{over: make(chan struct{})}
	var err error
	if folder == "" {
		if o.read, o.write, err = os.Pipe(); err != nil {
			return nil, fmt.Errorf("make a pipe for what a function prints: %w", err)
		}
		return o, nil
	}
	o.path = filepath.Join(folder, name)
	if o.write, err = os.OpenFile(o.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, fmt.Errorf("make a file for what a function prints: %w", err)
	}
	if o.read, err = os.Open(o.path); err != nil {
		_ = o.write.Close()
		return nil, fmt.Errorf("read what a function prints: %w", err)
	}
	return o, nil
}

// A file is looked at again after the first pause, which doubles up to the last
// one while nothing comes.
const (
	firstLook = 2 * time.Millisecond
	lastLook  = 50 * time.Millisecond
)

// Read reads what was printed and waits for more. It ends when the process has
// ended and all was read.
func (o *outlet) Read(p []byte) (int, error) {
	pause, over := firstLook, o.path == ""
	for {
		n, err := o.read.Read(p)
		if n > 0 || over || !errors.Is(err, io.EOF) {
			o.seen.Add(int64(n))
			return n, err
		}
		select {
		case <-o.over:
			over = true // and once more, as it may have printed since
		case <-time.After(pause):
			pause = min(2*pause, lastLook)
		}
	}
}

// fullFile is how much one process may print into a file. Then another one takes
// its place, as a file cannot be begun anew while somebody writes it.
const fullFile = 64 << 20

// full tells whether the process should make room for another one.
func (o *outlet) full() bool { return o.path != "" && o.seen.Load() > fullFile }

// ended says that the process has ended.
func (o *outlet) ended() {
	close(o.over)
	if o.path == "" {
		// Somebody who inherited the pipe and left the group must not hold this up.
		time.AfterFunc(time.Second, func() { _ = o.read.Close() })
	}
}

// close is called when all was read; a file is not needed any more.
func (o *outlet) close() {
	_ = o.read.Close()
	if o.path != "" {
		_ = os.Remove(o.path)
	}
}

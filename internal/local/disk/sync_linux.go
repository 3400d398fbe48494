package disk

import (
	"errors"
	"os"
	"syscall"
)

// flushData makes a file's content durable, and of what is about it only what is
// needed to read it.
func flushData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

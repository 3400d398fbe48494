package machine

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"sluice/internal/ledger"
)

// keeper keeps the ledger of a data folder: the lines of the account among what
// functions print. They print into files, so that what was printed outlives the
// functions and the machine. Files that a machine left which was killed are read
// by the next one: nobody knows how far they were read, so what the ledger has
// already is passed over.
//
//	<data folder>/ledger.jsonl                          the ledger
//	<data folder>/printed/<machine>/<function>-<id>     what a process prints, until it was read
//	<data folder>/printed/<machine>/lock                held by who reads it
type keeper struct {
	ledger *ledger.File
	folder string
	lock   *flock.Flock
}

func openKeeper(data string) (*keeper, error) {
	if err := makeFolder(data); err != nil {
		return nil, err
	}
	file, err := ledger.Open(data)
	if err != nil {
		return nil, err
	}
	k := &keeper{ledger: file}
	if err := k.begin(filepath.Join(data, "printed")); err != nil {
		return nil, errors.Join(fmt.Errorf("what functions print: %w", err), file.Close())
	}
	return k, nil
}

// begin takes over what was left and makes a folder of its own. One keeper at a
// time does that.
func (k *keeper) begin(all string) error {
	if err := makeFolder(all); err != nil {
		return err
	}
	gate := flock.New(filepath.Join(all, "lock"))
	if err := gate.Lock(); err != nil {
		return err
	}
	defer func() { _ = gate.Close() }()
	left, err := filepath.Glob(filepath.Join(all, "*", "lock"))
	if err != nil {
		return err
	}
	for _, lock := range left {
		if err := k.takeOver(filepath.Dir(lock)); err != nil {
			return err
		}
	}
	if k.folder, err = os.MkdirTemp(all, ""); err != nil {
		return err
	}
	k.lock = flock.New(filepath.Join(k.folder, "lock"))
	return k.lock.Lock()
}

// takeOver adds what the ledger lacks of a folder, unless somebody reads it.
func (k *keeper) takeOver(folder string) error {
	lock := flock.New(filepath.Join(folder, "lock"))
	taken, err := lock.TryLock()
	if err != nil || !taken {
		return err
	}
	defer func() { _ = lock.Close() }()
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := k.restore(filepath.Join(folder, f.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(folder)
}

func (k *keeper) restore(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = k.ledger.Restore(file)
	return err
}

// printed is the folder for what processes print; "" without a keeper.
func (k *keeper) printed() string {
	if k == nil {
		return ""
	}
	return k.folder
}

// output keeps lines of the account and writes every line.
func (k *keeper) output(to io.Writer, log *slog.Logger) func(function, line string) {
	write := lines(to)
	if k == nil {
		return write
	}
	return func(function, line string) {
		if err := k.ledger.Add(line); err != nil {
			log.Error("a line of the ledger is not kept", "function", function, "error", err.Error())
		}
		write(function, line)
	}
}

// close is called when no process is left.
func (k *keeper) close() error {
	if k == nil {
		return nil
	}
	err := errors.Join(k.ledger.Close(), k.lock.Close(), os.Remove(k.lock.Path()))
	_ = os.Remove(k.folder) // fails if there is something left, for the next one
	return err
}

package machine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrRunning: another process runs the machine of this data folder. [Find]
// tells where it listens.
var ErrRunning = errors.New("the machine of this data folder is running already")

// DefaultFolder is where the machine keeps its data unless told: below the
// user's cache directory.
func DefaultFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory for the machine's data (name one with --data): %w", err)
	}
	return filepath.Join(cache, "sluice", "local"), nil
}

// Running says where a machine listens.
type Running struct {
	// URL is the endpoint, http://127.0.0.1:port.
	URL string `json:"url"`
	PID int    `json:"pid"`
	// Signed: it lets only signed requests in.
	Signed bool `json:"signed,omitempty"`
	// Keys are what to sign with.
	Keys Keys `json:"-"`
}

// Doors is a client of the machine's own doors.
func (r Running) Doors() *Doors {
	d := NewDoors(r.URL)
	if r.Signed {
		d.keys = r.Keys
	}
	return d
}

func runningFile(folder string) string { return filepath.Join(folder, "machine.json") }

func makeFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

// lock takes the folder for this process, or answers ErrRunning. The lock ends
// with the process, however it ends.
func lock(folder string) (*flock.Flock, error) {
	if err := makeFolder(folder); err != nil {
		return nil, err
	}
	l := flock.New(filepath.Join(folder, "lock"))
	taken, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("data folder %s: lock: %w", folder, err)
	}
	if !taken {
		return nil, fmt.Errorf("%w: %s", ErrRunning, folder)
	}
	return l, nil
}

// LogFile is where the machine of a folder and its functions log.
func LogFile(folder string) string { return filepath.Join(folder, "machine.log") }

// mostLog is the size at which a log begins anew with the next start.
const mostLog = 64 << 20

func openLog(folder string) (*os.File, error) {
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if info, err := os.Stat(LogFile(folder)); err == nil && info.Size() > mostLog {
		flags |= os.O_TRUNC
	}
	file, err := os.OpenFile(LogFile(folder), flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	return file, nil
}

// announce tells others where this machine listens. The file is replaced in one
// step, so that nobody reads half of it.
func announce(folder string, r Running) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	next := runningFile(folder) + ".new"
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return fmt.Errorf("announce the machine: %w", err)
	}
	return os.Rename(next, runningFile(folder))
}

// Find tells where the machine of a data folder listens. It answers false if
// none was announced; one that was may have died since.
func Find(folder string) (Running, bool) {
	raw, err := os.ReadFile(runningFile(folder))
	if err != nil {
		return Running{}, false
	}
	var r Running
	if json.Unmarshal(raw, &r) != nil || r.URL == "" {
		return Running{}, false
	}
	r.Keys = unchecked()
	if r.Signed {
		if r.Keys, err = readKeys(KeysFile(folder)); err != nil {
			return Running{}, false
		}
	}
	return r, true
}

package lambdahost

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// files lists the names in a folder.
func files(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWhatIsPrintedToAFileIsReadToItsEnd(t *testing.T) {
	folder := t.TempDir()
	h, out := start(t, Config{Functions: []Function{function("f", nil)}, Printed: folder})
	ask(t, h, "f", order{Do: "print", Text: "early"})
	eventually(t, "the line came while the process lives", func() bool { return len(out.with("f|to stdout: early")) == 1 })
	if n := len(files(t, folder)); n != 1 {
		t.Errorf("%d files of one process", n)
	}
	for range 20 { // it exits right after it printed
		fails(t, h, "f", order{Do: "exit", Size: 3})
	}
	if n := len(out.with("last words")); n != 20 {
		t.Errorf("%d lines of 20 came before their calls failed", n)
	}
	eventually(t, "no file is left", func() bool { return len(files(t, folder)) == 0 })
}

func TestAProcessThatPrintedTooMuchMakesRoom(t *testing.T) {
	h, _ := start(t, Config{Functions: []Function{function("f", nil)}, Printed: t.TempDir()})
	first := ask(t, h, "f", order{})
	h.registry.mu.Lock()
	for _, p := range h.registry.processes {
		p.out.seen.Store(fullFile + 1)
	}
	h.registry.mu.Unlock()
	eventually(t, "another process serves", func() bool { return ask(t, h, "f", order{}).PID != first.PID })
	if n := h.Stats()["f"].Errors; n != 0 {
		t.Errorf("%d calls failed", n)
	}
}

func TestAFileStaysWhenTheHostIsKilled(t *testing.T) {
	self, _ := os.Executable()
	folder := t.TempDir()
	host := exec.Command(self)
	host.Env = append(os.Environ(), "HOST=yes", "PRINTED="+folder)
	stdout, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = host.Wait() }()
	const line = "to stdout: while the host lived"
	for lines := bufio.NewScanner(stdout); lines.Scan() && lines.Text() != line; {
	}
	_ = host.Process.Kill()
	_ = host.Wait()
	left := files(t, folder)
	if len(left) != 1 {
		t.Fatalf("%d files are left", len(left))
	}
	if text, err := os.ReadFile(left[0]); err != nil || !strings.Contains(string(text), line+"\n") {
		t.Errorf("%q, %v", text, err)
	}
}

// What is written between the last look and the end must not be missed.
func TestAnOutletEndsAfterItsLastByte(t *testing.T) {
	for i := range 200 {
		o, err := newOutlet(t.TempDir(), "f")
		if err != nil {
			t.Fatal(err)
		}
		const lines = 50
		go func() {
			for n := range lines {
				fmt.Fprintln(o.write, n)
				if n == i%lines {
					time.Sleep(time.Millisecond)
				}
			}
			_ = o.write.Close()
			o.ended()
		}()
		text, err := io.ReadAll(o)
		if got := strings.Count(string(text), "\n"); err != nil || got != lines {
			t.Fatalf("%d lines of %d, %v", got, lines, err)
		}
		o.close()
		if _, err := os.Stat(o.path); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("the file is still there: %v", err)
		}
	}
}

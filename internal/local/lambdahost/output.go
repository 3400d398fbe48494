package lambdahost

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"sync"
)

const (
	maxLine   = 256 << 10 // bytes; longer lines come in pieces, as in CloudWatch Logs
	tailLines = 20
	tailWidth = 500 // bytes of a line
)

// lines calls fn for every line of r, without its end, until r ends.
func lines(r io.Reader, fn func(string)) {
	in := bufio.NewReaderSize(r, 8<<10)
	var line []byte
	for {
		piece, err := in.ReadSlice('\n')
		line = append(line, piece...)
		if errors.Is(err, bufio.ErrBufferFull) && len(line) < maxLine {
			continue
		}
		if len(line) > 0 {
			fn(strings.ToValidUTF8(strings.TrimRight(string(line), "\r\n"), "\uFFFD"))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
		line = line[:0]
	}
}

// tail remembers the last lines.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	if len(line) > tailWidth {
		line = strings.ToValidUTF8(line[:tailWidth], "") + "…"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == tailLines {
		copy(t.lines, t.lines[1:])
		t.lines = t.lines[:tailLines-1]
	}
	t.lines = append(t.lines, line)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"sluice/internal/local/machine"
)

// broken is an error if a batch failed in a run where nobody was killed. All
// records are answered then as well, for the batch comes again: only the machine's
// log tells that a process ended on its own.
func broken(data string) error {
	log, err := os.Open(machine.LogFile(data))
	if err != nil {
		return fmt.Errorf("did a batch fail? %w", err)
	}
	defer log.Close()
	failed, first := 0, ""
	for lines := bufio.NewReader(log); ; {
		line, err := lines.ReadSlice('\n')
		if bytes.Contains(line, []byte(`"msg":"batch failed"`)) {
			if failed++; failed == 1 {
				first = string(bytes.TrimSpace(line))
			}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull): // the rest is looked at as a line of its own
		case errors.Is(err, io.EOF):
			if failed > 0 {
				return fmt.Errorf("%d batches failed on the way; the first: %s", failed, first)
			}
			return nil
		case err != nil:
			return fmt.Errorf("did a batch fail? %w", err)
		}
	}
}

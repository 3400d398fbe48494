package lambdahost

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// nicesOf are the nice values of a process's threads.
func nicesOf(t *testing.T, pid int) map[string]bool {
	t.Helper()
	const nice = 16 // its place behind the name
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("threads of %d: %v, %v", pid, threads, err)
	}
	all := map[string]bool{}
	for _, thread := range threads {
		raw, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended
		}
		all[strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))[nice]] = true
	}
	return all
}

func TestYields(t *testing.T) {
	eager, yielding := function("eager", nil), function("yielding", nil)
	yielding.Yields = 15
	h, _ := start(t, Config{Functions: []Function{eager, yielding}})
	if got := nicesOf(t, ask(t, h, "yielding", order{}).PID); len(got) != 1 || !got["15"] {
		t.Errorf("a function that yields has threads of nice %v", got)
	}
	own := nicesOf(t, os.Getpid())
	for nice := range nicesOf(t, ask(t, h, "eager", order{}).PID) {
		if !own[nice] {
			t.Errorf("another has threads of nice %s, the host of %v", nice, own)
		}
	}
}

package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// watchEvery is how often the processes are looked at.
const watchEvery = 250 * time.Millisecond

// watcher notes the peak memory of a process and of its children, by the name
// of their programs.
type watcher struct {
	mu    sync.Mutex
	peaks map[string]int // KiB
	most  map[string]int // processes at the same time
	stop  chan struct{}
	done  sync.WaitGroup
}

// watch begins to watch a process; end ends it.
func watch(pid int) *watcher {
	w := &watcher{peaks: map[string]int{}, most: map[string]int{}, stop: make(chan struct{})}
	w.done.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		all := family{pid: pid}
		for {
			w.look(&all)
			select {
			case <-tick.C:
			case <-w.stop:
				return
			}
		}
	})
	return w
}

// end returns the peaks in MiB and the largest number of processes, by name.
// Both are empty where the system has no /proc.
func (w *watcher) end() (peaks map[string]float64, processes map[string]int) {
	close(w.stop)
	w.done.Wait()
	peaks = map[string]float64{}
	for name, kib := range w.peaks {
		peaks[name] = float64(kib) / 1024
	}
	return peaks, maps.Clone(w.most)
}

func (w *watcher) look(all *family) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("sluice", all.pid)
	running := map[string]int{}
	for _, child := range all.children() {
		name := functionOf(child)
		if name == "" {
			continue
		}
		running[name]++
		w.note(name, child)
	}
	for name, n := range running {
		w.most[name] = max(w.most[name], n)
	}
}

func (w *watcher) note(name string, pid int) {
	if kib := peakMemory(pid); kib > 0 {
		w.peaks[name] = max(w.peaks[name], kib)
	}
}

// family is a process and those that it started.
type family struct {
	pid    int
	young  []int
	listed time.Time
}

// listEvery is how often a family is looked for: that takes more CPU than all else
// that is measured here.
const listEvery = time.Second

// children are the processes that the process started and that still run, or did
// so a moment ago.
func (f *family) children() []int {
	if time.Since(f.listed) >= listEvery {
		f.young, f.listed = children(f.pid), time.Now()
	}
	return f.young
}

// children lists the processes that a process started and that still run.
func children(pid int) []int {
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	var all []int
	for _, thread := range threads {
		raw, err := os.ReadFile(thread)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(raw)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// functionOf is the function that a process runs, "" if it is none: its program
// is <function>/bootstrap.
func functionOf(pid int) string {
	program, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
	program = strings.TrimSuffix(program, " (deleted)")
	if err != nil || filepath.Base(program) != "bootstrap" {
		return ""
	}
	return filepath.Base(filepath.Dir(program))
}

// peakMemory is the most that a process had resident so far, in KiB; 0 if that
// cannot be told.
func peakMemory(pid int) int {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(raw) {
		if rest, found := bytes.CutPrefix(line, []byte("VmHWM:")); found {
			kib, _ := strconv.Atoi(string(bytes.Fields(rest)[0]))
			return kib
		}
	}
	return 0
}

// tick is the unit of CPU times in /proc.
const tick = time.Second / 100

// cpu is the CPU time of the process and of its children, those that have ended
// among them; 0 if that cannot be told.
func (f *family) cpu() time.Duration {
	const own, ended = 0, 2 // places of a pair of user and system time
	all := ticksOf(f.pid, own) + ticksOf(f.pid, ended)
	for _, child := range f.children() {
		all += ticksOf(child, own)
	}
	return time.Duration(all) * tick
}

// ticksOf sums two neighbouring CPU times of a process, counted from its own user
// time on.
func ticksOf(pid, from int) int {
	const userTime = 11 // its place behind the name
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	sum := 0
	for i := userTime + from; i < min(userTime+from+2, len(fields)); i++ {
		n, _ := strconv.Atoi(string(fields[i]))
		sum += n
	}
	return sum
}

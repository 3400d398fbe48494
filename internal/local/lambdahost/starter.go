package lambdahost

import (
	"os/exec"
	"runtime"
	"sync"
)

// starter starts processes, all from one thread that lives until stop: on Linux
// a process is killed when the thread that started it ends.
type starter struct {
	work chan func()
	done chan struct{}
	once sync.Once
}

func newStarter() *starter {
	s := &starter{work: make(chan func()), done: make(chan struct{})}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for {
			select {
			case do := <-s.work:
				do()
			case <-s.done:
				return
			}
		}
	}()
	return s
}

// start starts the command, or returns ErrStopped after stop.
func (s *starter) start(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	select {
	case s.work <- func() { result <- cmd.Start() }:
		return <-result
	case <-s.done:
		return ErrStopped
	}
}

// stop ends the thread. No process may be left.
func (s *starter) stop() { s.once.Do(func() { close(s.done) }) }

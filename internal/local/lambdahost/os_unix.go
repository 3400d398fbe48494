//go:build unix && !linux

package lambdahost

import (
	"os"
	"syscall"
)

// attributes give the process a group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// kill ends the process and everything in its group.
func kill(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

func systemEnvironment() map[string]string { return nil }

// peakMemory is not known here while a process runs.
func peakMemory(int) int { return 0 }

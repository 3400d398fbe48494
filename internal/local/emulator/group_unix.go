//go:build unix

package emulator

import (
	"os/exec"
	"syscall"
)

// alone puts the program into a process group of its own: a launcher may stand
// before the program, and both are to end.
func alone(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func end(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }

//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package lambdahost

import (
	"os"
	"syscall"
)

// yield gives the process's group a low priority. If that fails it has the host's,
// as others do.
func yield(p *os.Process, nice int) { _ = syscall.Setpriority(syscall.PRIO_PGRP, p.Pid, nice) }

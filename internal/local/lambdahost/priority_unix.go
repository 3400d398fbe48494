//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package lambdahost

import (
	"os"
	"syscall"
)

// yielding is a thirtieth of a usual process's share. A function that asks for
// work to be done mostly waits, and gets by with that, also beside busy neighbours.
const yielding = 15

// yield gives the process's group a low priority. If that fails it has the host's,
// as others do.
func yield(p *os.Process) { _ = syscall.Setpriority(syscall.PRIO_PGRP, p.Pid, yielding) }

package lambdahost

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// attributes give the process a group of its own and tie its life to the
// thread that starts it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// kill ends the process and everything in its group.
func kill(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

func systemEnvironment() map[string]string { return nil }

// peakMemory is the most memory that the process had resident, in MB; 0 if it
// is gone. The resource usage of an ended process would not do: it counts from
// before the program was loaded, so the host's own memory is in it.
func peakMemory(pid int) int {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, found := bytes.Cut(status, []byte("VmHWM:"))
	if !found {
		return 0
	}
	number, _, _ := bytes.Cut(bytes.TrimLeft(rest, " \t"), []byte(" "))
	kB, err := strconv.Atoi(string(number))
	if err != nil {
		return 0
	}
	return (kB + 1023) / 1024
}

package lambdahost

import (
	"os"
	"syscall"
)

// attributes keep the terminal's interrupt away from the process.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// kill ends the process.
func kill(p *os.Process) { _ = p.Kill() }

// systemEnvironment is what a program needs to find its temporary files.
func systemEnvironment() map[string]string {
	return map[string]string{"TEMP": os.TempDir(), "TMP": os.TempDir()}
}

// peakMemory is not known here while a process runs.
func peakMemory(int) int { return 0 }

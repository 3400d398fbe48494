//go:build !unix

package emulator

import "os/exec"

func alone(*exec.Cmd) {}

func end(c *exec.Cmd) { _ = c.Process.Kill() }

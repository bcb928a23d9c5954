// SPDX-License-Identifier: Apache-2.0

//go:build unix

package local

import (
	"os"
	"os/exec"
	"syscall"
)

// apart gives a process a group of its own: Ctrl-C reaches only us, and we end the process.
func apart(process *exec.Cmd) {
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.Cancel = func() error { return process.Process.Signal(os.Interrupt) }
}

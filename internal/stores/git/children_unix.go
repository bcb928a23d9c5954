// SPDX-License-Identifier: Apache-2.0

//go:build unix

package git

import (
	"os/exec"
	"syscall"
)

// killWithChildren has git and its children, such as ssh, end when the context does.
func killWithChildren(git *exec.Cmd) {
	git.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	git.Cancel = func() error { return syscall.Kill(-git.Process.Pid, syscall.SIGKILL) }
}

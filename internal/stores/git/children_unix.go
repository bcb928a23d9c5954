// SPDX-License-Identifier: Apache-2.0

//go:build unix

package git

import (
	"os/exec"
	"syscall"
)

// killWithChildren ends git together with its children, such as ssh, when its time is over.
func killWithChildren(git *exec.Cmd) {
	git.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	git.Cancel = func() error { return syscall.Kill(-git.Process.Pid, syscall.SIGKILL) }
}

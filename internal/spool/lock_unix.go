// SPDX-License-Identifier: Apache-2.0

//go:build unix

package spool

import (
	"os"
	"os/exec"
	"syscall"
)

// goesOpen tells that a directory can be removed while it is open.
const goesOpen = true

// lock fails if another process has the lock, unless it is to wait for it.
func lock(f *os.File, wait bool) error {
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	return syscall.Flock(int(f.Fd()), how)
}

// Share lets a command that has not started hold the directory, too: nobody takes it for abandoned
// before both processes have ended.
func (d *Dir) Share(command *exec.Cmd) { command.ExtraFiles = append(command.ExtraFiles, d.lock) }

// SPDX-License-Identifier: Apache-2.0

//go:build unix

package spool

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// goesOpen tells that a directory can be removed while it is open.
const goesOpen = true

// lock takes the lock of a file until the file is closed. It fails with errHeld if another process
// has the lock.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errHeld
	}
	return err
}

// Share lets a command that has not started hold the directory, too: nobody takes it for abandoned
// before both processes have ended.
func (d *Dir) Share(command *exec.Cmd) { command.ExtraFiles = append(command.ExtraFiles, d.lock) }

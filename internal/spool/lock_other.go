// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package spool

import (
	"errors"
	"os"
	"os/exec"
)

// goesOpen tells that a directory can be removed while it is open. On Windows it cannot.
const goesOpen = false

// lock gets no lock: what killed processes have left stays for a person to remove. The runner is on
// Linux.
func lock(*os.File) error { return errors.ErrUnsupported }

// Share does nothing: there is no lock.
func (d *Dir) Share(*exec.Cmd) {}

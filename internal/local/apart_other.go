// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package local

import "os/exec"

// apart does nothing: such a system has no process groups, and a process can only be killed.
func apart(*exec.Cmd) {}

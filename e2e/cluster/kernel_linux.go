// SPDX-License-Identifier: Apache-2.0

package cluster

import "syscall"

// boundTo makes a child that gets a signal when its starter dies, and none of
// those that a terminal sends to its starter's group.
func boundTo(signal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: signal}
}

func detach(mountPoint string) error { return syscall.Unmount(mountPoint, syscall.MNT_DETACH) }

// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Possible says why no cluster can be booted on this machine, whatever is installed; nil
// if there is no reason. A container without privileges is the usual one.
func Possible() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("booting a cluster needs Linux, and this is %s", runtime.GOOS)
	}
	if user := os.Geteuid(); user != 0 {
		return fmt.Errorf("booting a cluster needs root, and this is user %d", user)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	dir, err := Folder()
	if err != nil {
		return err
	}
	return errors.Join(capable(string(status)), mounted(dir, string(mounts)), writableCgroups())
}

// capabilities that a node needs, by their numbers in the kernel.
var capabilities = map[string]uint{"NET_ADMIN": 12, "SYS_ADMIN": 21}

// capable reads /proc/self/status.
func capable(status string) error {
	var have uint64
	for line := range strings.Lines(status) {
		if set, ok := strings.CutPrefix(line, "CapEff:"); ok {
			var err error
			if have, err = strconv.ParseUint(strings.TrimSpace(set), 16, 64); err != nil {
				return err
			}
		}
	}
	var lacking error
	for name, bit := range capabilities {
		if have&(1<<bit) == 0 {
			lacking = errors.Join(lacking, fmt.Errorf("booting a cluster needs the capability %s", name))
		}
	}
	return lacking
}

// mounted reads /proc/self/mountinfo. In a chroot of a mere folder there is no mount that the
// kubelet would find its own folder below.
func mounted(dir, mounts string) error {
	for line := range strings.Lines(mounts) {
		if fields := strings.Fields(line); len(fields) > 4 && (fields[4] == "/" || strings.HasPrefix(dir+"/", fields[4]+"/")) {
			return nil
		}
	}
	return fmt.Errorf("booting a cluster needs a mount above %s, and this is a chroot without one", dir)
}

// writableCgroups tries it: in many containers they are mounted read-only.
func writableCgroups() error {
	trees, err := cgroupTrees()
	if err != nil {
		return err
	}
	for _, tree := range trees {
		dir, err := os.MkdirTemp(tree, "kratix-e2e-probe-")
		if err != nil {
			return fmt.Errorf("booting a cluster needs cgroups of its own: %w", err)
		}
		if err := os.Remove(filepath.Clean(dir)); err != nil {
			return err
		}
	}
	return nil
}

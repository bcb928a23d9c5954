// SPDX-License-Identifier: Apache-2.0

// Package debian installs programs from packages of Debian, where this machine lets it.
package debian

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Has is whether this machine has a program that runs here, or a file. A busybox must run in an
// image that has nothing else.
func Has(what string) bool {
	path, err := exec.LookPath(what)
	if err == nil && what == "busybox" {
		return isStatic(path) == nil
	}
	return err == nil
}

// Installs is whether packages can be installed here: as root, where there is apt-get.
func Installs() bool {
	_, err := exec.LookPath("apt-get")
	return err == nil && os.Geteuid() == 0
}

// Install installs packages. What apt-get says goes to the log.
func Install(log io.Writer, packages []string) error {
	install := append([]string{"install", "--yes", "--no-install-recommends"}, packages...)
	for _, args := range [][]string{{"update"}, install} {
		command := exec.Command("apt-get", args...)
		// Packages must not start servers of their own.
		command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
		command.Stdout, command.Stderr = log, log
		if err := command.Run(); err != nil {
			return fmt.Errorf("apt-get %s: %w", args[0], err)
		}
	}
	return nil
}

// Ensure installs a package for a program, or a file, unless it is there. It needs root.
func Ensure(what, name string) error {
	if Has(what) {
		return nil
	}
	var log bytes.Buffer
	err := Install(&log, []string{name})
	if Has(what) {
		return nil
	}
	return errors.Join(fmt.Errorf("not found: %s; on Debian: apt-get install %s", what, name), err, errors.New(log.String()))
}

// isStatic is nil for a program that runs in an image without any library.
func isStatic(program string) error {
	file, err := elf.Open(program)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if file.Section(".interp") != nil {
		return errors.New("it needs shared libraries")
	}
	return nil
}

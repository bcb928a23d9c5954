// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// A need is what this machine must have, and Debian's package of it.
type need struct{ what, debian string }

// needs are programs, or files where they are paths.
var needs = []need{
	{"containerd", "containerd"},
	{"containerd-shim-runc-v2", "containerd"},
	{"runc", "runc"},
	{"/usr/lib/cni/loopback", "containernetworking-plugins"},
	{"busybox", "busybox-static"},
	{"ip", "iproute2"},
	{"git", "git"},
	{"go", ""}, // Debian's is too old
}

// missing are the needs that has does not find.
func missing(has func(what string) bool) []need {
	return slices.DeleteFunc(slices.Clone(needs), func(n need) bool { return has(n.what) })
}

// packages are what to install, each once.
func packages(missing []need) []string {
	var names []string
	for _, n := range missing {
		if n.debian != "" {
			names = append(names, n.debian)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// lack says what is missing, all of it at once, and what to do.
func lack(missing []need) error {
	if len(missing) == 0 {
		return nil
	}
	var what []string
	for _, n := range missing {
		what = append(what, n.what)
	}
	todo := "install Go, go.dev/doc/install"
	if debian := packages(missing); len(debian) > 0 {
		todo = "on Debian: apt-get install " + strings.Join(debian, " ")
	}
	return fmt.Errorf("not found: %s; %s; or set KUBECONFIG to use a cluster you have", strings.Join(what, ", "), todo)
}

// has is whether this machine has a program that runs here, or a file.
func has(what string) bool {
	path, err := exec.LookPath(what)
	if err == nil && what == "busybox" {
		return isStatic(path) == nil
	}
	return err == nil
}

// require installs what is missing where it may: as root, where there is apt-get.
func (s *supervisor) require() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("booting a cluster needs root (user %d); or set KUBECONFIG to use a cluster you have", os.Geteuid())
	}
	lacking := missing(has)
	names := packages(lacking)
	if _, err := exec.LookPath("apt-get"); err != nil || len(names) == 0 {
		return lack(lacking)
	}
	if err := s.install(names); err != nil {
		return errors.Join(lack(lacking), err)
	}
	return lack(missing(has))
}

// install cannot be interrupted: a package that is half installed is worse than a minute.
func (s *supervisor) install(packages []string) error {
	path := s.path("apt-get.log")
	s.say("installing %s with apt-get; its log is %s", strings.Join(packages, " "), path)
	log, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	if err := aptInstall(log, packages); err != nil {
		return fmt.Errorf("%w; its log is %s", err, path)
	}
	return nil
}

func aptInstall(log io.Writer, packages []string) error {
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

// Ensure installs a package of Debian's for a program, or a file, that only some tests
// need, unless it is there. It needs root.
func Ensure(what, debian string) error {
	if has(what) {
		return nil
	}
	var log bytes.Buffer
	err := aptInstall(&log, []string{debian})
	if has(what) {
		return nil
	}
	return errors.Join(fmt.Errorf("not found: %s; on Debian: apt-get install %s", what, debian), err, errors.New(log.String()))
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

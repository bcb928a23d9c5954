// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/e2e/debian"
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
	if names := packages(missing); len(names) > 0 {
		todo = "on Debian: apt-get install " + strings.Join(names, " ")
	}
	return fmt.Errorf("not found: %s; %s; or set KUBECONFIG to use a cluster you have", strings.Join(what, ", "), todo)
}

// require installs what is missing where it may: as root, where there is apt-get.
func (s *supervisor) require() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("booting a cluster needs root (user %d); or set KUBECONFIG to use a cluster you have", os.Geteuid())
	}
	lacking := missing(debian.Has)
	names := packages(lacking)
	if _, err := exec.LookPath("apt-get"); err != nil || len(names) == 0 {
		return lack(lacking)
	}
	if err := s.install(names); err != nil {
		return errors.Join(lack(lacking), err)
	}
	return lack(missing(debian.Has))
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
	if err := debian.Install(log, packages); err != nil {
		return fmt.Errorf("%w; its log is %s", err, path)
	}
	return nil
}

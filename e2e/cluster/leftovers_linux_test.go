// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// An end is how a cluster and its user end, and when.
type end struct {
	at         string // what the cluster says at the moment
	unbuilt    bool   // nothing is built yet
	supervisor syscall.Signal
	user       syscall.Signal
}

// ends are all of them: every step of a boot is interrupted.
func ends() map[string]end {
	all := map[string]end{
		"user killed in use":       {at: inUse, user: syscall.SIGKILL},
		"user killed during boot":  {at: "node", user: syscall.SIGKILL},
		"user killed during build": {at: "building", unbuilt: true, user: syscall.SIGKILL},
		"cluster killed in use":    {at: inUse, supervisor: syscall.SIGKILL, user: syscall.SIGINT},
		"both killed in use":       {at: inUse, supervisor: syscall.SIGKILL, user: syscall.SIGKILL},
		"both killed during boot":  {at: "node", supervisor: syscall.SIGKILL, user: syscall.SIGKILL},
		"both killed during build": {at: "building", unbuilt: true, supervisor: syscall.SIGKILL, user: syscall.SIGKILL},
		"interrupted in use":       {at: inUse, user: syscall.SIGINT},
		"interrupted, build":       {at: "building", unbuilt: true, user: syscall.SIGINT},
	}
	for _, step := range (&supervisor{}).steps() {
		all["interrupted, "+step.what] = end{at: step.what, user: syscall.SIGINT}
	}
	return all
}

// TestNothingIsLeft ends clusters in every way and at many moments, and looks for what is left.
func TestNothingIsLeft(t *testing.T) {
	for name, end := range ends() {
		t.Run(name, func(t *testing.T) {
			u := newUser(t, end.unbuilt)
			u.awaitLine(t, end.at)
			switch {
			case end.at == inUse:
				u.runPod(t)
			case end.unbuilt:
				u.awaitCompiler(t)
			}
			u.end(t, end)
			var left []string
			err := until(t.Context(), "the end of everything", patience, nil, func(context.Context) error {
				if left = u.leftovers(t); len(left) > 0 {
					return errors.New(strings.Join(left, "\n"))
				}
				return nil
			})
			require.NoError(t, err)
		})
	}
}

// leftovers are what a cluster is made of, and is still there.
func (u *user) leftovers(t *testing.T) []string {
	t.Helper()
	left := slices.Concat(networkProcesses(t), u.mountPoints(t), addresses(t), u.logLinks())
	for _, pattern := range []string{u.path("*"), filepath.Join(u.temp, "*"), u.path("bin", "unfinished")} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, path := range found {
			if !slices.Contains([]string{"bin", "source", "logs", "lock", "supervisor.log"}, filepath.Base(path)) {
				left = append(left, "folder "+path)
			}
		}
	}
	trees, err := cgroupTrees()
	require.NoError(t, err)
	for _, tree := range trees {
		if _, err := os.Stat(filepath.Join(tree, u.cgroup())); err == nil {
			left = append(left, "cgroup "+filepath.Join(tree, u.cgroup()))
		}
	}
	for _, socket := range deadSockets(t) {
		if !slices.Contains(u.sockets, socket) {
			left = append(left, "socket "+socket)
		}
	}
	return left
}

// networkProcesses are all in this network but this one: pods share it with the cluster.
func networkProcesses(t *testing.T) []string {
	t.Helper()
	own, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	links, err := filepath.Glob("/proc/[0-9]*/ns/net")
	require.NoError(t, err)
	self, err := os.Readlink("/proc/self")
	require.NoError(t, err)
	var found []string
	for _, link := range links {
		process := filepath.Dir(filepath.Dir(link))
		network, err := os.Readlink(link)
		if err != nil || network != own || filepath.Base(process) == self {
			continue // it has ended, or is not of this network
		}
		command, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		found = append(found, "process "+process+" "+strings.ReplaceAll(string(command), "\x00", " "))
	}
	return found
}

func (u *user) mountPoints(t *testing.T) []string {
	t.Helper()
	all, err := mounts()
	require.NoError(t, err)
	var found []string
	for _, m := range all {
		if strings.HasPrefix(m.point, string(u.folder)+"/") {
			found = append(found, "mount "+m.point)
		}
	}
	return found
}

func addresses(t *testing.T) []string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	require.NoError(t, err)
	var found []string
	for _, address := range all {
		if !slices.Contains([]string{"127.0.0.1/8", "::1/128"}, address.String()) {
			found = append(found, "address "+address.String())
		}
	}
	return found
}

func (u *user) logLinks() []string {
	var found []string
	links, _ := filepath.Glob("/var/log/containers/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, string(u.folder)+"/") {
			found = append(found, "link "+link)
		}
	}
	return found
}

// deadSockets are those that containerd and the kubelet have outside the folder and nobody answers on.
func deadSockets(t *testing.T) []string {
	t.Helper()
	sockets, err := filepath.Glob("/run/containerd/s/*")
	require.NoError(t, err)
	return slices.DeleteFunc(append(sockets, deviceSocket), func(socket string) bool {
		connection, err := net.Dial("unix", socket)
		if err == nil {
			_ = connection.Close()
		}
		return !errors.Is(err, syscall.ECONNREFUSED)
	})
}

// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Crash kills a part of a cluster that was booted on this machine, as a crash does: etcd,
// kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, containerd, versitygw or
// the controller of an engine. The supervisor starts it again after a second.
func (c *Cluster) Crash(part string) error {
	home := filepath.Dir(c.Kubeconfig) // in which all parts work
	return kill("the cluster's "+part, func(process string) bool {
		at, err := os.Readlink(filepath.Join(process, "cwd"))
		command, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		name, _, _ := bytes.Cut(command, []byte{0})
		return err == nil && at == home && string(name) == part
	})
}

// CrashGit kills all that git does for the Git server of a cluster that was booted on this machine,
// in the middle of the next request. What git locked is free afterwards, as after a start of
// the server. An error is that there was no request before the context ended.
func (c *Cluster) CrashGit(ctx context.Context) error {
	root := filepath.Join(filepath.Dir(c.Kubeconfig), "git")
	mine := []byte("GIT_PROJECT_ROOT=" + root + "\x00")
	works := func(process string) bool {
		command, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		if !bytes.HasPrefix(command, []byte("git\x00")) && !bytes.Contains(command, []byte("/git\x00")) {
			return false
		}
		environment, _ := os.ReadFile(filepath.Join(process, "environ"))
		return bytes.Contains(environment, mine)
	}
	for kill("git", works) != nil {
		select {
		case <-ctx.Done():
			return errors.New("nobody asked it for anything")
		case <-time.After(10 * time.Millisecond):
		}
	}
	for kill("git", works) == nil { // its children, too
		time.Sleep(time.Millisecond)
	}
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".lock") {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// CrashContainer kills the first process of a container on this machine, and with it the
// kernel all others. The ID is that of the container's status.
func CrashContainer(id string) error {
	_, id, _ = strings.Cut(id, "://")
	return kill("the first process of container "+id, func(process string) bool {
		groups, _ := os.ReadFile(filepath.Join(process, "cgroup"))
		status, _ := os.ReadFile(filepath.Join(process, "status"))
		for line := range strings.Lines(string(status)) {
			if numbers, found := strings.CutPrefix(line, "NSpid:"); found {
				fields := strings.Fields(numbers)
				return id != "" && strings.Contains(string(groups), id) && fields[len(fields)-1] == "1"
			}
		}
		return false
	})
}

// kill finds one process by its folder in /proc.
func kill(what string, is func(process string) bool) error {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	for _, process := range all {
		if pid, err := strconv.Atoi(filepath.Base(process)); err == nil && is(process) {
			return syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return fmt.Errorf("%s is not there", what)
}

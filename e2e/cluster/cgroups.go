// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroup is that of everything which the cluster starts, pods included, so that
// whatever a killed run left behind can be found by the kernel's own books.
func (f folder) cgroup() string { return "/kratix-e2e-" + f.id() }

func (f folder) cgroupSystem() string { return f.cgroup() + "/system" }

// cgroupTrees are the mounted hierarchies: one with cgroup v2, one a controller with v1.
func cgroupTrees() ([]string, error) {
	mounts, err := mounts()
	if err != nil {
		return nil, err
	}
	var trees []string
	for _, m := range mounts {
		if m.kind == "cgroup" || m.kind == "cgroup2" {
			trees = append(trees, m.point)
		}
	}
	if len(trees) == 0 {
		return nil, errors.New("no cgroups are mounted; the kubelet needs them")
	}
	return trees, nil
}

func (f folder) makeCgroups() error {
	trees, err := cgroupTrees()
	if err != nil {
		return err
	}
	for _, tree := range trees {
		for _, group := range []string{f.cgroup(), f.cgroupSystem()} {
			dir := filepath.Join(tree, group)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			if err := inheritCpuset(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// inheritCpuset fills what v1 leaves empty; no process may enter an empty cpuset.
func inheritCpuset(dir string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file))
		if err != nil {
			continue
		}
		own := filepath.Join(dir, file)
		if now, err := os.ReadFile(own); err != nil || strings.TrimSpace(string(now)) != "" {
			continue
		}
		if err := os.WriteFile(own, value, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// joinCgroup puts this process there, and thereby all that it starts.
func (f folder) joinCgroup() error { return f.move(f.cgroupSystem()) }

// leaveCgroup lets the cgroup be removed.
func (f folder) leaveCgroup() error { return f.move("/") }

func (f folder) move(group string) error {
	trees, err := cgroupTrees()
	if err != nil {
		return err
	}
	for _, tree := range trees {
		if _, err := os.Stat(filepath.Join(tree, f.cgroup())); err != nil {
			continue // never joined
		}
		procs := filepath.Join(tree, group, "cgroup.procs")
		if err := os.WriteFile(procs, []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
			return fmt.Errorf("join the cgroup %s: %w", group, err)
		}
	}
	return nil
}

// removeCgroups ends every process in the cluster's cgroups and removes them.
func (f folder) removeCgroups() error {
	trees, err := cgroupTrees()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		err = nil
		for _, tree := range trees {
			err = errors.Join(err, removeCgroup(filepath.Join(tree, f.cgroup())))
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond) // the kernel tells nobody when a killed process is gone
	}
}

func removeCgroup(root string) error {
	var groups []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	for _, group := range slices.Backward(groups) {
		killGroup(group)
		if rmErr := syscall.Rmdir(group); rmErr != nil && rmErr != syscall.ENOENT {
			err = errors.Join(err, fmt.Errorf("remove %s: %w", group, rmErr))
		}
	}
	return err
}

func killGroup(group string) {
	data, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	if err != nil {
		return
	}
	for field := range strings.FieldsSeq(string(data)) {
		if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone already is as good
		}
	}
}

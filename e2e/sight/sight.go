// SPDX-License-Identifier: Apache-2.0

// Package sight is what a process sees of the container around it.
package sight

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Sight is everything that a Pipeline's container might notice.
type Sight struct {
	Pod     string `json:",omitempty"` // its name, which those outside fill in
	Args    []string
	Env     []string // in the order in which the process got it
	UID     int
	GID     int
	Groups  []int
	Dir     string
	Stdin   string
	PID     int
	Status  map[string]string // capabilities and the like, from the kernel
	Mounts  map[string]string // mount point -> ro or rw, and how it propagates
	Files   []File            // below the mounts
	Token   bool              // of the service account
	Memory  string            // limit
	Umask   string
	Written map[string]bool // folder -> could write there
}

// A File is one of those below a mount, whatever its kind.
type File struct {
	Path    string
	Mode    string
	Link    string
	Content string
}

// Output is where the probe leaves its sights.
const Output = "/kratix/output"

// printed is the size of files that are kept as they are.
const printed = 1 << 14

const tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// Look sees.
func Look() (*Sight, error) {
	environ, err := os.ReadFile("/proc/self/environ")
	if err != nil {
		return nil, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	groups, err := os.Getgroups()
	if err != nil {
		return nil, err
	}
	s := &Sight{
		Args: os.Args, UID: os.Getuid(), GID: os.Getgid(), Groups: groups, Dir: dir, PID: os.Getpid(),
		Stdin: link("/proc/self/fd/0"), Written: map[string]bool{},
	}
	// Not os.Environ, which leaves out what is there twice.
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(environ), "\x00"), "\x00") {
		s.Env = append(s.Env, entry)
	}
	if s.Mounts, err = mounts(); err != nil {
		return nil, err
	}
	_, err = os.Stat(tokenFile)
	s.Token = err == nil
	s.Status = status()
	s.Umask = s.Status["Umask"]
	s.Memory = memoryLimit()
	for mount := range s.Mounts {
		if err := s.look(mount); err != nil {
			return nil, err
		}
		s.Written[mount] = canWrite(mount)
	}
	return s, nil
}

func mounts() (map[string]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if point := fields[4]; !ordinary(point) {
			found[point], _, _ = strings.Cut(fields[5], ",")
			for _, tag := range fields[6:slices.Index(fields, "-")] {
				kind, _, _ := strings.Cut(tag, ":")
				found[point] += " " + kind
			}
		}
	}
	return found, nil
}

// ordinary mounts are the runtime's, in every container alike.
func ordinary(point string) bool {
	for _, prefix := range []string{"/proc", "/dev", "/sys"} {
		if point == prefix || strings.HasPrefix(point, prefix+"/") {
			return true
		}
	}
	switch point {
	case "/", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf":
		return true
	}
	return false
}

// look lists what is below a mount. Tokens stay where they are.
func (s *Sight) look(mount string) error {
	return filepath.WalkDir(mount, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrPermission) {
			s.Files = append(s.Files, File{Path: path, Mode: "forbidden"})
			return nil
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		file := File{Path: path, Mode: info.Mode().String()}
		if info.Mode()&fs.ModeSymlink != 0 {
			file.Link = link(path)
		}
		if readable(path) {
			content, _ := os.ReadFile(path) // the mode says why there is none
			file.Content = string(content)
			if len(content) > printed {
				file.Content = fmt.Sprintf("%d bytes, sha256 %x", len(content), sha256.Sum256(content))
			}
		}
		s.Files = append(s.Files, file)
		return nil
	})
}

// readable is whether to read a file: no token, no program of an engine, and no sight, which
// would be in all later ones.
func readable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() <= 1<<20 && !strings.HasPrefix(path, filepath.Dir(tokenFile)) && filepath.Dir(path) != Output
}

func link(path string) string {
	target, err := os.Readlink(path)
	if err != nil {
		return err.Error()
	}
	return target
}

func status() map[string]string {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	found := map[string]string{}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch key {
		case "Umask", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp":
			found[key] = strings.TrimSpace(value)
		}
	}
	return found
}

func memoryLimit() string {
	for _, file := range []string{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"} {
		if data, err := os.ReadFile(file); err == nil {
			return string(bytes.TrimSpace(data))
		}
	}
	return "unknown"
}

func canWrite(dir string) bool {
	name := filepath.Join(dir, ".probe-"+strconv.Itoa(os.Getpid()))
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return false
	}
	_ = file.Close()
	return os.Remove(name) == nil
}

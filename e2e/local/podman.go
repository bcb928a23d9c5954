// SPDX-License-Identifier: Apache-2.0

// Package local runs Promises with kratix-compile run on a real Podman and a real Docker. Each has a
// folder of its own for everything, and disturbs no other.
package local

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/kratix-compile/kratix-compile/e2e/debian"
)

// containersConf: limits as low as everybody may set them, and no network, which containers of
// some machines cannot have.
const containersConf = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
`

// podman is the machine's own with words before those of the caller, which work on more machines
// than its defaults do.
const podman = `#!/bin/sh
export CONTAINERS_CONF=DIR/containers.conf
exec PROGRAM --root DIR/root --runroot DIR/runroot --storage-driver vfs --runtime runc --cgroup-manager cgroupfs "$@"
`

// Podman makes a Podman that keeps everything in dir, installs what it needs, and returns the path
// of the program.
func Podman(dir string) (string, error) {
	for _, program := range []string{"podman", "runc"} {
		if err := debian.Ensure(program, program); err != nil {
			return "", err
		}
	}
	program, err := exec.LookPath("podman")
	if err != nil {
		return "", err
	}
	made := filepath.Join(dir, "podman")
	return made, write(map[string]string{
		filepath.Join(dir, "containers.conf"): containersConf,
		made:                                  strings.NewReplacer("DIR", dir, "PROGRAM", program).Replace(podman),
	})
}

// Busybox is the image of the examples.
const Busybox = "docker.io/library/busybox:1.37"

// MakeBusybox makes that image with an engine, from the busybox of this machine, which it installs
// where there is none. A registry has a newer one; the examples run with both.
func MakeBusybox(ctx context.Context, engine string) error {
	if err := debian.Ensure("busybox", "busybox-static"); err != nil {
		return err
	}
	files, err := busybox(ctx)
	if err != nil {
		return err
	}
	load := exec.CommandContext(ctx, engine, "import", "--change", "ENV PATH=/bin", "-", Busybox)
	load.Stdin = bytes.NewReader(files)
	if out, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("%s import: %w\n%s", engine, err, out)
	}
	return nil
}

// busybox is a tar archive with the program under all its names.
func busybox(ctx context.Context) ([]byte, error) {
	program, err := exec.LookPath("busybox")
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	names, err := exec.CommandContext(ctx, program, "--list").Output()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	headers := []tar.Header{
		{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777},
		{Name: "bin/", Typeflag: tar.TypeDir, Mode: 0o755}, // Docker's vfs closes it to users otherwise
		{Name: "bin/busybox", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(data))},
	}
	for name := range strings.FieldsSeq(string(names)) {
		if name != "busybox" {
			headers = append(headers, tar.Header{Name: "bin/" + name, Typeflag: tar.TypeSymlink, Linkname: "busybox", Mode: 0o777})
		}
	}
	for _, h := range headers {
		err = errors.Join(err, archive.WriteHeader(&h))
		if h.Typeflag == tar.TypeReg {
			_, failed := archive.Write(data)
			err = errors.Join(err, failed)
		}
	}
	err = errors.Join(err, archive.Close())
	return out.Bytes(), err
}

// write makes files that may be run, and their folders.
func write(files map[string]string) error {
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(content), 0o755); err != nil {
			return err
		}
	}
	return nil
}

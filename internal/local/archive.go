// SPDX-License-Identifier: Apache-2.0

package local

import (
	"archive/tar"
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"

	compiled "github.com/kratix-compile/kratix-compile/backends/local"
)

// The modes of a volume's root, as an emptyDir of Kubernetes has it, and of directories in it.
const (
	rootMode      = 0o777
	directoryMode = 0o755
)

// archive makes a tar archive of files. The first entry is the directory root, with the mode of a
// volume's root; the files are below it. All entries belong to the user root and have no time, as if the
// kubelet had written them: the same files give the same bytes.
//
// Without a root, the files are for a container itself, and the archive has no directories: an entry for
// tmp would give the image's /tmp another mode and owner. Engines make directories that are missing.
func archive(root string, files []compiled.File) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	// A bytes.Buffer takes everything, and the headers are good: names come from checked paths.
	if root != "" {
		_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: root + "/", Mode: rootMode})
		for _, dir := range directories(files) {
			_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: below(root, dir) + "/", Mode: directoryMode})
		}
	}
	for _, f := range files {
		_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: below(root, f.Path), Mode: int64(f.Mode.Perm()), Size: int64(len(f.Data))})
		_, _ = w.Write(f.Data)
	}
	_ = w.Close()
	return out.Bytes()
}

// below keeps the dot of a root, which path.Join would remove.
func below(root, name string) string {
	if root == "" {
		return name
	}
	return root + "/" + name
}

// directories are those above the files; a directory comes before what is in it.
func directories(files []compiled.File) []string {
	all := map[string]bool{}
	for _, f := range files {
		for dir := path.Dir(strings.TrimPrefix(f.Path, "/")); dir != "."; dir = path.Dir(dir) {
			all[dir] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

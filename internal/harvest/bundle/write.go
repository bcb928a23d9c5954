// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// ErrChanged is a file that is not as Scan saw it: something in the Pod still writes.
var ErrChanged = errors.New("it changed while it was delivered; end everything that writes before the container ends")

// Digest reads all files and says what WriteTo will write, and how many bytes.
func (t *Tree) Digest() (Digest, int64, error) {
	sum := sha256.New()
	size, err := t.WriteTo(sum)
	return Digest(sum.Sum(nil)), size, err
}

// WriteTo writes the bundle. It holds one block of one file at a time.
func (t *Tree) WriteTo(w io.Writer) (int64, error) {
	counted := &counter{to: w}
	archive := tar.NewWriter(counted)
	roots := roots{dirs: t.dirs}
	defer roots.close()
	for _, entry := range t.entries {
		if err := write(archive, &roots, entry); err != nil {
			return counted.n, err
		}
	}
	return counted.n, archive.Close()
}

func write(archive *tar.Writer, roots *roots, entry Entry) error {
	if err := archive.WriteHeader(header(entry)); err != nil {
		return err
	}
	if entry.Dir {
		return nil
	}
	file, err := roots.open(entry.Path)
	if err != nil {
		return unreadable(entry.Path, err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return unreadable(entry.Path, err)
	}
	if !info.Mode().IsRegular() || info.Size() != entry.Size {
		return fmt.Errorf("%q: %w", entry.Path, ErrChanged)
	}
	_, err = io.CopyN(archive, file, entry.Size)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%q: %w", entry.Path, ErrChanged)
	}
	return err
}

// All files have the same mode, and so have all directories.
const (
	fileMode = 0o644
	dirMode  = 0o755
)

// header is the same for the same entry: no owner, no time. archive/tar writes USTAR
// where the path fits and PAX otherwise.
func header(entry Entry) *tar.Header {
	if entry.Dir {
		return &tar.Header{Typeflag: tar.TypeDir, Name: entry.Path + "/", Mode: dirMode}
	}
	return &tar.Header{Typeflag: tar.TypeReg, Name: entry.Path, Size: entry.Size, Mode: fileMode}
}

// roots opens files below the directories, and follows no link out of them.
type roots struct {
	dirs   Directories
	opened map[string]*os.Root
}

func (r *roots) open(path string) (*os.File, error) {
	half, name, _ := strings.Cut(path, "/")
	root := r.opened[half]
	if root == nil {
		dir := r.dirs.Output
		if half == Metadata {
			dir = r.dirs.Metadata
		}
		var err error
		if root, err = os.OpenRoot(dir); err != nil {
			return nil, err
		}
		if r.opened == nil {
			r.opened = map[string]*os.Root{}
		}
		r.opened[half] = root
	}
	if info, err := root.Lstat(name); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return nil, ErrChanged
	}
	// The file may be a pipe by now: opening it must not wait for a writer.
	return root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func (r *roots) close() {
	for _, root := range r.opened {
		_ = root.Close()
	}
}

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

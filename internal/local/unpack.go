// SPDX-License-Identifier: Apache-2.0

package local

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
)

// unpacker lays the files of a tar stream below a directory, where the harvest judges them. It
// trusts nothing in the stream: nothing is written outside of the directory, no link is made, and
// no more is written than the limits allow.
type unpacker struct {
	root   *os.Root
	half   string
	limits bundle.Limits
	// prefix is what docker has before every name; podman has none.
	prefix  string
	begun   bool
	entries int
	bytes   int64
	faults  []error
	// closed are files that the harvest cannot read in a cluster.
	closed []string
}

// shownFaults is how many links and devices an error names.
const shownFaults = 10

// errEnough ends a stream: the harvest refuses what is there already.
var errEnough = errors.New("the stream is beyond the limits")

// unpack writes one half of the results, the output or the metadata, into a directory. An error is
// *Refused if the content is bad; else the stream could not be read. It also returns the files that the
// harvest cannot read in a cluster.
func unpack(stream io.Reader, dir, half string, limits bundle.Limits) (closed []string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	u := &unpacker{root: root, half: half, limits: limits}
	archive := tar.NewReader(stream)
	for {
		header, err := archive.Next()
		if err == nil {
			err = u.add(header, archive)
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, errEnough):
			return u.closed, u.verdict()
		case err != nil:
			return nil, errors.Join(u.verdict(), fmt.Errorf("read /kratix/%s from the container engine: %w", half, err))
		}
	}
}

func (u *unpacker) verdict() error {
	if len(u.faults) == 0 {
		return nil
	}
	return &Refused{errors.Join(u.faults...)}
}

// add takes the next entry. The first one is the directory itself.
func (u *unpacker) add(h *tar.Header, content io.Reader) error {
	name := strings.TrimPrefix(path.Clean(h.Name), "/")
	if !u.begun {
		u.begun = true
		if h.Typeflag == tar.TypeDir {
			if name != "" && name != "." {
				u.prefix = name + "/"
			}
			u.mode(u.half, h, 0o005)
			return nil
		}
	}
	name = u.inside(h.Name)
	ignored := u.ignored(name)
	if ignored && strings.Contains(name, "/") {
		return nil // nobody looks at it
	}
	if u.entries++; u.entries > u.limits.Entries+1 { // one more is what the harvest refuses
		return errEnough
	}
	if ignored {
		return u.file(name, 0, strings.NewReader("")) // whatever it is: only its name is of interest
	}
	return u.lay(name, h, content)
}

// ignored tells whether a name means nothing to Kratix; then nothing below it has a meaning either. The
// rest of the stream is read, however large such a file is: status.yaml may follow.
func (u *unpacker) ignored(name string) bool {
	return u.half == bundle.Metadata && !slices.Contains(bundle.MetadataFiles, name)
}

// inside is a name below the directory.
func (u *unpacker) inside(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path.Clean(name), "/"), u.prefix)
}

func (u *unpacker) lay(name string, h *tar.Header, content io.Reader) error {
	as := path.Join(u.half, name)
	switch h.Typeflag {
	case tar.TypeDir:
		u.mode(as, h, 0o005)
		return u.root.Mkdir(name, 0o755)
	case tar.TypeReg, tar.TypeGNUSparse:
		u.mode(as, h, 0o004)
		return u.file(name, h.Size, content)
	case tar.TypeLink: // two names of one file
		if first := u.inside(h.Linkname); !u.ignored(first) {
			return u.root.Link(first, name)
		}
		u.fault(fmt.Errorf("%q and %q are one file; copy it", as, path.Join(u.half, u.inside(h.Linkname))))
		return nil
	}
	mode := h.FileInfo().Mode()
	if mode.IsRegular() { // its type is one that nobody makes, such as a contiguous file
		mode |= fs.ModeIrregular
	}
	u.fault(bundle.CheckMode(mode, as))
	return nil
}

func (u *unpacker) fault(err error) {
	if len(u.faults) < shownFaults {
		u.faults = append(u.faults, err)
	}
}

// file makes a file. One that the harvest will refuse for its size gets the size and no content.
func (u *unpacker) file(name string, size int64, content io.Reader) error {
	f, err := u.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%q is there twice; a disk that ignores case has one name for A and a: %w", name, err)
	}
	if err != nil {
		return err
	}
	limit := u.limits.FileBytes
	if u.half == bundle.Metadata {
		limit = u.limits.MetadataBytes
	}
	if u.bytes += size; size > limit || u.bytes > u.limits.Bytes {
		if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
			return err // the harvest would take the file, which is empty
		}
		return errEnough
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// harvestUser is the user of kratix-harvest, and its group.
const harvestUser = 65532

// mode notes what the harvest, which is not root, cannot read.
func (u *unpacker) mode(as string, h *tar.Header, want int64) {
	if h.Uid != harvestUser && h.Gid != harvestUser && h.Mode&want != want {
		u.closed = append(u.closed, as)
	}
}

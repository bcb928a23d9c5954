// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
)

// Directories are where the two halves of a bundle are on this machine. An empty name
// leaves one out: the output of a delete workflow is thrown away.
type Directories struct{ Output, Metadata string }

// shownProblems is how many bad files an error names.
const shownProblems = 10

// Tree is what Scan found. It holds paths, and no contents.
type Tree struct {
	dirs    Directories
	entries []Entry
	// Ignored are names in the metadata directory that Kratix gives no meaning.
	Ignored []string
}

// Entries are in the order of the bundle.
func (t *Tree) Entries() []Entry { return slices.Clone(t.entries) }

// Scan lists the directories. Its error names every file that cannot be in a bundle, up to
// ten of them: symbolic links, devices, pipes, sockets, unreadable directories, bad names,
// and files beyond the limits.
func Scan(dirs Directories, limits Limits) (*Tree, error) {
	s := scanner{limits: limits, tree: &Tree{dirs: dirs}}
	for _, half := range []struct {
		dir  string
		scan func(*os.Root)
	}{{dirs.Metadata, s.metadata}, {dirs.Output, s.output}} {
		if half.dir == "" {
			continue
		}
		root, err := os.OpenRoot(half.dir)
		if err != nil {
			return nil, fmt.Errorf("%w; the harvest must run in the Pod of the Pipeline, with its directories", err)
		}
		half.scan(root)
		_ = root.Close()
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.tree, nil
}

type scanner struct {
	limits   Limits
	tree     *Tree
	bytes    int64
	seen     int
	problems []error
	full     bool // a limit of the whole tree is reached
}

func (s *scanner) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Errorf(format, args...))
}

func (s *scanner) err() error {
	if more := len(s.problems) - shownProblems; more > 0 {
		s.problems = append(s.problems[:shownProblems], fmt.Errorf("and %d more", more))
	}
	return errors.Join(s.problems...)
}

func (s *scanner) metadata(root *os.Root) {
	for _, found := range s.list(root, ".", Metadata) {
		if !isMetadataFile(found.Name()) {
			s.tree.Ignored = append(s.tree.Ignored, found.Name())
			continue
		}
		s.file(found, path.Join(Metadata, found.Name()), s.limits.MetadataBytes)
	}
}

func (s *scanner) output(root *os.Root) { s.directory(root, ".") }

// directory adds what is in it, and tells whether there is a file at any depth.
func (s *scanner) directory(root *os.Root, dir string) (occupied bool) {
	for _, found := range s.list(root, dir, Output) {
		name := path.Join(dir, found.Name())
		as := path.Join(Output, name)
		if !found.IsDir() {
			s.file(found, as, s.limits.FileBytes)
			occupied = true
			continue
		}
		if err := checkPath(as, s.limits); err != nil {
			s.problem("%w", err)
			continue
		}
		inside := s.directory(root, name)
		if !inside && dir == "." {
			s.tree.entries = append(s.tree.entries, Entry{Path: as, Dir: true})
		}
		occupied = occupied || inside
	}
	return occupied
}

// list reads a directory in order, and no more of it than the limit allows.
func (s *scanner) list(root *os.Root, dir, as string) []fs.DirEntry {
	if s.full {
		return nil
	}
	opened, err := root.Open(dir)
	if err != nil {
		s.problem("%w", unreadable(path.Join(as, dir), err))
		return nil
	}
	defer func() { _ = opened.Close() }()
	found, err := opened.ReadDir(s.limits.Entries - s.seen + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		s.problem("%w", unreadable(path.Join(as, dir), err))
		return nil
	}
	if s.seen += len(found); s.seen > s.limits.Entries {
		s.full = true
		s.problem("there are more than %d files and directories; write fewer, or several documents into one file", s.limits.Entries)
		return nil
	}
	slices.SortFunc(found, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return found
}

func (s *scanner) file(found fs.DirEntry, as string, limit int64) {
	if s.full {
		return
	}
	if err := errors.Join(checkPath(as, s.limits), CheckMode(found.Type(), as)); err != nil {
		s.problem("%w", err)
		return
	}
	info, err := found.Info()
	if err != nil {
		s.problem("%w", unreadable(as, err))
		return
	}
	if err := s.limits.checkFile(as, info.Size(), limit); err != nil {
		s.problem("%w", err)
		return
	}
	if s.bytes += info.Size(); s.bytes > s.limits.Bytes {
		s.full = true
		s.problem("%w", s.limits.tooLarge())
		return
	}
	s.tree.entries = append(s.tree.entries, Entry{Path: as, Size: info.Size()})
}

func (l Limits) checkFile(path string, size, limit int64) error {
	if size > limit {
		return fmt.Errorf("%q has %d bytes; a file there may have %d", path, size, limit)
	}
	return nil
}

func (l Limits) tooLarge() error {
	return fmt.Errorf("the files have more than %d bytes together; write less, or keep large files elsewhere and refer to them", l.Bytes)
}

// CheckMode refuses what is neither a file nor a directory. The error names it by its path.
func CheckMode(mode fs.FileMode, path string) error {
	what := ""
	switch {
	case mode.IsRegular():
		return nil
	case mode&fs.ModeSymlink != 0:
		return fmt.Errorf("%q is a symbolic link; write the file itself there (cp -L)", path)
	case mode&fs.ModeNamedPipe != 0:
		what = "a named pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeDevice != 0:
		what = "a device"
	default:
		what = "no ordinary file"
	}
	return fmt.Errorf("%q is %s, which no State Store can keep; remove it at the end of the container that makes it", path, what)
}

func unreadable(as string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%q cannot be read by the harvest, which is user %d; let the container that writes it run chmod -R a+rX /kratix/output /kratix/metadata",
			as, os.Getuid())
	}
	return fmt.Errorf("%q: %w", as, err)
}

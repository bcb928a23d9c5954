// SPDX-License-Identifier: Apache-2.0

// Package merging says which files many changes together put and remove, in the same way for every
// kind of State Store, and finds the changes that cannot be made.
package merging

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// View is what a store holds. It must not change while changes are merged.
type View interface {
	// Files are the paths of all files below each of the directories, in the order of these.
	Files(ctx context.Context, dirs []string) ([][]string, error)
	// Has returns those of the paths that are files, and no others.
	Has(ctx context.Context, paths []string) (map[string]bool, error)
	// Read returns the content of those of the paths that are files.
	Read(ctx context.Context, paths []string) (map[string][]byte, error)
}

// Step is what a change comes to in a store.
type Step struct {
	// Err is why the change cannot be made. The rest is empty then.
	Err error
	// Put are files that must be there with that content. They may be there already.
	Put []statestore.File
	// Remove are files that are there and must not be, sorted.
	Remove []string
	// Stay are files that the change knows, but that are not removed, because no state file lists
	// them any more.
	Stay []string
	// State is the state file of the change, or nil.
	State *State
}

// State is the state file of a step.
type State struct {
	Path string
	// Old is what the state file in the store lists, and New what it is to list. nil is no file.
	Old, New []string
	// missing is whether the store has no such file.
	missing bool
}

// Merge says what each change comes to. An error is one of the view. A change that cannot be made
// has the error in its step, and the other changes are as if it were not there.
func Merge(ctx context.Context, view View, changes []statestore.Change) ([]Step, error) {
	p := &merger{view: view, changes: changes, steps: make([]Step, len(changes))}
	for i, c := range changes {
		p.steps[i].Err = check(c)
	}
	if err := p.readStates(ctx); err != nil {
		return nil, err
	}
	if err := p.claim(ctx); err != nil {
		return nil, err
	}
	if err := p.fill(ctx); err != nil {
		return nil, err
	}
	if err := p.stay(ctx); err != nil {
		return nil, err
	}
	for i := range p.steps {
		if err := p.steps[i].Err; err != nil {
			p.steps[i] = Step{Err: fmt.Errorf("%s: %w", changes[i].ID, err)}
		}
	}
	return p.steps, nil
}

type merger struct {
	view    View
	changes []statestore.Change
	steps   []Step
	claims  claims
}

// check finds what is wrong with a change by itself. It reads the files once before any of them is
// written: a change that cannot be finished does not begin, and its old files stay.
func check(c statestore.Change) error {
	paths := append([]string{}, c.Remove...)
	for _, f := range c.Files {
		paths = append(paths, f.Path)
	}
	for _, p := range []string{c.Dir, c.StateFile} {
		if p != "" {
			paths = append(paths, p)
		}
	}
	for _, p := range paths {
		if err := checkPath(p); err != nil {
			return err
		}
		// At any depth: all state files are read when two writers want one path.
		if c.StateFile != "" && p != c.StateFile && strings.HasPrefix(p, path.Dir(c.StateFile)+"/") {
			return fmt.Errorf("path %q is among the state files; put the file elsewhere", p)
		}
	}
	for _, f := range c.Files {
		if err := statestore.CopyFile(f, io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// fill says what is put and removed for the changes without an error.
func (p *merger) fill(ctx context.Context) error {
	var dirs, exact []string
	for i, c := range p.changes {
		if p.steps[i].Err != nil {
			continue
		}
		if c.Dir != "" {
			dirs = append(dirs, c.Dir)
		}
		exact = append(exact, p.exact(i)...)
	}
	below, err := p.view.Files(ctx, dirs)
	if err != nil {
		return err
	}
	has, err := p.view.Has(ctx, exact)
	if err != nil {
		return err
	}
	for i, c := range p.changes {
		s := &p.steps[i]
		if s.Err != nil {
			continue
		}
		s.Put = c.Files
		if s.State != nil && len(c.Files) > 0 {
			s.Put = append(slices.Clone(c.Files), StateFile(s.State.Path, s.State.New))
		}
		s.Remove = slices.DeleteFunc(p.exact(i), func(at string) bool { return !has[at] })
		if c.Dir != "" {
			s.Remove = append(s.Remove, below[0]...)
			below = below[1:]
		}
		s.Remove = slices.DeleteFunc(s.Remove, func(at string) bool { _, claimed := p.claims.files[at]; return claimed })
		slices.Sort(s.Remove)
		s.Remove = slices.Compact(s.Remove)
	}
	return nil
}

// exact are the files that a change may have to remove, without those in its directory.
func (p *merger) exact(i int) []string {
	out := slices.Clone(p.changes[i].Remove)
	if s := p.steps[i].State; s != nil {
		out = append(out, s.Old...)
		if len(p.changes[i].Files) == 0 {
			out = append(out, s.Path) // the last one
		}
	}
	return out
}

// root is the directory whose files a state file lists: the one around its own directory.
func root(stateFile string) string {
	dir := path.Dir(path.Dir(stateFile))
	if dir == "." {
		return ""
	}
	return dir
}

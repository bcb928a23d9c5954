// SPDX-License-Identifier: Apache-2.0

package merging

import (
	"context"
	"fmt"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// claims says which change puts what.
type claims struct {
	files map[string]int // path -> index of the change
	dirs  map[string]int // directory that has such a file -> index of one of the changes
	owned map[string]int // Change.Dir -> index
}

// claim gives every path to at most one change. Other changes that want it fail. A change that
// fails keeps the files that it has; if another change needs one of their paths, that one fails,
// too.
func (p *merger) claim(ctx context.Context) error {
	holders, err := p.holders(ctx)
	if err != nil {
		return err
	}
	for again := true; again; {
		again = false
		p.claims = claims{map[string]int{}, map[string]int{}, map[string]int{}}
		for i, c := range p.changes {
			s := &p.steps[i]
			if s.Err != nil || len(c.Files) == 0 {
				continue // a change that only removes is in nobody's way
			}
			if s.Err = p.held(i, holders); s.Err == nil {
				s.Err = p.take(i)
			}
			again = again || s.Err != nil && s.State != nil && len(s.State.Old) > 0
		}
	}
	return nil
}

// A holder has a file in its state file. It is one of the changes, or a writer that wants nothing
// now.
type holder struct {
	change int // -1 for none
	name   string
	keeps  bool // the file
}

// holders are those of the files in mode none. The state files of writers without a change are
// read only if a change is about to overwrite a file that is not its own.
func (p *merger) holders(ctx context.Context) (map[string]holder, error) {
	out := map[string]holder{}
	for i, c := range p.changes {
		s := p.steps[i]
		if s.Err != nil || s.State == nil {
			continue
		}
		wants := map[string]bool{}
		for _, f := range c.Files {
			wants[f.Path] = true
		}
		for _, file := range s.State.Old {
			out[file] = holder{i, c.ID, wants[file]}
		}
	}
	var foreign []string
	for i, c := range p.changes {
		if p.steps[i].Err != nil || c.StateFile == "" {
			continue
		}
		for _, f := range c.Files {
			if _, known := out[f.Path]; !known {
				foreign = append(foreign, f.Path)
			}
		}
	}
	has, err := p.view.Has(ctx, foreign)
	if err != nil || len(has) == 0 {
		return out, err
	}
	known := map[string]string{}
	if err := p.others(ctx, func(i int) bool { return p.steps[i].State != nil }, known); err != nil {
		return nil, err
	}
	for file, by := range known {
		if _, held := out[file]; !held {
			out[file] = holder{-1, by, true}
		}
	}
	return out, nil
}

// held is why a change cannot have its files: another writer has one of them, and keeps it.
func (p *merger) held(i int, holders map[string]holder) error {
	if p.changes[i].StateFile == "" {
		return nil
	}
	for _, f := range p.changes[i].Files {
		h, held := holders[f.Path]
		if held && h.change != i && (h.keeps || p.steps[h.change].Err != nil) {
			return fmt.Errorf("%s is already there, written by %s; two writers cannot share a path: rename one of the files, or use another filepath mode", f.Path, h.name)
		}
	}
	return nil
}

// take claims all paths of a change or none.
func (p *merger) take(i int) error {
	c := p.changes[i]
	mine := map[string]bool{}
	paths := make([]string, 0, len(c.Files)+1)
	for _, f := range c.Files {
		paths = append(paths, f.Path)
	}
	if c.StateFile != "" {
		paths = append(paths, c.StateFile)
	}
	for _, at := range paths {
		if mine[at] {
			return fmt.Errorf("%s is there twice", at)
		}
		mine[at] = true
	}
	for _, at := range paths {
		for _, dir := range Parents(at) {
			if mine[dir] {
				return fmt.Errorf("%s is a file, and also the directory of %s; rename one of them", dir, at)
			}
		}
		if other, why := p.claims.conflict(at); why != "" {
			return fmt.Errorf("%s %s %s; two writers cannot share a path", at, why, p.changes[other].ID)
		}
	}
	if c.Dir != "" {
		if other, taken := p.claims.within(c.Dir); taken {
			return fmt.Errorf("directory %s is also that of %s; two writers cannot share one", c.Dir, p.changes[other].ID)
		}
	}
	p.claims.add(i, c, paths)
	return nil
}

// conflict is the change that is in the way of a file, and how.
func (c claims) conflict(at string) (change int, why string) {
	if other, taken := c.files[at]; taken {
		return other, "is also written by"
	}
	if other, taken := c.dirs[at]; taken {
		return other, "is a directory for"
	}
	for _, dir := range Parents(at) {
		if other, taken := c.files[dir]; taken {
			return other, "is below a file of"
		}
		if other, taken := c.owned[dir]; taken {
			return other, "is in the directory of"
		}
	}
	return 0, ""
}

// within is a change that has files in that directory, or owns a directory around it.
func (c claims) within(dir string) (change int, taken bool) {
	if other, taken := c.dirs[dir]; taken {
		return other, true
	}
	for _, d := range append(Parents(dir), dir) {
		if other, taken := c.owned[d]; taken {
			return other, true
		}
	}
	return 0, false
}

func (c claims) add(i int, change statestore.Change, paths []string) {
	for _, at := range paths {
		c.files[at] = i
		for _, dir := range Parents(at) {
			c.dirs[dir] = i
		}
	}
	if change.Dir != "" {
		c.owned[change.Dir] = i
	}
}

// SPDX-License-Identifier: Apache-2.0

package merging

import (
	"context"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// stay finds the files that a writer leaves behind when it goes and its state file is gone. They
// are not removed: a file that no state file lists may be somebody else's by now.
func (p *merger) stay(ctx context.Context) error {
	var known []string
	for i, c := range p.changes {
		if p.unlisted(i) {
			known = append(known, c.Known...)
		}
	}
	if len(known) == 0 {
		return nil
	}
	has, err := p.view.Has(ctx, known)
	if err != nil || len(has) == 0 {
		return err
	}
	listed := map[string]string{} // by whose state file
	for _, s := range p.steps {
		if s.State != nil {
			for _, at := range append(s.State.Old, s.State.New...) {
				listed[at] = s.State.Path
			}
		}
	}
	if err := p.others(ctx, p.unlisted, listed); err != nil {
		return err
	}
	for i, c := range p.changes {
		if p.unlisted(i) {
			p.steps[i].Stay = p.nobodys(c, has, listed)
		}
	}
	return nil
}

// unlisted is whether a writer goes whose state file is gone, or was never there.
func (p *merger) unlisted(i int) bool {
	s := p.steps[i]
	return s.Err == nil && s.State != nil && s.State.missing && len(p.changes[i].Files) == 0
}

// nobodys are the files of a writer that are there, and that no other writer has.
func (p *merger) nobodys(c statestore.Change, has map[string]bool, listed map[string]string) (stay []string) {
	for _, at := range c.Known {
		_, claimed := p.claims.files[at]
		if has[at] && !claimed && listed[at] == "" {
			stay = append(stay, at)
		}
	}
	return stay
}

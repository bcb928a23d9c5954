// SPDX-License-Identifier: Apache-2.0

package git

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/stores/merging"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// edit is what a change comes to in a tree.
type edit struct {
	change int // index
	title  string
	put    []statestore.File
	remove []string
	stay   []string
}

// maxTitles is how many changes a commit message lists.
const maxTitles = 1000

// edits are what changes come to in the tree of the tip. Changes that cannot be made, and those
// that are there already, have an outcome instead.
func (b *batch) edits(ctx context.Context, which []int) ([]edit, error) {
	t, err := b.cache.tree(ctx)
	if err != nil {
		return nil, err
	}
	changes := make([]statestore.Change, len(which))
	for k, i := range which {
		changes[k] = b.changes[i]
	}
	steps, err := merging.Merge(ctx, t, changes)
	if err != nil {
		return nil, err
	}
	removed := map[string]bool{}
	for _, step := range steps {
		for _, at := range step.Remove {
			removed[at] = true
		}
	}
	var out []edit
	var content bytes.Buffer
	for k, i := range which {
		e := edit{change: i, title: changes[k].Title, remove: steps[k].Remove, stay: steps[k].Stay}
		err := steps[k].Err
		for _, f := range steps[k].Put {
			if err = statestore.ReadFile(f, &content); err != nil {
				break
			}
			if t.files[f.Path] == blob(&content) {
				continue
			}
			if err = t.obstacle(f.Path, removed); err != nil {
				break
			}
			e.put = append(e.put, f)
		}
		switch {
		case err != nil:
			b.out[i] = statestore.Outcome{Err: err}
		case len(e.put) == 0 && len(e.remove) == 0:
			b.out[i] = statestore.Outcome{Version: b.cache.tip, Changed: b.tried[i], Stay: e.stay}
		default:
			out = append(out, e)
		}
	}
	return out, nil
}

// commit makes a commit of edits on top of the tip and returns its ID. It is in the cache only,
// until it is pushed.
func (c *cache) commit(ctx context.Context, edits []edit) (string, error) {
	read, write := io.Pipe()
	go func() { _ = write.CloseWithError(c.stream(write, edits)) }()
	out, err := c.run(ctx, read, "fast-import", "--quiet", "--force", "--done")
	_ = read.CloseWithError(io.ErrClosedPipe) // the stream ends even if git has not read all of it
	return strings.TrimSpace(out), err
}

// stream is what git fast-import reads.
func (c *cache) stream(to io.Writer, edits []edit) error {
	w := bufio.NewWriterSize(to, 64<<10)
	person := fmt.Sprintf("%s <%s> %d +0000", c.author, c.email, time.Now().Unix())
	text := message(edits)
	fmt.Fprintf(w, "commit refs/kratix/next\nmark :1\nauthor %s\ncommitter %s\ndata %d\n%s\n", person, person, len(text), text)
	if c.tip != "" {
		fmt.Fprintf(w, "from %s\n", c.tip)
	}
	for _, e := range edits {
		for _, at := range e.remove {
			fmt.Fprintf(w, "D %s\n", c.inRepository(at))
		}
	}
	var content bytes.Buffer
	for _, e := range edits {
		for _, f := range e.put {
			if err := statestore.ReadFile(f, &content); err != nil {
				return err
			}
			fmt.Fprintf(w, "M 100644 inline %s\ndata %d\n", c.inRepository(f.Path), content.Len())
			_, _ = w.Write(content.Bytes())
			if err := w.WriteByte('\n'); err != nil {
				return err
			}
		}
	}
	fmt.Fprint(w, "get-mark :1\ndone\n")
	return w.Flush()
}

// inRepository is a quoted path from the root.
func (c *cache) inRepository(at string) string {
	if c.path != "" {
		at = c.path + "/" + at
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(at) + `"`
}

// message is the commit message: Kratix's if there is one change, and a list of the changes
// otherwise.
func message(edits []edit) string {
	if len(edits) == 1 {
		return joined(edits[0].title)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Update from: %d writers\n", len(edits))
	for i, e := range edits {
		if i == maxTitles {
			fmt.Fprintf(&b, "\n... and %d more", len(edits)-i)
			break
		}
		b.WriteString("\n" + joined(e.title))
	}
	return b.String()
}

func joined(title string) string { return strings.Join(strings.Fields(title), " ") }

// push moves the branch from the tip to a commit. If the branch is not at the tip, the server
// refuses.
func (c *cache) push(ctx context.Context, commit string, more ...string) error {
	branch := "refs/heads/" + c.branch
	args := append([]string{"push", "--porcelain", "--no-verify", "--no-recurse-submodules", "--force-with-lease=" + branch + ":" + c.tip}, more...)
	_, err := c.run(ctx, nil, append(args, "origin", commit+":"+branch)...)
	return err
}

// check asks the server whether it would take a push, without pushing.
func (c *cache) check(ctx context.Context) error {
	if err := c.ready(ctx); err != nil {
		return err
	}
	if err := c.fetch(ctx); err != nil {
		return err
	}
	commit, err := c.commit(ctx, nil)
	if err != nil {
		return err
	}
	err = c.push(ctx, commit, "--dry-run")
	if err != nil && c.classify(ctx, err).cause == &moved {
		return nil // another writer has pushed, which may happen at any time
	}
	return err
}

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

// commit makes a commit of edits on top of the tip and returns its ID. It reaches nobody
// before it is pushed.
func (c *cache) commit(ctx context.Context, edits []edit) (string, error) {
	read, write := io.Pipe()
	go func() { _ = write.CloseWithError(c.stream(write, edits)) }()
	out, err := c.run(ctx, read, "fast-import", "--quiet", "--force", "--done")
	_ = read.CloseWithError(io.ErrClosedPipe) // the stream ends even if git did not read all
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

// message is that of Kratix if there is one change, and lists them otherwise.
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

// SPDX-License-Identifier: Apache-2.0

package git

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/stores/merging"
)

// tree is the files of a commit, as a merging.View.
type tree struct {
	cache *cache
	// files have paths below that of the State Store. The value is mode and blob, as in git
	// ls-tree.
	files map[string]string
	paths []string // sorted
	// above is a file that is in the way of the State Store's path, or empty.
	above string
}

// regular is the mode of the files that we write.
const regular = "100644 blob "

func (c *cache) tree(ctx context.Context) (*tree, error) {
	t := &tree{cache: c, files: map[string]string{}}
	if c.tip == "" {
		return t, nil
	}
	out, err := c.run(ctx, nil, "ls-tree", "-r", "-z", "--full-tree", c.tip)
	if err != nil {
		return nil, err
	}
	prefix := ""
	if c.path != "" {
		prefix = c.path + "/"
	}
	for out != "" {
		var entry string
		entry, out, _ = strings.Cut(out, "\x00")
		object, at, _ := strings.Cut(entry, "\t")
		if below, is := strings.CutPrefix(at, prefix); is {
			below = strings.Clone(below)
			t.files[below] = strings.Clone(object)
			t.paths = append(t.paths, below)
		} else if strings.HasPrefix(prefix, at+"/") {
			t.above = at
		}
	}
	slices.Sort(t.paths)
	return t, nil
}

// Files are those below directories.
func (t *tree) Files(_ context.Context, dirs []string) ([][]string, error) {
	out := make([][]string, len(dirs))
	for i, dir := range dirs {
		out[i] = slices.Clone(merging.Below(t.paths, dir))
	}
	return out, nil
}

// Has says which paths are files.
func (t *tree) Has(_ context.Context, paths []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, at := range paths {
		if _, is := t.files[at]; is {
			out[at] = true
		}
	}
	return out, nil
}

// Read fetches the blobs that it needs.
func (t *tree) Read(ctx context.Context, paths []string) (map[string][]byte, error) {
	var there, ids []string
	for _, at := range paths {
		if object, is := t.files[at]; is {
			if mode, id, is := strings.Cut(object, " blob "); is && strings.HasPrefix(mode, "100") {
				there, ids = append(there, at), append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	if err := t.cache.fetchBlobs(ctx, ids); err != nil {
		return nil, err
	}
	out, err := t.cache.run(ctx, strings.NewReader(strings.Join(ids, "\n")+"\n"), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{}
	for _, at := range there {
		head, rest, _ := strings.Cut(out, "\n")
		size, err := strconv.Atoi(head[strings.LastIndexByte(head, ' ')+1:])
		if err != nil || size >= len(rest) {
			return nil, fmt.Errorf("git cat-file: %q instead of a blob", head)
		}
		contents[at] = []byte(rest[:size])
		out = rest[size+1:]
	}
	return contents, nil
}

// obstacle is why a file cannot be at a path: Git has no file and directory of the same name.
// Files that are removed do not count.
func (t *tree) obstacle(at string, removed map[string]bool) error {
	if t.above != "" {
		return fmt.Errorf("spec.path of the State Store is below %s, which is a file; remove it or use another path", t.above)
	}
	for _, file := range merging.Below(t.paths, at) {
		if !removed[file] {
			return fmt.Errorf("%s is a directory in the repository; remove it or rename the file", at)
		}
	}
	for _, dir := range merging.Parents(at) {
		if _, is := t.files[dir]; is && !removed[dir] {
			return fmt.Errorf("%s is a file in the repository, so %s cannot be below it; remove it or rename the directory", dir, at)
		}
	}
	return nil
}

// blob is the mode and blob of content that we write, as in git ls-tree.
func blob(content *bytes.Buffer) string {
	sum := sha1.New()
	fmt.Fprintf(sum, "blob %d\x00", content.Len())
	_, _ = sum.Write(content.Bytes())
	return regular + hex.EncodeToString(sum.Sum(nil))
}

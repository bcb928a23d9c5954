// SPDX-License-Identifier: Apache-2.0

package merging

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// store is a View of files in memory.
type store map[string]string

func (s store) Files(_ context.Context, dirs []string) ([][]string, error) {
	all := slices.Sorted(maps.Keys(s))
	out := make([][]string, len(dirs))
	for i, dir := range dirs {
		out[i] = slices.Clone(Below(all, dir))
	}
	return out, nil
}

func (s store) Has(_ context.Context, paths []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, at := range paths {
		if _, there := s[at]; there {
			out[at] = true
		}
	}
	return out, nil
}

func (s store) Read(_ context.Context, paths []string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, at := range paths {
		if content, there := s[at]; there {
			out[at] = []byte(content)
		}
	}
	return out, nil
}

// do does what a real store does with steps: first all removals, then the rest.
func (s store) do(t *testing.T, steps []Step) (changed bool) {
	before := maps.Clone(s)
	for _, step := range steps {
		for _, at := range step.Remove {
			assert.Contains(t, before, at, "what is removed is there")
			delete(s, at)
			changed = true
		}
	}
	var content bytes.Buffer
	for _, step := range steps {
		for _, f := range step.Put {
			require.NoError(t, statestore.ReadFile(f, &content))
			if before, there := s[f.Path]; !there || before != content.String() {
				s[f.Path] = content.String()
				changed = true
			}
		}
	}
	return changed
}

// TestProperties: whatever the writers want, and however that is split into batches, no writer has
// a file of another one, no file is stale, and repeating a batch changes nothing.
func TestProperties(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := store{"theirs": "x", "w/theirs": "x"}
		for round := range 12 {
			var changes []statestore.Change
			for _, writer := range random.Perm(6)[:1+random.IntN(6)] {
				changes = append(changes, wish(random, writer))
			}
			steps, err := Merge(t.Context(), s, changes)
			require.NoError(t, err)
			s.do(t, steps)
			for i, c := range changes {
				holds(t, s, c, steps[i])
			}
			listed(t, s)
			assert.Equal(t, "xx", s["theirs"]+s["w/theirs"], "what is no writer's stays")

			again, err := Merge(t.Context(), s, changes)
			require.NoError(t, err)
			for i := range again {
				if steps[i].Err == nil {
					assert.NoError(t, again[i].Err)
				} else {
					again[i] = Step{} // it may have its turn now
				}
			}
			assert.False(t, s.do(t, again))
			if t.Failed() {
				t.Fatalf("seed %d, round %d: %+v\n%v", seed, round, titles(changes, steps), s)
			}
		}
	}
}

// wish is what a writer wants. The first three writers have directories, two of which overlap; the
// others share one directory.
func wish(random *rand.Rand, writer int) statestore.Change {
	c := statestore.Change{ID: fmt.Sprintf("ns/%d", writer)}
	if writer < 3 {
		c.Dir = []string{"d/a", "d/a/b", "d/c"}[writer]
	} else {
		c.StateFile = fmt.Sprintf("w/.kratix/ns-%d.yaml", writer)
	}
	for name := range 4 {
		if random.IntN(2) == 0 {
			continue
		}
		path := fmt.Sprintf("w/%d", name)
		if c.Dir != "" {
			path = fmt.Sprintf("%s/%d", c.Dir, name)
		}
		c.Files = append(c.Files, statestore.Text(path, fmt.Sprintf("%s %d", c.ID, random.IntN(2))))
	}
	if random.IntN(4) == 0 {
		c.Files = nil
	}
	return c
}

func holds(t *testing.T, s store, c statestore.Change, step Step) {
	if step.Err != nil {
		assert.ErrorContains(t, step.Err, c.ID+": ")
		return
	}
	for _, f := range c.Files {
		var content bytes.Buffer
		require.NoError(t, statestore.ReadFile(f, &content))
		assert.Equal(t, content.String(), s[f.Path])
	}
	for at, content := range s {
		if strings.HasPrefix(content, c.ID+" ") {
			assert.True(t, slices.ContainsFunc(c.Files, func(f statestore.File) bool { return f.Path == at }), "%s is stale", at)
		}
	}
}

// listed demands that the state files list what is there, and that no file is listed twice.
func listed(t *testing.T, s store) {
	by := map[string]string{}
	for _, at := range Below(slices.Sorted(maps.Keys(s)), "w/.kratix") {
		files, err := parseState(at, []byte(s[at]))
		require.NoError(t, err)
		for _, file := range files {
			assert.Empty(t, by[file], "%s lists %s, too", at, file)
			assert.Contains(t, s, file)
			by[file] = at
		}
	}
}

func titles(changes []statestore.Change, steps []Step) (out []string) {
	for i, c := range changes {
		var files []string
		for _, f := range c.Files {
			files = append(files, f.Path)
		}
		out = append(out, fmt.Sprint(c.ID, " ", files, " ", steps[i].Err))
	}
	return out
}

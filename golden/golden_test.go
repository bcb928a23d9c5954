// SPDX-License-Identifier: Apache-2.0

// Package golden compares what the compiler prints with files that people have
// read, for every backend, byte for byte. See README.md.
package golden

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/golden/judge"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files and remove stale ones")

// inputs are the files of a case that people write.
var inputs = []string{"in.yaml", "config.yaml", "images.yaml"}

func TestGolden(t *testing.T) {
	for _, k := range cases(t) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			c := k.compile(t)
			if *update {
				k.rewrite(t, c.files)
			}
			k.compare(t, c.files)
			k.judge(t, c)
		})
	}
}

func (k kase) compare(t *testing.T, made map[string][]byte) {
	t.Helper()
	golden := k.goldens(t)
	for _, name := range mismatches(golden, made) {
		what := diff.Diff("golden", golden[name], "compiled", made[name])
		assert.Fail(t, k.name+"/"+name, "if the change is wanted, run `make golden` and read what it wrote\n%s", what)
	}
}

// goldens are the files of the case that the compiler made, by name.
func (k kase) goldens(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range k.outputs(t) {
		data, err := os.ReadFile(filepath.Join(k.dir, name))
		require.NoError(t, err)
		files[name] = data
	}
	return files
}

// mismatches are the files that only one side has, and those that differ.
func mismatches(golden, made map[string][]byte) []string {
	all := maps.Clone(golden)
	maps.Copy(all, made)
	maps.DeleteFunc(all, func(name string, _ []byte) bool {
		return golden[name] != nil && made[name] != nil && bytes.Equal(golden[name], made[name])
	})
	return slices.Sorted(maps.Keys(all))
}

func (k kase) rewrite(t *testing.T, want map[string][]byte) {
	t.Helper()
	for _, name := range k.outputs(t) {
		if _, made := want[name]; !made {
			require.NoError(t, os.Remove(filepath.Join(k.dir, name)))
		}
	}
	for name, data := range want {
		require.NoError(t, os.WriteFile(filepath.Join(k.dir, name), data, 0o644))
	}
}

// outputs are the files of the case that the compiler made.
func (k kase) outputs(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(k.dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		if !slices.Contains(inputs, e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// judge puts manifests before the judges, and demands that both backends have
// some if there is anything to run: no engine is optional.
func (k kase) judge(t *testing.T, c compiled) {
	t.Helper()
	if c.diags.HasErrors() {
		assert.Empty(t, c.objects, "an error leaves no output")
		return
	}
	for _, backend := range backends.Names() {
		assert.Equal(t, len(c.runs) > 0, len(c.objects[backend]) > 0, backend)
		for _, err := range judge.Objects(c.objects[backend]) {
			assert.NoError(t, err, backend)
		}
	}
}

// TestCompilesTheSameEveryTime compiles all cases twice, in parallel.
func TestCompilesTheSameEveryTime(t *testing.T) {
	for _, k := range cases(t) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, k.compile(t).files, k.compile(t).files)
		})
	}
}

// TestEveryCodeHasACase demands that each kind of finding is shown by a case. The compiler's own
// faults are none that a case could show. What is only said of a container engine is shown by
// backends/local/testdata.
func TestEveryCodeHasACase(t *testing.T) {
	shown := map[diag.Code]bool{diag.Bug: true}
	for _, k := range cases(t) {
		for _, d := range k.compile(t).diags {
			shown[d.Code] = true
		}
	}
	for _, info := range diag.Codes() {
		if info.Backend == local.Name {
			continue
		}
		assert.True(t, shown[info.Code], "no case shows %s, %q", info.Code, info.Title)
	}
}

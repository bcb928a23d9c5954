// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

// TestGoldensCanFail changes compiled objects, one leaf of every path at a time,
// and demands that the comparison sees each change: a golden that cannot fail
// is worse than none.
func TestGoldensCanFail(t *testing.T) {
	for _, k := range cases(t) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			c := k.compile(t)
			golden := k.goldens(t)
			require.Empty(t, mismatches(golden, c.files))
			for backend, objects := range c.objects {
				mutate(t, objects, func(path string, data []byte) {
					files := maps.Clone(c.files)
					files[backend+".yaml"] = data
					if len(mismatches(golden, files)) == 0 {
						t.Errorf("%s: a change of %s is not seen", backend, path)
					}
				})
			}
			for name := range c.files {
				files := maps.Clone(c.files)
				delete(files, name)
				assert.Equal(t, []string{name}, mismatches(golden, files))
			}
		})
	}
}

// TestPrintsAllOfAnObject covers the leaves that are not changed one by one:
// what can be read back is all there.
func TestPrintsAllOfAnObject(t *testing.T) {
	for _, k := range cases(t) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			for _, objects := range k.compile(t).objects {
				for _, o := range objects {
					want, err := o.MarshalJSON()
					require.NoError(t, err)
					got, err := yaml.YAMLToJSON(document(t, o))
					require.NoError(t, err)
					assert.JSONEq(t, string(want), string(got))
				}
			}
		})
	}
}

// mutate changes one leaf after the other, shows what is printed then, and
// changes it back. Only the object with the leaf is printed anew.
func mutate(t *testing.T, objects []manifest.Object, show func(path string, data []byte)) {
	t.Helper()
	printed := make([][]byte, len(objects))
	for i := range objects {
		printed[i] = document(t, objects[i])
	}
	done := map[string]bool{}
	for i, o := range objects {
		walk(o.Object, o.GetKind(), func(path string) {
			if done[path] {
				return
			}
			done[path] = true
			changed := slices.Clone(printed)
			changed[i] = document(t, o)
			show(path, bytes.Join(changed, nil))
		})
	}
}

func document(t *testing.T, o manifest.Object) []byte {
	t.Helper()
	data, err := manifest.Print([]manifest.Object{o}, manifest.YAML)
	require.NoError(t, err)
	return data
}

func walk(v any, path string, seen func(string)) {
	visit := func(child any, set func(any), path string) {
		switch child.(type) {
		case map[string]any, []any:
			walk(child, path, seen)
			return
		}
		set(other(child))
		seen(path)
		set(child)
	}
	switch v := v.(type) {
	case map[string]any:
		for key, child := range maps.Clone(v) {
			visit(child, func(to any) { v[key] = to }, path+"."+key)
		}
	case []any:
		for i, child := range v {
			visit(child, func(to any) { v[i] = to }, path+"[]")
		}
	}
}

// other is a value of the same type that is not v.
func other(v any) any {
	switch v := v.(type) {
	case bool:
		return !v
	case int64:
		return v + 1
	case float64:
		return v + 1
	case string:
		return v + "x"
	default:
		return "x"
	}
}

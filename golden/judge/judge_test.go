// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

func TestAccepts(t *testing.T) {
	for _, file := range []string{"tekton.yaml", "argo.yaml", "core.yaml"} {
		t.Run(file, func(t *testing.T) {
			assert.Empty(t, Objects(objects(t, read(t, file))))
		})
	}
}

// broken is a good file with one edit, and what must be said about it.
// Every judge must be seen to refuse something that the others let pass.
type broken struct {
	name     string
	old, new string
	want     []string
}

func refuses(t *testing.T, file string, cases []broken) {
	t.Helper()
	good := read(t, file)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, good, c.old, "the edit must change something")
			got := Objects(objects(t, strings.Replace(good, c.old, c.new, 1)))

			assert.Len(t, got, len(c.want), "objections: %v", got)
			for _, want := range c.want {
				assert.True(t, says(got, want), "no objection says %q: %v", want, got)
			}
		})
	}
}

func says(objections []error, want string) bool {
	for _, err := range objections {
		if strings.Contains(err.Error(), want) {
			return true
		}
	}
	return false
}

func TestLeavesTheObjectsAlone(t *testing.T) {
	objs := objects(t, read(t, "tekton.yaml"))
	Objects(objs)
	assert.Equal(t, objects(t, read(t, "tekton.yaml")), objs)
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	return string(data)
}

func objects(t *testing.T, stream string) []manifest.Object {
	t.Helper()
	var objs []manifest.Object
	for document := range strings.SplitSeq(stream, "\n---\n") {
		data, err := yaml.YAMLToJSON([]byte(document))
		require.NoError(t, err)
		var o manifest.Object
		require.NoError(t, o.UnmarshalJSON(data))
		objs = append(objs, o)
	}
	return objs
}

// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func TestNewDropsNoise(t *testing.T) {
	o, err := New(&corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: "p"},
		Spec: corev1.PodSpec{
			Volumes:    []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
			Containers: []corev1.Container{{Name: "c"}},
		},
	})
	require.NoError(t, err)
	text, err := Print([]Object{o}, YAML)
	require.NoError(t, err)
	assert.Equal(t, "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n  volumes:\n  - emptyDir: {}\n    name: v\n", string(text))
}

func TestPrintJSON(t *testing.T) {
	o := unstructured.Unstructured{Object: map[string]any{"kind": "A", "n": int64(1)}}
	one, err := Print([]Object{o}, JSON)
	require.NoError(t, err)
	assert.JSONEq(t, `{"kind":"A","n":1}`, string(one))
	two, err := Print([]Object{o, o}, JSON)
	require.NoError(t, err)
	assert.JSONEq(t, `{"apiVersion":"v1","kind":"List","items":[{"kind":"A","n":1},{"kind":"A","n":1}]}`, string(two))
	none, err := Print(nil, YAML)
	require.NoError(t, err)
	assert.Empty(t, none)
}

// FuzzText demands the bytes of the library that kubectl prints with.
func FuzzText(f *testing.F) {
	for _, s := range []string{`{"kind":"A"}`, `{"kind":"A","a":"yes","b":"1","c":1,"d":1.5,"e":null,"f":[true,"~",{}]}`, `{"kind":"A","m":"a\nb\n","k":"x: y","t":"2001-01-01","a10":1,"a9":2}`, `{"kind":"A","s":" lead","e":"","u":"\u0000é","n":-9007199254740993}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var o unstructured.Unstructured
		if o.UnmarshalJSON([]byte(text)) != nil || fractions(o.Object) {
			t.Skip() // 1e10 stays as it is here, and becomes 10000000000 there
		}
		want, err := yaml.Marshal(o.Object)
		if err != nil {
			t.Skip()
		}
		have, err := Text(o.Object)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(have))
	})
}

func fractions(v any) bool {
	switch v := v.(type) {
	case float64:
		return true
	case map[string]any:
		for _, child := range v {
			if fractions(child) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, fractions)
	}
	return false
}

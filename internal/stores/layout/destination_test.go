// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

func made(name string, second int64, path string) v1alpha1.Destination {
	d := v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(time.Unix(second, 0))}}
	d.Spec.Path, d.Spec.StateStoreRef = path, &v1alpha1.StateStoreReference{Kind: v1alpha1.KindGitStateStore, Name: "fleet"}
	return d
}

func TestOverlap(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"w", "w", true},
		{"w", "/w/", true},
		{"w", "./w", true},
		{"w", "w/.", true},
		{"w//x", "w/x", true},
		{"w", "w/x", true},
		{"w/x/y", "w", true},
		{".", "w", true},
		{"/", ".", true},
		{"", "w/x", true},
		{"w", "w1", false},
		{"w/x", "w/x1", false},
		{"w/x", "w/y", false},
		{"w", "W", false}, // Git and S3 tell them apart
		{"a b", "a", false},
	} {
		a, b := made("a", 1, test.a), made("b", 1, test.b)
		all := []v1alpha1.Destination{a, b}
		assert.Equal(t, test.want, len(Rivals(&a, all)) == 1, "%s %s", test.a, test.b)
		assert.Equal(t, test.want, len(Rivals(&b, all)) == 1, "%s %s", test.b, test.a)
	}
}

func TestRivalsShareAStateStore(t *testing.T) {
	a := made("a", 1, "w")
	for name, ref := range map[string]*v1alpha1.StateStoreReference{
		"none":    nil,
		"another": {Kind: v1alpha1.KindGitStateStore, Name: "other"},
		"kind":    {Kind: v1alpha1.KindBucketStateStore, Name: "fleet"},
	} {
		b := made("b", 1, "w")
		b.Spec.StateStoreRef = ref
		assert.Empty(t, Rivals(&a, []v1alpha1.Destination{a, b}), name)
		assert.Empty(t, Rivals(&b, []v1alpha1.Destination{a, b}), name)
	}
}

// TestFilename: the one file may be in a directory, as in Kratix.
func TestFilename(t *testing.T) {
	for filename, want := range map[string]struct{ path, fault string }{
		"":              {"w/aggregated.yaml", ""},
		"all.yaml":      {"w/all.yaml", ""},
		"flux/all.yaml": {"w/flux/all.yaml", ""},
		"/flux//a.yaml": {"w/flux/a.yaml", ""},
		"./flux/a.yaml": {"w/flux/a.yaml", ""},
		"../a.yaml":     {"w/../a.yaml", "must not contain .."},
		"/":             {"w/", "names no file; use a name such as all.yaml, or a path such as flux/all.yaml"},
		"./":            {"w/.", "names no file; use a name such as all.yaml, or a path such as flux/all.yaml"},
	} {
		d := made("one", 1, "w")
		d.Spec.Filepath = v1alpha1.Filepath{Mode: v1alpha1.FilepathAggregated, Filename: filename}
		assert.Equal(t, []string{want.path}, Aggregated(&d, nil).Remove, filename)
		field, message := Fault(&d)
		assert.Equal(t, want.fault, message, filename)
		assert.Equal(t, want.fault != "", field == "spec.filepath.filename", filename)
	}
}

// TestHolder: the Destination that was made first has the directory. Of two that were made in the
// same second, the first by name has it.
func TestHolder(t *testing.T) {
	all := []v1alpha1.Destination{made("d", 2, "w"), made("c", 1, "w/x"), made("b", 2, "./w/"), made("a", 3, "other"), made("e", 3, "w")}
	want := map[string]string{"a": "", "b": "c", "c": "", "d": "c", "e": "c"}
	for i := range all {
		holder := ""
		if h := Holder(&all[i], all); h != nil {
			holder = h.Name
		}
		assert.Equal(t, want[all[i].Name], holder, all[i].Name)
	}
	rivals := Rivals(&all[4], all)
	assert.Equal(t, []string{"c", "b", "d"}, []string{rivals[0].Name, rivals[1].Name, rivals[2].Name})
}

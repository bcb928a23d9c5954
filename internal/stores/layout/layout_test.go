// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

const (
	rest = "5058f1af8388633f609cadb75a75dc9d" // MD5 of the default group's directory
	edge = "09039bd1628a3c1b25fda3134a4fe050" // of edge
)

// placement is a WorkPlacement of the example in docs/kratix-contract.md: request mydb of Promise
// pg.
func placement(group string, change ...func(*v1alpha1.WorkPlacement)) *v1alpha1.WorkPlacement {
	wp := &v1alpha1.WorkPlacement{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "team-a", Name: "pg-mydb-gen-1f0c2.worker-1-" + group[:5], Labels: map[string]string{v1alpha1.LabelPipeline: "gen"},
		},
		Spec: v1alpha1.WorkPlacementSpec{PromiseName: "pg", ResourceName: "mydb", ID: group, TargetDestinationName: "worker-1"},
	}
	for _, c := range change {
		c(wp)
	}
	return wp
}

func ofPromise(wp *v1alpha1.WorkPlacement) { wp.Spec.ResourceName = "" }

func static(wp *v1alpha1.WorkPlacement) { wp.Spec.ResourceName, wp.Labels = "", nil }

func destination(path, mode string) *v1alpha1.Destination {
	d := &v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: "worker-1"}}
	d.Spec.Path, d.Spec.Filepath.Mode = path, mode
	return d
}

// in is what is in the files of a change.
func in(t *testing.T, c statestore.Change) map[string]string {
	out := map[string]string{}
	var content bytes.Buffer
	for _, f := range c.Files {
		require.NoError(t, statestore.ReadFile(f, &content))
		out[f.Path] = content.String()
	}
	return out
}

func TestPaths(t *testing.T) {
	const nested, none = v1alpha1.FilepathNested, v1alpha1.FilepathNone
	for name, test := range map[string]struct {
		wp   *v1alpha1.WorkPlacement
		d    *v1alpha1.Destination
		file string // as the Pipeline wrote it
		want string
		dir  string
		list string
	}{
		"request": {
			placement(rest), destination("worker-1", nested), "db.yaml",
			"worker-1/resources/team-a/pg/mydb/gen/5058f/db.yaml", "worker-1/resources/team-a/pg/mydb/gen/5058f", "",
		},
		"directory group": {
			placement(edge), destination("dmz", nested), "edge/route.yaml",
			"dmz/resources/team-a/pg/mydb/gen/09039/edge/route.yaml", "dmz/resources/team-a/pg/mydb/gen/09039", "",
		},
		"default mode": {
			placement(rest), destination("worker-1", ""), "db.yaml",
			"worker-1/resources/team-a/pg/mydb/gen/5058f/db.yaml", "worker-1/resources/team-a/pg/mydb/gen/5058f", "",
		},
		"promise pipeline": {
			placement(rest, ofPromise), destination("worker-1", nested), "operator.yaml",
			"worker-1/dependencies/pg/gen/5058f/operator.yaml", "worker-1/dependencies/pg/gen/5058f", "",
		},
		"static dependencies": {
			placement(rest, static), destination("worker-1", nested), "static/pg-dependencies.yaml",
			"worker-1/dependencies/pg/5058f/static/pg-dependencies.yaml", "worker-1/dependencies/pg/5058f", "",
		},
		"root is .": {
			placement(rest, ofPromise), destination(".", nested), "a", "dependencies/pg/gen/5058f/a", "dependencies/pg/gen/5058f", "",
		},
		"root is /": {
			placement(rest, ofPromise), destination("/", nested), "a", "dependencies/pg/gen/5058f/a", "dependencies/pg/gen/5058f", "",
		},
		"untidy root": {
			placement(rest, ofPromise), destination("//a/./b//", nested), "a", "a/b/dependencies/pg/gen/5058f/a", "a/b/dependencies/pg/gen/5058f", "",
		},
		"none": {
			placement(rest), destination("worker-1", none), "edge/db.yaml",
			"worker-1/edge/db.yaml", "", "worker-1/.kratix/team-a-pg-mydb-gen-1f0c2.worker-1-5058f.yaml",
		},
		"none at the root": {
			placement(rest), destination(".", none), "db.yaml", "db.yaml", "", ".kratix/team-a-pg-mydb-gen-1f0c2.worker-1-5058f.yaml",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.False(t, Aggregates(test.d))
			c := Update(test.wp, test.d, []statestore.File{statestore.Text(test.file, "text")})
			assert.Equal(t, map[string]string{test.want: "text"}, in(t, c))
			assert.Equal(t, test.dir, c.Dir)
			assert.Equal(t, test.list, c.StateFile)
			assert.Equal(t, "team-a/"+test.wp.Name, c.ID)
			assert.Equal(t, "Update from: "+test.wp.Name, c.Title)

			gone := Removal(test.wp, test.d)
			assert.Equal(t, statestore.Change{ID: c.ID, Title: "Delete from: " + test.wp.Name, Dir: c.Dir, StateFile: c.StateFile}, gone)
		})
	}
}

// TestEscapes: a path that the store must refuse comes to it as it is.
func TestEscapes(t *testing.T) {
	file := func(path string) []statestore.File { return []statestore.File{statestore.Text(path, "")} }
	nested, none := destination("w", v1alpha1.FilepathNested), destination("w", v1alpha1.FilepathNone)
	assert.Equal(t, "w/../x", Update(placement(rest), none, file("../x")).Files[0].Path)
	assert.Equal(t, "w//x", Update(placement(rest), none, file("/x")).Files[0].Path)
	assert.Equal(t, "../w/x", Update(placement(rest), destination("../w", v1alpha1.FilepathNone), file("x")).Files[0].Path)
	assert.Equal(t, "w/dependencies/pg/gen/", Update(placement("00000", ofPromise, func(wp *v1alpha1.WorkPlacement) { wp.Spec.ID = "" }), nested, nil).Dir)
	assert.Equal(t, "w/dependencies/pg/gen/../..", Update(placement(rest, ofPromise, func(wp *v1alpha1.WorkPlacement) { wp.Spec.ID = "../..x" }), nested, nil).Dir)
	up := destination("w", v1alpha1.FilepathAggregated)
	up.Spec.Filepath.Filename = "../../x"
	assert.Equal(t, "w/../../x", Aggregated(up, []Part{{WorkPlacement: placement(rest)}}).Files[0].Path)
}

func TestAggregated(t *testing.T) {
	d := destination("worker-1", v1alpha1.FilepathAggregated)
	require.True(t, Aggregates(d))
	part := func(namespace, name string, texts ...string) Part {
		p := Part{WorkPlacement: &v1alpha1.WorkPlacement{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}}
		for _, text := range texts {
			p.Files = append(p.Files, statestore.Text("x", text))
		}
		return p
	}
	parts := []Part{part("a", "z", "3\n"), part("b", "y", "2"), part("z", "x", "1a\n", "1b")}
	c := Aggregated(d, parts)
	assert.Equal(t, map[string]string{"worker-1/aggregated.yaml": "1a\n\n---\n1b\n---\n2\n---\n3\n"}, in(t, c))
	assert.Equal(t, in(t, c), in(t, c), "it can be read again")
	assert.Equal(t, "z", parts[0].WorkPlacement.Name, "the caller's order stays")
	assert.Empty(t, c.Dir)

	d.Spec.Filepath.Filename = "all.yaml"
	assert.Equal(t, map[string]string{"worker-1/all.yaml": "2"}, in(t, Aggregated(d, parts[1:2])))
	assert.Equal(t, []string{"worker-1/all.yaml"}, Aggregated(d, nil).Remove)
	assert.Equal(t, c.ID, Aggregated(d, nil).ID)

	damaged := errors.New("damaged")
	bad := part("a", "bad")
	bad.Files = []statestore.File{{Path: "x", Open: func() (io.Reader, error) { return nil, damaged }}}
	var content bytes.Buffer
	err := statestore.ReadFile(Aggregated(d, append(parts, bad)).Files[0], &content)
	require.ErrorIs(t, err, damaged, "the others are not written without it")
	require.EqualError(t, err, "read worker-1/all.yaml: WorkPlacement a/bad: damaged")
}

func TestCanaries(t *testing.T) {
	for name, test := range map[string]struct {
		mode, namespace, configMap string
	}{
		"nested":     {v1alpha1.FilepathNested, "worker-1/dependencies/kratix-canary-namespace.yaml", "worker-1/resources/kratix-canary-configmap.yaml"},
		"none":       {v1alpha1.FilepathNone, "worker-1/kratix-canary-namespace.yaml", "worker-1/kratix-canary-configmap.yaml"},
		"aggregated": {v1alpha1.FilepathAggregated, "worker-1/kratix-canary-namespace.yaml", "worker-1/kratix-canary-configmap.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			d := destination("worker-1", test.mode)
			c := Canaries(d, false)
			assert.Equal(t, map[string]string{test.namespace: canaryNamespace, test.configMap: canaryConfigMap}, in(t, c))
			assert.Equal(t, "Update from: kratix-canary", c.Title)
			gone := statestore.Change{ID: c.ID, Title: "Delete from: kratix-canary", Remove: []string{test.namespace, test.configMap}}
			assert.Equal(t, gone, Canaries(d, true))
			d.Spec.InitWorkloads.Enabled = new(false)
			assert.Equal(t, gone, Canaries(d, false))
		})
	}
}

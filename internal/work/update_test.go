// SPDX-License-Identifier: Apache-2.0

package work

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// inCluster is the Work of appendix B as a cluster has it, written by Kratix.
func inCluster(t *testing.T) *v1alpha1.Work {
	t.Helper()
	w := build(t, gen, genFiles, genSelectors, genPromise...)
	w.Name, w.ResourceVersion, w.Finalizers = "pg-mydb-gen-zzzzz", "7", []string{"kratix.io/work-cleanup"}
	w.Labels["team"] = "a"
	w.Annotations = map[string]string{"note": "x", "kratix.io/trace-state": "old"}
	for _, g := range w.Spec.WorkloadGroups {
		for i := range g.Workloads {
			g.Workloads[i].Content = encoded(t, decoded(t, g.Workloads[i]), gzip.BestSpeed)
		}
	}
	return w
}

func encoded(t *testing.T, text string, level int) string {
	t.Helper()
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, level)
	require.NoError(t, err)
	zip.ModTime = noon
	_, err = zip.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func TestSameContentIsNotWritten(t *testing.T) {
	current := inCluster(t)
	before := current.DeepCopy()
	s := gen
	s.Annotations = map[string]string{"kratix.io/trace-parent": "new"}
	wanted, err := Build(s, Output{Files: files(genFiles), Selectors: genSelectors}, genPromise, noon.Add(time.Hour))
	require.NoError(t, err)
	require.NotEqual(t, before.Spec, wanted.Spec, "another time and another encoding")
	updated, changed := Update(current, wanted)
	assert.False(t, changed)
	assert.Equal(t, before, updated)
}

func TestChangesAreWritten(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.Work){
		"a byte": func(w *v1alpha1.Work) {
			w.Spec.WorkloadGroups[1].Workloads[0].Content = encoded(t, "kind: database\n", gzip.BestSpeed)
		},
		"more bytes": func(w *v1alpha1.Work) {
			w.Spec.WorkloadGroups[1].Workloads[0].Content = encoded(t, "kind: Database\n\n", gzip.BestSpeed)
		},
		"a path":   func(w *v1alpha1.Work) { w.Spec.WorkloadGroups[1].Workloads[0].Filepath = "other.yaml" },
		"a file":   func(w *v1alpha1.Work) { w.Spec.WorkloadGroups[1].Workloads = nil },
		"a group":  func(w *v1alpha1.Work) { w.Spec.WorkloadGroups = w.Spec.WorkloadGroups[:1] },
		"a label":  func(w *v1alpha1.Work) { w.Labels[v1alpha1.LabelDryRun] = "true" },
		"a key":    func(w *v1alpha1.Work) { w.Spec.WorkloadGroups[0].DestinationSelectors[0].MatchLabels["x"] = "y" },
		"a source": func(w *v1alpha1.Work) { w.Spec.WorkloadGroups[1].DestinationSelectors[1].Source = "promise-workflow" },
		"a bundle": func(w *v1alpha1.Work) { w.Spec.Bundle = &kept },
	} {
		t.Run(name, func(t *testing.T) {
			wanted := build(t, gen, genFiles, genSelectors, genPromise...)
			wanted.Annotations["kratix.io/trace-parent"] = "new"
			change(wanted)
			current := inCluster(t)
			before := current.DeepCopy()
			updated, changed := Update(current, wanted)
			assert.True(t, changed)
			assert.Equal(t, before, current, "Update changes neither")
			assert.Equal(t, wanted.Spec, updated.Spec)
			assert.Equal(t, "pg-mydb-gen-zzzzz", updated.Name)
			assert.Equal(t, "7", updated.ResourceVersion)
			assert.Equal(t, current.Finalizers, updated.Finalizers)
			assert.Equal(t, "a", updated.Labels["team"])
			for key, value := range wanted.Labels {
				assert.Equal(t, value, updated.Labels[key])
			}
			assert.Equal(t, map[string]string{"note": "x", "kratix.io/trace-parent": "new"}, updated.Annotations)
			_, again := Update(updated, wanted)
			assert.False(t, again)
		})
	}
}

func TestBundlesAreComparedByTheirBytes(t *testing.T) {
	current, wanted := build(t, gen, genFiles, nil), build(t, gen, genFiles, nil)
	current.Spec.Bundle = &v1alpha1.Bundle{Name: "harvest-old", SHA256: kept.SHA256, Size: kept.Size}
	wanted.Spec.Bundle = &kept
	updated, changed := Update(current, wanted)
	assert.False(t, changed)
	assert.Equal(t, "harvest-old", updated.Spec.Bundle.Name, "the one to be kept")
	wanted.Spec.Bundle = &v1alpha1.Bundle{Name: "harvest-old", SHA256: "1", Size: kept.Size}
	_, changed = Update(current, wanted)
	assert.True(t, changed)
}

// TestSpoiltContentIsReplaced is about Works that somebody else has written to.
func TestSpoiltContentIsReplaced(t *testing.T) {
	bomb := encoded(t, string(make([]byte, 2<<20)), gzip.BestCompression)
	whole := encoded(t, "kind: Database\n", gzip.BestSpeed)
	for _, content := range []string{"", "%", "AAAA", whole[:len(whole)-8], bomb} {
		current := inCluster(t)
		current.Spec.WorkloadGroups[1].Workloads[0].Content = content
		_, changed := Update(current, build(t, gen, genFiles, genSelectors, genPromise...))
		assert.True(t, changed, "%.20s", content)
	}
}

func TestFind(t *testing.T) {
	ours := *build(t, gen, genFiles, nil)
	theirs := ours
	theirs.Name = "pg-mydb-gen-aaaaa"
	net := gen
	net.Pipeline = "net"
	dry := gen
	dry.DryRun = true
	works := []v1alpha1.Work{*build(t, net, nil, nil), theirs, ours, *build(t, dry, nil, nil)}
	assert.Equal(t, &works[2], Find(works, gen))
	assert.Equal(t, &works[1], Find(works[:2], gen))
	assert.Nil(t, Find(works[:1], gen))
	assert.Equal(t, &works[3], Find(works, dry))
}

func TestStale(t *testing.T) {
	promise := Source{Owner: workflow.Owner{Promise: "pg", Namespace: "system"}, Pipeline: "gen"}
	dependencies := *build(t, promise, nil, nil)
	dependencies.Name = "pg-static-deps"
	dependencies.Labels = map[string]string{v1alpha1.LabelPromise: "pg", v1alpha1.LabelWorkType: "static-dependency"}
	shared := gen
	shared.Namespace, shared.Shared = "pipelines", true
	same := gen // a request of the same name, in the namespace where all Pipelines ran once
	same.Namespace, same.Resource.Namespace = "pipelines", "pipelines"
	works := map[string]v1alpha1.Work{"dependencies": dependencies}
	for name, s := range map[string]Source{"gen": gen, "shared": shared, "same name": same, "promise": promise} {
		works[name] = *build(t, s, nil, nil)
	}
	other := gen
	other.Promise = "redis"
	works["other promise"] = *build(t, other, nil, nil)
	for _, c := range []struct {
		name      string
		owner     workflow.Owner
		pipelines []string
		stale     []string
	}{
		{"all there", gen.Owner, []string{"net", "gen"}, []string{"shared"}},
		{"removed", gen.Owner, []string{"net"}, []string{"gen", "shared"}},
		{"none left", gen.Owner, nil, []string{"gen", "shared"}},
		{"moved", shared.Owner, []string{"gen"}, []string{"gen"}},
		{"same name", same.Owner, []string{"gen"}, nil},
		{"promise", promise.Owner, nil, []string{"promise"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want, got []string
			for _, name := range c.stale {
				want = append(want, works[name].Namespace+"/"+works[name].Name)
			}
			for w := range maps.Values(works) {
				for _, s := range Stale([]v1alpha1.Work{w}, c.owner, c.pipelines) {
					got = append(got, s.Namespace+"/"+s.Name)
				}
			}
			assert.ElementsMatch(t, want, got)
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// paper is a State Store of one file. It writes when let is closed.
type paper struct {
	*slow
	text    string
	removed []string
	writes  int
}

func (p *paper) Apply(ctx context.Context, changes []statestore.Change) []statestore.Outcome {
	out := p.slow.Apply(ctx, changes)
	for i, c := range changes {
		var content bytes.Buffer
		for _, f := range c.Files {
			out[i].Err = errors.Join(out[i].Err, statestore.ReadFile(f, &content))
		}
		if out[i].Err == nil {
			p.text, p.removed = content.String(), c.Remove
			p.writes++
			out[i].Stay = c.Known // it keeps no state files
			out[i].Version, out[i].Changed = fmt.Sprintf("v%d", p.writes), true
		}
	}
	return out
}

// shared are WorkPlacements of one Destination. Its State Store does not write before the test
// lets it.
type shared struct {
	*workPlacements
	paper *paper
	queue rateLimited
	all   []reconcile.Request
	// reads and lists are those of the API.
	reads, lists int
}

func share(t testing.TB, mode string, placements ...*v1alpha1.WorkPlacement) *shared {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	d := &v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: "one"}}
	d.Spec.Path, d.Spec.StateStoreRef, d.Spec.Filepath.Mode = "w", &ours, mode
	s := &shared{paper: &paper{slow: newSlow()}}
	builder := fake.NewClientBuilder().WithScheme(scheme).WithObjects(d).WithStatusSubresource(&v1alpha1.WorkPlacement{}).
		WithIndex(&v1alpha1.WorkPlacement{}, byDestination, func(client.Object) []string { return []string{"one"} }).
		WithIndex(&v1alpha1.WorkPlacement{}, byDirectory, ofPlacement(directoryKey))
	for _, p := range placements {
		builder.WithObjects(p)
		s.all = append(s.all, requestFor(p))
	}
	c := builder.WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			s.reads++
			return c.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, l client.ObjectList, opts ...client.ListOption) error {
			s.lists++
			return c.List(ctx, l, opts...)
		},
	}).Build()
	s.workPlacements = &workPlacements{Client: c, live: c, dispatcher: running(t), contents: &contents{}, now: time.Now, tell: teller{&told{}}, meters: newMeters()}
	s.queue = woken(t, s.dispatcher, v1alpha1.KindWorkPlacement)
	require.NoError(t, s.dispatcher.open(t.Context(), ours, "1", s.paper))
	return s
}

// write sends all WorkPlacements. The first one is being written when the others come.
func (s *shared) write(t testing.TB) {
	t.Helper()
	for i, of := range s.all {
		_, err := s.Reconcile(t.Context(), of)
		require.NoError(t, err)
		if i == 0 {
			<-s.paper.begun
		}
	}
	close(s.paper.let)
	for range s.all {
		of, _ := s.queue.Get()
		_, err := s.Reconcile(t.Context(), of)
		require.NoError(t, err)
		s.queue.Done(of)
	}
}

func (s *shared) status(t testing.TB, name string) v1alpha1.WorkPlacementStatus {
	t.Helper()
	p := &v1alpha1.WorkPlacement{}
	require.NoError(t, s.Client.Get(t.Context(), client.ObjectKey{Namespace: "team-a", Name: name}, p))
	return p.Status
}

func sharing(t testing.TB, name, text string) *v1alpha1.WorkPlacement {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write([]byte(text))
	require.NoError(t, errors.Join(err, w.Close()))
	p := &v1alpha1.WorkPlacement{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: name, Generation: 1}}
	p.Spec.TargetDestinationName = "one"
	p.Spec.Workloads = []v1alpha1.Workload{{Filepath: "x", Content: base64.StdEncoding.EncodeToString(zipped.Bytes())}}
	return p
}

func many(t testing.TB, n int) []*v1alpha1.WorkPlacement {
	t.Helper()
	var all []*v1alpha1.WorkPlacement
	for i := range n {
		all = append(all, sharing(t, fmt.Sprintf("p%04d", i), fmt.Sprintf("text: %d\n", i)))
	}
	return all
}

// TestOneFileIsMadeOncePerBatch: the cost of a WorkPlacement does not grow with their number.
func TestOneFileIsMadeOncePerBatch(t *testing.T) {
	for _, n := range []int{100, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := share(t, v1alpha1.FilepathAggregated, many(t, n)...)
			s.write(t)
			assert.Equal(t, 2, s.lists, "once for each batch")
			assert.Equal(t, 2*n, s.reads, "a WorkPlacement and its Destination")
			assert.Equal(t, n, strings.Count(s.paper.text, "text: "))
			assert.Equal(t, "v1", s.status(t, "p0000").VersionID)
			assert.Equal(t, "v2", s.status(t, "p0001").VersionID)
			assert.Equal(t, "v2", s.status(t, s.all[n-1].Name).VersionID)
		})
	}
}

func BenchmarkOneFile(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var lists int
			for b.Loop() {
				b.StopTimer()
				s := share(b, v1alpha1.FilepathAggregated, many(b, n)...)
				b.StartTimer()
				s.write(b)
				lists += s.lists
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/WorkPlacement")
			b.ReportMetric(float64(lists)/float64(b.N), "files-made")
		})
	}
}

func TestPoisonInOneFile(t *testing.T) {
	damage := func(p *v1alpha1.WorkPlacement) *v1alpha1.WorkPlacement {
		p.Spec.Workloads[0].Content = "plain text"
		return p
	}
	written := func(s *shared, name string) *metav1.Condition {
		return meta.FindStatusCondition(s.status(t, name).Conditions, placing.ConditionWritten)
	}
	t.Run("from the beginning", func(t *testing.T) {
		s := share(t, v1alpha1.FilepathAggregated, sharing(t, "a", "1"), damage(sharing(t, "b", "")), sharing(t, "c", "3"))
		s.write(t)
		assert.Equal(t, "1\n---\n3", s.paper.text)
		assert.Equal(t, "v2", s.status(t, "c").VersionID)
		assert.Contains(t, written(s, "b").Message, "team-a/b: read x: x: the content is no base64 of gzip")
	})
	t.Run("later", func(t *testing.T) {
		b := damage(sharing(t, "b", ""))
		b.Generation = 2
		s := share(t, v1alpha1.FilepathAggregated, sharing(t, "a", "1"), b, sharing(t, "c", "3"))
		s.write(t)
		assert.Empty(t, s.paper.text, "an agent would delete what b had in it")
		assert.Equal(t, metav1.ConditionFalse, written(s, "c").Status)
		assert.Contains(t, written(s, "c").Message, "read w/aggregated.yaml: WorkPlacement team-a/b: x: the content is no base64 of gzip")
	})
}

// TestDeletedFromOneFile: while the cache does not know that the WorkPlacement is being deleted,
// the file is not made.
func TestDeletedFromOneFile(t *testing.T) {
	p := sharing(t, "a", "1")
	s := share(t, v1alpha1.FilepathAggregated, p)
	of := s.all[0]
	_, err := s.Reconcile(t.Context(), of)
	require.NoError(t, err)
	<-s.paper.begun
	_, err = s.Reconcile(t.Context(), of) // something has happened to it meanwhile
	require.NoError(t, err)
	close(s.paper.let)
	s.queue.Get()
	deleted := p.DeepCopy()
	deleted.Finalizers, deleted.DeletionTimestamp = []string{placing.Finalizer}, &metav1.Time{Time: time.Now()}
	s.live = fake.NewClientBuilder().WithScheme(s.Scheme()).WithObjects(deleted).Build()
	result, err := s.Reconcile(t.Context(), of)
	require.NoError(t, err)
	assert.Equal(t, behind, result.RequeueAfter)
	assert.Equal(t, 1, s.lists)

	require.NoError(t, s.Delete(t.Context(), p))
	_, err = s.Reconcile(t.Context(), of)
	require.NoError(t, err)
	<-s.paper.begun
	s.queue.Done(of)
	s.queue.Get()
	assert.Equal(t, []string{"w/aggregated.yaml"}, s.paper.removed)
	assert.Equal(t, 2, s.lists)
}

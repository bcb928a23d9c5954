// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

// TestSharedDirectory: the WorkPlacement that was first keeps the directory. When it goes, the
// other one gets it.
func TestSharedDirectory(t *testing.T) {
	namesake := func(name, text string) *v1alpha1.WorkPlacement {
		p := sharing(t, name, text)
		p.UID, p.CreationTimestamp = types.UID(name), metav1.NewTime(time.Unix(1e9, 0))
		p.Spec.PromiseName, p.Spec.ResourceName, p.Spec.ID = "pg", "mydb", "5058f1af"
		return p
	}
	first, second := namesake("pg-mydb-a", "1"), namesake("pg-mydb-b", "2")
	s := share(t, v1alpha1.FilepathNested, first, second)
	s.write(t)
	assert.Equal(t, "1", s.paper.text)
	assert.Equal(t, "v1", s.status(t, first.Name).VersionID)
	c := meta.FindStatusCondition(s.status(t, second.Name).Conditions, placing.ConditionWritten)
	assert.Equal(t, "team-a/pg-mydb-b: directory resources/team-a/pg/mydb/5058f is also that of WorkPlacement team-a/pg-mydb-a, which was first; "+
		"two requests of one name cannot share a pipelineNamespace and a Destination: give one of them another name", c.Message)

	require.NoError(t, s.Delete(t.Context(), first))
	_, err := s.Reconcile(t.Context(), s.all[0])
	require.NoError(t, err)
	assert.True(t, apierrors.IsNotFound(s.Get(t.Context(), s.all[0].NamespacedName, first)), "there is nothing that is not the other's")
	assert.Equal(t, 1, s.paper.writes)
	s.all = s.all[1:]
	_, err = s.Reconcile(t.Context(), s.all[0])
	require.NoError(t, err)
	s.queue.Get()
	_, err = s.Reconcile(t.Context(), s.all[0])
	require.NoError(t, err)
	assert.Equal(t, "2", s.paper.text)
	assert.Equal(t, "v2", s.status(t, second.Name).VersionID)
}

func TestWhoWasFirst(t *testing.T) {
	of := func(version string, second int64, uid types.UID) *v1alpha1.WorkPlacement {
		p := &v1alpha1.WorkPlacement{ObjectMeta: metav1.ObjectMeta{UID: uid, CreationTimestamp: metav1.NewTime(time.Unix(second, 0))}}
		p.Status.VersionID = version
		return p
	}
	order := []*v1alpha1.WorkPlacement{of("v", 1, "b"), of("v", 2, "a"), of("", 0, "a"), of("", 0, "b"), of("", 1, "a")}
	for i, a := range order {
		for k, b := range order {
			assert.Equal(t, i < k, before(a, b), "%d %d", i, k)
		}
	}
}

const overlaps = "spec.path w of Destination one overlaps spec.path ./w/ of Destination first, which was made first and has the same BucketStateStore ours; " +
	"nothing is written or removed for one: give one of them another path"

// rival makes a Destination that holds the directory of the other one: both were made in the same
// second, and its name comes first.
func rival(s *shared) {
	first := &v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: "first"}}
	first.Spec.Path, first.Spec.StateStoreRef = "./w/", &ours
	s.dispatcher.reader = fake.NewClientBuilder().WithScheme(s.Scheme()).WithObjects(first).Build()
}

// TestTakenPath: in no mode is anything written or removed where another Destination holds the
// directory. When that one has gone, everything is written.
func TestTakenPath(t *testing.T) {
	for _, mode := range []string{v1alpha1.FilepathNested, v1alpha1.FilepathNone, v1alpha1.FilepathAggregated} {
		t.Run(mode, func(t *testing.T) {
			going := sharing(t, "b", "2")
			going.Spec.ID = "5058f1af"
			staying := sharing(t, "a", "1")
			staying.Spec.ID = "5058f1af"
			s := share(t, mode, staying, going)
			cache := s.dispatcher.reader
			rival(s)
			for _, of := range s.all {
				_, err := s.Reconcile(t.Context(), of)
				require.NoError(t, err)
				c := meta.FindStatusCondition(s.status(t, of.Name).Conditions, placing.ConditionWritten)
				require.NotNil(t, c)
				assert.Equal(t, overlaps, c.Message)
				assert.Equal(t, metav1.ConditionFalse, c.Status)
			}
			require.NoError(t, s.Delete(t.Context(), going))
			_, err := s.Reconcile(t.Context(), s.all[1])
			require.NoError(t, err)
			assert.True(t, apierrors.IsNotFound(s.Get(t.Context(), s.all[1].NamespacedName, going)), "it has nothing there")
			assert.Empty(t, s.paper.begun, "the State Store has not been asked for anything")

			s.dispatcher.reader = cache
			s.all = s.all[:1]
			s.write(t)
			assert.Equal(t, "1", s.paper.text)
			assert.Equal(t, "v1", s.status(t, "a").VersionID)
		})
	}
}

// TestTakenDestination: it is not ready, and says why. When it is deleted, nothing is removed.
func TestTakenDestination(t *testing.T) {
	s := share(t, v1alpha1.FilepathNested)
	rival(s)
	d := &v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: "one"}}
	d.Spec.Path, d.Spec.StateStoreRef, d.Spec.Cleanup = "w", &ours, v1alpha1.CleanupAll
	c := fake.NewClientBuilder().WithScheme(s.Scheme()).WithObjects(d).WithStatusSubresource(d).
		WithIndex(&v1alpha1.WorkPlacement{}, byDestination, ofPlacement(target)).Build()
	heard := &told{}
	r := &destinations{Client: c, dispatcher: s.dispatcher, now: time.Now, tell: teller{heard}}
	of := requestFor(d)
	_, err := r.Reconcile(t.Context(), of)
	require.NoError(t, err)
	require.NoError(t, c.Get(t.Context(), of.NamespacedName, d))
	ready := meta.FindStatusCondition(d.Status.Conditions, placing.ConditionReady)
	assert.Equal(t, "PathTaken", ready.Reason)
	assert.Equal(t, overlaps, ready.Message)
	assert.Equal(t, told{"Warning DestinationNotReady: " + overlaps}, *heard)

	require.NoError(t, c.Delete(t.Context(), d))
	_, err = r.Reconcile(t.Context(), of)
	require.NoError(t, err)
	assert.True(t, apierrors.IsNotFound(c.Get(t.Context(), of.NamespacedName, d)))
	assert.Empty(t, s.paper.begun, "the State Store has not been asked for anything")
}

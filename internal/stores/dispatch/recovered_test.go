// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// TestAFailureThatTheCacheNeverShowed does not stay in the status: an object is written, fails, and is
// sent again before the cache shows that it has failed.
func TestAFailureThatTheCacheNeverShowed(t *testing.T) {
	p := &v1alpha1.WorkPlacement{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "p", Generation: 1}}
	p.Status = placing.After(p, placing.Attempt{VersionID: "1"}, time.Now())
	at := &v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: "d", Generation: 1}}
	at.Spec.StateStoreRef = &ours
	setReady(&at.Status.Conditions, metav1.Condition{Status: metav1.ConditionTrue, Reason: "TestDocumentsWritten", Message: "Test documents written to State Store"}, 1, time.Now())
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	api := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(p, at).WithObjects(p, at).Build()
	d := running(t)
	store := newSlow()
	close(store.let)
	require.NoError(t, d.open(t.Context(), ours, "1", store))
	queue := woken(t, d, "Test")
	placements := &workPlacements{Client: api, live: api, dispatcher: d, now: time.Now, tell: teller{&told{}}, meters: newMeters()}
	destinations := &destinations{Client: api, dispatcher: d, now: time.Now, tell: teller{&told{}}}
	sentP, sentAt := &v1alpha1.WorkPlacement{}, &v1alpha1.Destination{} // of a cache that is behind all the time
	require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(p), sentP))
	require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(at), sentAt))
	for _, c := range []struct {
		draft Draft
		well  bool
	}{
		{refused(p, errors.New("the State Store is down")), false},
		{DraftOf(statestore.Change{ID: "p"}), true},
	} {
		_, err := d.send(t.Context(), c.draft, tripOf("p", ours))
		require.NoError(t, err)
		over := collected(t, d, queue)
		_, err = placements.finish(t.Context(), sentP.DeepCopy(), over)
		require.NoError(t, err)
		require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(p), p))
		assert.Equal(t, c.well, placing.Written(p))
		_, err = destinations.finish(t.Context(), sentAt.DeepCopy(), over)
		require.NoError(t, err)
		require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(at), at))
		assert.Equal(t, c.well, meta.IsStatusConditionTrue(at.Status.Conditions, placing.ConditionReady))
	}
}

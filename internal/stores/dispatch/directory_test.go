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

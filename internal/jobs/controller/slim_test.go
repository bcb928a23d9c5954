// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestSlim: a Job that is over has no Pod in the cache, and is the same otherwise.
func TestSlim(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*batchv1.Job)
		slim   bool
	}{
		"it runs":            {func(*batchv1.Job) {}, false},
		"Kubernetes runs it": {func(j *batchv1.Job) { j.Spec.ManagedBy = nil }, true},
		"it has ended": {func(j *batchv1.Job) {
			j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			want := taken(t, "tekton", test.change)
			j := want.DeepCopy()
			j.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kratix"}}
			got, err := Slim()(j)
			require.NoError(t, err)
			if test.slim {
				want.Spec.Template.Spec = corev1.PodSpec{}
			}
			assert.Equal(t, want, got)
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package drain_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/internal/jobs/drain"
)

func job(name string, change func(*batchv1.Job)) *batchv1.Job {
	j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{"kratix.io/workflow-action": "configure"}}}
	j.Spec.ManagedBy = new("kratix-compile.io/tekton")
	if change != nil {
		change(j)
	}
	return j
}

func complete(j *batchv1.Job) {
	j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
}

func suspended(j *batchv1.Job) {
	j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobSuspended, Status: corev1.ConditionTrue}}
}

// drained runs a drain in which after so many seconds something happens.
func drained(t *testing.T, api client.Client, at map[int]func()) (said []string, seconds int, err error) {
	t.Helper()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	d := &drain.Drain{
		Client: api, Webhook: "kratix-jobs", Settle: 3 * time.Second,
		Now: func() time.Time { return now },
		Say: func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) },
		Wait: func(context.Context) error {
			if seconds++; seconds == 60 {
				return errors.New("the time is up")
			}
			now = now.Add(time.Second)
			if happens := at[seconds]; happens != nil {
				happens()
			}
			return nil
		},
	}
	err = d.Run(t.Context())
	return said, seconds, err
}

func TestDrain(t *testing.T) {
	hook := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "kratix-jobs"}}
	binding := &admissionregistrationv1.MutatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "kratix-jobs"}}
	first := job("first", nil)
	others := []client.Object{
		hook, binding, first, job("done", complete),
		job("ordinary", func(j *batchv1.Job) { j.Spec.ManagedBy = nil }),
		job("suspended", func(j *batchv1.Job) { j.Spec.Suspend = new(true); suspended(j) }),
	}
	api := fake.NewClientBuilder().WithScheme(kubescheme.Scheme).WithObjects(others...).Build()
	late := job("late", nil)
	said, seconds, err := drained(t, api, map[int]func(){
		2: func() { complete(first); require.NoError(t, api.Status().Update(t.Context(), first)) },
		4: func() { require.NoError(t, api.Create(t.Context(), late)) }, // the API server has asked before
		6: func() { complete(late); require.NoError(t, api.Status().Update(t.Context(), late)) },
	})
	require.NoError(t, err)
	assert.Equal(t, 8, seconds, "three seconds after the last second with a Job")
	assert.Equal(t, []string{
		"No new Jobs are taken.", "1 Job has not ended.", "0 Jobs have not ended.", "1 Job has not ended.", "0 Jobs have not ended.", "No Job is left.",
	}, said)
	assert.True(t, apierrors.IsNotFound(api.Get(t.Context(), client.ObjectKeyFromObject(hook), hook)))
	assert.True(t, apierrors.IsNotFound(api.Get(t.Context(), client.ObjectKeyFromObject(binding), binding)))

	_, _, err = drained(t, api, nil)
	assert.NoError(t, err, "it can be done again")
}

// TestToBeSuspended: Kratix waits for the condition, and so the Job still needs kratix-jobs.
func TestToBeSuspended(t *testing.T) {
	j := job("waits", func(j *batchv1.Job) { j.Spec.Suspend = new(true) })
	api := fake.NewClientBuilder().WithScheme(kubescheme.Scheme).WithObjects(j).Build()
	_, seconds, err := drained(t, api, map[int]func(){
		20: func() { suspended(j); require.NoError(t, api.Status().Update(t.Context(), j)) }, // a new leader
	})
	require.NoError(t, err)
	assert.Equal(t, 22, seconds)
}

// TestEarlierKubernetes has no policies.
func TestEarlierKubernetes(t *testing.T) {
	api := fake.NewClientBuilder().WithScheme(kubescheme.Scheme).WithInterceptorFuncs(interceptor.Funcs{
		Delete: func(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.DeleteOption) error {
			if _, hook := o.(*admissionregistrationv1.MutatingWebhookConfiguration); hook {
				return nil
			}
			return &meta.NoKindMatchError{}
		},
	}).Build()
	said, _, err := drained(t, api, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"No new Jobs are taken.", "0 Jobs have not ended.", "No Job is left."}, said)
}

// TestTimeUp names what is left, and says how to release it.
func TestTimeUp(t *testing.T) {
	var have []client.Object
	for i := range 12 {
		have = append(have, job(fmt.Sprintf("job-%02d", i), nil))
	}
	api := fake.NewClientBuilder().WithScheme(kubescheme.Scheme).WithObjects(have...).Build()
	_, _, err := drained(t, api, nil)
	require.ErrorContains(t, err, "the time is up, and these Jobs have not ended: shop/job-00, ")
	assert.ErrorContains(t, err, "shop/job-09 and 2 more; ")
	assert.ErrorContains(t, err, "delete it, and ask Kratix for a manual reconciliation")
}

// TestUnread: an API server that does not answer for a while ends no drain, and one that never answers has
// its words in the end. A missing right does not come by itself.
func TestUnread(t *testing.T) {
	first := job("first", nil)
	var refused error
	api := fake.NewClientBuilder().WithScheme(kubescheme.Scheme).WithObjects(first).WithInterceptorFuncs(interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if refused != nil {
				return refused
			}
			return c.List(ctx, list, opts...)
		},
	}).Build()
	_, seconds, err := drained(t, api, map[int]func(){
		2: func() { refused = errors.New("connection refused") },
		9: func() { refused = nil; complete(first); require.NoError(t, api.Status().Update(t.Context(), first)) },
	})
	require.NoError(t, err)
	assert.Equal(t, 11, seconds, "three seconds after the last second without an answer")

	refused = errors.New("connection refused")
	_, _, err = drained(t, api, nil)
	require.ErrorContains(t, err, "the time is up (list the Jobs of Kratix: connection refused), and nobody knows whether a Job is left; run kratix-jobs drain again")

	refused = apierrors.NewForbidden(batchv1.Resource("jobs"), "", nil)
	_, seconds, err = drained(t, api, nil)
	require.ErrorIs(t, err, refused)
	assert.Zero(t, seconds)
}

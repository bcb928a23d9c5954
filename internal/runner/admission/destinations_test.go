// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	judge "github.com/kratix-compile/kratix-compile/internal/runner/admission"
)

func destination(name, path string) *v1alpha1.Destination {
	d := &v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: name}}
	d.Spec.Path, d.Spec.StateStoreRef = path, &v1alpha1.StateStoreReference{Kind: v1alpha1.KindGitStateStore, Name: "fleet"}
	return d
}

// place asks the judge about a Destination, before and after, in a cluster with a State Store
// and others.
func place(t *testing.T, funcs interceptor.Funcs, before, after *v1alpha1.Destination, have ...client.Object) admission.Response {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	have = append(have, &v1alpha1.GitStateStore{ObjectMeta: metav1.ObjectMeta{Name: "fleet"}})
	j := &judge.Destinations{Reader: fake.NewClientBuilder().WithScheme(scheme).WithObjects(have...).WithInterceptorFuncs(funcs).Build()}
	request := admissionv1.AdmissionRequest{Operation: admissionv1.Create}
	raw := func(d *v1alpha1.Destination) (r runtime.RawExtension) {
		if d != nil {
			var err error
			r.Raw, err = json.Marshal(d)
			require.NoError(t, err)
		}
		return r
	}
	request.Object, request.OldObject = raw(after), raw(before)
	switch {
	case after == nil:
		request.Operation = admissionv1.Delete
	case before != nil:
		request.Operation = admissionv1.Update
	}
	return j.Handle(t.Context(), admission.Request{AdmissionRequest: request})
}

func TestDestinations(t *testing.T) {
	with := func(path string, change func(*v1alpha1.Destination)) *v1alpha1.Destination {
		d := destination("new", path)
		change(d)
		return d
	}
	for name, test := range map[string]struct {
		d              *v1alpha1.Destination
		field, message string // none if it is allowed
		warning        string
	}{
		"free":           {d: destination("new", "worker-2")},
		"itself":         {d: destination("worker", "worker")},
		"the same path":  {destination("new", "worker"), "spec.path", "worker overlaps spec.path worker of Destination worker, which has the same GitStateStore fleet; use another path", ""},
		"with slashes":   {destination("new", "/worker//"), "spec.path", "/worker// overlaps spec.path worker of Destination worker", ""},
		"with a dot":     {destination("new", "./worker/."), "spec.path", "overlaps spec.path worker of Destination worker", ""},
		"in it":          {destination("new", "worker/a/b"), "spec.path", "overlaps spec.path worker of Destination worker", ""},
		"around it":      {destination("new", "."), "spec.path", "overlaps spec.path worker of Destination worker", ""},
		"in another":     {d: with("worker", func(d *v1alpha1.Destination) { d.Spec.StateStoreRef.Name = "none" }), warning: "spec.stateStoreRef: GitStateStore none is not there; nothing is written until it is"},
		"but for case":   {d: destination("new", "WORKER/x"), warning: "spec.path: WORKER/x and that of Destination worker are one directory for who ignores case"},
		"no path":        {destination("new", ""), "spec.path", "is empty; use . for the path of the State Store itself", ""},
		"out of it":      {destination("new", "a/../.."), "spec.path", "must not contain ..", ""},
		"no State Store": {with("a", func(d *v1alpha1.Destination) { d.Spec.StateStoreRef = nil }), "spec.stateStoreRef", "is empty; name a GitStateStore or a BucketStateStore", ""},
	} {
		t.Run(name, func(t *testing.T) {
			response := place(t, interceptor.Funcs{}, nil, test.d, destination("worker", "worker"))
			assert.Equal(t, test.field == "", response.Allowed, "%v", response.Result)
			if test.field != "" {
				assert.EqualValues(t, 422, response.Result.Code)
				assert.Equal(t, test.field, response.Result.Details.Causes[0].Field)
				assert.Contains(t, response.Result.Details.Causes[0].Message, test.message)
				assert.Equal(t, v1alpha1.KindDestination, response.Result.Details.Kind)
				assert.Equal(t, "new", response.Result.Details.Name)
			}
			if test.warning != "" {
				assert.Equal(t, []string{test.warning}, response.Warnings)
			} else {
				assert.Empty(t, response.Warnings)
			}
		})
	}
}

// TestOnlyPlacesAreJudged: a Destination that was stored before can still be changed.
func TestOnlyPlacesAreJudged(t *testing.T) {
	old := destination("new", "worker")
	change := func(change func(*v1alpha1.Destination)) *v1alpha1.Destination {
		d := old.DeepCopy()
		change(d)
		return d
	}
	for name, test := range map[string]struct {
		after   *v1alpha1.Destination
		allowed bool
	}{
		"label":   {change(func(d *v1alpha1.Destination) { d.Labels = map[string]string{"a": "b"} }), true},
		"cleanup": {change(func(d *v1alpha1.Destination) { d.Spec.Cleanup = v1alpha1.CleanupAll }), true},
		"going": {change(func(d *v1alpha1.Destination) {
			now := metav1.Now()
			d.DeletionTimestamp, d.Spec.Path = &now, "worker/x"
		}), true},
		"moved":   {change(func(d *v1alpha1.Destination) { d.Spec.Path = "worker/x" }), false},
		"away":    {change(func(d *v1alpha1.Destination) { d.Spec.Path = "other" }), true},
		"deleted": {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.allowed, place(t, interceptor.Funcs{}, old, test.after, destination("worker", "worker")).Allowed)
		})
	}
}

func TestNoVerdictOnDestinations(t *testing.T) {
	response := place(t, interceptor.Funcs{List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
		return assert.AnError
	}}, nil, destination("new", "a"))
	assert.False(t, response.Allowed)
	assert.EqualValues(t, 500, response.Result.Code)
}

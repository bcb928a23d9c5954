// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/backends"
	judge "github.com/kratix-compile/kratix-compile/internal/runner/admission"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// The verdicts of an API server are in e2e/admission_test.go; what it asks, and what is
// made of failures, is here.

func website(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile("../../../examples/website/promise.yaml")
	require.NoError(t, err)
	u := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal(data, &u.Object))
	return u
}

func with(t *testing.T, u *unstructured.Unstructured, value any, fields ...string) *unstructured.Unstructured {
	t.Helper()
	u = u.DeepCopy()
	require.NoError(t, unstructured.SetNestedField(u.Object, value, fields...))
	return u
}

// ask is one request of the API server to a judge whose cluster has these objects.
func ask(t *testing.T, funcs interceptor.Funcs, before, after *unstructured.Unstructured, have ...client.Object) admission.Response {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, apiextensionsv1.AddToScheme(scheme))
	api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(have...).WithInterceptorFuncs(funcs).Build()
	e := engine.New(backends.Engines()[0], backends.Defaults(), api, nil, api, nil)
	p := &judge.Promises{
		Client:  api,
		Options: plan.Defaults,
		EngineFor: func(context.Context, *unstructured.Unstructured, string) (*engine.Engine, error) {
			return e, nil
		},
		Requirement: func(context.Context, client.Reader, string, string) (progress.RequirementState, error) {
			return progress.RequirementUnavailable, nil
		},
		Settings: []string{"kratix.io/reconciliation-interval"},
	}
	raw := func(u *unstructured.Unstructured) (r runtime.RawExtension) {
		if u != nil {
			var err error
			r.Raw, err = json.Marshal(u.Object)
			require.NoError(t, err)
		}
		return r
	}
	req := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{Operation: admissionv1.Create, Object: raw(after), OldObject: raw(before)}}
	switch {
	case after == nil:
		req.Operation = admissionv1.Delete
	case before != nil:
		req.Operation = admissionv1.Update
	}
	return p.Handle(t.Context(), req)
}

func TestOnlyWhatPromisesSayIsJudged(t *testing.T) {
	bad := with(t, website(t), "5s", "spec", "workflows", "config", "reconciliationInterval")
	deleted := with(t, with(t, bad, "2s", "spec", "workflows", "config", "reconciliationInterval"), "2026-01-01T00:00:00Z", "metadata", "deletionTimestamp")
	for name, now := range map[string]struct {
		before, after *unstructured.Unstructured
		allowed       bool
	}{
		"create":     {nil, bad, false},
		"delete":     {bad, nil, true},
		"label":      {bad, with(t, bad, "a", "metadata", "labels", "team"), true},
		"annotation": {bad, with(t, bad, "a", "metadata", "annotations", "team"), true},
		"finalizer":  {bad, with(t, bad, []any{"kratix.io/x"}, "metadata", "finalizers"), true},
		"status":     {bad, with(t, bad, "a", "status", "message"), true},
		"setting":    {bad, with(t, bad, "2h", "metadata", "annotations", "kratix.io/reconciliation-interval"), false},
		"spec":       {bad, with(t, bad, "6s", "spec", "workflows", "config", "reconciliationInterval"), false},
		"going":      {bad, deleted, true},
		"corrected":  {bad, with(t, bad, "1h", "spec", "workflows", "config", "reconciliationInterval"), true},
	} {
		t.Run(name, func(t *testing.T) {
			response := ask(t, interceptor.Funcs{}, now.before, now.after)
			assert.Equal(t, now.allowed, response.Allowed, "%v", response.Result)
			if !now.allowed {
				assert.EqualValues(t, 422, response.Result.Code)
				assert.Equal(t, "spec.workflows.config.reconciliationInterval", response.Result.Details.Causes[0].Field)
			}
		})
	}
}

// TestNothingIsLeftBehind: all that is written are dry runs.
func TestNothingIsLeftBehind(t *testing.T) {
	tried := 0
	funcs := interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
		tried++
		options := (&client.CreateOptions{}).ApplyOptions(opts)
		assert.Equal(t, []string{metav1.DryRunAll}, options.DryRun, "%T", o)
		return c.Create(ctx, o, opts...)
	}}
	response := ask(t, funcs, nil, website(t))
	assert.True(t, response.Allowed)
	assert.Greater(t, tried, 1, "the CRD, and runs")
}

func TestWhoseDefinition(t *testing.T) {
	api, _, err := unstructured.NestedMap(website(t).Object, "spec", "api")
	require.NoError(t, err)
	stored := func(owner string) client.Object {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(api, crd))
		if owner != "" {
			crd.Labels = map[string]string{"kratix.io/promise-name": owner}
		}
		return crd
	}
	response := ask(t, interceptor.Funcs{}, nil, website(t), stored("another"))
	assert.False(t, response.Allowed)
	assert.Contains(t, response.Result.Message, "belongs to the Promise another")

	response = ask(t, interceptor.Funcs{}, nil, website(t), stored(""))
	assert.True(t, response.Allowed)
	assert.Contains(t, response.Warnings[0], "belongs to no Promise")

	response = ask(t, interceptor.Funcs{}, nil, website(t), stored("website"))
	assert.True(t, response.Allowed)
	assert.Empty(t, response.Warnings)
}

// TestAdviceNeverRefuses, whatever the cluster is like.
func TestAdviceNeverRefuses(t *testing.T) {
	promise := with(t, website(t), []any{map[string]any{"name": "network"}}, "spec", "requiredPromises")
	for name, failure := range map[string]error{
		"refused": apierrors.NewForbidden(schema.GroupResource{Resource: "taskruns"}, "x", assert.AnError),
		"slow":    apierrors.NewTimeoutError("later", 1),
	} {
		t.Run(name, func(t *testing.T) {
			response := ask(t, interceptor.Funcs{Create: func(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.CreateOption) error {
				if o.GetObjectKind().GroupVersionKind().Kind == "TaskRun" {
					return failure
				}
				return nil
			}}, nil, promise)
			assert.True(t, response.Allowed)
			assert.Contains(t, response.Warnings[0], "spec.requiredPromises[0]: network: Requirement not available")
			assert.Equal(t, name == "refused", len(response.Warnings) > 1, "%v", response.Warnings)
		})
	}
}

// TestTooLarge: what cannot be stored is not compiled either.
func TestTooLarge(t *testing.T) {
	promise := with(t, website(t), strings.Repeat("x", 3<<19), "metadata", "annotations", "data")
	response := ask(t, interceptor.Funcs{Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error {
		t.Error("the cluster was asked")
		return nil
	}}, nil, promise)
	assert.False(t, response.Allowed)
	assert.EqualValues(t, 413, response.Result.Code)
	assert.Contains(t, response.Result.Message, "and etcd stores 1572864; move large data into images")
	assert.True(t, ask(t, interceptor.Funcs{}, promise, nil).Allowed, "it can go")
}

// TestNoVerdict: a failure of the cluster is no fault of the Promise.
func TestNoVerdict(t *testing.T) {
	response := ask(t, interceptor.Funcs{Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error {
		return apierrors.NewTimeoutError("later", 1)
	}}, nil, website(t))
	assert.False(t, response.Allowed)
	assert.EqualValues(t, 500, response.Result.Code)
}

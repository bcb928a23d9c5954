// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubernetesscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/status"
)

var right = status.Right{Verb: "list", Resource: "websites.example.org"}

const clusterText = promiseText + "---" + requestText + `---
apiVersion: platform.kratix.io/v1alpha1
kind: PromiseRelease
metadata: {name: website, finalizers: [kratix.io/promise-cleanup]}
---
apiVersion: platform.kratix.io/v1alpha1
kind: GitStateStore
metadata: {name: git}
spec: {url: "https://git.example/a", secretRef: {name: login}}
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: default}
data: {password: aHVudGVyMg==, ca.crt: ""}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kratix-platform-controller-manager, namespace: kratix-platform-system}
spec: {replicas: 1}
`

// cluster serves these kinds and has the objects of clusterText. What is forbidden is a plural.
func cluster(t *testing.T, forbidden ...string) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, kubernetesscheme.AddToScheme(scheme))
	mapper := meta.NewDefaultRESTMapper(nil)
	for kind, group := range map[string]string{
		"Promise": v1alpha1.APIVersion, "Destination": v1alpha1.APIVersion, "GitStateStore": v1alpha1.APIVersion, kindRelease: v1alpha1.APIVersion,
		"Website": "example.org/v1", "TaskRun": "tekton.dev/v1",
	} {
		gv, err := schema.ParseGroupVersion(group)
		require.NoError(t, err)
		scheme.AddKnownTypeWithName(gv.WithKind(kind), &unstructured.Unstructured{})
		scheme.AddKnownTypeWithName(gv.WithKind(kind+"List"), &unstructured.UnstructuredList{})
		mapper.Add(gv.WithKind(kind), meta.RESTScopeNamespace)
	}
	var objects []client.Object
	for text := range strings.SplitSeq(clusterText, "---") {
		u := object(t, text)
		objects = append(objects, &u)
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithRESTMapper(mapper).WithObjects(objects...).Build()
	return interceptor.NewClient(c, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, all client.ObjectList, opts ...client.ListOption) error {
			kind := all.GetObjectKind().GroupVersionKind()
			plural := strings.ToLower(strings.TrimSuffix(kind.Kind, "List")) + "s"
			if slices.Contains(forbidden, plural) {
				return apierrors.NewForbidden(schema.GroupResource{Group: kind.Group, Resource: plural}, "", nil)
			}
			return c.List(ctx, all, opts...)
		},
	})
}

func gather(t *testing.T, c Cluster) (Facts, error) {
	t.Helper()
	g := &Gatherer{Cluster: c, SystemNamespace: "kratix-platform-system", Engine: backends.Engines()[0], Now: now}
	return g.Gather(t.Context())
}

func TestGather(t *testing.T) {
	f, err := gather(t, cluster(t))
	require.NoError(t, err)
	assert.Empty(t, f.Missing)
	assert.True(t, f.Served)
	require.NotNil(t, f.Deployment)
	assert.Len(t, f.Requests["website"], 1)
	assert.Len(t, f.Kratix[kindRelease], 1)
	for at, keys := range f.Keys {
		assert.Equal(t, "default/login", at.String())
		assert.Equal(t, []string{"ca.crt", "password"}, keys)
	}
	var out bytes.Buffer
	require.NoError(t, Text(&out, Judge(f)))
	assert.Equal(t, `blocks   Deployment kratix-platform-system/kratix-platform-controller-manager: Kratix runs: its Deployment kratix-platform-controller-manager asks for replicas. If the runner runs at the same time, every Pipeline runs twice
         do: kubectl -n kratix-platform-system scale deployment kratix-platform-controller-manager --replicas=0
blocks   PromiseRelease: there is 1 with a finalizer that only Kratix takes off, as website. Without Kratix, deleting one, its namespace or its CRD never ends
         do: stop Kratix, and take the finalizers off: docs/moving-from-kratix.md has the commands
changes  PromiseRelease: there is 1; the runner does not read this kind
         do: keep them until you are sure that you do not go back
0 would be lost, 2 block, 1 change
`, out.String())
	assert.NotContains(t, out.String(), "hunter2")
}

// TestGatherWithoutRights: what may not be read is said, and nobody is told that all is well.
func TestGatherWithoutRights(t *testing.T) {
	f, err := gather(t, cluster(t, "websites"))
	require.NoError(t, err)
	assert.Equal(t, []status.Right{right}, f.Missing)
	var out bytes.Buffer
	require.NoError(t, Text(&out, Judge(f)))
	assert.Contains(t, out.String(), "not looked at, because you may not\n  list websites.example.org\n")

	_, err = gather(t, cluster(t, "promises"))
	require.ErrorIs(t, err, ErrNoRights)
}

// TestTextIsPlain: names and specs of other people do not reach the terminal as they are.
func TestTextIsPlain(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Text(&out, Report{Findings: []Finding{{Effect: Blocks, Kind: "Promise", Name: "a", Message: "\x1b[2Jgone\u202e"}}}))
	assert.Equal(t, "blocks   Promise a: \ufffd[2Jgone\ufffd\n0 would be lost, 1 block, 0 change\n", out.String())
}

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
)

// passing are kinds of objects that come and go by themselves.
var passing = []string{"endpoints", "events", "leases"}

// authority is the ConfigMap that the runner leaves where runs have been, for the next ones.
const authority = "kratix-runner-ca"

// A thing is an object of any kind.
type thing struct {
	kind            schema.GroupVersionResource
	namespace, name string
}

func (o thing) String() string {
	return strings.Join([]string{o.kind.Resource, o.namespace, o.name}, " ")
}

// everything is what the cluster has.
func everything(ctx context.Context) (map[thing]bool, error) {
	lists, err := shared.Typed.Discovery().ServerPreferredResources()
	if err != nil {
		return nil, err
	}
	found := map[thing]bool{}
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists) {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			if slices.Contains(passing, resource.Name) {
				continue
			}
			kind := gv.WithResource(resource.Name)
			objects, err := shared.Dynamic.Resource(kind).List(ctx, metav1.ListOptions{})
			if apierrors.IsNotFound(err) {
				continue // its CRD has gone meanwhile
			}
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", resource.Name, err)
			}
			for _, o := range objects.Items {
				if o.GetName() != authority {
					found[thing{kind, o.GetNamespace(), o.GetName()}] = true
				}
			}
		}
	}
	return found, nil
}

// more is what the cluster has and did not have before.
func more(ctx context.Context, before map[thing]bool) ([]thing, error) {
	now, err := everything(ctx)
	maps.DeleteFunc(now, func(o thing, _ bool) bool { return before[o] })
	return slices.Collect(maps.Keys(now)), err
}

// nothingElse waits until the cluster has no more than it had.
func nothingElse(t *testing.T, before map[thing]bool) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		left, err := more(t.Context(), before)
		assert.NoError(c, err)
		assert.Empty(c, left, "left over in the cluster")
	}, limit, 500*time.Millisecond)
}

// tidy is for the beginning of a test. If the test fails, the cluster is put back to what it
// is now, or the next tests would fail because of this one. A cluster of KUBECONFIG is
// somebody's, who may have made objects meanwhile: there everything is left.
func tidy(t *testing.T) {
	t.Helper()
	before, err := everything(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() && shared.Argo != "" {
			takeAway(t, before)
		}
	})
}

// takeAway deletes what is there and was not before, again and again: what a webhook of
// nobody, or the end of a namespace, is in the way of goes later. Nobody is asked who has a
// finalizer, but for the API server, which deletes the objects of a CRD.
func takeAway(t *testing.T, before map[thing]bool) {
	t.Helper()
	ctx := bounded(t)
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		left, err := more(ctx, before)
		assert.NoError(c, err)
		assert.Empty(c, left, "what a failed test has left stays")
		for _, o := range left {
			objects := shared.Dynamic.Resource(o.kind).Namespace(o.namespace)
			if o.kind.Resource != "customresourcedefinitions" {
				_, _ = objects.Patch(ctx, o.name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
			}
			_ = objects.Delete(ctx, o.name, metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationBackground)})
		}
	}, limit, time.Second)
}

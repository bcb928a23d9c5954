// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// upgraded has the request run that is pinned: neither the end of its pause nor the runner does that, but
// somebody's label. What Kratix has written of health, and the label of a suspension, are gone.
func (m *move) upgraded(t *testing.T, e engine) {
	t.Helper()
	assert.Empty(t, m.health(t), "nothing here knows the health")
	suspended, err := get(m.request(m.namespace, "whole-git"))
	require.NoError(t, err)
	assert.NotContains(t, suspended.GetLabels(), "kratix.io/workflow-suspended")

	change(t, m.pinned(), `{"metadata":{"labels":{"kratix.io/paused":null}}}`)
	now, err := shared.Await(bounded(t), m.pinned(), func(o *unstructured.Unstructured) (bool, error) {
		return strings.HasPrefix(messageOf(o, "Reconciled"), "Kratix ran it with version v0.9.0"), nil
	})
	require.NoError(t, err, "%s", describe(now))
	in := &install{engine: e}
	assert.Empty(t, in.runs(t, m.namespace, m.pinned().GetName()))
	change(t, m.pinned(), `{"metadata":{"labels":{"kratix.io/manual-reconciliation":"true"}}}`)
	m.taken(t, m.isPinned)
	now, err = get(m.pinned())
	require.NoError(t, err)
	assert.Equal(t, "latest", field(now, "status", "resourceBindingVersion"))
}

// edition is the path of a file that has the edition of a request.
func (m *move) edition() string {
	return "git/base/nested/deep/resources/" + m.namespace + "/" + m.namespace + "-all/nested-git/render/5058f/" + m.namespace + "-nested-git.yaml"
}

// cleared is step 6. Objects that only Kratix reads can be deleted, and Promises stay. The runner takes off
// what a later Kratix has put on.
func (m *move) cleared(t *testing.T) {
	t.Helper()
	m.follow(t, movingPage, "6. When you are sure", 0)
	bare := m.releases[1]
	for _, o := range append([]*unstructured.Unstructured{bare}, m.later...) {
		resource, err := shared.Resource(o)
		require.NoError(t, err)
		require.NoError(t, resource.Delete(t.Context(), o.GetName(), metav1.DeleteOptions{}))
		_, err = get(o)
		assert.True(t, apierrors.IsNotFound(err), "%s without a finalizer is still there: %v", o.GetKind(), err)
	}
	for _, o := range m.promises() {
		now, err := get(o)
		require.NoError(t, err)
		assert.Nil(t, now.GetDeletionTimestamp(), o.GetName())
	}
	m.platform.delete(t, func(o *unstructured.Unstructured) bool {
		return isRequest(o) && (o.GetName() == "cleaned-bucket" || o.GetNamespace() == m.other)
	})
	m.platform.delete(t, func(o *unstructured.Unstructured) bool {
		return o.GetKind() == "Promise" && o.GetName() == bare.GetName()
	})
	for path := range m.shown(t).files {
		assert.NotContains(t, path, "/"+m.namespace+"-all/cleaned-bucket/")
		assert.NotContains(t, path, "/"+bare.GetName()+"/")
	}
}

// back is the way back. Kratix runs what has changed since it was stopped, and nothing else, and then
// serves as before.
func (m *move) back(t *testing.T) {
	t.Helper()
	ran := m.jobs(t)
	crds, err := filepath.Abs("../deploy/crds")
	require.NoError(t, err)
	t.Cleanup(func() { m.enter(t, "", "kubectl apply --server-side --force-conflicts -k "+crds) })
	m.writeManifest(t, "kratix.yaml")
	m.follow(t, movingPage, "Go back", 1)
	require.NoError(t, m.kratix.Restart(t.Context()))
	t.Cleanup(func() {
		forget(t, m.releases...)
		m.withdraw(t)
	})
	m.owned(t, m.releases[0].GetName())
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		now := m.jobs(t)
		for _, o := range m.requests() {
			if at := o.GetNamespace() + "/" + o.GetName(); strings.HasPrefix(o.GroupVersionKind().Group, "all.") {
				assert.GreaterOrEqual(c, now[at], ran[at]+2, "Jobs of %s that has changed", at)
			}
		}
	}, chapterLimit, time.Second)
	m.placed(t)
	there := m.other + "/there"
	assert.Equal(t, ran[there], m.jobs(t)[there], "Jobs of a request that has not changed")
	for _, o := range slices.Concat(m.promises(), m.requests()) {
		now, err := get(o)
		require.NoError(t, err)
		assert.Nil(t, now.GetDeletionTimestamp(), o.GetName())
	}

	change(t, m.request(m.namespace, "nested-git"), `{"spec":{"edition":"edition-3"}}`)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, "edition: edition-3\n", m.shown(t).files[m.edition()])
	}, chapterLimit, time.Second)
	m.placed(t)
}

// jobs are how many of Kratix's Jobs have succeeded, by their namespace and the name of the request.
func (m *move) jobs(t *testing.T) map[string]int {
	t.Helper()
	list, err := shared.Typed.BatchV1().Jobs("").List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelResource})
	require.NoError(t, err)
	found := map[string]int{}
	for _, job := range list.Items {
		if strings.HasPrefix(job.Labels[v1alpha1.LabelPromise], m.namespace) && job.Status.Succeeded > 0 {
			found[job.Namespace+"/"+job.Labels[v1alpha1.LabelResource]]++
		}
	}
	return found
}

// writeManifest has Kratix's CRDs and what it was installed from, but for what would ask a Pod of it.
func (m *move) writeManifest(t *testing.T, name string) {
	t.Helper()
	objects, err := m.kratix.Built.CRDs("*.yaml")
	require.NoError(t, err)
	for _, o := range m.manifest(t) {
		if o.GetKind() != "Deployment" && !strings.HasSuffix(o.GetKind(), "WebhookConfiguration") {
			objects = append(objects, o)
		}
	}
	text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(m.dir, name), text, 0o600))
}

// released is the first of the three ways to lose everything: the release goes, and with it its Promise,
// the requests and their files.
func (m *move) released(t *testing.T) {
	t.Helper()
	release := m.releases[0]
	resource, err := shared.Resource(release)
	require.NoError(t, err)
	require.NoError(t, resource.Delete(t.Context(), release.GetName(), metav1.DeleteOptions{}))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := get(named(kratixVersion, "Promise", "", release.GetName()))
		assert.True(c, apierrors.IsNotFound(err), "the Promise is still there: %v", err)
		for path := range m.shown(t).files {
			assert.NotContains(c, path, "/"+release.GetName()+"/")
		}
	}, chapterLimit, time.Second)
	m.applied = slices.DeleteFunc(m.applied, func(o *unstructured.Unstructured) bool {
		return strings.HasPrefix(o.GroupVersionKind().Group, "all.") || o.GetKind() == "Promise" && o.GetName() == release.GetName()
	})
	m.platform.delete(t, isRequest)
	m.withdraw(t)
}

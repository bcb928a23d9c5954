// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/preflight"
)

// TestMoveFromKratix does steps 2 to 5 of docs/moving-from-kratix.md: Kratix serves Promises and is
// stopped, one of them is cut from a release, a runner takes it over, and then the others. No file
// changes on the way.
func TestMoveFromKratix(t *testing.T) {
	installed := installRunner(t)
	k := startKratix(t)
	p := newPlatform(t, newNamespace(t, "move"), newNamespace(t, "move"))
	// Lists of mode none are refused that Kratix has written at this version.
	p.leftOut = func(o *unstructured.Unstructured) bool { return strings.Contains(o.GetName(), "flat-") }
	p.apply(t, "stores.yaml", "promises.yaml")
	p.offered(t)
	p.apply(t, "requests.yaml")
	p.placed(t)
	before, works := p.shown(t), p.works(t)
	require.NoError(t, k.Stop())
	p.leavesRelease(t, p.namespace+"-all")

	e := engines[0]
	r := startRunner(t, installed, e, "--promises=runner=yes")
	moves, stays := p.namespace+"-all", p.namespace+"-elsewhere"
	change(t, named("platform.kratix.io/v1alpha1", "Promise", "", moves), `{"metadata":{"labels":{"runner":"yes"}}}`)
	p.taken(t, func(o *unstructured.Unstructured) bool { return o.GetLabels()[v1alpha1.LabelPromise] == moves })
	assert.Empty(t, before.filesOf(t, p.shown(t)), "after the first Promise")
	assert.Equal(t, works, p.works(t), "the same Works")
	assert.NotEmpty(t, runsOf(t, e, moves))
	assert.Empty(t, runsOf(t, e, stays))
	require.NoError(t, r.Stop())

	startRunner(t, installed, e)
	t.Cleanup(func() { p.withdraw(t) })
	p.taken(t, func(*unstructured.Unstructured) bool { return true })
	assert.Empty(t, before.filesOf(t, p.shown(t)), "after all of them")
	assert.Equal(t, works, p.works(t), "the same Works")
	assert.NotEmpty(t, runsOf(t, e, stays))

	for _, o := range p.requests() {
		p.replace(t, o, "edition-1", "edition-2")
	}
	changed := p.settled(t, chapter{})
	assert.Equal(t, "edition: edition-2\n", changed.files["git/base/nested/deep/resources/"+p.namespace+"/"+moves+"/nested-git/render/5058f/"+p.namespace+"-nested-git.yaml"])
	p.delete(t, isRequest)
	for path := range p.shown(t).files {
		assert.NotContains(t, path, "/resources/"+p.namespace)
	}
}

// leavesRelease makes a Promise that of a release and gives it a HealthRecord, by hand, because Kratix
// downloads what a release installs. Then it does step 4 of the page: release and record can be
// deleted, and the Promise stays. kratix-runner preflight says what is in the way before, and no more
// after.
func (p *platform) leavesRelease(t *testing.T, name string) {
	t.Helper()
	const kratix = "platform.kratix.io/v1alpha1"
	release, record := named(kratix, "PromiseRelease", "", name), named(kratix, "HealthRecord", p.namespace, "health")
	release.SetFinalizers([]string{"kratix.io/promise-cleanup"})
	release.Object["spec"] = map[string]any{"sourceRef": map[string]any{"type": "http"}}
	record.SetFinalizers([]string{"kratix.io/health-record-cleanup"})
	record.Object["data"] = map[string]any{"promiseRef": map[string]any{"name": name}, "state": "ready"}
	promise := named(kratix, "Promise", "", name)
	require.NoError(t, shared.Create(t.Context(), release, record))
	made, err := get(release)
	require.NoError(t, err)
	owner := fmt.Sprintf(`{"apiVersion":%q,"kind":"PromiseRelease","name":%q,"uid":%q,"controller":true}`, kratix, name, made.GetUID())
	change(t, promise, fmt.Sprintf(`{"metadata":{"labels":{"kratix.io/promise-release-name":%q},"ownerReferences":[%s]}}`, name, owner))
	for _, kind := range []string{"Promise", "PromiseRelease", "HealthRecord"} {
		assert.Contains(t, inTheWay(t), kind, "before step 4")
	}

	change(t, promise, `{"metadata":{"ownerReferences":null,"labels":{"kratix.io/promise-release-name":null}}}`)
	for _, o := range []*unstructured.Unstructured{release, record} {
		change(t, o, `{"metadata":{"finalizers":null}}`)
	}
	for _, kind := range []string{"Promise", "PromiseRelease", "HealthRecord"} {
		assert.NotContains(t, inTheWay(t), kind, "after step 4")
	}
	for _, o := range []*unstructured.Unstructured{release, record} {
		resource, err := shared.Resource(o)
		require.NoError(t, err)
		require.NoError(t, resource.Delete(t.Context(), o.GetName(), metav1.DeleteOptions{}))
		_, err = get(o)
		assert.True(t, apierrors.IsNotFound(err), "%s without a finalizer is still there: %v", o.GetKind(), err)
	}
	now, err := get(promise)
	require.NoError(t, err)
	assert.Nil(t, now.GetDeletionTimestamp())
}

// inTheWay are the kinds of which kratix-runner preflight says that something is lost or blocks.
func inTheWay(t *testing.T) []string {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", shared.Kubeconfig)
	require.NoError(t, err)
	c, err := client.New(config, client.Options{})
	require.NoError(t, err)
	g := &preflight.Gatherer{Cluster: c, SystemNamespace: "kratix-platform-system", Engine: backends.Engines()[0], Now: time.Now()}
	facts, err := g.Gather(t.Context())
	require.NoError(t, err)
	var kinds []string
	for _, f := range preflight.Judge(facts).Findings {
		if f.Effect != preflight.Changes {
			kinds = append(kinds, f.Kind)
		}
	}
	return kinds
}

// placed waits until Kratix has written all there is: its Reconciled comes earlier.
func (p *platform) placed(t *testing.T) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		for _, o := range p.requests() {
			now, err := get(o)
			if assert.NoError(c, err) {
				assert.Equal(c, "True", conditionOf(now, "Reconciled"), o.GetName())
			}
		}
		for _, wp := range p.list(t, "workplacements") {
			assert.Equal(c, "True", conditionOf(&wp, "WriteSucceeded"), wp.GetName())
		}
	}, chapterLimit, time.Second)
}

// taken waits until a runner has taken requests over.
func (p *platform) taken(t *testing.T, which func(*unstructured.Unstructured) bool) {
	t.Helper()
	for _, o := range p.requests() {
		now, err := get(o)
		require.NoError(t, err)
		if !which(now) {
			continue
		}
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			now, err := get(o)
			if assert.NoError(c, err) {
				assert.True(c, written(now) && field(now, "status", "kratix", "workflows", "hash") != "", "%s: %s", o.GetName(), describe(now))
			}
		}, chapterLimit, time.Second)
	}
}

// list has what there is of a kind for the Promises of the platform.
func (p *platform) list(t *testing.T, resource string) []unstructured.Unstructured {
	t.Helper()
	list, err := shared.Dynamic.Resource(promises.GroupVersion().WithResource(resource)).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	return list.Items
}

// works are the UIDs of all Works, sorted.
func (p *platform) works(t *testing.T) []string {
	t.Helper()
	var uids []string
	for _, w := range p.list(t, "works") {
		uids = append(uids, string(w.GetUID())+" "+w.GetName())
	}
	slices.Sort(uids)
	return uids
}

// filesOf are the differences of another time's files, but for the order in aggregated ones.
func (k shown) filesOf(t *testing.T, later shown) []string {
	t.Helper()
	return compared(shown{files: k.level(nil).files}, shown{files: later.level(nil).files})
}

func runsOf(t *testing.T, e engine, promise string) []unstructured.Unstructured {
	t.Helper()
	in := &install{engine: e}
	list, err := shared.Dynamic.Resource(in.kind()).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelPromise + "=" + promise})
	require.NoError(t, err)
	return list.Items
}

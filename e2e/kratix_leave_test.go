// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
	"github.com/kratix-compile/kratix-compile/internal/preflight"
)

const kratixVersion = "platform.kratix.io/v1alpha1"

// A move is from Kratix to a runner and back. Kratix is a process beside the cluster, so its Deployment
// and webhooks are only objects: there is no Pod that answers.
type move struct {
	*administrator
	*platform
	installed *runner.Installation
	kratix    *runner.Kratix
	// releases are of the Promises all and bare: one comes back, one is deleted on the way.
	releases []*unstructured.Unstructured
	later    []*unstructured.Unstructured // what only a later Kratix makes
}

func newMove(t *testing.T, installed *runner.Installation, k *runner.Kratix, p *platform) *move {
	t.Helper()
	tools := buildKubectl(t)
	require.NoError(t, os.Symlink(compiler, filepath.Join(tools, "kratix-compile")))
	require.NoError(t, os.Symlink(filepath.Join(filepath.Dir(installed.Deliverer), "kratix-runner"), filepath.Join(tools, "kratix-runner")))
	a := &administrator{dir: t.TempDir(), words: strings.NewReplacer()}
	a.environment = append(os.Environ(), "KUBECONFIG="+shared.Kubeconfig, "PATH="+tools+":"+os.Getenv("PATH"))
	return &move{administrator: a, platform: p, installed: installed, kratix: k}
}

// types enters a command of the page with other words than its examples.
func (m *move) types(t *testing.T, command string, words ...string) {
	t.Helper()
	a := *m.administrator
	a.words = strings.NewReplacer(words...)
	a.enter(t, movingPage, command)
}

func (m *move) request(namespace, name string) *unstructured.Unstructured {
	return named("all."+m.namespace+".example.org/v1", "Thing", namespace, name)
}

// pinned is a request that a ResourceBinding keeps at another version.
func (m *move) pinned() *unstructured.Unstructured { return m.request(m.namespace, "nested-bucket") }

func (m *move) isPinned(o *unstructured.Unstructured) bool {
	return isRequest(o) && o.GetName() == m.pinned().GetName()
}

// served has Kratix serve the platform, two Promises of which are from releases.
func (m *move) served(t *testing.T) {
	t.Helper()
	m.platform.apply(t, "stores.yaml", "promises.yaml")
	for _, name := range []string{m.namespace + "-all", m.namespace + "-bare"} {
		m.releases = append(m.releases, m.release(t, name))
	}
	m.offered(t)
	m.platform.apply(t, "requests.yaml")
	m.placed(t)
}

// release makes a Promise that of a PromiseRelease, whose URL has the Promise as it is.
func (m *move) release(t *testing.T, promise string) *unstructured.Unstructured {
	t.Helper()
	at := slices.IndexFunc(m.promises(), func(o *unstructured.Unstructured) bool { return o.GetName() == promise })
	require.GreaterOrEqual(t, at, 0, promise)
	o := m.promises()[at].DeepCopy()
	o.SetLabels(map[string]string{"kratix.io/promise-version": "v1.0.0"})
	text, err := json.Marshal(o)
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) }))
	t.Cleanup(server.Close)
	r := named(kratixVersion, "PromiseRelease", "", promise)
	r.Object["spec"] = map[string]any{"version": "v1.0.0", "sourceRef": map[string]any{"type": "http", "url": server.URL}}
	require.NoError(t, shared.Create(t.Context(), r))
	t.Cleanup(func() { forget(t, r) })
	m.owned(t, promise)
	return r
}

// owned waits until Kratix has given a Promise to its release.
func (m *move) owned(t *testing.T, promise string) {
	t.Helper()
	now, err := shared.Await(bounded(t), named(kratixVersion, "Promise", "", promise), func(o *unstructured.Unstructured) (bool, error) {
		return len(o.GetOwnerReferences()) == 1 && o.GetLabels()["kratix.io/promise-release-name"] == promise, nil
	})
	require.NoError(t, err, "%s", describe(now))
}

// prepared is step 1 of the page: what is done while Kratix runs.
func (m *move) prepared(t *testing.T) {
	t.Helper()
	const step = "1. While Kratix still runs"
	m.madeByLater(t)
	inTheWay(t, "Thing nested-bucket", "Thing nested-git", "Promise "+m.releases[0].GetName(), "Promise "+m.releases[1].GetName(),
		"PromiseRelease", "PromiseRevision", "ResourceBinding", "HealthRecord")
	m.follow(t, movingPage, step, 0)
	m.types(t, m.block(t, movingPage, step, 1)[0], "NAMESPACE", m.other, "NAME", "nested-git")
	m.types(t, m.block(t, movingPage, step, 2)[0], "NAMESPACE", m.namespace, "NAME", m.pinned().GetName(), "KIND", "things.all."+m.namespace+".example.org")
	inTheWay(t, "Promise "+m.releases[0].GetName(), "Promise "+m.releases[1].GetName(), "PromiseRelease", "PromiseRevision", "ResourceBinding", "HealthRecord")
}

// madeByLater has objects that a later Kratix would have made, and waits until this one has worked on the
// one that it knows.
func (m *move) madeByLater(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("kratix", "scenario", "later.yaml"))
	require.NoError(t, err)
	objects, err := cluster.Objects([]byte(m.platform.words.Replace(string(text))))
	require.NoError(t, err)
	for _, o := range objects {
		if o.GetKind() != "CustomResourceDefinition" {
			m.later = append(m.later, o)
		}
	}
	require.NoError(t, shared.Install(t.Context(), objects[:2]))
	t.Cleanup(func() { forget(t, objects...) })
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		require.NoError(c, shared.Create(t.Context(), m.later...)) // their kinds are new
		record, err := get(m.later[len(m.later)-1])
		if assert.NoError(c, err) {
			assert.NotEmpty(c, record.GetFinalizers(), "of the HealthRecord")
		}
		assert.Equal(c, "ready", m.health(c))
	}, chapterLimit, time.Second)
}

// health is what Kratix has written of the HealthRecord into its request.
func (m *move) health(t assert.TestingT) string {
	now, err := get(m.request(m.namespace, "nested-git"))
	assert.NoError(t, err)
	return field(now, "status", "healthStatus", "state")
}

// stopped is steps 2 and 3: Kratix is stopped, and its webhooks go. Before that no runner starts.
func (m *move) stopped(t *testing.T) {
	t.Helper()
	require.NoError(t, m.kratix.Stop())
	m.left(t)
	log := filepath.Join(t.TempDir(), "refused.log")
	_, err := m.installed.Start(t.Context(), log, "--engine="+engines[0].name)
	require.Error(t, err, "a runner beside Kratix")
	said, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Contains(t, string(said), "its Deployment kratix-platform-controller-manager asks for replicas")
	m.follow(t, movingPage, "2. Stop Kratix", 0)
	m.writable(t, false)
	m.follow(t, movingPage, "3. Delete its webhooks", 0)
	m.writable(t, true)
}

// left is what a Kratix that has stopped leaves: what it has last written, and what it was installed from.
func (m *move) left(t *testing.T) {
	t.Helper()
	writeStatus(t, m.pinned(), `{"status":{"resourceBindingVersion":"v0.9.0"}}`)
	suspended := m.request(m.namespace, "whole-git")
	change(t, suspended, `{"metadata":{"labels":{"kratix.io/workflow-suspended":"true"}}}`)
	writeStatus(t, suspended, `{"status":{"kratix":{"workflows":{"suspendedGeneration":1,"pipelines":[{"name":"render","phase":"Succeeded"},{"name":"announce","phase":"Suspended"}]}}}}`)
	hold(t, m.request(m.other, "nested-git"), "kratix.io/resource-binding-cleanup")
	hold(t, named(kratixVersion, "Promise", "", m.releases[1].GetName()), "kratix.io/revision-cleanup")

	manifest := m.manifest(t)
	assert.True(t, slices.ContainsFunc(manifest, func(o *unstructured.Unstructured) bool {
		return o.GetKind() == "Namespace" && o.GetName() == runner.SystemNamespace
	}), "deleting the manifest deletes the namespace")
	config := named("v1", "ConfigMap", runner.SystemNamespace, "kratix")
	config.Object["data"] = map[string]any{"config": "numberOfJobsToKeep: 5\n"}
	ofHelm := named("v1", "Secret", "default", "sh.helm.release.v1.kratix.v1")
	ofHelm.SetLabels(map[string]string{"owner": "helm", "name": "kratix"})
	installed := slices.Concat(manifest, []*unstructured.Unstructured{config, ofHelm})
	t.Cleanup(func() {
		forget(t, slices.DeleteFunc(slices.Clone(installed), func(o *unstructured.Unstructured) bool { return o.GetKind() == "Namespace" })...)
	})
	require.NoError(t, shared.Create(t.Context(), installed...))
}

// manifest is Kratix's own, as Helm marks it, but for what needs cert-manager.
func (m *move) manifest(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	manifest, err := m.kratix.Built.Manifest()
	require.NoError(t, err)
	for _, o := range manifest {
		if o.GetKind() == "Deployment" {
			o.SetAnnotations(map[string]string{"meta.helm.sh/release-name": "kratix", "meta.helm.sh/release-namespace": "default"})
		}
	}
	return slices.DeleteFunc(manifest, func(o *unstructured.Unstructured) bool { return o.GroupVersionKind().Group == "cert-manager.io" })
}

// writable waits until the API server takes changes of a Promise, or refuses them: it hears of webhooks a
// moment later.
func (m *move) writable(t *testing.T, want bool) {
	t.Helper()
	promise := named(kratixVersion, "Promise", "", m.releases[0].GetName())
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		resource, err := shared.Resource(promise)
		require.NoError(c, err)
		_, err = resource.Patch(t.Context(), promise.GetName(), types.MergePatchType, []byte(`{"metadata":{"labels":{"tried":"yes"}}}`), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
		assert.Equal(c, want, err == nil, "%v", err)
	}, limit, time.Second)
}

// cut is step 4: nothing can be deleted through what Kratix has left. After it preflight finds nothing.
func (m *move) cut(t *testing.T) {
	t.Helper()
	const step = "4. Take off what would delete, and what would hang"
	releases := m.block(t, movingPage, step, 0)
	m.enter(t, movingPage, releases[0])
	for _, r := range m.releases {
		m.types(t, releases[1], "NAME", r.GetName())
	}
	inTheWay(t, "PromiseRelease", "PromiseRevision", "ResourceBinding", "HealthRecord", "Deployment kratix-platform-controller-manager")
	m.follow(t, movingPage, step, 1)
	for _, command := range m.block(t, movingPage, step, 2)[1:] { // without a Helm to ask
		m.enter(t, movingPage, command)
	}
	inTheWay(t)
	m.follow(t, movingPage, "See what would happen", 0)
	m.follow(t, movingPage, "See what would happen", 1)
}

// inTheWay demands that kratix-runner preflight finds these and nothing else that is lost or blocks.
func inTheWay(t *testing.T, want ...string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", shared.Kubeconfig)
	require.NoError(t, err)
	c, err := client.New(config, client.Options{})
	require.NoError(t, err)
	g := &preflight.Gatherer{Cluster: c, SystemNamespace: runner.SystemNamespace, Engine: backends.Engines()[0], Now: time.Now()}
	facts, err := g.Gather(t.Context())
	require.NoError(t, err)
	var found []string
	for _, f := range preflight.Judge(facts).Findings {
		if f.Effect != preflight.Changes {
			found = append(found, strings.TrimSpace(f.Kind+" "+f.Name))
		}
	}
	assert.ElementsMatch(t, want, found)
}

// writeStatus is for what a controller would have written.
func writeStatus(t *testing.T, o *unstructured.Unstructured, patch string) {
	t.Helper()
	resource, err := shared.Resource(o)
	require.NoError(t, err)
	_, err = resource.Patch(t.Context(), o.GetName(), types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
	require.NoError(t, err)
}

// hold adds a finalizer to those that an object has.
func hold(t *testing.T, o *unstructured.Unstructured, finalizer string) {
	t.Helper()
	resource, err := shared.Resource(o)
	require.NoError(t, err)
	_, err = resource.Patch(t.Context(), o.GetName(), types.JSONPatchType, []byte(`[{"op":"add","path":"/metadata/finalizers/-","value":"`+finalizer+`"}]`), metav1.PatchOptions{})
	require.NoError(t, err)
}

// forget deletes what may be there at the end of a test, the last one first, whatever finalizers it has.
func forget(t *testing.T, objects ...*unstructured.Unstructured) {
	t.Helper()
	ctx := bounded(t)
	for _, o := range slices.Backward(objects) {
		resource, err := shared.Resource(o)
		if err != nil {
			continue // its kind has gone
		}
		if o.GetKind() != "CustomResourceDefinition" {
			_, _ = resource.Patch(ctx, o.GetName(), types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		}
		_ = resource.Delete(ctx, o.GetName(), metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationBackground)})
	}
}

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/deployed"
)

// patient runs until its gate opens.
const patient = promiseHead + `
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: first}
          spec:
            containers:
              - name: wait
                image: BUSYBOX
                command: [sh, -c, 'until wget -q -O- GATE/$KRATIX_OBJECT_NAME; do sleep 1; done; echo done > /kratix/output/first.txt']
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: second}
          spec:
            containers: [{name: write, image: BUSYBOX, command: [sh, -c, 'echo done > /kratix/output/second.txt']}]
`

// TestUpgrade goes from one release to the next while runs are under way, as docs/upgrade.md
// says, and back. Both are of this source, and differ in what they call themselves.
func TestUpgrade(t *testing.T) {
	last, next := imagesOf(t, "v0.1.0"), imagesOf(t, "v0.2.0")
	leadSteps(t)
	runner := &installation{way: ways(t)[0], engine: engines[0]}
	before := olderDefinitions(t)
	runner.install(t, last)
	outlive(t, before)

	in, gates := newInstall(t, runner.engine, nil), newGates(t)
	in.offer(t, strings.ReplaceAll(patient, "GATE", gates.URL))
	in.ask(t, in.namespace, "begun-before", "size: small")
	gates.await(t, "begun-before")

	held(t, runner, next)
	gates.open("between")
	in.ask(t, in.namespace, "between", "size: small")
	in.ranOnce(t, "between")
	change(t, deployment(), `{"spec":{"minReadySeconds":0}}`)
	runner.awaitRollout(t)
	gates.open("begun-before")
	in.ranOnce(t, "begun-before")
	assert.Equal(t, last.Harvest, in.harvestImage(t, "begun-before"), "a step of the last release delivers to the next")

	runner.install(t, deployed.Images{Runner: last.Runner, Harvest: next.Harvest})
	gates.open("newer-step")
	in.ask(t, in.namespace, "newer-step", "size: small")
	in.ranOnce(t, "newer-step")
	assert.Equal(t, next.Harvest, in.harvestImage(t, "newer-step"), "a step of the next release delivers to the last")
	in.withdraw(t)
	runner.uninstall(t)
}

// olderDefinitions are in the cluster with an object of theirs.
func olderDefinitions(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile("../deploy/crds/testdata/older.yaml")
	require.NoError(t, err)
	definitions, err := cluster.Objects(data)
	require.NoError(t, err)
	require.NoError(t, deployed.Apply(t.Context(), shared, definitions))
	require.NoError(t, shared.Install(t.Context(), definitions)) // which waits until they are served
	objects, err := cluster.Objects([]byte(`
{apiVersion: platform.kratix.io/v1alpha1, kind: GitStateStore, metadata: {name: older},
  spec: {url: https://git.example/older.git, branch: main, secretRef: {name: none, namespace: default}}}
`))
	require.NoError(t, err)
	require.NoError(t, shared.Create(t.Context(), objects...))
	t.Cleanup(func() { remove(t, objects[0]) })
	resource, err := shared.Resource(objects[0])
	require.NoError(t, err)
	made, err := resource.Get(t.Context(), "older", metav1.GetOptions{})
	require.NoError(t, err)
	return made
}

// outlive: the newer definition has the same object, and the runner looks after it.
func outlive(t *testing.T, before *unstructured.Unstructured) {
	t.Helper()
	after, err := shared.Await(bounded(t), before, func(o *unstructured.Unstructured) (bool, error) {
		return conditionOf(o, "Ready") == "False", nil
	})
	require.NoError(t, err)
	assert.Equal(t, before.GetUID(), after.GetUID())
	assert.Equal(t, before.Object["spec"], after.Object["spec"])
}

func deployment() *unstructured.Unstructured {
	return named("apps/v1", "Deployment", deployed.Namespace, "kratix-runner")
}

// held begins to roll images out, and stops when one replica of them is beside two of the
// others: until it has been ready for minutes, no other is replaced.
func held(t *testing.T, runner *installation, images deployed.Images) {
	t.Helper()
	change(t, deployment(), `{"spec":{"minReadySeconds":500}}`)
	runner.way.install(t, runner.engine, images)
	_, err := shared.Await(bounded(t), deployment(), func(o *unstructured.Unstructured) (bool, error) {
		updated, _, _ := unstructured.NestedInt64(o.Object, "status", "updatedReplicas")
		ready, _, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas")
		return updated == 1 && ready == 3, nil
	})
	require.NoError(t, err)
}

func change(t *testing.T, o *unstructured.Unstructured, patch string) {
	t.Helper()
	resource, err := shared.Resource(o)
	require.NoError(t, err)
	_, err = resource.Patch(t.Context(), o.GetName(), types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	require.NoError(t, err)
}

// ranOnce waits until a request is served, by one run of each Pipeline.
func (in *install) ranOnce(t *testing.T, name string) {
	t.Helper()
	in.await(t, in.namespace, name, completed)
	assert.Len(t, in.runs(t, in.namespace, name), 2, name)
	assert.Equal(t, map[string]string{"first.txt": "done\n"}, in.files(t, in.namespace, name, "first"))
	assert.Equal(t, map[string]string{"second.txt": "done\n"}, in.files(t, in.namespace, name, "second"))
}

// harvestImage is that of the first Pipeline's Pod.
func (in *install) harvestImage(t *testing.T, name string) string {
	t.Helper()
	pods, err := shared.Typed.CoreV1().Pods(in.namespace).List(t.Context(), metav1.ListOptions{
		LabelSelector: v1alpha1.LabelResource + "=" + name + "," + v1alpha1.LabelPipeline + "=first",
	})
	require.NoError(t, err)
	require.Len(t, pods.Items, 1)
	for _, c := range pods.Items[0].Spec.Containers {
		if c.Name == in.engine.harvest {
			return c.Image
		}
	}
	return ""
}

// gates hold runs until they are opened, and know who has asked.
type gates struct {
	*httptest.Server
	mu      sync.Mutex
	opened  map[string]bool
	visited map[string]bool
}

func newGates(t *testing.T) *gates {
	t.Helper()
	g := &gates{opened: map[string]bool{}, visited: map[string]bool{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		name := path.Base(r.URL.Path)
		g.visited[name] = true
		if !g.opened[name] {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gates) open(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened[name] = true
}

func (g *gates) await(t *testing.T, name string) {
	t.Helper()
	require.Eventually(t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.visited[name]
	}, limit, 100*time.Millisecond, "no run asks for "+name)
}

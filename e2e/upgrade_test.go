// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
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
// says, and back. Both are of this source: they differ in what they call themselves, and the
// next one's CRDs have one more field.
func TestUpgrade(t *testing.T) {
	tools := buildTools(t)
	leadSteps(t)
	for _, w := range []way{kustomize, helm} {
		for _, e := range engines {
			t.Run(w.name+"/"+e.name, func(t *testing.T) {
				tidy(t)
				u := &upgrade{
					last: &installation{way: w, administrator: newAdministrator(t, tools, "v0.1.0", e)},
					next: &installation{way: w, administrator: newAdministrator(t, tools, "v0.2.0", e)},
				}
				u.next.grow(t)
				removeAll(t, u.last.administrator)
				u.run(t)
			})
		}
	}
	allTyped(t, upgradePage)
}

// An upgrade is one release in the place of another.
type upgrade struct{ last, next *installation }

func (u *upgrade) run(t *testing.T) {
	t.Helper()
	var before *unstructured.Unstructured
	if u.last.way.name == kustomize.name { // helm refuses definitions that it has not made
		before = u.last.olderDefinitions(t)
		u.last.upgradeDefinitions(t)
	}
	u.last.install(t)
	if before != nil {
		outlive(t, before)
	}
	in, gates := newInstall(t, u.last.engine, nil), newGates(t)
	in.offer(t, strings.ReplaceAll(patient, "GATE", gates.URL))
	in.ask(t, in.namespace, "begun-before", "size: small")
	gates.await(t, "begun-before")

	u.next.upgradeDefinitions(t)
	u.held(t)
	assert.True(t, u.grown(t), "CRDs are upgraded first, or with the chart")
	gates.open("between")
	in.ask(t, in.namespace, "between", "size: small")
	in.ranOnce(t, "between")
	change(t, deployment(), `{"spec":{"minReadySeconds":0}}`)
	u.next.awaitRollout(t)
	gates.open("begun-before")
	in.ranOnce(t, "begun-before")
	assert.True(t, strings.HasSuffix(in.harvestImage(t, "begun-before"), ":v0.1.0"), "a step of the last release delivers to the next")

	in.ask(t, in.namespace, "newer-step", "size: small")
	gates.await(t, "newer-step")
	u.back(t)
	assert.True(t, u.grown(t), "the newer CRDs stay")
	gates.open("newer-step")
	in.ranOnce(t, "newer-step")
	assert.True(t, strings.HasSuffix(in.harvestImage(t, "newer-step"), ":v0.2.0"), "a step of the next release delivers to the last")
	gates.open("after")
	in.ask(t, in.namespace, "after", "size: small")
	in.ranOnce(t, "after")
	assert.True(t, strings.HasSuffix(in.harvestImage(t, "after"), ":v0.1.0"))
	in.withdraw(t)
	if before != nil {
		u.last.drop(t, before)
	}
	u.last.uninstall(t)
}

// back is to the last release, without its CRDs.
func (u *upgrade) back(t *testing.T) {
	t.Helper()
	if u.last.way.name == kustomize.name {
		u.last.patch(t)
		u.last.way.install(t, u.last.administrator)
	} else {
		u.last.follow(t, upgradePage, "Back", 0)
	}
	u.last.awaitRollout(t)
}

// held begins to roll the next release out, and stops when one replica of it is beside two of
// the last: until it has been ready for minutes, no other is replaced.
func (u *upgrade) held(t *testing.T) {
	t.Helper()
	change(t, deployment(), `{"spec":{"minReadySeconds":500}}`)
	section := map[string]string{kustomize.name: "With kustomize", helm.name: "With Helm"}[u.next.way.name]
	u.next.enter(t, installPage, u.next.block(t, installPage, section, 0)[0]) // which does not wait
	_, err := shared.Await(bounded(t), deployment(), func(o *unstructured.Unstructured) (bool, error) {
		updated, _, _ := unstructured.NestedInt64(o.Object, "status", "updatedReplicas")
		ready, _, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas")
		return updated == 1 && ready == 3, nil
	})
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

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// threeParts writes a file in three containers, each of which waits for its gate first.
const threeParts = promiseHead + `
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: only}
          spec:
            jobOptions: {backoffLimit: 0}
            containers:
              - {name: one, image: BUSYBOX, command: [sh, -c, 'until wget -q -O- GATE/$KRATIX_OBJECT_NAME-1; do sleep 1; done; echo 1 >> /kratix/output/file.txt']}
              - {name: two, image: BUSYBOX, command: [sh, -c, 'until wget -q -O- GATE/$KRATIX_OBJECT_NAME-2; do sleep 1; done; echo 2 >> /kratix/output/file.txt']}
              - {name: three, image: BUSYBOX, command: [sh, -c, 'until wget -q -O- GATE/$KRATIX_OBJECT_NAME-3; do sleep 1; done; echo 3 >> /kratix/output/file.txt']}
`

// A breakdown is what a run suffers while its parts are written.
type breakdown struct {
	*install
	installation *runner.Installation
	gates        *gates
}

func newBreakdown(t *testing.T, installed *runner.Installation, e engine) *breakdown {
	t.Helper()
	b := &breakdown{newInstall(t, e, startRunner(t, installed, e)), installed, newGates(t)}
	b.offer(t, strings.ReplaceAll(threeParts, "GATE", b.gates.URL))
	return b
}

// begin asks for something, and returns when the container of a part is at work.
func (b *breakdown) begin(t *testing.T, name string, part int) {
	t.Helper()
	for i := 1; i < part; i++ {
		b.gates.open(fmt.Sprintf("%s-%d", name, i))
	}
	b.ask(t, b.namespace, name, "size: small")
	b.gates.await(t, fmt.Sprintf("%s-%d", name, part))
}

// wholeOrNothing opens all gates and demands that the result has all parts, each once, or that
// there is none and the status says why. Then somebody asks again.
func (b *breakdown) wholeOrNothing(t *testing.T, name string) {
	t.Helper()
	for i := 1; i <= 3; i++ {
		b.gates.open(fmt.Sprintf("%s-%d", name, i))
	}
	o := b.await(t, b.namespace, name, func(o *unstructured.Unstructured) bool {
		return completed(o) || conditionOf(o, "Reconciled") == "False"
	})
	t.Logf("completed %t: %v", completed(o), messages(o))
	if !completed(o) {
		list, err := shared.Dynamic.Resource(works).Namespace(b.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelResource + "=" + name})
		require.NoError(t, err)
		assert.Empty(t, list.Items, "nothing is delivered by halves")
		b.change(t, b.namespace, name, `{"metadata":{"labels":{"kratix.io/manual-reconciliation":"true"}}}`)
		b.await(t, b.namespace, name, completed)
	}
	assert.Equal(t, map[string]string{"file.txt": "1\n2\n3\n"}, b.files(t, b.namespace, name, "only"))
}

// TestNodeRestarts: a node's programs crash while the second of three containers is at work, and
// come back, before it ends or after.
func TestNodeRestarts(t *testing.T) {
	onThisMachine(t)
	installed := installRunner(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			b := newBreakdown(t, installed, e)
			for _, part := range []string{"kubelet", "containerd"} {
				t.Run(part, func(t *testing.T) {
					meanwhile, later := part+"-meanwhile", part+"-later"
					b.begin(t, meanwhile, 2)
					b.begin(t, later, 2)
					require.NoError(t, shared.Crash(part))
					b.wholeOrNothing(t, meanwhile) // its container ends while nobody looks
					b.wholeOrNothing(t, later)
				})
			}
		})
	}
}

// TestPodDeleted deletes the Pod of a run in each of its phases.
func TestPodDeleted(t *testing.T) {
	installed := installRunner(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			b := newBreakdown(t, installed, e)
			for _, grace := range []int64{0, 30} {
				for part := 1; part <= 3; part++ {
					t.Run(fmt.Sprintf("part %d, %d seconds", part, grace), func(t *testing.T) {
						name := fmt.Sprintf("part-%d-%d", part, grace)
						b.begin(t, name, part)
						b.deletePod(t, name, grace)
						b.wholeOrNothing(t, name)
					})
				}
				t.Run(fmt.Sprintf("harvest, %d seconds", grace), func(t *testing.T) {
					name := fmt.Sprintf("harvest-%d", grace)
					b.begin(t, name, 3)
					asked, answer := b.holdHarvest(t)
					b.gates.open(name + "-3")
					<-asked
					b.deletePod(t, name, grace)
					answer()
					b.wholeOrNothing(t, name)
				})
			}
		})
	}
}

func (b *breakdown) deletePod(t *testing.T, name string, grace int64) {
	t.Helper()
	pods := shared.Typed.CoreV1().Pods(b.namespace)
	list, err := pods.List(t.Context(), metav1.ListOptions{LabelSelector: labels.Set{v1alpha1.LabelResource: name}.String()})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	assert.NotEqual(t, corev1.PodSucceeded, list.Items[0].Status.Phase)
	require.NoError(t, pods.Delete(t.Context(), list.Items[0].Name, *metav1.NewDeleteOptions(grace)))
}

// holdHarvest has the runner wait when it is about to ask whose a harvest is.
func (b *breakdown) holdHarvest(t *testing.T) (asked <-chan struct{}, answer func()) {
	t.Helper()
	seen, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	answer = sync.OnceFunc(func() { close(held) })
	t.Cleanup(answer)
	b.installation.Before(func(r *http.Request) {
		if r.Method == http.MethodPost && strings.Contains(r.URL.Path, "tokenreviews") {
			once.Do(func() { close(seen) })
			<-held
		}
	})
	t.Cleanup(func() { b.installation.Before(nil) })
	return seen, answer
}

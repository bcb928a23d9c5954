// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// guarded is a Promise whose runs wait for their gates. What they write says whose they are.
const guarded = promiseHead + `
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: write}
          spec:
            jobOptions: {backoffLimit: 0}
            containers: [{name: write, image: BUSYBOX, command: [sh, -c, 'GATED; echo "genuine $KRATIX_OBJECT_NAME $(sed -n "s/^  size: //p" /kratix/input/object.yaml | head -1)" > /kratix/output/file.txt']}]
    promise:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: write}
          spec:
            jobOptions: {backoffLimit: 0}
            containers: [{name: write, image: BUSYBOX, command: [sh, -c, 'GATED; echo "genuine $KRATIX_OBJECT_NAME" > /kratix/output/file.txt']}]
`

// TestEvil: a tenant with what `edit` gives in a namespace of its own tries to speak for the
// runs of others, to stop them, and to be them before they are there. It gets nothing: what
// others have is as without it. What is looked at is what comes of it, on both engines.
func TestEvil(t *testing.T) {
	installed := installRunner(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			in := newInstall(t, e, startRunner(t, installed, e))
			s := &siege{install: in, installation: installed, gates: newGates(t), outlets: in.outlets(t)}
			s.evil = newEvil(t, s)
			in.create(t, s.promiseText())
			t.Run("promise", s.ofPromise)
			t.Run("request", func(t *testing.T) {
				for name, attack := range attacks {
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						s.ofRequest(t, name, attack)
					})
				}
			})
			t.Run("its own namespace", s.ofOwn)
			in.withdraw(t) // while runs with its labels are still there
			assert.Empty(t, s.outlets.inGit(t))
		})
	}
}

// A siege is the Promise of others, its State Store, and who is after it.
type siege struct {
	*install
	installation *runner.Installation
	gates        *gates
	outlets      *outlets
	evil         *evil
}

func (s *siege) promiseText() string {
	return strings.NewReplacer("environment: dev", "store: NAMESPACE-git", "GATED", s.gate()).Replace(guarded)
}

// gate is what a run does before anything else.
func (s *siege) gate() string {
	return "until wget -q -O- " + s.gates.URL + "/$KRATIX_OBJECT_NAME; do sleep 1; done"
}

// attacks are tried while a run of somebody's is under way. The name is that of the request.
var attacks = map[string]func(*testing.T, *evil, victim){
	"nothing":       func(*testing.T, *evil, victim) {}, // how it is without
	"same-name":     func(t *testing.T, m *evil, v victim) { m.deliver(t, v, m.forge(t, v, v.run.GetName())) },
	"same-labels":   func(t *testing.T, m *evil, v victim) { m.deliver(t, v, m.forge(t, v, v.run.GetName()+"-2")) },
	"never-ends":    func(t *testing.T, m *evil, v victim) { m.linger(t, v) },
	"fails":         func(t *testing.T, m *evil, v victim) { m.fail(t, v) },
	"forged-owners": func(t *testing.T, m *evil, v victim) { m.ownPods(t, v) },
	"own-status":    func(t *testing.T, m *evil, v victim) { m.claim(t, v) },
	"config-maps":   func(t *testing.T, m *evil, v victim) { m.keepRecords(t, v) },
	"not-allowed":   func(t *testing.T, m *evil, v victim) { m.overreach(t, v) },
	"old-tokens":    func(t *testing.T, m *evil, v victim) { m.replay(t, v) },
}

// A victim is whose run is under way.
type victim struct {
	object *unstructured.Unstructured
	run    *unstructured.Unstructured
}

// ofPromise attacks the run of the Promise itself, in the runner's namespace.
func (s *siege) ofPromise(t *testing.T) {
	name := s.namespace
	s.gates.await(t, name)
	v := victim{s.promise(), s.runOf(t, runner.SystemNamespace, "")}
	for _, attack := range []string{"same-name", "same-labels", "never-ends", "fails", "forged-owners", "config-maps", "not-allowed"} {
		t.Run(attack, func(t *testing.T) { attacks[attack](t, s.evil, v) })
	}
	s.gates.open(name)
	o := s.awaitPromise(t, written)
	assert.Equal(t, "True", conditionOf(o, "Available"))
	s.hasOnly(t, "base/dependencies/"+s.namespace+"/", "genuine "+name)
	selector := fmt.Sprintf(`{"matchLabels":{"store":"%s-git"}}`, s.namespace)
	s.changePromise(t, fmt.Sprintf(`{"spec":{"destinationSelectors":[%s,%s]}}`, selector, selector))
	s.awaitPromise(t, written) // runs with its labels are still there, and are not waited for
	s.hasOnly(t, "base/dependencies/"+s.namespace+"/", "genuine "+name)
}

// ofRequest demands that the request has what it has without the attack.
func (s *siege) ofRequest(t *testing.T, name string, attack func(*testing.T, *evil, victim)) {
	s.ask(t, s.namespace, name, "size: small")
	s.gates.await(t, name)
	v := victim{s.request(s.namespace, name), s.runOf(t, s.namespace, name)}
	attack(t, s.evil, v)
	s.gates.open(name)
	s.served(t, name, "small")
	assert.Equal(t, []string{v.run.GetName()}, s.runs(t, s.namespace, name), "it ran once")
	s.change(t, s.namespace, name, `{"spec":{"size":"large"}}`)
	s.served(t, name, "large") // runs with its labels are still there, and are not waited for
}

// served demands that a request has its own files, in its Work and in the State Store.
func (s *siege) served(t *testing.T, name, size string) {
	t.Helper()
	s.await(t, s.namespace, name, written)
	text := "genuine " + name + " " + size
	assert.Equal(t, map[string]string{"file.txt": text + "\n"}, s.files(t, s.namespace, name, "write"))
	s.hasOnly(t, fmt.Sprintf("base/resources/%s/%s/%s/", s.namespace, s.namespace, name), text)
}

// hasOnly demands that the State Store has one file below a path, with this text.
func (s *siege) hasOnly(t *testing.T, path, text string) {
	t.Helper()
	files := s.outlets.repository.files(t)
	maps.DeleteFunc(files, func(file, _ string) bool { return !strings.HasPrefix(file, path) })
	assert.Equal(t, []string{text + "\n"}, slices.Collect(maps.Values(files)), path)
}

// runOf is the only run of a request that is there, or of the Promise.
func (s *siege) runOf(t *testing.T, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	of := v1alpha1.LabelPromise + "=" + s.namespace + "," + v1alpha1.LabelResource + "=" + name
	if name == "" {
		of = v1alpha1.LabelPromise + "=" + s.namespace + ",!" + v1alpha1.LabelResource
	}
	list, err := shared.Dynamic.Resource(s.kind()).Namespace(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: of})
	require.NoError(t, err)
	require.Len(t, list.Items, 1, "runs of %q", name)
	return &list.Items[0]
}

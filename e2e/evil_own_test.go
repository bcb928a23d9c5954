// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// ofOwn is about requests in the evil namespace, as of a colleague who is honest. Whatever the
// runner is about to make for one is there already, under the same name.
func (s *siege) ofOwn(t *testing.T) {
	m := s.evil
	for name, first := range map[string]struct {
		kind string // of what is there first
		make func(t *testing.T, wanted *unstructured.Unstructured) *unstructured.Unstructured
	}{
		"run": {s.engine.kind, func(t *testing.T, wanted *unstructured.Unstructured) *unstructured.Unstructured {
			return m.copyOf(t, wanted, s.gate(), "true", "genuine", "evil")
		}},
		"input": {"ConfigMap", func(t *testing.T, wanted *unstructured.Unstructured) *unstructured.Unstructured {
			text := strings.ReplaceAll(field(wanted, "data", "object.yaml"), "size: small", "size: evil")
			require.Contains(t, text, "size: evil")
			wanted = wanted.DeepCopy()
			require.NoError(t, unstructured.SetNestedField(wanted.Object, text, "data", "object.yaml"))
			return wanted
		}},
	} {
		t.Run("its "+name+" was there first", func(t *testing.T) {
			request := "first-" + name
			made := make(chan *unstructured.Unstructured, 1)
			s.installation.Before(func(r *http.Request) {
				if wanted := created(t, r); wanted != nil && wanted.GetKind() == first.kind && wanted.GetLabels()[v1alpha1.LabelResource] == request && len(made) == 0 {
					forged := first.make(t, wanted)
					assert.NoError(t, m.client.Create(t.Context(), forged))
					made <- forged
				}
			})
			defer s.installation.Before(nil)
			s.gates.open(request)
			s.ask(t, m.namespace, request, "size: small")
			o := s.await(t, m.namespace, request, func(o *unstructured.Unstructured) bool { return written(o) || conditionOf(o, "Reconciled") == "False" })
			forged := <-made
			s.installation.Before(nil) // what the runner makes next is not there first
			s.notEvil(t, request)
			if written(o) {
				return // the runner has found a way
			}
			assert.Contains(t, strings.Join(append(messages(o), messageOf(o, "ConfigureWorkflowCompleted")), "\n"), forged.GetName(), "it says what is in the way")
			resource, err := m.client.Resource(forged)
			require.NoError(t, err)
			require.NoError(t, resource.Delete(t.Context(), forged.GetName(), metav1.DeleteOptions{}))
			s.change(t, m.namespace, request, `{"metadata":{"labels":{"kratix.io/manual-reconciliation":"true"}}}`)
			s.await(t, m.namespace, request, written)
			s.notEvil(t, request)
		})
	}
}

// notEvil demands that a request in the evil namespace has what it should, or nothing yet.
func (s *siege) notEvil(t *testing.T, name string) {
	t.Helper()
	list, err := shared.Dynamic.Resource(works).Namespace(s.evil.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelResource + "=" + name})
	require.NoError(t, err)
	for i := range list.Items {
		assert.Equal(t, map[string]string{"file.txt": "genuine " + name + " small\n"}, contents(t, &list.Items[i]))
	}
}

// created is what a request of the runner's is about to create, or nil.
func created(t *testing.T, r *http.Request) *unstructured.Unstructured {
	if r.Method != http.MethodPost || r.Body == nil {
		return nil
	}
	data, err := io.ReadAll(r.Body)
	assert.NoError(t, err)
	r.Body = io.NopCloser(bytes.NewReader(data))
	o := &unstructured.Unstructured{}
	if json.Unmarshal(data, &o.Object) != nil {
		return nil // of another encoding, as those of Kubernetes' own kinds may be
	}
	return o
}

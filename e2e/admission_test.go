// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// TestAdmission lets the API server ask the runner about Promises.
func TestAdmission(t *testing.T) {
	installed := installRunner(t)
	e := engines[0]
	address := freeAddress(t)
	r, err := installed.Start(t.Context(), t.TempDir()+"/runner.log", "--engine="+e.name, "--webhook-address="+address)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Stop()) })
	a := &applicant{install: newInstall(t, e, r), heard: &heard{}}
	old := a.object(t, strings.Replace(broken, "PROMISE", "PROMISE-old", 1))
	require.NoError(t, shared.Create(t.Context(), old))
	t.Cleanup(func() { a.discard(t, old.GetName()) })
	a.configure(t, address)

	a.refused(t, broken, "spec.workflows.resource.configure[0].spec.contaners", "unknown field")
	a.refused(t, strings.Replace(promiseHead, "type: object, x-kubernetes", "type: objekt, x-kubernetes", 1)+"    config: {}\n",
		"spec.api.spec.versions[0].schema", "Unsupported value")
	a.refused(t, promiseHead+"    config: {reconciliationInterval: 10s}\n", "spec.workflows.config.reconciliationInterval", "at least 1m0s")
	a.refused(t, strings.Replace(twoPipelines, "{name: PROMISE}", `{name: PROMISE, annotations: {kratix-compile.io/engine: jenkins}}`, 1),
		"metadata.annotations", `"jenkins", which is no engine`)

	t.Run("stored before", func(t *testing.T) {
		a.edit(t, old.GetName(), `{"metadata":{"labels":{"team":"a"}}}`)
		_, err := a.patch(t, old.GetName(), `{"spec":{"destinationSelectors":[{"matchLabels":{"a":"b"}}]}}`)
		assert.ErrorContains(t, err, "unknown field", "what is changed is judged")
	})

	t.Run("advice", func(t *testing.T) {
		text := strings.Replace(promiseHead, "spec:\n", "spec:\n  requiredPromises: [{name: PROMISE-needed}]\n", 1) +
			"    config: {pipelineNamespace: PROMISE-none}\n" + strings.SplitN(twoPipelines, "workflows:\n", 2)[1]
		_, err := a.create(t, text, metav1.DryRunAll)
		require.NoError(t, err)
		assert.True(t, a.heard.warning("spec.requiredPromises[0]: "+a.namespace+"-needed: Requirement not installed"), "%v", a.heard.all())
		assert.True(t, a.heard.warning(`namespaces "`+a.namespace+`-none" not found`), "%v", a.heard.all())
	})

	t.Run("changes", a.testChanges)

	t.Run("without the runner", func(t *testing.T) {
		require.NoError(t, r.Stop())
		assert.Empty(t, installed.Denied(), "deploy/rbac is not enough")
		_, err := a.create(t, twoPipelines)
		assert.ErrorContains(t, err, "failed calling webhook")
		a.edit(t, old.GetName(), `{"metadata":{"labels":{"team":"b"}}}`)
		a.discard(t, old.GetName())
	})
}

// testChanges: requests rely on what an API is called.
func (a *applicant) testChanges(t *testing.T) {
	a.heard.forget()
	_, err := a.create(t, twoPipelines)
	require.NoError(t, err)
	assert.Empty(t, a.heard.all(), "nothing is wrong with it")
	t.Cleanup(func() { a.withdraw(t) })
	_, err = shared.Await(bounded(t), a.promise(), func(o *unstructured.Unstructured) (bool, error) {
		return conditionOf(o, "Available") == "True", nil
	})
	require.NoError(t, err)
	for patch, says := range map[string]string{
		`{"spec":{"api":{"spec":{"names":{"kind":"Other"}}}}}`:                          "spec.api.spec.names: this cannot change",
		`{"spec":{"api":null}}`:                                                         "spec.api: an API cannot be removed",
		`{"spec":{"api":{"kind":"Thing"}}}`:                                             "spec.api.kind",
		`{"metadata":{"annotations":{"kratix.io/reconciliation-interval":"5s"}}}`:       "at least 1m0s",
		strings.ReplaceAll(otherVersion, "GROUP", a.group):                              "invalid CRD changes: ",
		`{"spec":{"workflows":{"resource":{"configure":[{"kind":"Job"}]}}}}`:            `this is kind "Job"`,
		`{"spec":{"workflows":{"promise":{"configure":[{"spec":{"containers":{}}}]}}}}`: "spec.workflows.promise.configure[0]",
	} {
		_, err := a.patch(t, a.namespace, patch)
		assert.ErrorContains(t, err, says, patch)
		assert.True(t, apierrors.IsInvalid(err), patch)
	}
	a.edit(t, a.namespace, `{"spec":{"api":{"spec":{"names":{"listKind":"ThingList"}}}}}`) // the default
	a.edit(t, a.namespace, `{"spec":{"workflows":{"config":{"reconciliationInterval":"1h"}}}}`)
}

const broken = promiseHead + `
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: only}
          spec: {contaners: [{name: a, image: BUSYBOX}]}
`

const otherVersion = `{"spec":{"api":{"spec":{"versions":[{"name":"v2","served":true,"storage":true,
	"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object"}}}}}]}}}}`

// An applicant sends Promises to the API server and listens to what it says.
type applicant struct {
	*install
	client dynamic.ResourceInterface
	heard  *heard
}

// configure is deploy/webhook for a runner outside the cluster and for Promises of this
// test. It waits until the webhook is in force.
func (a *applicant) configure(t *testing.T, address string) {
	t.Helper()
	config := restConfig(t)
	config.WarningHandler = a.heard
	client, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	a.client = client.Resource(promises)

	data, err := os.ReadFile("../deploy/webhook/promises.yaml")
	require.NoError(t, err)
	objects, err := cluster.Objects(data)
	require.NoError(t, err)
	require.Len(t, objects, 1)
	hooks, _, err := unstructured.NestedSlice(objects[0].Object, "webhooks")
	require.NoError(t, err)
	hook := hooks[0].(map[string]any)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	hook["clientConfig"] = map[string]any{"url": "https://localhost:" + port + "/v1/promises"}
	hook["objectSelector"] = map[string]any{"matchLabels": map[string]any{"e2e": a.namespace}}
	objects[0].Object["webhooks"] = hooks
	require.NoError(t, shared.Create(t.Context(), objects...))
	t.Cleanup(func() {
		hooks := shared.Typed.AdmissionregistrationV1().ValidatingWebhookConfigurations()
		assert.NoError(t, hooks.Delete(bounded(t), objects[0].GetName(), metav1.DeleteOptions{}))
	})
	require.EventuallyWithT(t, func(c *assert.CollectT) { // until it has a CA that the API server knows of
		_, err := a.create(t, broken, metav1.DryRunAll)
		assert.True(c, apierrors.IsInvalid(err), "%v", err)
	}, limit, 100*time.Millisecond)
}

func (a *applicant) object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := a.objects(t, text)[0]
	o.SetLabels(map[string]string{"e2e": a.namespace})
	return o
}

func (a *applicant) create(t *testing.T, text string, dryRun ...string) (*unstructured.Unstructured, error) {
	t.Helper()
	return a.client.Create(t.Context(), a.object(t, text), metav1.CreateOptions{DryRun: dryRun})
}

// refused demands that a fault is reported at a field.
func (a *applicant) refused(t *testing.T, text, path, says string) {
	t.Helper()
	_, err := a.create(t, text)
	var status apierrors.APIStatus
	require.ErrorAs(t, err, &status)
	assert.True(t, apierrors.IsInvalid(err), "%v", err)
	assert.ErrorContains(t, err, `admission webhook "promises.kratix-compile.io" denied the request: `+path)
	causes := status.Status().Details.Causes
	assert.True(t, slices.ContainsFunc(causes, func(c metav1.StatusCause) bool {
		return strings.HasPrefix(c.Field, path) && strings.Contains(c.Message, says)
	}), "%v", causes)
}

func (a *applicant) patch(t *testing.T, name, patch string) (*unstructured.Unstructured, error) {
	t.Helper()
	return shared.Dynamic.Resource(promises).Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
}

func (a *applicant) edit(t *testing.T, name, patch string) {
	t.Helper()
	_, err := a.patch(t, name, patch)
	require.NoError(t, err)
}

// discard deletes a Promise, whoever has a finalizer on it.
func (a *applicant) discard(t *testing.T, name string) {
	t.Helper()
	err := shared.Dynamic.Resource(promises).Delete(bounded(t), name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return
	}
	require.NoError(t, err)
	_, err = shared.Dynamic.Resource(promises).Patch(bounded(t), name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	if !apierrors.IsNotFound(err) {
		require.NoError(t, err)
	}
}

// heard are the API server's warnings.
type heard struct {
	mu    sync.Mutex
	texts []string
}

// HandleWarningHeader implements rest.WarningHandler.
func (h *heard) HandleWarningHeader(_ int, _ string, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.texts = append(h.texts, text)
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.texts)
}

func (h *heard) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.texts = nil
}

func (h *heard) warning(part string) bool {
	return slices.ContainsFunc(h.all(), func(text string) bool { return strings.Contains(text, part) })
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return fmt.Sprint(listener.Addr())
}

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/work"
)

const promiseHead = `
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: PROMISE}
spec:
  destinationSelectors: [{matchLabels: {environment: dev}}]
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.GROUP}
    spec:
      group: GROUP
      scope: Namespaced
      names: {kind: Thing, plural: things, singular: thing}
      versions:
        - name: v1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              type: object
              properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}
  workflows:
`

const twoPipelines = promiseHead + `
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: first}
          spec:
            containers:
              - name: write
                image: BUSYBOX
                command: [sh, -c]
                args:
                  - |
                    size=$(sed -n 's/^  size: //p' /kratix/input/object.yaml | head -1)
                    echo "first $size" > /kratix/output/first.txt
                    echo "size: $size" > /kratix/metadata/status.yaml
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: second}
          spec:
            containers:
              - name: read
                image: BUSYBOX
                command: [sh, -c, 'echo "second saw $(sed -n "/^status/,$ s/^  size: //p" /kratix/input/object.yaml)" > /kratix/output/second.txt']
`

const allWorkflows = twoPipelines + `
      delete:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: farewell}
          spec:
            containers: [{name: farewell, image: BUSYBOX, command: [sh, -c, 'echo "gone: yes" > /kratix/metadata/status.yaml; echo never > /kratix/output/never.txt']}]
    promise:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: prepare}
          spec:
            containers:
              - name: prepare
                image: BUSYBOX
                command: [sh, -c, 'mkdir /kratix/output/edge; echo for-all > /kratix/output/edge/all.txt; printf -- "- directory: edge\n  matchLabels: {zone: edge}\n" > /kratix/metadata/destination-selectors.yaml']
      delete:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: close}
          spec:
            containers: [{name: close, image: BUSYBOX, command: ["true"]}]
`

// testFourWorkflows: two namespaces have requests of one name, which have nothing to do
// with each other.
func testFourWorkflows(t *testing.T, in *install) {
	promise := in.offer(t, allWorkflows)
	assert.Equal(t, "Promise configured", field(promise, "status", "message"))
	other := newNamespace(t, "runner")
	in.ask(t, in.namespace, "same", "size: small")
	in.ask(t, other, "same", "size: large")
	for namespace, size := range map[string]string{in.namespace: "small", other: "large"} {
		o := in.await(t, namespace, "same", completed)
		assert.Equal(t, size, field(o, "status", "size"))
		assert.Equal(t, "Resource requested", field(o, "status", "message"))
		assert.Equal(t, map[string]string{"first.txt": "first " + size + "\n"}, in.files(t, namespace, "same", "first"))
		assert.Equal(t, map[string]string{"second.txt": "second saw " + size + "\n"}, in.files(t, namespace, "same", "second"))
	}

	require.NoError(t, shared.Dynamic.Resource(in.things()).Namespace(other).Delete(t.Context(), "same", metav1.DeleteOptions{}))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := shared.Dynamic.Resource(in.things()).Namespace(other).Get(t.Context(), "same", metav1.GetOptions{})
		assert.True(c, apierrors.IsNotFound(err))
	}, limit, 200*time.Millisecond)
	assert.Empty(t, in.runs(t, other, "same"))
	assert.NotEmpty(t, in.runs(t, in.namespace, "same"), "the other one keeps what is its own")
	assert.Equal(t, map[string]string{"first.txt": "first small\n"}, in.files(t, in.namespace, "same", "first"))
	in.withdraw(t)
}

// testFailure: the condition names the container and shows its log, and the label runs it again.
func testFailure(t *testing.T, in *install) {
	in.offer(t, promiseHead+`
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: only}
          spec:
            jobOptions: {backoffLimit: 0}
            containers:
              - {name: innocent, image: BUSYBOX, command: ["true"]}
              - name: guilty
                image: BUSYBOX
                command: [sh, -c, 'echo "I do not like $user"; test "$PASSWORD" = hush && grep -q "size: good" /kratix/input/object.yaml']
                envFrom: [{secretRef: {name: login}}]
                env: [{name: user, valueFrom: {secretKeyRef: {name: login, key: user}}}]
`)
	in.secret(t, in.namespace)
	in.ask(t, in.namespace, "one", "size: bad")
	o := in.await(t, in.namespace, "one", func(o *unstructured.Unstructured) bool { return conditionOf(o, "Reconciled") == "False" })
	message := messageOf(o, "ConfigureWorkflowCompleted")
	assert.Contains(t, message, "A Configure Pipeline has failed: only")
	assert.Contains(t, message, "container guilty: Error, exit code 1")
	assert.Contains(t, message, "I do not like me")

	before := in.runs(t, in.namespace, "one")
	in.change(t, in.namespace, "one", `{"metadata":{"labels":{"kratix.io/manual-reconciliation":"true"}}}`)
	in.await(t, in.namespace, "one", func(o *unstructured.Unstructured) bool {
		_, waits := o.GetLabels()["kratix.io/manual-reconciliation"]
		return !waits && conditionOf(o, "Reconciled") == "False" && len(in.runs(t, in.namespace, "one")) > len(before)
	})
	in.change(t, in.namespace, "one", `{"spec":{"size":"good"}}`)
	in.await(t, in.namespace, "one", completed)
}

// testSuspended: a workflow waits for a person, and for a time.
func testSuspended(t *testing.T, in *install) {
	in.offer(t, promiseHead+`
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: ask}
          spec:
            containers:
              - name: ask
                image: BUSYBOX
                command: [sh, -c]
                args:
                  - |
                    echo out > /kratix/output/out.txt
                    if grep -q 'phase: .*asked twice' /kratix/input/object.yaml; then exit 0; fi
                    if grep -q 'asked: once' /kratix/input/object.yaml; then
                      echo 'asked: twice' > /kratix/metadata/status.yaml
                      grep -q 'asked: twice' /kratix/input/object.yaml || printf 'retryAfter: 2s\nmessage: not yet\n' > /kratix/metadata/workflow-control.yaml
                    elif ! grep -q 'asked: twice' /kratix/input/object.yaml; then
                      echo 'asked: once' > /kratix/metadata/status.yaml
                      printf 'suspend: true\nmessage: may I?\n' > /kratix/metadata/workflow-control.yaml
                    fi
`)
	in.ask(t, in.namespace, "one", "size: small")
	o := in.await(t, in.namespace, "one", func(o *unstructured.Unstructured) bool {
		return o.GetLabels()["kratix.io/workflow-suspended"] == "true" && messageOf(o, "Reconciled") == "Suspended"
	})
	pipelines, _, _ := unstructured.NestedSlice(o.Object, "status", "kratix", "workflows", "pipelines")
	require.Len(t, pipelines, 1)
	assert.Equal(t, "Suspended", pipelines[0].(map[string]any)["phase"])
	assert.Equal(t, "may I?", pipelines[0].(map[string]any)["message"])
	list, err := shared.Dynamic.Resource(works).Namespace(in.namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	assert.Empty(t, list.Items, "a suspended pipeline writes no Work")

	in.change(t, in.namespace, "one", `{"metadata":{"labels":{"kratix.io/workflow-suspended":null}}}`)
	o = in.await(t, in.namespace, "one", completed) // after a retry of its own accord
	assert.Equal(t, "twice", field(o, "status", "asked"))
	assert.Equal(t, map[string]string{"out.txt": "out\n"}, in.files(t, in.namespace, "one", "ask"))
	assert.Len(t, in.runs(t, in.namespace, "one"), 3)
}

// testCorrected: a spec whose image cannot be had does not hold up the one that corrects it.
func testCorrected(t *testing.T, in *install) {
	broken := promiseHead + `
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: only}
          spec:
            containers: [{name: a, image: "localhost:1/nowhere:e2e", command: ["true"]}]
`
	in.offer(t, broken)
	in.ask(t, in.namespace, "one", "size: small")
	in.await(t, in.namespace, "one", func(*unstructured.Unstructured) bool { return len(in.runs(t, in.namespace, "one")) == 1 })

	patch := `{"spec":{"workflows":{"resource":{"configure":[{"apiVersion":"platform.kratix.io/v1alpha1","kind":"Pipeline","metadata":{"name":"only"},` +
		`"spec":{"containers":[{"name":"a","image":"BUSYBOX","command":["true"]}]}}]}}}}`
	in.changePromise(t, patch)
	in.await(t, in.namespace, "one", completed)

	in.changePromise(t, `{"spec":{"workflows":{"resource":{"configure":[{"apiVersion":"platform.kratix.io/v1alpha1","kind":"Pipeline","metadata":{"name":"only"},"spec":{"contaners":[]}}]}}}}`)
	o, err := shared.Await(bounded(t), in.promise(), func(o *unstructured.Unstructured) (bool, error) {
		return conditionOf(o, "Available") == "False", nil
	})
	require.NoError(t, err)
	assert.Contains(t, messageOf(o, "Reconciled"), "spec.workflows.resource.configure[0].spec.contaners")
	in.changePromise(t, patch)
	in.await(t, in.namespace, "one", completed)
}

// testOldRuns: what has run does not run again because somebody tidied up.
func testOldRuns(t *testing.T, in *install) {
	in.offer(t, twoPipelines)
	in.ask(t, in.namespace, "one", "size: small")
	o := in.await(t, in.namespace, "one", completed)
	for _, run := range in.runs(t, in.namespace, "one") {
		require.NoError(t, shared.Dynamic.Resource(in.kind()).Namespace(in.namespace).Delete(t.Context(), run, metav1.DeleteOptions{}))
	}
	in.change(t, in.namespace, "one", `{"metadata":{"annotations":{"somebody":"looks"}}}`)
	in.ask(t, in.namespace, "two", "size: small")
	in.await(t, in.namespace, "two", completed) // by then the first one was looked at
	assert.Empty(t, in.runs(t, in.namespace, "one"))
	now := in.await(t, in.namespace, "one", completed)
	before, _, _ := unstructured.NestedFieldNoCopy(o.Object, "status", "kratix")
	after, _, _ := unstructured.NestedFieldNoCopy(now.Object, "status", "kratix")
	assert.Equal(t, before, after)
}

// testPublished: a container that writes into its object's status by itself, while the
// runner and status.yaml do, too. Nothing that one of them writes is lost.
func testPublished(t *testing.T, in *install) {
	in.offer(t, promiseHead+`
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: only}
          spec:
            containers:
              - {name: sdk, image: PROBE-IMAGE, command: [probe], env: [{name: PROBE, value: publish=first}]}
              - {name: file, image: BUSYBOX, command: [sh, -c, 'echo "file: written" > /kratix/metadata/status.yaml']}
              - {name: again, image: PROBE-IMAGE, command: [probe], env: [{name: PROBE, value: publish=second}]}
`)
	in.ask(t, in.namespace, "one", "size: small")
	o := in.await(t, in.namespace, "one", completed)
	assert.Equal(t, "published", field(o, "status", "first"))
	assert.Equal(t, "published", field(o, "status", "second"))
	assert.Equal(t, "written", field(o, "status", "file"))
}

func contents(t *testing.T, u *unstructured.Unstructured) map[string]string {
	t.Helper()
	data, err := json.Marshal(u.Object)
	require.NoError(t, err)
	var w v1alpha1.Work
	require.NoError(t, json.Unmarshal(data, &w))
	found := map[string]string{}
	for _, group := range w.Spec.WorkloadGroups {
		for _, file := range group.Workloads {
			content, err := work.Open(file)
			require.NoError(t, err)
			text, err := io.ReadAll(content)
			require.NoError(t, err)
			found[file.Filepath] = string(text)
		}
	}
	return found
}

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// leaky gives a Pipeline a Secret in three ways. It writes it into its log, and fails.
const leaky = promiseHead + `
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: only}
          spec:
            jobOptions: {backoffLimit: 0}
            volumes: [{name: login, secret: {secretName: login}}]
            containers:
              - name: leaks
                image: BUSYBOX
                command: [sh, -c, 'echo "$ALL $ONE $(cat /login/ALL)"; exit 1']
                volumeMounts: [{name: login, mountPath: /login}]
                envFrom: [{secretRef: {name: login}}]
                env: [{name: ONE, valueFrom: {secretKeyRef: {name: login, key: ALL}}}]
`

const refusedStores = `
{apiVersion: v1, kind: Secret, metadata: {name: login, namespace: NAMESPACE}, stringData: {ALL: %[1]q, accessKeyID: me, secretAccessKey: %[1]q, username: me, password: %[1]q, ca.crt: %[2]q}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: stores, namespace: NAMESPACE}, rules: [{apiGroups: [""], resources: [secrets], resourceNames: [login], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: stores, namespace: NAMESPACE},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: stores}, subjects: [{kind: ServiceAccount, name: kratix-runner, namespace: kratix-platform-system}]}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: GitStateStore, metadata: {name: NAMESPACE}, spec: {url: %[3]q, branch: main, secretRef: {name: login, namespace: NAMESPACE}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: BucketStateStore, metadata: {name: NAMESPACE}, spec: {bucketName: none, endpoint: %[4]q, insecure: true, secretRef: {name: login, namespace: NAMESPACE}}}
`

// testSecrets: what is in a Secret is nowhere but there, and where a container has written it:
// not in the runner's log, in an event or in what is submitted; and of State Stores not in a
// condition.
func testSecrets(t *testing.T, in *install) {
	secret := "hush-" + rand.String(20)
	address, login, _ := newRepository(t)
	at, err := url.Parse(shared.S3.Endpoint)
	require.NoError(t, err)
	in.apply(t, fmt.Sprintf(refusedStores, secret, login["ca.crt"], address, at.Host))
	in.offer(t, leaky)
	in.ask(t, in.namespace, "one", "size: small")
	o := in.await(t, in.namespace, "one", func(o *unstructured.Unstructured) bool { return conditionOf(o, "Reconciled") == "False" })
	require.Contains(t, messageOf(o, "ConfigureWorkflowCompleted"), secret, "the container has had it")

	for _, kind := range []string{v1alpha1.KindGitStateStore, v1alpha1.KindBucketStateStore} {
		store := &unstructured.Unstructured{}
		store.SetGroupVersionKind(promises.GroupVersion().WithKind(kind))
		store.SetName(in.namespace)
		store, err := shared.Await(bounded(t), store, func(o *unstructured.Unstructured) (bool, error) { return conditionOf(o, "Ready") == "False", nil })
		require.NoError(t, err)
		in.withoutSecret(t, kind, store.Object, secret)
	}
	for _, resource := range []schema.GroupVersionResource{
		{Group: "events.k8s.io", Version: "v1", Resource: "events"}, {Version: "v1", Resource: "events"}, in.kind(), {Version: "v1", Resource: "configmaps"}, works,
	} {
		list, err := shared.Dynamic.Resource(resource).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		for _, item := range list.Items {
			if resource.Resource != in.kind().Resource || item.GetNamespace() == in.namespace {
				in.withoutSecret(t, resource.Resource+" "+item.GetName(), item.Object, secret)
			}
		}
	}
	log, err := in.runner.Log()
	require.NoError(t, err)
	in.withoutSecret(t, "the runner's log", log, secret)
	in.withdraw(t)
}

func (in *install) withoutSecret(t *testing.T, where string, what any, secret string) {
	t.Helper()
	data, err := json.Marshal(what)
	require.NoError(t, err)
	for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), url.QueryEscape(secret)} {
		assert.False(t, strings.Contains(string(data), form), "%s has the secret", where)
	}
}

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/internal/harvest/certs"
	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
)

// An evil is a tenant who may do in a namespace what `edit` lets people do, and write requests
// there, with their statuses. It knows the names of everything.
type evil struct {
	siege      *siege
	namespace  string
	kubeconfig string
	client     *cluster.Client // with these rights
}

const evilRights = `
{apiVersion: v1, kind: ServiceAccount, metadata: {name: evil, namespace: NAMESPACE}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: evil, namespace: NAMESPACE},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}, subjects: [{kind: ServiceAccount, name: evil, namespace: NAMESPACE}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: requests, namespace: NAMESPACE},
  rules: [{apiGroups: [GROUP], resources: [things, things/status], verbs: ["*"]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: requests, namespace: NAMESPACE},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: requests}, subjects: [{kind: ServiceAccount, name: evil, namespace: NAMESPACE}]}
`

func newEvil(t *testing.T, s *siege) *evil {
	t.Helper()
	m := &evil{siege: s, namespace: newNamespace(t, "evil")}
	text := strings.NewReplacer("NAMESPACE", m.namespace, "GROUP", s.group).Replace(evilRights)
	objects, err := cluster.Objects([]byte(text))
	require.NoError(t, err)
	require.NoError(t, shared.Create(t.Context(), objects...))
	config, err := clientcmd.LoadFromFile(shared.Kubeconfig)
	require.NoError(t, err)
	require.NoError(t, clientcmd.ResolveLocalPaths(config))
	token, err := shared.Typed.CoreV1().ServiceAccounts(m.namespace).CreateToken(t.Context(), "evil",
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(4 * 3600))}}, metav1.CreateOptions{})
	require.NoError(t, err)
	config.AuthInfos = map[string]*clientcmdapi.AuthInfo{"evil": {Token: token.Status.Token}}
	config.Contexts[config.CurrentContext].AuthInfo = "evil"
	m.kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*config, m.kubeconfig))
	m.client, err = cluster.NewClient(m.kubeconfig)
	require.NoError(t, err)
	return m
}

// forge is a run as the victim's, under a name in the evil namespace, that does at once what the
// victim's does, with another result. What it refers to is there, too.
func (m *evil) forge(t *testing.T, v victim, name string, also ...string) *unstructured.Unstructured {
	t.Helper()
	o := m.copyOf(t, v.run, append([]string{m.siege.gate(), "true", "genuine", "evil"}, also...)...)
	o.SetName(name)
	labels := o.GetLabels()
	labels[v1alpha1.LabelResourceNamespace] = v.run.GetNamespace()
	o.SetLabels(labels)
	return o
}

// copyOf is an object in the evil namespace with what another one says, in other words.
func (m *evil) copyOf(t *testing.T, original *unstructured.Unstructured, words ...string) *unstructured.Unstructured {
	t.Helper()
	data, err := json.Marshal(original.Object["spec"])
	require.NoError(t, err)
	var spec map[string]any
	require.NoError(t, json.Unmarshal([]byte(strings.NewReplacer(words...).Replace(string(data))), &spec))
	require.NotEqual(t, original.Object["spec"], spec, "the words are not there")
	o := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	o.SetGroupVersionKind(original.GroupVersionKind())
	o.SetNamespace(m.namespace)
	o.SetName(original.GetName())
	o.SetLabels(original.GetLabels())
	o.SetAnnotations(original.GetAnnotations())
	return o
}

// submit makes a forged run, and the account, the input and the runner's CA that it refers to.
func (m *evil) submit(t *testing.T, v victim, run *unstructured.Unstructured) {
	t.Helper()
	require.NoError(t, m.trySubmit(t, v.run, run))
}

func (m *evil) trySubmit(t *testing.T, genuine, run *unstructured.Unstructured) error {
	t.Helper()
	account := field(run, "spec", "serviceAccountName")
	require.NotEmpty(t, account)
	objects, err := cluster.Objects([]byte(strings.NewReplacer("ACCOUNT", account, "INPUT", genuine.GetName()+"-input", "NAMESPACE", m.namespace).Replace(`
{apiVersion: v1, kind: ServiceAccount, metadata: {name: ACCOUNT, namespace: NAMESPACE}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: INPUT, namespace: NAMESPACE}, data: {object.yaml: "spec:\n  size: evil\n"}}
`)))
	require.NoError(t, err)
	if err := m.client.Create(t.Context(), objects...); err != nil {
		return err
	}
	known, err := shared.Typed.CoreV1().ConfigMaps(genuine.GetNamespace()).Get(t.Context(), certs.CAConfigMap, metav1.GetOptions{})
	if err != nil {
		return err
	}
	patch, err := json.Marshal(map[string]any{"data": known.Data})
	require.NoError(t, err)
	if _, err := m.client.Typed.CoreV1().ConfigMaps(m.namespace).Patch(t.Context(), certs.CAConfigMap, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return err
	}
	return m.client.Create(t.Context(), run)
}

// ca is what everybody may know, and finds where a run is.
func (m *evil) ca(t *testing.T, namespace string) string {
	t.Helper()
	ca, err := shared.Typed.CoreV1().ConfigMaps(namespace).Get(t.Context(), certs.CAConfigMap, metav1.GetOptions{})
	require.NoError(t, err)
	return ca.Data[certs.CAKey]
}

// deliver waits until a forged run has done all it could. Its harvest must have tried.
func (m *evil) deliver(t *testing.T, v victim, run *unstructured.Unstructured) {
	t.Helper()
	m.submit(t, v, run)
	e := m.siege.engine
	pods := e.watchPods(t, run)
	pods.until(t, "the end of "+run.GetName(), pods.settled)
	tried := logs(t, pods.newest(), e.harvest)
	assert.Contains(t, tried, "1 files and directories", "the attack is none")
	t.Logf("the harvest of %s says\n%s", run.GetName(), tried)
}

// pod is one that never starts and does not go: what counts is what the API server knows of it.
func (m *evil) pod(t *testing.T, name string, owner *unstructured.Unstructured) *corev1.Pod {
	t.Helper()
	pods := m.client.Typed.CoreV1().Pods(m.namespace)
	pod, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: owner.GetLabels(), Finalizers: []string{finalizer}, OwnerReferences: []metav1.OwnerReference{{
			APIVersion: owner.GetAPIVersion(), Kind: owner.GetKind(), Name: owner.GetName(), UID: owner.GetUID(), Controller: new(true),
		}}},
		Spec: corev1.PodSpec{NodeSelector: map[string]string{"no": "node"}, Containers: []corev1.Container{{Name: "x", Image: "none"}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		pod, err := shared.Typed.CoreV1().Pods(m.namespace).Get(bounded(t), name, metav1.GetOptions{})
		if err == nil {
			pod.Finalizers = slices.DeleteFunc(pod.Finalizers, func(f string) bool { return f == finalizer })
			_, err = shared.Typed.CoreV1().Pods(m.namespace).Update(bounded(t), pod, metav1.UpdateOptions{})
		}
		assert.NoError(t, err)
	})
	return pod
}

// token is for the runner, and bound to a Pod: that it may be made is one of the rights of `edit`.
func (m *evil) token(t *testing.T, pod *corev1.Pod) string {
	t.Helper()
	made, err := m.client.Typed.CoreV1().ServiceAccounts(m.namespace).CreateToken(t.Context(), pod.Spec.ServiceAccountName, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{
			Audiences:      []string{harvestAudience},
			BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	return made.Status.Token
}

// push delivers a file with a token, by the real kratix-harvest, and has its last words.
func (m *evil) push(t *testing.T, v victim, token string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"output/file.txt":                   "evil\n",
		"metadata/status.yaml":              "evil: yes\n",
		"credentials/" + protocol.CAFile:    m.ca(t, v.run.GetNamespace()),
		"credentials/" + protocol.TokenFile: token,
	} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	step := exec.CommandContext(bounded(t), m.siege.installation.Deliverer, "--endpoint="+m.siege.installation.Endpoint(),
		"--credentials="+filepath.Join(dir, "credentials"), "--output="+filepath.Join(dir, "output"), "--metadata="+filepath.Join(dir, "metadata"))
	out, _ := step.CombinedOutput() // how it ends does not matter, but what comes of it
	return string(out)
}

// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

var configure = workflow.Kind{Type: workflow.Resource, Action: workflow.Configure}

// promise parses a Promise with the given resource.configure Pipelines.
func promise(t *testing.T, config string, pipelines ...string) *parse.PromiseDoc {
	t.Helper()
	text := `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: redis, uid: 1-2}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: redises.example.org}
    spec:
      group: example.org
      names: {kind: Redis, plural: redises}
      scope: Namespaced
      versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
  workflows:
    config: {` + config + `}
    resource:
      configure:
`
	for _, p := range pipelines {
		text += "      - {apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, " + p + "}\n"
	}
	docs, diags := parse.Documents(parse.File{Name: "promise.yaml", Data: []byte(text)})
	require.Empty(t, diags)
	require.Len(t, docs, 1)
	p, diags := parse.Promise(docs[0])
	require.Empty(t, diags)
	return p
}

func request(namespace, name string) Object {
	return Object{
		Group: "example.org", Version: "v1", Kind: "Redis", Plural: "redises", Namespace: namespace, Name: name,
		UID: types.UID(namespace + "-" + name), Content: map[string]any{"spec": map[string]any{}}, Spec: []byte("{}"),
	}
}

func build(t *testing.T, p *parse.PromiseDoc, o Object, opts Options) Run {
	t.Helper()
	w, diags := Build(p, configure, o, opts)
	require.False(t, diags.HasErrors(), "%v", diags)
	require.Len(t, w.Runs, 1)
	return w.Runs[0]
}

func codes(diags diag.List) []diag.Code {
	var out []diag.Code
	for _, d := range diags {
		out = append(out, d.Code)
	}
	return out
}

func TestNamesComeFromContent(t *testing.T) {
	p := promise(t, "", "metadata: {name: render}")
	base := build(t, p, request("shop", "a"), Defaults())
	assert.Equal(t, base.Name, build(t, p, request("shop", "a"), Defaults()).Name)

	changed := request("shop", "a")
	changed.Spec = []byte(`{"size":1}`)
	again := Defaults()
	again.Attempt = 1
	names := map[string]bool{
		base.Name: true,
		build(t, p, request("shop", "b"), Defaults()).Name:                                         true,
		build(t, p, request("blog", "a"), Defaults()).Name:                                         true,
		build(t, p, changed, Defaults()).Name:                                                      true,
		build(t, p, request("shop", "a"), again).Name:                                              true,
		build(t, promise(t, "", "metadata: {name: other}"), request("shop", "a"), Defaults()).Name: true,
	}
	assert.Len(t, names, 6, "every difference makes another name")

	long := build(t, p, request("shop", strings.Repeat("l", 63)), Defaults())
	assert.LessOrEqual(t, len(long.Name), 63)
}

func TestHashIsOfSpecsOnly(t *testing.T) {
	p := promise(t, "", "metadata: {name: render}")
	labelled := request("shop", "a")
	labelled.Labels = map[string]string{"x": "y"}
	assert.Equal(t, build(t, p, request("shop", "a"), Defaults()).Labels["kratix.io/hash"],
		build(t, p, labelled, Defaults()).Labels["kratix.io/hash"])
}

func TestOwnerOnlyWithinANamespace(t *testing.T) {
	own := build(t, promise(t, "", "metadata: {name: render}"), request("shop", "a"), Defaults())
	require.NotNil(t, own.Owner)
	assert.Nil(t, own.Owner.Controller)

	elsewhere := build(t, promise(t, "pipelineNamespace: runs", "metadata: {name: render}"), request("shop", "a"), Defaults())
	assert.Nil(t, elsewhere.Owner)
	assert.Equal(t, "runs", elsewhere.Namespace)
	assert.Contains(t, elsewhere.Name, "-shop-", "same-named requests of other namespaces run in the same one")

	unknown := request("shop", "a")
	unknown.UID = ""
	assert.Nil(t, build(t, promise(t, "", "metadata: {name: render}"), unknown, Defaults()).Owner)
}

func TestPromiseWorkflow(t *testing.T) {
	p := promise(t, "", "metadata: {name: render}")
	p.Lists.PromiseConfigure = p.Lists.ResourceConfigure
	w, diags := Build(p, workflow.Kind{Type: workflow.Promise, Action: workflow.Configure}, ForPromise(p), Defaults())
	require.Empty(t, diags)
	run := w.Runs[0]
	assert.Equal(t, "kratix-platform-system", run.Namespace)
	require.NotNil(t, run.Owner)
	assert.True(t, *run.Owner.Controller)
	assert.NotContains(t, run.Labels, "kratix.io/resource-name")
	assert.Equal(t, []string{"ServiceAccount", "ClusterRole", "ClusterRoleBinding"}, kinds(run.Access))
}

func TestDeleteRunsTheFirst(t *testing.T) {
	p := promise(t, "", "metadata: {name: one}", "metadata: {name: two}")
	p.Lists.ResourceDelete = p.Lists.ResourceConfigure
	w, _ := Build(p, workflow.Kind{Type: workflow.Resource, Action: workflow.Delete}, request("shop", "a"), Defaults())
	require.Len(t, w.Runs, 1)
	assert.Equal(t, "one", w.Runs[0].Pipeline)
	assert.Equal(t, w.Runs[0].Name, w.Name)
}

func TestUserLabelsNeverOverwriteOurs(t *testing.T) {
	p := promise(t, "", "metadata: {name: render, labels: {kratix.io/hash: mine, team: shop}}")
	w, diags := Build(p, configure, request("shop", "a"), Defaults())
	assert.Equal(t, []diag.Code{diag.LabelKept}, codes(diags))
	assert.NotEqual(t, "mine", w.Runs[0].Labels["kratix.io/hash"])
	assert.Equal(t, "shop", w.Runs[0].Labels["team"])
}

func TestRetries(t *testing.T) {
	opts := Defaults()
	assert.Equal(t, int32(6), build(t, promise(t, "", "metadata: {name: a}"), request("s", "a"), opts).Retries, "as a Job")
	opts.Config.Workflows.JobOptions.DefaultBackoffLimit = new(int32(2))
	assert.Equal(t, int32(2), build(t, promise(t, "", "metadata: {name: a}"), request("s", "a"), opts).Retries, "the operator's")
	assert.Equal(t, int32(0), build(t, promise(t, "", "metadata: {name: a}, spec: {jobOptions: {backoffLimit: 0}}"), request("s", "a"), opts).Retries, "its own")
}

func TestTimeout(t *testing.T) {
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "0s": 0, "2h": 2 * time.Hour} {
		p := promise(t, "", `metadata: {name: a, annotations: {kratix-compile.io/timeout: "`+text+`"}}`)
		assert.Equal(t, want, build(t, p, request("s", "a"), Defaults()).Timeout)
	}
	for _, text := range []string{"soon", "-1s", "1500ms"} {
		p := promise(t, "", `metadata: {name: a, annotations: {kratix-compile.io/timeout: "`+text+`"}}`)
		_, diags := Build(p, configure, request("s", "a"), Defaults())
		assert.Equal(t, []diag.Code{diag.BadAnnotation}, codes(diags), text)
	}
}

func TestUserToken(t *testing.T) {
	opts := Defaults()
	plain := promise(t, "", "metadata: {name: a}")
	assert.True(t, build(t, plain, request("s", "a"), opts).UserToken, "as Kratix")
	opts.UserToken = TokenDeclared
	assert.False(t, build(t, plain, request("s", "a"), opts).UserToken)
	named := promise(t, "", "metadata: {name: a}, spec: {rbac: {serviceAccount: mine}}")
	run := build(t, named, request("s", "a"), opts)
	assert.True(t, run.UserToken)
	assert.Equal(t, "mine", run.ServiceAccount)
}

func TestDefaultsReplaceWhole(t *testing.T) {
	p := promise(t, "", "metadata: {name: a}, spec: {containers: [{name: own, image: i, resources: {requests: {cpu: 1}}}, {name: none, image: i}]}")
	opts := Defaults()
	opts.Config.Workflows.DefaultImagePullPolicy = corev1.PullNever
	opts.Config.Workflows.DefaultContainerSecurityContext = &corev1.SecurityContext{RunAsNonRoot: new(true)}
	run := build(t, p, request("s", "a"), opts)
	assert.Empty(t, run.Steps[0].Resources.Limits, "a container with requests gets no limits")
	assert.Equal(t, "200m", run.Steps[1].Resources.Limits.Cpu().String())
	assert.Equal(t, corev1.PullNever, run.Harvest.ImagePullPolicy)
	assert.True(t, *run.Steps[1].SecurityContext.RunAsNonRoot)
	assert.NotSame(t, run.Steps[0].SecurityContext, run.Steps[1].SecurityContext)
}

func TestAccess(t *testing.T) {
	permissions := "rbac: {permissions: [{apiGroups: [''], resources: [pods], verbs: [get]}, " +
		"{resourceNamespace: other, apiGroups: [''], resources: [pods], verbs: [get]}, " +
		"{resourceNamespace: other, apiGroups: [''], resources: [secrets], verbs: [list]}, " +
		"{resourceNamespace: '*', apiGroups: [''], resources: [nodes], verbs: [get]}]}"
	run := build(t, promise(t, "pipelineNamespace: runs", "metadata: {name: a}, spec: {"+permissions+"}"), request("shop", "r"), Defaults())
	assert.Equal(t, []string{"ServiceAccount", "Role", "RoleBinding", "Role", "RoleBinding", "ClusterRole", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}, kinds(run.Access))

	own := typed[rbacv1.Role](t, run.Access[1])
	assert.Equal(t, "shop", own.Namespace, "rights on requests are granted where the requests are, and nowhere else")
	assert.Equal(t, []string{"redises", "redises/status"}, own.Rules[0].Resources)
	binding := typed[rbacv1.RoleBinding](t, run.Access[2])
	assert.Equal(t, rbacv1.Subject{Kind: "ServiceAccount", Name: "redis-resource-configure-a", Namespace: "runs"}, binding.Subjects[0])
	for _, o := range run.Access {
		assert.NotContains(t, string(must(o.MarshalJSON())), "works", "the harvest needs no rights")
	}
	other := typed[rbacv1.ClusterRole](t, run.Access[5])
	assert.Len(t, other.Rules, 2, "one role a namespace")
	assert.Equal(t, "other", typed[rbacv1.RoleBinding](t, run.Access[6]).Namespace)
}

func TestInputTooLarge(t *testing.T) {
	o := request("s", "a")
	o.Content = map[string]any{"spec": strings.Repeat("x", 1<<20)}
	_, diags := Build(promise(t, "", "metadata: {name: a}"), configure, o, Defaults())
	assert.Equal(t, []diag.Code{diag.InputTooLarge}, codes(diags))
}

func TestPrint(t *testing.T) {
	w, _ := Build(promise(t, "", "metadata: {name: a}, spec: {containers: [{name: c, image: i}]}"), configure, request("s", "a"), Defaults())
	text, err := Text(w)
	require.NoError(t, err)
	for _, want := range []string{"workflow: resource-configure", "timeout: 1h0m0s", "    image: i\n", "retries: 6", "path: /kratix/input"} {
		assert.Contains(t, string(text), want)
	}
}

func kinds(objects []manifest.Object) []string {
	var out []string
	for _, o := range objects {
		out = append(out, o.GetKind())
	}
	return out
}

func typed[T any](t *testing.T, o manifest.Object) T {
	t.Helper()
	var out T
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &out))
	return out
}

func must(data []byte, _ error) []byte { return data }

// TestOptionalParts demands that a Run of containers that bring everything prints no part of ours.
func TestOptionalParts(t *testing.T) {
	run := Run{Name: "job", Steps: []Step{{Container: corev1.Container{Name: "a"}}}}
	text, err := Text(Workflow{Runs: []Run{run}})
	require.NoError(t, err)
	for _, part := range []string{"workspaces", "harvest"} {
		assert.NotContains(t, string(text), part)
	}
	assert.Empty(t, run.Prerequisites())
}

// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
)

var now = time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)

func object(t *testing.T, text string) unstructured.Unstructured {
	t.Helper()
	u := unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &u.Object))
	return u
}

const promiseText = `
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: website, labels: {kratix.io/promise-version: v1.1.0}}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: websites.example.org}
    spec:
      group: example.org
      names: {kind: Website, plural: websites, singular: website}
      scope: Namespaced
      versions:
      - name: v1
        served: true
        storage: true
        schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}
  workflows:
    resource:
      configure:
      - apiVersion: platform.kratix.io/v1alpha1
        kind: Pipeline
        metadata: {name: render}
        spec: {containers: [{name: render, image: "registry.example/render:v1", command: [render]}]}
`

const requestText = `
apiVersion: example.org/v1
kind: Website
metadata: {name: tea, namespace: team-a}
spec: {}
`

// bare is a cluster in which nothing is in the way: one Promise, one request, no Kratix.
func bare(t *testing.T) Facts {
	t.Helper()
	return Facts{
		Now: now, SystemNamespace: "kratix-platform-system", Engine: backends.Engines()[0], Served: true,
		Promises: []unstructured.Unstructured{object(t, promiseText)},
		Requests: map[string][]unstructured.Unstructured{"website": {object(t, requestText)}},
		Kratix:   map[string][]unstructured.Unstructured{},
	}
}

func deployment(wanted, there int32) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: deploymentName},
		Spec:       appsv1.DeploymentSpec{Replicas: &wanted}, Status: appsv1.DeploymentStatus{Replicas: there},
	}
}

func lease(holder string, renewed time.Duration) *coordinationv1.Lease {
	seconds, at := int32(15), metav1.NewMicroTime(now.Add(-renewed))
	return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: leaseName}, Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &seconds, RenewTime: &at}}
}

func TestRunning(t *testing.T) {
	for name, c := range map[string]struct {
		deployment *appsv1.Deployment
		lease      *coordinationv1.Lease
		want       string
	}{
		"nothing":                      {},
		"scaled to zero":               {deployment: deployment(0, 0)},
		"without a number of replicas": {deployment: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: deploymentName}}, want: "asks for replicas"},
		"wanted and not there yet":     {deployment: deployment(1, 0), want: "asks for replicas"},
		"on its way out":               {deployment: deployment(0, 1), want: "1 replicas of its Deployment kratix-platform-controller-manager have yet to end"},
		"a Lease that is renewed":      {lease: lease("pod_1", 3*time.Second), want: "held by pod_1"},
		"beside a Deployment of none":  {deployment: deployment(0, 0), lease: lease("pod_1", 3*time.Second), want: "held by pod_1"},
		"a Lease that has run out":     {lease: lease("pod_1", time.Minute)},
		"a Lease that was given back":  {lease: lease("", time.Second)},
	} {
		got := Running(c.deployment, c.lease, now)
		if assert.Contains(t, got, c.want, name); c.want == "" {
			assert.Empty(t, got, name)
		}
	}
}

func TestNothingInTheWay(t *testing.T) {
	r := Judge(bare(t))
	assert.Empty(t, r.Findings)
	assert.True(t, r.Safe())
	r.Missing = append(r.Missing, right)
	assert.False(t, r.Safe(), "nobody knows what was not looked at")
}

// TestFindings: each case changes one thing in the bare cluster, and has exactly one finding.
func TestFindings(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, f *Facts)
		effect Effect
		where  string
		says   string
		do     string
	}{
		"a Promise of a release": {
			change: func(_ *testing.T, f *Facts) {
				f.Promises[0].SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "another", UID: "6"}, {APIVersion: v1alpha1.APIVersion, Kind: kindRelease, Name: "website", UID: "7"}})
			},
			effect: Loses, where: "Promise website", says: "the garbage collector deletes this Promise, its requests (1)",
			do: `kubectl patch promise website --type=json -p '[{"op":"test","path":"/metadata/ownerReferences/1/uid","value":"7"},{"op":"remove","path":"/metadata/ownerReferences/1"}]'`,
		},
		"a Promise that was cut from its release, but for the label": {
			change: func(_ *testing.T, f *Facts) {
				f.Promises[0].SetLabels(map[string]string{labelRelease: "website"})
			},
			effect: Loses, where: "Promise website", says: "When that is deleted while Kratix runs, Kratix deletes this Promise",
			do: `kubectl patch promise website --type=json -p '[{"op":"remove","path":"/metadata/labels/kratix.io~1promise-release-name"}]'`,
		},
		"Kratix runs": {
			change: func(_ *testing.T, f *Facts) { f.Deployment = deployment(1, 1) },
			effect: Blocks, where: "Deployment kratix-platform-system/" + deploymentName, says: "every Pipeline runs twice", do: "--replicas=0",
		},
		"Kratix of a Helm release": {
			change: func(_ *testing.T, f *Facts) {
				f.Deployment = deployment(0, 0)
				f.Deployment.Annotations = map[string]string{"meta.helm.sh/release-name": "kratix", "meta.helm.sh/release-namespace": "default"}
			},
			effect: Loses, where: "Deployment kratix-platform-system/" + deploymentName, says: "Helm release default/kratix", do: "do not uninstall",
		},
		"its webhook": {
			change: func(_ *testing.T, f *Facts) {
				w := admissionv1.ValidatingWebhook{ClientConfig: admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Name: serviceName}}}
				w.Rules = []admissionv1.RuleWithOperations{{Rule: admissionv1.Rule{APIGroups: []string{v1alpha1.Group}}}}
				f.Validating = []admissionv1.ValidatingWebhookConfiguration{{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}, Webhooks: []admissionv1.ValidatingWebhook{w}}, {ObjectMeta: metav1.ObjectMeta{Name: "another"}}}
			},
			effect: Blocks, where: "ValidatingWebhookConfiguration theirs", says: "nobody can write Promises", do: "kubectl delete validatingwebhookconfiguration theirs",
		},
		"no engine": {
			change: func(_ *testing.T, f *Facts) { f.Served = false },
			effect: Blocks, where: "TaskRun", says: "the cluster does not serve TaskRun of tekton.dev/v1", do: "--engine",
		},
		"a kind that is not served": {
			change: func(_ *testing.T, f *Facts) { f.Requests = nil },
			effect: Changes, where: "Promise website", says: "it has no requests",
		},
		"a key of the configuration that nobody knows": {
			change: func(_ *testing.T, f *Facts) {
				f.Config = &corev1.ConfigMap{Data: map[string]string{"config": "workflowz: {}\n"}}
			},
			effect: Changes, where: "ConfigMap kratix-platform-system/kratix", says: "workflowz",
		},
		"a Promise that does not compile": {
			change: func(t *testing.T, f *Facts) {
				f.Promises[0] = object(t, strings.Replace(promiseText, "kind: Pipeline", "kind: Pipelin", 1))
			},
			effect: Blocks, where: "Promise website", says: "it does not run on tekton: spec.workflows", do: "explain",
		},
		"a Promise with a warning": {
			change: func(t *testing.T, f *Facts) {
				f.Promises[0] = object(t, strings.Replace(promiseText, "command: [render]", "args: [render]", 1))
			},
			effect: Changes, where: "Promise website", says: "the compiler warns of KC408", do: "kratix-compile lint",
		},
		"a request that is too large": {
			change: func(_ *testing.T, f *Facts) {
				f.Requests["website"][0].Object["spec"] = map[string]any{"text": strings.Repeat("x", 1<<20)}
			},
			effect: Blocks, where: "Website team-a/tea", says: "KC307", do: "explain",
		},
		"two requests of one name": {
			change: func(t *testing.T, f *Facts) {
				f.Promises[0] = object(t, strings.Replace(promiseText, "  workflows:\n", "  workflows:\n    config: {pipelineNamespace: pipelines}\n", 1))
				second := object(t, requestText)
				second.SetNamespace("team-b")
				f.Requests["website"] = append(f.Requests["website"], second)
			},
			effect: Blocks, where: "Website team-b/tea", says: "team-a/tea has the same name, and both run in namespace pipelines", do: "another name",
		},
		"a suspended request": {
			change: func(_ *testing.T, f *Facts) {
				f.Requests["website"][0].SetLabels(map[string]string{"kratix.io/workflow-suspended": "true"})
			},
			effect: Changes, where: "Website team-a/tea", says: "it starts from its first Pipeline", do: "kratix.io/paused=true",
		},
		"two Destinations on a path": {
			change: func(_ *testing.T, f *Facts) {
				for i, path := range []string{"a", "/a/b"} {
					d := v1alpha1.Destination{Spec: v1alpha1.DestinationSpec{Path: path, StateStoreRef: &v1alpha1.StateStoreReference{Kind: "GitStateStore", Name: "git"}}}
					d.Name, d.CreationTimestamp = "worker-"+path[:1], metav1.NewTime(now.Add(time.Duration(i)*time.Hour))
					f.Destinations = append(f.Destinations, d)
				}
				f.Destinations[1].Name = "younger"
			},
			effect: Blocks, where: "Destination younger", says: "its path /a/b overlaps a of Destination worker-a", do: "spec.path",
		},
		"a Destination without a State Store": {
			change: func(_ *testing.T, f *Facts) {
				f.Destinations = []v1alpha1.Destination{{ObjectMeta: metav1.ObjectMeta{Name: "lost"}, Spec: v1alpha1.DestinationSpec{Path: "a"}}}
			},
			effect: Blocks, where: "Destination lost", says: "spec.stateStoreRef is empty", do: "kubectl edit destination lost",
		},
		"a Destination of mode none": {
			change: func(_ *testing.T, f *Facts) {
				d := v1alpha1.Destination{Spec: v1alpha1.DestinationSpec{Path: "a", StateStoreRef: &v1alpha1.StateStoreReference{Kind: "GitStateStore", Name: "git"}, Filepath: v1alpha1.Filepath{Mode: v1alpha1.FilepathNone}}}
				d.Name = "flat"
				f.Destinations = []v1alpha1.Destination{d}
			},
			effect: Changes, where: "Destination flat", says: "its mode is none", do: ".kratix/",
		},
		"a release with a finalizer": {
			change: func(t *testing.T, f *Facts) {
				r := object(t, "metadata: {name: website, finalizers: [kratix.io/promise-cleanup]}")
				f.Kratix[kindRelease] = []unstructured.Unstructured{r}
			},
			effect: Blocks, where: "PromiseRelease", says: "there is 1 with a finalizer that only Kratix takes off, as website", do: "docs/moving-from-kratix.md",
		},
	} {
		f := bare(t)
		c.change(t, &f)
		found := Judge(f).Findings
		if len(f.Kratix) > 0 { // that they are unused is told as well
			found = found[:len(found)-1]
		}
		if !assert.Len(t, found, 1, name) {
			continue
		}
		assert.Equal(t, c.effect, found[0].Effect, name)
		assert.Equal(t, c.where, found[0].where(), name)
		assert.Contains(t, found[0].Message, c.says, name)
		assert.Contains(t, found[0].Do, c.do, name)
		assert.True(t, c.effect == Changes || found[0].Do != "", "%s: what blocks or is lost has a way out", name)
	}
}

func TestPinned(t *testing.T) {
	binding := `
metadata: {name: tea-website, namespace: team-a}
spec: {version: VERSION, promiseRef: {name: website}, resourceRef: {name: NAME, namespace: team-a}}
`
	for name, c := range map[string]struct {
		version, request string
		paused           bool
		effect           Effect
	}{
		"an older one":             {version: "v1.0.0", request: "tea", effect: Blocks},
		"an older one, and paused": {version: "v1.0.0", request: "tea", paused: true, effect: Changes},
		"that of the Promise":      {version: "v1.1.0", request: "tea", effect: Changes},
		"the latest":               {version: "latest", request: "tea"},
		"of no request":            {version: "v1.0.0", request: "gone"},
	} {
		f := bare(t)
		f.Kratix[kindBinding] = []unstructured.Unstructured{object(t, strings.NewReplacer("VERSION", c.version, "NAME", c.request).Replace(binding))}
		if c.paused {
			f.Requests["website"][0].SetLabels(map[string]string{"kratix.io/paused": "true"})
		}
		found := pinned(f)
		if c.effect == "" {
			assert.Empty(t, found, name)
			continue
		}
		require.Len(t, found, 1, name)
		assert.Equal(t, c.effect, found[0].Effect, name)
		assert.Equal(t, "Website team-a/tea", found[0].where(), name)
		if c.effect == Blocks {
			assert.Equal(t, `upgrade it while Kratix runs: kubectl -n team-a patch resourcebinding tea-website --type=merge -p '{"spec":{"version":"latest"}}'; `+
				`or keep its files as they are: kubectl -n team-a label websites.example.org tea kratix.io/paused=true`, found[0].Do)
		}
	}
}

func TestUnverified(t *testing.T) {
	for name, c := range map[string]struct {
		url      string
		insecure bool
		secret   string
		keys     []string
		want     string
	}{
		"with its authority":    {url: "https://git.example/a", secret: "login", keys: []string{"ca.crt", "password"}},
		"told to believe it":    {url: "https://git.example/a", insecure: true},
		"of a public host":      {url: "https://github.com/a/b"},
		"with SSH":              {url: "ssh://git.example/a"},
		"without its authority": {url: "https://git.example:8443/a", secret: "login", keys: []string{"password"}, want: "put the authority's certificate into Secret default/login as ca.crt"},
		"with a Secret unread":  {url: "https://git.example/a", secret: "other", want: "it is not there, or you may not read it"},
		"without a Secret":      {url: "https://git.example/a", want: "name a Secret"},
	} {
		s := v1alpha1.GitStateStore{Spec: v1alpha1.GitStateStoreSpec{URL: c.url, Insecure: c.insecure}}
		if c.secret != "" {
			s.Spec.SecretRef = &corev1.SecretReference{Name: c.secret}
		}
		f := Facts{GitStores: []v1alpha1.GitStateStore{s}, Keys: map[types.NamespacedName][]string{}}
		if c.keys != nil {
			f.Keys[types.NamespacedName{Namespace: "default", Name: c.secret}] = c.keys
		}
		found := unverified(f)
		if c.want == "" {
			assert.Empty(t, found, name)
			continue
		}
		require.Len(t, found, 1, name)
		assert.Equal(t, Changes, found[0].Effect, "%s: an authority of the system may have signed it", name)
		assert.Contains(t, found[0].Do, c.want, name)
	}
}

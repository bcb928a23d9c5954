// SPDX-License-Identifier: Apache-2.0

package schema_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/randfill"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/schema"
	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

const pipeline = `
apiVersion: platform.kratix.io/v1alpha1
kind: Pipeline
metadata:
  name: build
  labels: {team: payments}
spec:
  restartPolicy: Never
  jobOptions: {backoffLimit: 2}
  rbac:
    serviceAccount: builder
    permissions:
    - {resourceNamespace: "*", apiGroups: [""], resources: [secrets], verbs: [get]}
  volumes:
  - name: scratch
    emptyDir: {sizeLimit: 1Gi}
  containers:
  - name: make
    image: example.com/make:1
    env:
    - {name: LEVEL, value: "1"}
    - name: CPU
      valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}
    resources:
      limits: {cpu: 0.5, memory: 128Mi, pods: 1}
    volumeMounts:
    - {name: scratch, mountPath: /scratch}
`

const promise = `
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata:
  name: app
  resourceVersion: "7"
spec:
  api: {kind: CustomResourceDefinition}
  dependencies:
  - {kind: Namespace}
  destinationSelectors:
  - matchLabels: {environment: dev}
  workflows:
    config: {pipelineNamespace: pipelines, reconciliationInterval: 10m}
    resource:
      configure:
      - apiVersion: platform.kratix.io/v1alpha1
        kind: Pipeline
        metadata: {name: build}
        spec: {containers: []}
status: {message: Pending}
`

func TestPipeline(t *testing.T) {
	s := compile(t, schema.Pipeline)
	require.NoError(t, yaml.UnmarshalStrict([]byte(pipeline), &v1alpha1.Pipeline{}))
	require.NoError(t, validate(t, s, pipeline))

	for _, tc := range []struct{ name, written, instead, complaint string }{
		{"other version", "v1alpha1", "v1beta1", "at '/apiVersion': value must be"},
		{"other kind", "kind: Pipeline", "kind: Promise", "at '/kind': value must be"},
		{"no kind", "kind: Pipeline", "", "missing property 'kind'"},
		{"no name", "name: build", "", "at '/metadata': missing property 'name'"},
		{"typo in metadata", "labels:", "lables:", "additional properties 'lables' not allowed"},
		{"typo in spec", "restartPolicy:", "restartpolicy:", "additional properties 'restartpolicy' not allowed"},
		{"typo in a Kubernetes type", "valueFrom:", "valuefrom:", "additional properties 'valuefrom' not allowed"},
		{"field of a Pod container", "volumeMounts:", "volumeDevices:", "additional properties 'volumeDevices' not allowed"},
		{"field of a Job", "backoffLimit:", "completions:", "additional properties 'completions' not allowed"},
		{"number for a string", `value: "1"`, "value: 1", "got number, want null or string"},
		{"string for a number", "backoffLimit: 2", `backoffLimit: "2"`, "got string, want null or integer"},
		{"label that is no string", "team: payments", "team: 1", "at '/metadata/labels/team': got number, want string"},
		{"mapping for a list", `apiGroups: [""]`, `apiGroups: {}`, "got object, want null or array"},
		{"no quantity", "128Mi", "128MiB", "does not match pattern"},
		{"other restart policy", "Never", "Always", "at '/spec/restartPolicy': value must be one of"},
		{"no image", "image: example.com/make:1", "", "missing property 'image'"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad := strings.Replace(pipeline, tc.written, tc.instead, 1)
			require.NotEqual(t, pipeline, bad)
			assert.ErrorContains(t, validate(t, s, bad), tc.complaint)
		})
	}
}

func TestPromise(t *testing.T) {
	s := compile(t, schema.Promise)
	require.NoError(t, validate(t, s, promise))

	for _, tc := range []struct{ name, written, instead, complaint string }{
		{"typo in spec", "workflows:", "workflow:", "additional properties 'workflow' not allowed"},
		{"typo in a Pipeline", "containers:", "container:", "additional properties 'container' not allowed"},
		{"other kind in a list", "kind: Pipeline", "kind: Job", "at '/spec/workflows/resource/configure/0/kind': value must be"},
		{"list for a mapping", "{kind: CustomResourceDefinition}", "[]", "at '/spec/api': got array, want null or object"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad := strings.Replace(promise, tc.written, tc.instead, 1)
			require.NotEqual(t, promise, bad)
			assert.ErrorContains(t, validate(t, s, bad), tc.complaint)
		})
	}
}

// Objects are closed, so a field that the schema did not know would be refused.
func TestEveryFieldIsKnown(t *testing.T) {
	s := compile(t, schema.Pipeline)
	fill := randfill.NewWithSeed(1).NilChance(0).NumElements(1, 1).Funcs(
		func(b *bool, _ randfill.Continue) { *b = true },
		func(text *string, _ randfill.Continue) { *text = "text" },
		func(p *corev1.RestartPolicy, _ randfill.Continue) { *p = corev1.RestartPolicyNever },
		func(q *resource.Quantity, _ randfill.Continue) { *q = resource.MustParse("128Mi") },
		func(m *metav1.TypeMeta, _ randfill.Continue) {
			*m = metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.KindPipeline}
		},
		func(m *metav1.ObjectMeta, c randfill.Continue) {
			c.Fill(&m.Name)
			c.Fill(&m.Namespace)
			c.Fill(&m.Labels)
			c.Fill(&m.Annotations)
		},
	)
	for range 20 { // a random string or number may be empty, and then its field is not written
		var full v1alpha1.Pipeline
		fill.Fill(&full)
		written, err := yaml.Marshal(full)
		require.NoError(t, err)
		require.NoError(t, validate(t, s, string(written)))
	}
}

func TestOneFileIsEnough(t *testing.T) {
	for _, s := range [][]byte{schema.Pipeline, schema.Promise} {
		assert.NotContains(t, string(s), "x-kubernetes-", "only the API server reads these")
		for _, rest := range bytes.Split(s, []byte(`"$ref": "`))[1:] {
			assert.True(t, bytes.HasPrefix(rest, []byte("#/")), "%.60s", rest)
		}
	}
}

func compile(t *testing.T, data []byte) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("schema.json", parsed))
	s, err := c.Compile("schema.json")
	require.NoError(t, err)
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, document string) error {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(document))
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err)
	return s.Validate(value)
}

// TestNull has null where tools that print Go's types write it, and where people leave a
// value out. The compiler takes it as well.
func TestNull(t *testing.T) {
	s := compile(t, schema.Promise)
	for _, c := range [][2]string{
		{"metadata: {name: build}", "metadata: {name: build, creationTimestamp: null, labels: null, ownerReferences: null}"},
		{"spec: {containers: []}", "spec: null"},
		{"spec: {containers: []}", "spec: {containers: null, volumes: null, restartPolicy: null, jobOptions: {backoffLimit: null}, rbac: null}"},
		{"spec: {containers: []}", "spec: {containers: [{name: c, image: i, command: null, env: null, resources: null, securityContext: null, imagePullPolicy: null}]}"},
		{"spec: {containers: []}", "spec: {containers: [{name: c, image: i, resources: {limits: null}, env: [{name: A, value: null, valueFrom: null}]}]}"},
		{"destinationSelectors:\n  - matchLabels: {environment: dev}", "destinationSelectors: null"},
		{"matchLabels: {environment: dev}", "matchLabels: null"},
		{"dependencies:\n  - {kind: Namespace}", "dependencies:"},
		{"api: {kind: CustomResourceDefinition}", "api: null\n  requiredPromises: null"},
		{"config: {pipelineNamespace: pipelines, reconciliationInterval: 10m}", "config: null\n    promise: {configure: null, delete: null}"},
		{"status: {message: Pending}", "status: null"},
		{`resourceVersion: "7"`, "creationTimestamp: null\n  labels: null\n  annotations: null"},
	} {
		written := strings.Replace(promise, c[0], c[1], 1)
		require.NotEqual(t, promise, written, c[0])
		assert.NoError(t, validate(t, s, written), c[1])
	}
	for _, c := range [][2]string{
		{"- {kind: Namespace}", "- null"},
		{"metadata: {name: build}", "metadata: {name: null}"},
		{"kind: Pipeline", "kind: null"},
		{"spec: {containers: []}", "spec: {containers: [null]}"},
	} {
		written := strings.Replace(promise, c[0], c[1], 1)
		assert.Error(t, validate(t, s, written), c[1])
	}
}

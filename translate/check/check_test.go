// SPDX-License-Identifier: Apache-2.0

package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/parse"
)

const api = `
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: redises.example.org}
    spec:
      group: example.org
      names: {kind: Redis, plural: redises}
      scope: Namespaced
      versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`

// findings are "CODE path" of each finding for a Promise.
func findings(t *testing.T, text string) []string {
	t.Helper()
	docs, diags := parse.Documents(parse.File{Name: "p.yaml", Data: []byte(text)})
	require.Empty(t, diags)
	p, diags := parse.Promise(docs[0])
	require.False(t, diags.HasErrors(), "%v", diags)
	var out []string
	for _, d := range Promise(p).Sorted() {
		assert.NotZero(t, d.Pos.Line, d.Message)
		out = append(out, string(d.Code)+" "+d.Path)
	}
	return out
}

func head(name string) string {
	return "apiVersion: platform.kratix.io/v1alpha1\nkind: Promise\nmetadata: {name: " + name + "}\nspec:"
}

// pipelines is a Promise with flow-style Pipelines in resource.configure.
func pipelines(list ...string) string {
	return head("redis") + api + "  workflows:\n    resource:\n      configure:\n" +
		"      - " + strings.Join(list, "\n      - ") + "\n"
}

func pipeline(rest string) string {
	return "{apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, " + rest + "}"
}

func spec(spec string) string { return pipeline("metadata: {name: p}, spec: {" + spec + "}") }

func container(rest string) string {
	return spec("volumes: [{name: v, emptyDir: {}}], containers: [{name: c, image: i, " + rest + "}]")
}

func TestPipelineRules(t *testing.T) {
	const at, ct = "spec.workflows.resource.configure[0]", "spec.workflows.resource.configure[0].spec.containers[0]"
	for _, c := range []struct {
		name, pipeline string
		want           []string
	}{
		{"valid", container("command: [x], env: [{name: A, value: b}], volumeMounts: [{name: v, mountPath: /v}]"), nil},
		{"no containers", spec(""), nil},
		{"other kind", "{apiVersion: v1, kind: Pod, metadata: {name: p}}", []string{"KC201 " + at + ".apiVersion", "KC201 " + at + ".kind"}},
		{"role of all namespaces", spec("rbac: {permissions: [{resourceNamespace: kratix-all-namespaces, apiGroups: [''], resources: [pods], verbs: [get]}]}"), []string{"KC212 " + at + ".spec.rbac.permissions[0].resourceNamespace"}},
		{"no name", pipeline("metadata: {labels: {a: b}}"), []string{"KC202 " + at + ".metadata.name"}},
		{"capital name", pipeline("metadata: {name: P}"), []string{"KC202 " + at + ".metadata.name"}},
		{"label", pipeline("metadata: {name: p, labels: {a: 'b c'}}"), []string{"KC205 " + at + ".metadata.labels.a"}},
		{"annotation", pipeline("metadata: {name: p, annotations: {'a b': c}}"), []string{"KC205 " + at + ".metadata.annotations[a b]"}},
		{"annotation for us", pipeline("metadata: {name: p, annotations: {kratix-compile.io/renamed: x}}"), []string{"KC309 " + at + ".metadata.annotations[kratix-compile.io/renamed]"}},
		{"mount propagation", container("volumeMounts: [{name: v, mountPath: /v, mountPropagation: Up}]"), []string{"KC211 " + ct + ".volumeMounts[0].mountPropagation"}},
		{"mount path from the root", container("volumeMounts: [{name: v, mountPath: kratix/output}]"), []string{"KC209 " + ct + ".volumeMounts[0].mountPath"}},
		{"Pod field", container("env: [{name: A, valueFrom: {fieldRef: {fieldPath: nope}}}]"), []string{"KC207 " + ct + ".env[0].valueFrom.fieldRef.fieldPath"}},
		{"half a device", container("resources: {limits: {example.com/gpu: 1.5}}"), []string{"KC210 " + ct + ".resources.limits[example.com/gpu]"}},
		{"namespace", pipeline("metadata: {name: p, namespace: x}"), []string{"KC217 " + at + ".metadata.namespace"}},
		{"two containers of a name", spec("containers: [{name: c, image: i}, {name: c, image: i}]"), []string{"KC206 " + at + ".spec.containers[1].name"}},
		{"container name", spec("containers: [{name: a.b, image: i}]"), []string{"KC206 " + ct + ".name"}},
		{"image", spec("containers: [{name: c, image: ' i'}]"), []string{"KC206 " + ct + ".image"}},
		{"pull policy", container("imagePullPolicy: Sometimes"), []string{"KC211 " + ct + ".imagePullPolicy"}},
		{"privileged", container("securityContext: {privileged: true, allowPrivilegeEscalation: false}"), []string{"KC206 " + ct + ".securityContext"}},
		{"env name", container("env: [{name: A=B}]"), []string{"KC207 " + ct + ".env[0].name"}},
		{"env two sources", container("env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]"), []string{"KC207 " + ct + ".env[0].valueFrom"}},
		{"env no source", container("env: [{name: A, valueFrom: {}}]"), []string{"KC207 " + ct + ".env[0].valueFrom"}},
		{"env secret without key", container("env: [{name: A, valueFrom: {secretKeyRef: {name: s}}}]"), []string{"KC207 " + ct + ".env[0].valueFrom.secretKeyRef"}},
		{"envFrom nothing", container("envFrom: [{prefix: A_}]"), []string{"KC207 " + ct + ".envFrom[0]"}},
		{"envFrom name", container("envFrom: [{secretRef: {name: A}}]"), []string{"KC207 " + ct + ".envFrom[0].secretRef.name"}},
		{"mount without volume", container("volumeMounts: [{name: w, mountPath: /v}]"), []string{"KC209 " + ct + ".volumeMounts[0].name"}},
		{"mount Kratix's volume", container("volumeMounts: [{name: shared-output, mountPath: /v}]"), []string{"KC209 " + ct + ".volumeMounts[0].name"}},
		{"mount twice", container("volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /v}]"), []string{"KC209 " + ct + ".volumeMounts[1].mountPath"}},
		{"mount over output", container("volumeMounts: [{name: v, mountPath: /kratix/output/}]"), []string{"KC209 " + ct + ".volumeMounts[0].mountPath"}},
		{"mount below output", container("volumeMounts: [{name: v, mountPath: /kratix/output/cache}]"), nil},
		{"sub path", container("volumeMounts: [{name: v, mountPath: /v, subPath: a/../..}]"), []string{"KC209 " + ct + ".volumeMounts[0].subPath"}},
		{"no image", spec("containers: [{name: c}]"), []string{"KC206 " + ct}},
		{"file of no volume", container("env: [{name: A, valueFrom: {fileKeyRef: {volumeName: w, path: p, key: k}}}]"), []string{"KC207 " + ct + ".env[0].valueFrom.fileKeyRef.volumeName"}},
		{"claim metadata", spec("volumes: [{name: v, ephemeral: {volumeClaimTemplate: {metadata: {name: x, labels: {a: b}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]"), []string{"KC208 " + at + ".spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name"}},
		{"two volumes of a name", spec("volumes: [{name: v}, {name: v}]"), []string{"KC208 " + at + ".spec.volumes[1].name"}},
		{"source without name", spec("volumes: [{name: v, secret: {}}]"), []string{"KC208 " + at + ".spec.volumes[0].secret.secretName"}},
		{"two sources", spec("volumes: [{name: v, emptyDir: {}, hostPath: {path: /x}}]"), []string{"KC208 " + at + ".spec.volumes[0]"}},
		{"request above limit", container("resources: {requests: {cpu: 2}, limits: {cpu: 1}}"), []string{"KC210 " + ct + ".resources.requests.cpu"}},
		{"negative", container("resources: {limits: {cpu: -1}}"), []string{"KC210 " + ct + ".resources.limits.cpu"}},
		{"claims", container("resources: {claims: [{name: gpu}]}"), []string{"KC220 " + ct + ".resources.claims"}},
		{"restart policy", spec("restartPolicy: Always"), []string{"KC211 " + at + ".spec.restartPolicy"}},
		{"backoff limit", spec("jobOptions: {backoffLimit: -1}"), []string{"KC218 " + at + ".spec.jobOptions.backoffLimit"}},
		{"toleration", spec("tolerations: [{operator: Equal}]"), []string{"KC211 " + at + ".spec.tolerations[0]"}},
		{"node selector", spec("nodeSelector: {a: 'b c'}"), []string{"KC205 " + at + ".spec.nodeSelector.a"}},
		{"pull secrets, which the API server does not judge", spec("imagePullSecrets: [{name: A_B}, {name: ''}]"), nil},
		{"service account", spec("rbac: {serviceAccount: A_B}"), []string{"KC202 " + at + ".spec.rbac.serviceAccount"}},
		{"no verbs", spec("rbac: {permissions: [{apiGroups: [''], resources: [pods]}]}"), []string{"KC212 " + at + ".spec.rbac.permissions[0]"}},
		{"no groups", spec("rbac: {permissions: [{resources: [pods], verbs: [get]}]}"), []string{"KC212 " + at + ".spec.rbac.permissions[0]"}},
		{"urls in a namespace", spec("rbac: {permissions: [{nonResourceURLs: [/x], verbs: [get]}]}"), []string{"KC212 " + at + ".spec.rbac.permissions[0].nonResourceURLs"}},
		{"urls everywhere", spec("rbac: {permissions: [{resourceNamespace: '*', nonResourceURLs: [/x], verbs: [get]}]}"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, findings(t, pipelines(c.pipeline)))
		})
	}
}

func TestPromiseRules(t *testing.T) {
	for _, c := range []struct {
		name, promise string
		want          []string
	}{
		{"same name twice", pipelines(spec(""), spec("")), []string{"KC203 spec.workflows.resource.configure[1].metadata.name"}},
		{"long ID", strings.Replace(pipelines(spec("")), "name: redis}", "name: "+strings.Repeat("r", 50)+"}", 1), []string{"KC204 spec.workflows.resource.configure[0].metadata.name"}},
		{"resource workflow without API", head("redis") + "\n  workflows:\n    resource:\n      configure:\n      - " + spec(""), []string{"KC213 spec.workflows.resource"}},
		{"two delete pipelines", strings.Replace(pipelines(spec(""), pipeline("metadata: {name: q}")), "configure:", "delete:", 1), []string{"KC215 spec.workflows.resource.delete[1]"}},
		{"interval", head("redis") + "\n  workflows: {config: {reconciliationInterval: 30s}}", []string{"KC216 spec.workflows.config.reconciliationInterval"}},
		{"namespace", head("redis") + "\n  workflows: {config: {pipelineNamespace: A_B}}", []string{"KC202 spec.workflows.config.pipelineNamespace"}},
		{"cluster scope", strings.Replace(pipelines(spec("")), "scope: Namespaced", "scope: Cluster", 1), []string{"KC214 spec.api.spec.scope"}},
		{"name", head("Redis") + " {}", []string{"KC202 metadata.name"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, findings(t, c.promise))
		})
	}
}

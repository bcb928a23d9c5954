// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

func TestPromise(t *testing.T) {
	p, diags := readPromise(t, promiseYAML)
	require.Empty(t, diags)
	assert.Equal(t, "postgresql", p.Object.Name)
	assert.Equal(t, 10*time.Minute, p.Object.Spec.Workflows.Config.ReconciliationInterval.Duration)
	assert.Contains(t, p.Content, "spec")

	require.Len(t, p.PromiseConfigure, 1)
	require.Len(t, p.ResourceConfigure, 1)
	assert.Empty(t, p.PromiseDelete)
	assert.Empty(t, p.ResourceDelete)
	pipeline := p.ResourceConfigure[0]
	assert.Equal(t, "instance", pipeline.Pipeline.Name)
	assert.Equal(t, "128Mi", pipeline.Pipeline.Spec.Containers[0].Resources.Limits.Memory().String())
	args := pipeline.At.Field("spec", "containers").Index(0).Field("args").Index(0)
	assert.Equal(t, "spec.workflows.resource.configure[0].spec.containers[0].args[0]", args.Path.String())
	assert.Equal(t, "                  - |", p.Doc.File().Line(args.Pos().Line))

	assert.Equal(t, "marketplace.kratix.io/v1alpha2", p.API.APIVersion())
	assert.Equal(t, []string{"postgresql", "postgresqls", "Namespaced"}, []string{p.API.Kind, p.API.Plural, p.API.Scope})
	assert.Equal(t, []string{"v1alpha1", "v1alpha2"}, p.API.Served)
	assert.Contains(t, p.API.Schema.Properties, "spec")
}

func TestNoAPI(t *testing.T) {
	for _, api := range []string{"", "  api: {}\n", "  api: ~\n", "  api:\n"} {
		p, diags := readPromise(t, "kind: Promise\nspec:\n"+api)
		assert.Empty(t, diags)
		assert.Nil(t, p.API)
	}
}

func TestBadAPI(t *testing.T) {
	const head = "spec:\n  api:\n    apiVersion: apiextensions.k8s.io/v1\n    kind: CustomResourceDefinition\n"
	const names = "      group: acme.io\n      names: {kind: Redis, plural: redis}\n"
	for _, c := range []struct{ name, in, want string }{
		{"text", "spec:\n  api: x\n", `2:8 KC214 found the string "x", want a CustomResourceDefinition`},
		{"another kind", "spec:\n  api:\n    apiVersion: v1\n    kind: ConfigMap\n", `2:3 KC214 found kind "ConfigMap" of "v1", want CustomResourceDefinition of apiextensions.k8s.io/v1`},
		{"an old version", strings.Replace(head, "/v1", "/v1beta1", 1), `2:3 KC214 found kind "CustomResourceDefinition" of "apiextensions.k8s.io/v1beta1", want CustomResourceDefinition of apiextensions.k8s.io/v1`},
		{
			"no names", head + "    spec:\n      versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {}}}]\n",
			"5:5 KC214 spec.api.spec.group is missing\n5:5 KC214 spec.api.spec.names.kind is missing\n5:5 KC214 spec.api.spec.names.plural is missing",
		},
		{"no versions", head + "    spec:\n" + names + "      versions: []\n", "8:7 KC214 there is no version; write one with served: true and storage: true"},
		{
			"a version of nothing", head + "    spec:\n" + names + "      versions:\n      - {}\n",
			"9:9 KC214 the version has no name\n9:9 KC214 version \"\" has no schema; write schema.openAPIV3Schema",
		},
		{
			"wrong types", head + "    spec:\n" + names + "      versions: x\n",
			"8:17 KC107 found the string \"x\", want a list; write [\"x\"]\n8:17 KC214 there is no version; write one with served: true and storage: true",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := readPromise(t, c.in)
			assert.Equal(t, c.want, strings.TrimSpace(lines(diags)))
		})
	}
}

// TestUnmarkedVersion shows which version is stored when none says so.
func TestUnmarkedVersion(t *testing.T) {
	p, diags := readPromise(t, strings.Replace(promiseYAML, "storage: true", "storage: false", 1))
	assert.Empty(t, diags)
	assert.Equal(t, "v1alpha1", p.API.Version)
}

// TestManyBadPipelines has more findings than anybody reads.
func TestManyBadPipelines(t *testing.T) {
	_, diags := readPromise(t, `{"spec": {"workflows": {"promise": {"configure": [`+strings.Repeat(`{"a": 1},`, 100_000)+`1]}}}}`)
	assert.Less(t, len(diags), 2*maxFindings)
}

func readPromise(t *testing.T, in string) (*PromiseDoc, diag.List) {
	t.Helper()
	docs, diags := Documents(File{Name: "in.yaml", Data: []byte(in)})
	require.Empty(t, diags)
	require.Len(t, docs, 1)
	return Promise(docs[0])
}

const promiseYAML = `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata:
  name: postgresql
  labels:
    kratix.io/promise-version: v1.2.0
spec:
  destinationSelectors:
    - matchLabels:
        environment: dev
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata:
      name: postgresqls.marketplace.kratix.io
    spec:
      group: marketplace.kratix.io
      scope: Namespaced
      names: {plural: postgresqls, singular: postgresql, kind: postgresql}
      versions:
        - name: v1alpha1
          served: true
          storage: false
          schema: {openAPIV3Schema: {type: object}}
        - name: v1alpha2
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              type: object
              properties:
                spec:
                  type: object
                  properties:
                    size: {type: string, default: small}
  workflows:
    config:
      reconciliationInterval: 10m
    promise:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata:
            name: setup
          spec:
            containers:
              - name: deploy
                image: ghcr.io/acme/deploy:v1
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata:
            name: instance
          spec:
            containers:
              - name: render
                image: ghcr.io/acme/render:v1
                command: ["/bin/sh", "-c"]
                args:
                  - |
                    echo "rendering"
                env:
                  - name: RETRIES
                    value: "3"
                resources:
                  limits: {cpu: 500m, memory: 128Mi}
`

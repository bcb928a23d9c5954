// SPDX-License-Identifier: Apache-2.0

// Package manifests compares what deploy/ renders to with itself and with Kubernetes' own
// types. It needs no cluster.
package manifests

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/deployed"
)

const chart = "../../deploy/chart/kratix-runner"

// TestChartIsTheKustomization, for an installation that changes nothing but the engines.
func TestChartIsTheKustomization(t *testing.T) {
	for folder, engines := range map[string]string{"base": "{tekton,argo}", "overlays/tekton": "{tekton}", "overlays/argo": "{argo}"} {
		t.Run(folder, func(t *testing.T) {
			kustomized := render(t, "kustomize", "build", "../../deploy/"+folder)
			charted := template(t, "--set", "engines="+engines)
			delete(kustomized, "Namespace /kratix-platform-system") // --create-namespace
			assert.Equal(t, slices.Sorted(maps.Keys(kustomized)), slices.Sorted(maps.Keys(charted)))
			for name, o := range kustomized {
				assert.Equal(t, plain(t, o), plain(t, charted[name]), name)
			}
		})
	}
}

// plain is an object without what only helm adds.
func plain(t *testing.T, o *unstructured.Unstructured) string {
	t.Helper()
	o = o.DeepCopy()
	labels, annotations := o.GetLabels(), o.GetAnnotations()
	for _, label := range []string{"app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"} {
		delete(labels, label)
	}
	delete(annotations, "helm.sh/resource-policy")
	o.SetLabels(labels)
	o.SetAnnotations(annotations)
	data, err := yaml.Marshal(o.Object)
	require.NoError(t, err)
	return string(data)
}

// TestKubernetesKnowsEveryField of everything that is rendered.
func TestKubernetesKnowsEveryField(t *testing.T) {
	types := runtime.NewScheme()
	require.NoError(t, scheme.AddToScheme(types))
	require.NoError(t, apiextensionsv1.AddToScheme(types))
	decoder := serializer.NewCodecFactory(types, serializer.EnableStrict).UniversalDeserializer()
	for name, rendered := range map[string]map[string]*unstructured.Unstructured{
		"kustomization": render(t, "kustomize", "build", "../../deploy/base"),
		"chart":         template(t),
		"every value":   template(t, "--values", "testdata/every-value.yaml"),
	} {
		for object, o := range rendered {
			data, err := o.MarshalJSON()
			require.NoError(t, err)
			_, _, err = decoder.Decode(data, nil, nil)
			assert.NoError(t, err, "%s: %s", name, object)
		}
	}
}

// TestEveryValue has what each value does, in a file to be read.
func TestEveryValue(t *testing.T) {
	assert.Equal(t, values(t, chart+"/values.yaml"), values(t, "testdata/every-value.yaml"))
	before, after := template(t, "--set", "crds.install=false"), template(t, "--values", "testdata/every-value.yaml")
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(after)) {
		text := plain(t, after[name])
		if old, there := before[name]; !there || plain(t, old) != text {
			out.WriteString("---\n" + text)
		}
	}
	golden(t, "testdata/every-value.golden.yaml", out.String())
	for _, name := range []string{"ValidatingWebhookConfiguration /kratix-runner", "ClusterRole /kratix-runner:admission", "ClusterRole /kratix-runner:tekton"} {
		assert.Contains(t, before, name)
		assert.NotContains(t, after, name)
	}
}

// TestValuesAreChecked by the chart's schema.
func TestValuesAreChecked(t *testing.T) {
	for value, complaint := range map[string]string{
		"replica=3":                "'replica' not allowed",
		"flags.engine=argo":        "'engine' not allowed",
		"flags.max-runs=many":      "want integer",
		"engines={tekton,jenkins}": "value must be one of 'tekton', 'argo'",
		"flags.harvest-endpoint=x": "does not match pattern",
	} {
		_, err := deployed.Tool(t.Context(), "helm", "template", "kratix-runner", chart, "--set", value)
		assert.ErrorContains(t, err, complaint, value)
	}
}

// values are the names of a file's.
func values(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var found map[string]any
	require.NoError(t, yaml.Unmarshal(data, &found))
	return slices.Sorted(maps.Keys(found))
}

func template(t *testing.T, args ...string) map[string]*unstructured.Unstructured {
	t.Helper()
	return render(t, "helm", append([]string{"template", "kratix-runner", chart, "--namespace", deployed.Namespace}, args...)...)
}

// render has objects by kind, namespace and name.
func render(t *testing.T, tool string, args ...string) map[string]*unstructured.Unstructured {
	t.Helper()
	out, err := deployed.Tool(t.Context(), tool, args...)
	require.NoError(t, err)
	objects, err := cluster.Objects(out)
	require.NoError(t, err)
	found := map[string]*unstructured.Unstructured{}
	for _, o := range objects {
		name := o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
		require.NotContains(t, found, name, "it is there twice")
		found[name] = o
	}
	require.NotEmpty(t, found)
	return found
}

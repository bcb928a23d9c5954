// SPDX-License-Identifier: Apache-2.0

package crds

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

func TestDefinitions(t *testing.T) {
	for _, c := range []struct {
		file, group, kind, version string
		data                       []byte
	}{
		{"tekton-1.15.0-taskrun.json", "tekton.dev", "TaskRun", "v1", TektonTaskRun},
		{"argo-3.7.16-workflow.json", "argoproj.io", "Workflow", "v1alpha1", Argo37Workflow},
		{"argo-4.0.2-workflow.json", "argoproj.io", "Workflow", "v1alpha1", Argo40Workflow},
	} {
		t.Run(c.file, func(t *testing.T) {
			var crd apiextensions.CustomResourceDefinition
			require.NoError(t, yaml.UnmarshalStrict(c.data, &crd))
			assert.Equal(t, c.group, crd.Spec.Group)
			assert.Equal(t, c.kind, crd.Spec.Names.Kind)

			require.Len(t, crd.Spec.Versions, 1)
			version := crd.Spec.Versions[0]
			assert.Equal(t, c.version, version.Name)
			assert.Contains(t, version.Schema.OpenAPIV3Schema.Properties, "spec")
			assert.NotContains(t, version.Schema.OpenAPIV3Schema.Properties, "status")
		})
	}
}

// Rules are what a reduced schema loses most easily.
func TestRulesAreKept(t *testing.T) {
	assert.Contains(t, string(Argo40Workflow), `"message": "template must have at most one template type"`)
}

// The typed judge and the schema judge must speak of the same release.
func TestSameReleasesAsGoMod(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	for file, requirement := range map[string]string{
		"tekton-1.15.0-taskrun.json": "github.com/tektoncd/pipeline v1.15.0\n",
		"argo-3.7.16-workflow.json":  "github.com/argoproj/argo-workflows/v3 v3.7.16\n",
	} {
		assert.Contains(t, string(mod), requirement, "%s is older or newer than the module: renew it", file)
	}
}

// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tektoncd/pipeline/pkg/apis/config"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"knative.dev/pkg/apis"
	"sigs.k8s.io/yaml"
)

// TestInlineTaskRunsForbidden shows what Tekton's webhook says of our output where an operator
// set disable-inline-spec. Its controller, which e2e/ runs alone, does not look at the setting.
func TestInlineTaskRunsForbidden(t *testing.T) {
	data := []byte(read(t, "tekton.yaml"))
	for value, forbidden := range map[string]bool{"": false, "pipeline,pipelinerun": false, "pipeline,taskrun": true} {
		flags, err := config.NewFeatureFlagsFromMap(map[string]string{"disable-inline-spec": value})
		require.NoError(t, err)
		settings := config.FromContextOrDefaults(t.Context())
		settings.FeatureFlags = flags
		ctx := apis.WithinCreate(config.ToContext(t.Context(), settings))
		var run pipelinev1.TaskRun
		require.NoError(t, yaml.Unmarshal(data, &run))
		run.SetDefaults(ctx)
		if err := run.Validate(ctx); forbidden {
			assert.ErrorContains(t, err, "must not set the field(s): spec.taskSpec")
		} else {
			assert.Nil(t, err)
		}
	}
}

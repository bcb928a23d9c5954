// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tektoncd/pipeline/pkg/apis/config"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"knative.dev/pkg/apis"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// What a platform team installs for its own CI is judged as our output is.
const (
	task     = "../deploy/ci/tekton-task.yaml"
	template = "../deploy/ci/argo-workflowtemplate.yaml"
)

// TestTaskForCI asks Tekton's webhook, also for a Task that is broken.
func TestTaskForCI(t *testing.T) {
	data, err := os.ReadFile(task)
	require.NoError(t, err)
	assert.NoError(t, admitTask(t, data))
	broken := bytes.Replace(data, []byte("$(params.golden)"), []byte("$(params.gold)"), 1)
	assert.ErrorContains(t, admitTask(t, broken), "params.gold")
}

func admitTask(t *testing.T, data []byte) error {
	t.Helper()
	text, err := yaml.YAMLToJSONStrict(data)
	require.NoError(t, err)
	var task pipelinev1.Task
	unknown, err := json.UnmarshalStrict(text, &task)
	require.NoError(t, err)
	require.Empty(t, unknown)
	ctx := apis.WithinCreate(config.ToContext(context.Background(), config.FromContextOrDefaults(context.Background())))
	task.SetDefaults(ctx)
	if err := task.Validate(ctx); err != nil { // a nil of its own type
		return err
	}
	return nil
}

// TestTemplateForCI asks Argo's own code, also for a WorkflowTemplate that is broken.
func TestTemplateForCI(t *testing.T) {
	lint := buildJudge(t, "argolint")
	accepts(t, lint, template)
	data, err := os.ReadFile(template)
	require.NoError(t, err)
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	require.NoError(t, os.WriteFile(broken, bytes.Replace(data, []byte("{{inputs.parameters.golden}}"), []byte("{{inputs.parameters.gold}}"), 1), 0o600))
	assert.Contains(t, refusal(t, lint, broken), "inputs.parameters.gold")
}

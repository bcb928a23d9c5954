// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

func TestObjectsComeInTheOrderToCreateThem(t *testing.T) {
	_, objects, _ := compile(t, workflowOf(nil, "build", "ship"))
	var got []string
	for _, o := range manifest.Distinct(objects) {
		got = append(got, o.GetKind()+" "+o.GetName())
	}
	assert.Equal(t, []string{
		"ServiceAccount redis-resource-configure-build",
		"ConfigMap input", // shared, so there is one
		"Role redis-resource-configure-build-argo",
		"RoleBinding redis-resource-configure-build-argo",
		"ServiceAccount redis-resource-configure-ship",
		"Role redis-resource-configure-ship-argo",
		"RoleBinding redis-resource-configure-ship-argo",
		"Workflow kratix-redis-abc",
	}, got)
}

func TestRunsWithOneAccountShareItsAccess(t *testing.T) {
	wf, objects, _ := compile(t, workflowOf(func(r *plan.Run) { r.ServiceAccount, r.Access = "mine", nil }, "build", "ship"))
	assert.Len(t, manifest.Distinct(objects), 4, "Role, RoleBinding, ConfigMap, Workflow")
	assert.Equal(t, "mine", wf.Spec.ServiceAccountName)
}

func TestStepsRunOneAfterTheOther(t *testing.T) {
	wf, _, _ := compile(t, workflowOf(nil, "a.b", "a-b", "pipelines"))
	require.Len(t, wf.Spec.Templates, 4)
	assert.Equal(t, wf.Spec.Entrypoint, wf.Spec.Templates[0].Name)
	seen := map[string]bool{wf.Spec.Entrypoint: true}
	for i, group := range wf.Spec.Templates[0].Steps {
		require.Len(t, group.Steps, 1)
		name := group.Steps[0].Template
		assert.Equal(t, wf.Spec.Templates[i+1].Name, name)
		assert.Regexp(t, `^[a-zA-Z0-9][-a-zA-Z0-9]*$`, name)
		assert.False(t, seen[name], name)
		seen[name] = true
	}
	assert.True(t, seen["a-b"], "a name that fits is kept")
}

func TestMetadataIsWhatRunsHaveInCommon(t *testing.T) {
	one, _, _ := compile(t, workflowOf(nil))
	assert.Equal(t, map[string]string{"kratix.io/promise-name": "redis", "kratix.io/pipeline-name": "build"}, one.Labels)
	assert.Equal(t, map[string]string{"kratix.io/job-resource-name": "one"}, one.Annotations)
	require.Len(t, one.OwnerReferences, 1)
	assert.Equal(t, "redis-resource-configure-build", one.Spec.ServiceAccountName)

	two, _, _ := compile(t, workflowOf(nil, "build", "ship"))
	assert.Equal(t, map[string]string{"kratix.io/promise-name": "redis"}, two.Labels)
	assert.Empty(t, two.Spec.ServiceAccountName)
	assert.Equal(t, "redis-resource-configure-ship", two.Spec.Templates[2].ServiceAccountName)
}

func TestSpecLeavesNothingToWorkflowDefaults(t *testing.T) {
	wf, objects, _ := compile(t, workflowOf(nil))
	assert.False(t, *wf.Spec.ArchiveLogs)
	assert.NotNil(t, wf.Spec.TTLStrategy.SecondsAfterCompletion)
	assert.NotNil(t, wf.Spec.TTLStrategy.SecondsAfterSuccess)
	assert.NotNil(t, wf.Spec.TTLStrategy.SecondsAfterFailure)
	assert.EqualValues(t, "OnWorkflowCompletion", wf.Spec.PodGC.Strategy)
	_, err := wf.Spec.PodGC.GetDeleteDelayDuration()
	require.NoError(t, err)
	assert.NotContains(t, objects[len(objects)-1].Object, "status")
}

func TestPullSecretsAreShared(t *testing.T) {
	w := workflowOf(nil, "build", "ship")
	w.Runs[0].PullSecrets = []corev1.LocalObjectReference{{Name: "a"}, {Name: "b"}}
	w.Runs[1].PullSecrets = []corev1.LocalObjectReference{{Name: "b"}}
	wf, _, diags := compile(t, w)
	assert.Equal(t, []corev1.LocalObjectReference{{Name: "a"}, {Name: "b"}}, wf.Spec.ImagePullSecrets)
	assert.Equal(t, []string{"KC416 pipelines.ship.spec.imagePullSecrets"}, findings(diags, diag.PullSecretsShared))
}

func TestErrorsLeaveNoObjects(t *testing.T) {
	objects, diags := Compiler{}.Compile(workflowOf(func(r *plan.Run) { r.Steps[0].Image = "{{workflow.name}}" }))
	assert.Empty(t, objects)
	assert.True(t, diags.HasErrors())
	for _, d := range diags {
		assert.Equal(t, "argo", d.Backend)
	}
}

func TestNoRunsNoObjects(t *testing.T) {
	objects, diags := Compiler{}.Compile(plan.Workflow{})
	assert.Empty(t, objects)
	assert.Empty(t, diags)
}

func TestThePlanIsNotChanged(t *testing.T) {
	change := func(r *plan.Run) {
		r.UserToken, r.Timeout = false, time.Minute
		r.Volumes = []plan.Volume{{Volume: corev1.Volume{Name: "kubeconfig"}}}
		r.Steps[0].VolumeMounts = []corev1.VolumeMount{{Name: "kubeconfig", MountPath: "/config"}}
		r.Steps[0].Env[1].Value = "{{x}}"
	}
	w := workflowOf(change, "build", "ship")
	first, _ := Compiler{}.Compile(w)
	second, _ := Compiler{}.Compile(w)
	assert.Equal(t, workflowOf(change, "build", "ship"), w)
	assert.Equal(t, first, second)
}

// TestInstance: a controller with an ID takes only Workflows that have it, and sets it on Pods
// itself.
func TestInstance(t *testing.T) {
	objects, _ := Compiler{Instance: "team-a"}.Compile(workflowOf(nil))
	last := objects[len(objects)-1]
	assert.Equal(t, "team-a", last.GetLabels()[LabelInstance])
	none, _, _ := compile(t, workflowOf(nil))
	assert.NotContains(t, none.Labels, LabelInstance, "a controller without an ID takes only those without the label")
	for _, template := range none.Spec.Templates {
		assert.NotContains(t, template.Metadata.Labels, LabelInstance)
	}
}

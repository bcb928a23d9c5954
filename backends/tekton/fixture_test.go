// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// root is the Pipeline; a path in a diagnostic starts there.
var root = diag.At{}

// newRun is a Run of a Pipeline with the given containers.
func newRun(steps ...plan.Step) plan.Run {
	for i := range steps {
		steps[i].At = root.Field("spec", "containers").Index(i)
		steps[i].EnvAt = map[string]diag.At{}
		for j, e := range steps[i].Env {
			steps[i].EnvAt[e.Name] = steps[i].At.Field("env").Index(j)
		}
	}
	return plan.Run{
		At: root, Pipeline: "deploy", ID: "redis-resource-configure-deploy", Name: "redis-deploy-1", Namespace: "team-a",
		Labels:         map[string]string{"kratix.io/promise-name": "redis", "app.kubernetes.io/managed-by": "Kratix"},
		Annotations:    map[string]string{"kratix.io/job-resource-name": "example"},
		PodAnnotations: map[string]string{"team": "a"},
		Owner:          &metav1.OwnerReference{APIVersion: "v1", Kind: "Redis", Name: "example", UID: "u-1"},
		ServiceAccount: "redis-resource-configure",
		Access:         []manifest.Object{object("ServiceAccount", "redis-resource-configure")},
		PullSecrets:    []corev1.LocalObjectReference{{Name: "registry"}},
		NodeSelector:   map[string]string{"disk": "ssd"},
		Tolerations:    []corev1.Toleration{{Key: "batch", Operator: corev1.TolerationOpExists}},
		Input:          object("ConfigMap", "redis-deploy-1-input"),
		Workspaces: []plan.Workspace{
			{Name: "input", Path: "/kratix/input", ConfigMap: "redis-deploy-1-input"},
			{Name: "output", Path: "/kratix/output"},
			{Name: "metadata", Path: "/kratix/metadata"},
		},
		Steps: steps,
		Harvest: plan.Harvest{
			Container: corev1.Container{
				Name: "kratix-harvest", Image: "harvest:1", Command: []string{"/kratix-harvest"}, Args: []string{"--endpoint=https://runner"},
				Env:          []corev1.EnvVar{{Name: "KRATIX_PIPELINE_NAME", Value: "deploy"}},
				VolumeMounts: []corev1.VolumeMount{{Name: "kratix-harvest", MountPath: "/var/run/secrets/kratix-harvest", ReadOnly: true}},
			},
			Volume: corev1.Volume{Name: "kratix-harvest", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
				Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: "kratix", Path: "token"}}},
			}}},
		},
		Timeout: 30 * time.Minute, Places: plan.InPipeline(root),
	}
}

// newStep is a container that needs no diagnostics.
func newStep(name string, change ...func(*corev1.Container)) plan.Step {
	s := plan.Step{Container: corev1.Container{Name: name, Image: name + ":1", Command: []string{"/bin/" + name}}}
	for _, c := range change {
		c(&s.Container)
	}
	return s
}

func object(kind, name string) manifest.Object {
	return manifest.Object{Object: map[string]any{"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"name": name}}}
}

// compile compiles a workflow of one Run.
func compile(c Compiler, run plan.Run) ([]manifest.Object, diag.List) {
	return c.Compile(plan.Workflow{Runs: []plan.Run{run}})
}

// mustCompile returns the TaskRun as the API server decodes it.
func mustCompile(t *testing.T, c Compiler, run plan.Run) *v1.TaskRun {
	t.Helper()
	objects, diags := compile(c, run)
	require.False(t, diags.HasErrors(), "%v", diags)
	data, err := objects[len(objects)-1].MarshalJSON()
	require.NoError(t, err)
	var tr v1.TaskRun
	require.NoError(t, yaml.UnmarshalStrict(data, &tr))
	return &tr
}

// findings are the codes with the paths they were reported at.
func findings(diags diag.List) []string {
	var out []string
	for _, d := range diags {
		out = append(out, string(d.Code)+" "+d.Path)
	}
	return out
}

func at(code diag.Code, path string) string { return string(code) + " " + path }

func quantities(pairs ...string) corev1.ResourceList {
	out := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		out[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return out
}

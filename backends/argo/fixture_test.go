// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"testing"
	"time"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// workflowOf is a small plan; change adjusts every Run of it.
func workflowOf(change func(*plan.Run), pipelines ...string) plan.Workflow {
	if len(pipelines) == 0 {
		pipelines = []string{"build"}
	}
	w := plan.Workflow{Promise: "redis", Name: "kratix-redis-abc"}
	for _, name := range pipelines {
		run := runOf(name)
		if change != nil {
			change(&run)
		}
		w.Runs = append(w.Runs, run)
	}
	return w
}

func runOf(pipeline string) plan.Run {
	at := diag.At{Doc: nowhere{}}.Field("pipelines", pipeline)
	return plan.Run{
		At: at, Pipeline: pipeline, ID: "redis-resource-configure-" + pipeline, Name: "kratix-redis-" + pipeline, Namespace: "team-a",
		Labels:         map[string]string{"kratix.io/promise-name": "redis", "kratix.io/pipeline-name": pipeline},
		Annotations:    map[string]string{"kratix.io/job-resource-name": "one"},
		PodAnnotations: map[string]string{"example.com/note": "hello"},
		Owner:          &metav1.OwnerReference{APIVersion: "example.com/v1", Kind: "Redis", Name: "one", UID: "1234"},
		ServiceAccount: "redis-resource-configure-" + pipeline, UserToken: true,
		Access: []manifest.Object{object("ServiceAccount", "redis-resource-configure-"+pipeline)},
		Input:  object("ConfigMap", "input"),
		Workspaces: []plan.Workspace{
			{Name: "input", Path: "/kratix/input", ConfigMap: "input"},
			{Name: "output", Path: "/kratix/output"},
			{Name: "metadata", Path: "/kratix/metadata"},
		},
		Steps: []plan.Step{stepOf(at.Field("spec", "containers").Index(0), "main", "--greet={{ item.x }}")},
		Harvest: plan.Harvest{
			Container: corev1.Container{
				Name: "kratix-harvest", Image: "harvest", Command: []string{"/kratix-harvest"},
				VolumeMounts: []corev1.VolumeMount{{Name: "kratix-harvest", MountPath: "/var/run/secrets/kratix-harvest", ReadOnly: true}},
			},
			Volume: corev1.Volume{Name: "kratix-harvest", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{}}},
		},
		Retries: 6, Timeout: time.Hour, Places: plan.InPipeline(at),
	}
}

func stepOf(at diag.At, name string, args ...string) plan.Step {
	return plan.Step{
		At: at,
		Container: corev1.Container{
			Name: name, Image: "busybox", Args: args,
			Env: []corev1.EnvVar{{Name: "KRATIX_PROMISE_NAME", Value: "redis"}, {Name: "GREETING", Value: "hi"}},
		},
		EnvAt: map[string]diag.At{"GREETING": at.Field("env").Index(0)},
	}
}

func object(kind, name string) manifest.Object {
	return manifest.Object{Object: map[string]any{
		"apiVersion": "v1", "kind": kind,
		"metadata": map[string]any{"name": name, "namespace": "team-a"},
	}}
}

// nowhere is a document in which everything is on line 7.
type nowhere struct{}

func (nowhere) LocateKey(p diag.Path) diag.Pos { return nowhere{}.Locate(p) }
func (nowhere) Locate(diag.Path) diag.Pos      { return diag.Pos{File: "promise.yaml", Line: 7} }

// compile demands success and decodes the Workflow, strictly.
func compile(t *testing.T, w plan.Workflow) (v1alpha1.Workflow, []manifest.Object, diag.List) {
	t.Helper()
	objects, diags := Compiler{}.Compile(w)
	require.NotEmpty(t, objects, "%v", diags)
	last := objects[len(objects)-1]
	require.Equal(t, "Workflow", last.GetKind())
	data, err := yaml.Marshal(last.Object)
	require.NoError(t, err)
	var wf v1alpha1.Workflow
	require.NoError(t, yaml.UnmarshalStrict(data, &wf), "%s", data)
	return wf, objects, diags
}

// compilePod is compile for the template of the first Pod.
func compilePod(t *testing.T, change func(*plan.Run)) (v1alpha1.Template, diag.List) {
	t.Helper()
	wf, _, diags := compile(t, workflowOf(change))
	return wf.Spec.Templates[1], diags
}

// findings are the codes and paths, in order.
func findings(diags diag.List, codes ...diag.Code) []string {
	var out []string
	for _, d := range diags {
		for _, c := range codes {
			if d.Code == c {
				out = append(out, string(d.Code)+" "+d.Path)
			}
		}
	}
	return out
}

// SPDX-License-Identifier: Apache-2.0

// Package tekton compiles a plan for Tekton Pipelines: one TaskRun for a Run,
// one step for a container, one workspace for each directory of Kratix.
//
// Tekton repeats much of what the kubelet does, with other rules: it expands
// $(...) in text, adds the requests of the steps up, and looks entrypoints up
// in the registry. Each of the files here keeps one of these from being seen.
package tekton

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/pod"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Compiler compiles for Tekton; its zero value is ready to use.
type Compiler struct {
	// Requests says what becomes of the resource requests; empty is RequestsMax.
	Requests RequestsMode
	// Images are the known image configurations, by image as users write it.
	Images map[string]Image
}

// Name is how users and diagnostics call the backend.
func (Compiler) Name() string { return "tekton" }

// Compile turns every Run into what it needs and its TaskRun, in the order to
// create them. An error in any Run leaves no objects.
func (c Compiler) Compile(w plan.Workflow) ([]manifest.Object, diag.List) {
	var objects []manifest.Object
	var diags diag.List
	for _, run := range w.Runs {
		objects = append(objects, c.compileRun(run, &diags)...)
	}
	if diags.HasErrors() {
		objects = nil
	}
	return manifest.Distinct(objects), diags.Mark(c.Name())
}

func (c Compiler) compileRun(run plan.Run, diags *diag.List) []manifest.Object {
	names := nameParts(run, diags)
	rejectReferences(podFields(run), diags)
	refuseKeys(run, diags)
	steps := c.steps(run, names, diags)
	c.requests(run, steps, diags)
	volumes := volumes(run, names, diags)
	declared, bound := workspaces(run)

	taskRun, err := manifest.New(&v1.TaskRun{
		TypeMeta:   metav1.TypeMeta{APIVersion: "tekton.dev/v1", Kind: "TaskRun"},
		ObjectMeta: metadata(run, names, diags),
		Spec: v1.TaskRunSpec{
			ServiceAccountName: run.ServiceAccount,
			Timeout:            &metav1.Duration{Duration: run.Timeout}, // unset means an hour
			Retries:            retries(run, diags),
			PodTemplate:        podTemplate(run),
			Workspaces:         bound,
			TaskSpec:           &v1.TaskSpec{Workspaces: declared, Volumes: volumes, Steps: steps},
		},
	})
	if err != nil {
		diags.Add(diag.Bug, run.At, "%v", err)
		return nil
	}
	unstructured.RemoveNestedField(taskRun.Object, "status") // never empty in Go: podName
	// The TaskRun comes last: Tekton reads the service account when it makes the
	// Pod, and does not retry.
	return append(run.Prerequisites(), taskRun)
}

func metadata(run plan.Run, names naming, diags *diag.List) metav1.ObjectMeta {
	meta := metav1.ObjectMeta{
		Name:        run.Name,
		Namespace:   run.Namespace,
		Labels:      run.Labels,
		Annotations: annotations(run, names, diags),
	}
	if run.Owner != nil {
		meta.OwnerReferences = []metav1.OwnerReference{*run.Owner}
	}
	return meta
}

// dropped matches the annotations that Tekton's webhook removes on creation.
var dropped = regexp.MustCompile(pipeline.TektonReservedAnnotationExpr)

// annotations serve the Pod as well: Tekton copies them.
func annotations(run plan.Run, names naming, diags *diag.List) map[string]string {
	out := map[string]string{}
	maps.Copy(out, run.PodAnnotations)
	maps.Copy(out, run.Annotations)
	for _, key := range slices.Sorted(maps.Keys(out)) {
		if dropped.MatchString(key) {
			delete(out, key)
			diags.Add(diag.AnnotationDropped, run.At.Field("metadata", "annotations", key),
				"Tekton keeps annotations such as %q for itself and drops this one; choose another key", key)
		}
	}
	if len(names.renamed) > 0 {
		data, err := json.Marshal(names.renamed)
		if err != nil {
			diags.Add(diag.Bug, run.At, "%v", err)
		}
		out[workflow.AnnotationRenamed] = string(data)
	}
	return out
}

// refuseKeys reports labels and annotations that Tekton's controllers act upon.
// Those that its webhook drops are a warning of their own.
func refuseKeys(run plan.Run, diags *diag.List) {
	for _, k := range run.KeysOf("tekton.dev") {
		if !dropped.MatchString(k.Name) {
			diags.Add(diag.LabelReserved, k.At.Key(), "Tekton acts upon %q; choose a key of another domain", k.Name)
		}
	}
}

func podTemplate(run plan.Run) *pod.Template {
	return &pod.Template{
		NodeSelector:                 run.NodeSelector,
		Tolerations:                  run.Tolerations,
		ImagePullSecrets:             run.PullSecrets,
		AutomountServiceAccountToken: &run.UserToken,
	}
}

// SPDX-License-Identifier: Apache-2.0

// Package tekton compiles a plan for Tekton Pipelines: one TaskRun for a Run, one step for a
// container, one workspace for each directory of Kratix.
//
// Tekton repeats much of what the kubelet does, with other rules: it expands $(...) in text,
// adds up the requests of the steps, and asks the registry for entrypoints. entrypoint.go,
// text.go, resources.go and downward.go hide these differences from the user's containers;
// status.go reads back what became of them.
package tekton

import (
	"maps"
	"regexp"
	"slices"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	podtemplate "github.com/tektoncd/pipeline/pkg/apis/pipeline/pod"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/backends/entry"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

const (
	name       = "tekton"
	apiVersion = "tekton.dev/v1"
	kind       = "TaskRun"
)

// Compiler compiles for Tekton; its zero value is ready to use.
type Compiler struct {
	// Requests says what becomes of the resource requests; empty is RequestsMax.
	Requests RequestsMode
	// Images are the known image configurations, by image as users write it.
	Images map[string]entry.Image
}

// Name is how users and findings call the backend.
func (Compiler) Name() string { return name }

// Compile turns every Run into what it needs and its TaskRun, in the order in which
// kubectl can apply them: Tekton reads the service account when it makes the Pod, and does not try again. An error in
// any Run leaves no objects.
func (c Compiler) Compile(w plan.Workflow) ([]manifest.Object, diag.List) {
	out := &build.Output{}
	for _, run := range w.Runs {
		out.Objects = append(out.Objects, run.Prerequisites()...)
		out.Add(run.At, c.compileRun(run, &out.Diags))
	}
	return out.Of(name)
}

// compileRun makes one TaskRun of a Run.
func (c Compiler) compileRun(run plan.Run, diags *diag.List) *v1.TaskRun {
	p := newPod(c, run, diags)
	declared, bound := p.workspaces()
	taskRun := &v1.TaskRun{
		TypeMeta:   metav1.TypeMeta{APIVersion: apiVersion, Kind: kind},
		ObjectMeta: p.metadata(),
		Spec: v1.TaskRunSpec{
			ServiceAccountName: run.ServiceAccount,
			Timeout:            &metav1.Duration{Duration: run.Timeout}, // unset means an hour
			Retries:            p.retries(),
			PodTemplate: &podtemplate.Template{
				NodeSelector:                 run.NodeSelector,
				Tolerations:                  run.Tolerations,
				ImagePullSecrets:             run.PullSecrets,
				AutomountServiceAccountToken: &run.UserToken,
			},
			Workspaces: bound,
			TaskSpec:   &v1.TaskSpec{Workspaces: declared, Volumes: p.PodVolumes(), Steps: p.containers()},
		},
	}
	p.refuseLeftovers()
	p.refuseKeys()
	return taskRun
}

// metadata is the TaskRun's, and the Pod's as well: Tekton copies it.
func (p *pod) metadata() metav1.ObjectMeta {
	meta := metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: p.Labels, Annotations: p.NoteRenamed(p.annotations())}
	if p.Owner != nil {
		meta.OwnerReferences = []metav1.OwnerReference{*p.Owner}
	}
	return meta
}

// dropped matches the annotations that Tekton's webhook removes on creation.
var dropped = regexp.MustCompile(pipeline.TektonReservedAnnotationExpr)

func (p *pod) annotations() map[string]string {
	out := map[string]string{}
	maps.Copy(out, p.PodAnnotations)
	maps.Copy(out, p.Annotations)
	for _, key := range slices.Sorted(maps.Keys(out)) {
		if dropped.MatchString(key) {
			delete(out, key)
			p.Diags.Add(diag.AnnotationDropped, p.Places.Annotations.Field(key),
				"Tekton keeps annotations such as %q for itself and drops this one; choose another key", key)
		}
	}
	return out
}

// retries repeats the whole Pod. Tekton knows no delay between attempts.
func (p *pod) retries() int {
	if p.Retries > 0 {
		p.Diags.Add(diag.NoBackoff, p.Places.Retries,
			"Tekton repeats a failed Pipeline at once and without a pause, up to the limit of %d", p.Retries)
	}
	return int(p.Retries)
}

// SPDX-License-Identifier: Apache-2.0

// Package argo turns a plan into Argo Workflows objects: one Workflow, with a
// step and a Pod template for every Pipeline. In the Pod the user's containers
// are init containers, which Argo adds nothing to and the kubelet runs in
// order; the harvest is the main container, or else the last of the user's. The same Workflow
// runs on Argo 3.7 and 4; before 3.7 a failing init container hung it (#14495).
package argo

import (
	"maps"
	"slices"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/backends/entry"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

const (
	name       = "argo"
	apiVersion = "argoproj.io/v1alpha1"
	kind       = "Workflow"
)

// keepSeconds is how long a finished Workflow and its Pods stay: seven days.
const (
	keepSeconds = 7 * 24 * 60 * 60
	keepPods    = "168h"
)

// LabelInstance names the controller that a Workflow is for. A controller with an instance ID
// takes only Workflows with that label, and a controller without one takes only Workflows
// without the label.
const LabelInstance = "workflows.argoproj.io/controller-instanceid"

// Compiler compiles for Argo; its zero value is ready to use.
type Compiler struct {
	// Instance is the instance ID of the controller; empty if it has none.
	Instance string
	// Images are the known image configurations, by image as users write it.
	Images map[string]entry.Image
}

// Name is how users and findings call the backend.
func (Compiler) Name() string { return name }

// Compile turns every Run into what it needs, and all Runs into one Workflow, in the order in
// which kubectl can apply them. An error in any Run leaves no objects.
func (c Compiler) Compile(w plan.Workflow) ([]manifest.Object, diag.List) {
	if len(w.Runs) == 0 {
		return nil, nil
	}
	out := &build.Output{}
	for _, run := range w.Runs {
		out.Objects = append(out.Objects, run.Prerequisites()...)
		out.Add(run.At, executorAccess(run)...)
	}
	out.Add(w.Runs[0].At, c.compileWorkflow(w, &out.Diags))
	return out.Of(name)
}

func (c Compiler) compileWorkflow(w plan.Workflow, diags *diag.List) *v1alpha1.Workflow {
	first := w.Runs[0]
	wf := &v1alpha1.Workflow{
		TypeMeta: metav1.TypeMeta{APIVersion: apiVersion, Kind: kind},
		ObjectMeta: metav1.ObjectMeta{
			Name: w.Name, Namespace: first.Namespace,
			Labels:      common(w.Runs, func(r plan.Run) map[string]string { return r.Labels }),
			Annotations: common(w.Runs, func(r plan.Run) map[string]string { return r.Annotations }),
		},
		Spec: c.compileSpec(w.Runs, diags),
	}
	if first.Owner != nil {
		wf.OwnerReferences = []metav1.OwnerReference{*first.Owner}
	}
	if c.Instance != "" {
		metav1.SetMetaDataLabel(&wf.ObjectMeta, LabelInstance, c.Instance)
	}
	return wf
}

// compileSpec says how long things live in every field there is. Argo merges the installation's
// workflowDefaults field by field, so one field of a struct is not enough: a default
// secondsAfterSuccess would beat our secondsAfterCompletion.
func (c Compiler) compileSpec(runs []plan.Run, diags *diag.List) v1alpha1.WorkflowSpec {
	steps := templateNames(runs)
	templates := []v1alpha1.Template{serial(steps)}
	for i, run := range runs {
		templates = append(templates, c.compileRun(run, steps[i], diags))
	}
	return v1alpha1.WorkflowSpec{
		Entrypoint:            entrypoint,
		Templates:             templates,
		ServiceAccountName:    sharedAccount(runs),
		ImagePullSecrets:      pullSecrets(runs, diags),
		ActiveDeadlineSeconds: workflowDeadline(runs),
		ArchiveLogs:           new(false), // without an artifact repository archiving fails the Pod
		TTLStrategy: &v1alpha1.TTLStrategy{
			SecondsAfterCompletion: new(int32(keepSeconds)),
			SecondsAfterSuccess:    new(int32(keepSeconds)),
			SecondsAfterFailure:    new(int32(keepSeconds)),
		},
		PodGC: &v1alpha1.PodGC{Strategy: v1alpha1.PodGCOnWorkflowCompletion, DeleteDelayDuration: keepPods},
	}
}

// serial is the entrypoint: the templates one after the other.
func serial(templates []string) v1alpha1.Template {
	t := v1alpha1.Template{Name: entrypoint}
	for _, name := range templates {
		step := v1alpha1.WorkflowStep{Name: name, Template: name}
		t.Steps = append(t.Steps, v1alpha1.ParallelSteps{Steps: []v1alpha1.WorkflowStep{step}})
	}
	return t
}

// compileRun makes the template of one Pod of a Run.
func (c Compiler) compileRun(run plan.Run, name string, diags *diag.List) v1alpha1.Template {
	p := newPod(c, run, diags)
	t := v1alpha1.Template{
		Name:               name,
		Metadata:           v1alpha1.Metadata{Labels: run.Labels, Annotations: p.NoteRenamed(run.PodAnnotations)},
		ServiceAccountName: run.ServiceAccount,
		// argoexec reports with this token; false would need a second account.
		AutomountServiceAccountToken: new(true),
		NodeSelector:                 run.NodeSelector,
		Tolerations:                  run.Tolerations,
		Volumes:                      p.volumes(),
		InitContainers:               p.initContainers(),
		Container:                    p.main(),
		RetryStrategy:                retryStrategy(run.Retries),
		ActiveDeadlineSeconds:        podDeadline(run.Timeout),
	}
	p.refuseLeftovers(t)
	p.refuseUnknown()
	p.refuseKeys()
	p.warnSecrets()
	p.noteSize(t)
	return t
}

// common is what all Runs have, with equal values.
func common(runs []plan.Run, of func(plan.Run) map[string]string) map[string]string {
	out := maps.Clone(of(runs[0]))
	for _, run := range runs[1:] {
		maps.DeleteFunc(out, func(k, v string) bool {
			other, ok := of(run)[k]
			return !ok || other != v
		})
	}
	return out
}

// sharedAccount is empty when Runs differ. The templates name the accounts anyway; people and
// admission policies look at this one.
func sharedAccount(runs []plan.Run) string {
	for _, run := range runs[1:] {
		if run.ServiceAccount != runs[0].ServiceAccount {
			return ""
		}
	}
	return runs[0].ServiceAccount
}

// pullSecrets are those of all Runs: Argo has no place for them in a template.
func pullSecrets(runs []plan.Run, diags *diag.List) []corev1.LocalObjectReference {
	var all []corev1.LocalObjectReference
	for _, run := range runs {
		for _, s := range run.PullSecrets {
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	for _, run := range runs {
		if more := len(all) - len(run.PullSecrets); more > 0 {
			diags.Add(diag.PullSecretsShared, run.Places.PullSecrets,
				"%q also gets %d pull secrets of other Pipelines: Argo has one list for the whole Workflow", run.Pipeline, more)
		}
	}
	return all
}

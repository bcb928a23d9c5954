// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/jobs"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// byKratix tells whether Kratix runs the Pipelines, with or without kratix-jobs. Only kratix-runner
// numbers rounds.
func (r *reader) byKratix() bool {
	return r.document.Round == 0 && (len(r.Jobs) > 0 || r.condition(progress.ConditionConfigureCompleted).Status != "")
}

// program is the one that writes the status of the object.
func (r *reader) program() string {
	if r.byKratix() {
		return "Kratix"
	}
	return "kratix-runner"
}

// kratixSays: a condition of Kratix says how far the workflow is, and its Jobs were not read.
func (r *reader) kratixSays(*Trail) (verdict, bool) {
	c := r.condition(progress.ConditionConfigureCompleted)
	switch {
	case !r.byKratix() || len(r.document.Pipelines) > 0 || c.Status != "False":
		return verdict{}, false
	case c.Reason == progress.ReasonConfigureFailed:
		return verdict{state: Failed, message: c.Message}, true
	}
	return verdict{state: Running, message: c.Message}, true
}

// document is what the status says of the workflow. Some versions of Kratix do not list the Pipelines
// there; what the status lacks comes from the Jobs.
func (f Facts) document() progress.Status {
	d := progress.Read(f.status())
	if len(f.Jobs) == 0 {
		return d
	}
	d.Action = workflow.Configure
	if slices.ContainsFunc(f.Jobs, func(j JobFacts) bool { return j.action() == workflow.Delete }) {
		d.Action = workflow.Delete
	}
	if len(d.Pipelines) == 0 {
		for _, name := range f.pipelineNames(d.Action) {
			d.Pipelines = append(d.Pipelines, progress.Pipeline{Name: name})
		}
	}
	var before time.Time
	for i := range d.Pipelines {
		p := &d.Pipelines[i]
		job := f.newest(d.Action, p.Name)
		if job == nil || job.CreationTimestamp.Time.Before(before) {
			p.Phase = cmp.Or(p.Phase, progress.PhasePending) // the Job is of an earlier round
			continue
		}
		before = job.CreationTimestamp.Time
		fill(p, job)
	}
	return d
}

// fill adds to a Pipeline what its Job says. What the status says counts more.
func fill(p *progress.Pipeline, job *batchv1.Job) {
	view := readJob(job)
	if view.phase == progress.PhaseSuspended {
		view.phase = progress.PhaseRunning // Kratix suspends a Job to make another one
	}
	p.Run, p.RunNamespace = job.Name, job.Namespace
	p.Phase = cmp.Or(p.Phase, view.phase)
	p.Message = cmp.Or(p.Message, view.message)
	if p.LastTransition.IsZero() {
		p.LastTransition = view.since
	}
}

func (f JobFacts) action() workflow.Action { return workflow.KindOf(f.Object.Labels).Action }

// pipelineNames are the Pipelines of the Promise, or else those that have Jobs.
func (f Facts) pipelineNames(action workflow.Action) (names []string) {
	for _, p := range f.declared(action) {
		pipeline, _ := p.(map[string]any)
		name, _, _ := unstructured.NestedString(pipeline, "metadata", "name")
		names = append(names, name)
	}
	if len(names) > 0 {
		return names
	}
	for _, j := range f.Jobs {
		if name := j.Object.Labels[v1alpha1.LabelPipeline]; j.action() == action && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// newest is the last Job of a Pipeline; nil if there is none.
func (f Facts) newest(action workflow.Action, pipeline string) (found *batchv1.Job) {
	for _, j := range f.Jobs {
		if j.action() == action && j.Object.Labels[v1alpha1.LabelPipeline] == pipeline {
			found = j.Object
		}
	}
	return found
}

// job is the Job of a Pipeline, and its run: that of an engine, or the Job itself if Kubernetes
// runs it. Both may be nil.
func (r *reader) job(p progress.Pipeline) (*Job, *Run) {
	i := slices.IndexFunc(r.Jobs, func(j JobFacts) bool {
		return j.Object.Name == p.Run && j.Object.Namespace == p.RunNamespace
	})
	if i < 0 {
		return nil, nil
	}
	job := r.Jobs[i].Object
	view := readJob(job)
	out := &Job{Namespace: job.Namespace, Name: job.Name, ManagedBy: manager(job), Phase: view.phase, Message: state.WithoutLog(view.message)}
	if out.ManagedBy == batchv1.JobControllerName {
		run := &Run{Engine: kubernetes, Kind: jobKind.Kind, Namespace: job.Namespace, Name: job.Name, State: byKubernetes(job, r.Jobs[i].podsOf())}
		run.Message = run.State.Message()
		return out, run
	}
	for _, run := range r.Runs {
		if run.Engine.Name == jobs.EngineOf(job) && metav1.IsControlledBy(run.Object, job) {
			return out, observed(run)
		}
	}
	return out, nil
}

func manager(job *batchv1.Job) string {
	if job.Spec.ManagedBy == nil {
		return batchv1.JobControllerName
	}
	return *job.Spec.ManagedBy
}

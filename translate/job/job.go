// SPDX-License-Identifier: Apache-2.0

// Package job plans a Job that an installed Kratix has made: its containers, as they are written
// and in their order, for an engine to run in the place of Kubernetes. The containers of Kratix
// are among them, so the run has no harvest and no directories of ours.
package job

import (
	"cmp"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

const (
	apiVersion = "batch/v1"
	kind       = "Job"
)

// Is tells whether a document is a Job.
func Is(doc *parse.Document) bool { return doc.APIVersion() == apiVersion && doc.Kind() == kind }

// OfKratix tells whether Kratix made a Job: it has the label of a workflow.
func OfKratix(doc *parse.Document) bool {
	return len(doc.Raw(doc.Root().Field("metadata", "labels", v1alpha1.LabelWorkflowAction).Path)) > 0
}

// written is a Job without its status.
type written struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              batchv1.JobSpec `json:"spec"`
	at                diag.At
}

// Plan is what runs for a Job: one Run, or none while the Job is suspended.
func Plan(doc *parse.Document) (plan.Workflow, diag.List) {
	job := written{at: doc.Root()}
	diags := doc.DecodeKnown(nil, &job)
	if !diags.HasErrors() {
		diags.Append(untranslated(doc))
		diags.Append(job.faults())
	}
	w := plan.Workflow{
		Kind: workflow.KindOf(job.Labels), Promise: job.Labels[v1alpha1.LabelPromise], Name: job.Name,
		Object: plan.Object{
			At: job.at, Group: batchv1.GroupName, Version: "v1", Kind: kind, Plural: "jobs",
			Namespace: cmp.Or(job.Namespace, metav1.NamespaceDefault), Name: job.Name, UID: job.UID, Labels: job.Labels, Annotations: job.Annotations,
		},
	}
	if diags.HasErrors() {
		return w, diags
	}
	if job.Spec.Suspend != nil && *job.Spec.Suspend {
		diags.Add(diag.JobSuspended, job.at.Field("spec", "suspend"), "the Job %q is suspended; nothing runs until spec.suspend is false", job.Name)
		return w, diags
	}
	run, more := job.run(w)
	w.Runs = []plan.Run{run}
	diags.Append(more)
	return w, diags
}

// run is the Job as a Pod for an engine.
func (j written) run(w plan.Workflow) (plan.Run, diag.List) {
	pod, pipeline := j.Spec.Template.Spec, j.Labels[v1alpha1.LabelPipeline]
	r := plan.Run{
		At: j.at, Pipeline: pipeline, ID: workflow.ID(w.Promise, w.Kind, pipeline), Name: j.Name, Namespace: w.Object.Namespace,
		Labels: j.Spec.Template.Labels, Annotations: map[string]string{}, PodAnnotations: j.Spec.Template.Annotations,
		Owner: j.owner(), ServiceAccount: Account(pod),
		UserToken:   pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken,
		PullSecrets: pod.ImagePullSecrets, NodeSelector: pod.NodeSelector, Tolerations: pod.Tolerations,
		Places: j.places(),
	}
	var diags diag.List
	r.Retries, diags = plan.Retries(j.Spec.BackoffLimit, pod.RestartPolicy, j.pod().Field("restartPolicy"))
	if limit := j.Spec.ActiveDeadlineSeconds; limit != nil {
		r.Timeout = time.Duration(*limit) * time.Second
		j.warnDeadline(r, &diags)
	}
	for i, v := range pod.Volumes {
		r.Volumes = append(r.Volumes, plan.Volume{At: j.pod().Field("volumes").Index(i), Volume: v})
	}
	for _, c := range j.containers() {
		step, more := plan.NewStep(translated(c.Container), nil, c.at)
		r.Steps = append(r.Steps, step)
		diags.Append(more)
	}
	return r, diags
}

// Account is the name of the service account of a Job's Pods.
func Account(pod corev1.PodSpec) string {
	return cmp.Or(pod.ServiceAccountName, pod.DeprecatedServiceAccount, "default")
}

// owner makes the run go with its Job, if an API server has the Job.
func (j written) owner() *metav1.OwnerReference {
	if j.UID == "" {
		return nil
	}
	return &metav1.OwnerReference{APIVersion: apiVersion, Kind: kind, Name: j.Name, UID: j.UID, Controller: new(true)}
}

func (j written) warnDeadline(r plan.Run, diags *diag.List) {
	if r.Retries > 0 {
		diags.Add(diag.JobDeadline, j.at.Field("spec", "activeDeadlineSeconds"),
			"the limit of %s is for each of up to %d attempts, and not for all of them together; set backoffLimit: 0, or leave the Job to Kubernetes", r.Timeout, r.Retries+1)
	}
}

// pod is where the Pod is written.
func (j written) pod() diag.At { return j.at.Field("spec", "template", "spec") }

func (j written) places() plan.Places {
	meta, pod := j.at.Field("spec", "template", "metadata"), j.pod()
	return plan.Places{
		Labels: meta.Field("labels"), Annotations: meta.Field("annotations"), ServiceAccount: pod.Field("serviceAccountName"),
		PullSecrets: pod.Field("imagePullSecrets"), NodeSelector: pod.Field("nodeSelector"), Tolerations: pod.Field("tolerations"),
		Containers: pod.Field("initContainers"), Retries: j.at.Field("spec", "backoffLimit"),
	}
}

// container is one of the Pod, and where it is written.
type container struct {
	corev1.Container
	at diag.At
}

// containers are all of the Pod, in the order in which they run.
func (j written) containers() []container {
	var out []container
	for _, list := range []struct {
		field      string
		containers []corev1.Container
	}{{"initContainers", j.Spec.Template.Spec.InitContainers}, {"containers", j.Spec.Template.Spec.Containers}} {
		for i, c := range list.containers {
			out = append(out, container{c, j.pod().Field(list.field).Index(i)})
		}
	}
	return slices.Clip(out)
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// differences are the facts that are not the same.
func differences(where string, got, want facts) []string {
	all := maps.Clone(want)
	maps.Copy(all, got)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if got[name] != want[name] {
			out = append(out, fmt.Sprintf("%s%s is %s instead of %s", where, name, cmp.Or(got[name], "absent"), cmp.Or(want[name], "absent")))
		}
	}
	return out
}

// dropped are the annotations that Tekton's webhook removes.
var dropped = regexp.MustCompile(pipeline.TektonReservedAnnotationExpr)

// managedBy is a label that Tekton puts on its Pods with a value of its own.
const managedBy = "app.kubernetes.io/managed-by"

// wanted are the facts of the whole Run.
func (r run) wanted(requestsAdd bool) facts {
	out := facts{"retries": strconv.Itoa(r.Retries), "timeout": r.Timeout.Duration.String()}
	if r.Owner != nil {
		out["owners"] = text([]metav1.OwnerReference{*r.Owner})
	}
	for name, value := range r.Labels {
		out["label "+name] = value
	}
	for name, value := range r.annotations() {
		out["annotation "+name] = value
	}
	pod := r.pod()
	out.volumes(pod)
	out.requests(pod.Spec.Containers, func(name corev1.ResourceName) bool { return requestsAdd || !r.shares(name) })
	out.fields(corev1.PodSpec{
		RestartPolicy:      corev1.RestartPolicyNever,
		ServiceAccountName: r.ServiceAccount, AutomountServiceAccountToken: &r.UserToken,
		NodeSelector: r.NodeSelector, Tolerations: r.Tolerations, ImagePullSecrets: r.PullSecrets,
	})
	return out
}

// annotations are those that arrive on the Pod.
func (r run) annotations() map[string]string {
	out := map[string]string{}
	maps.Copy(out, r.PodAnnotations)
	maps.Copy(out, r.Annotations)
	maps.DeleteFunc(out, func(name, _ string) bool { return dropped.MatchString(name) })
	return out
}

// ofRun are the same facts of what Tekton makes.
func ofRun(taskRun *v1.TaskRun, pod *corev1.Pod, r run) facts {
	out := facts{"retries": strconv.Itoa(taskRun.Spec.Retries), "timeout": taskRun.Spec.Timeout.Duration.String()}
	if len(taskRun.OwnerReferences) > 0 {
		out["owners"] = text(taskRun.OwnerReferences)
	}
	for name := range r.Labels {
		out["label "+name] = pod.Labels[name]
		if name == managedBy {
			out["label "+name] = taskRun.Labels[name]
		}
	}
	for name := range r.annotations() {
		out["annotation "+name] = pod.Annotations[name]
	}
	out.volumes(pod)
	out.requests(pod.Spec.Containers, func(corev1.ResourceName) bool { return true })
	spec := *pod.Spec.DeepCopy()
	spec.Containers, spec.InitContainers, spec.Volumes, spec.ActiveDeadlineSeconds = nil, nil, nil, nil
	out.fields(spec)
	return out
}

// requests are what the scheduler finds room for: the sum over the containers
// if they add up, and the largest otherwise.
func (f facts) requests(containers []corev1.Container, addsUp func(corev1.ResourceName) bool) {
	names := map[corev1.ResourceName]bool{}
	for _, c := range containers {
		for name := range c.Resources.Requests {
			names[name] = true
		}
		for name := range c.Resources.Limits {
			names[name] = true
		}
	}
	for name := range names {
		var total resource.Quantity
		for _, c := range containers {
			q := request(c.Resources, name)
			if addsUp(name) {
				total.Add(q)
			} else if q.Cmp(total) > 0 {
				total = q
			}
		}
		f["request of "+string(name)] = strconv.FormatFloat(total.AsApproximateFloat64(), 'f', -1, 64)
	}
}

// request is the limit where there is no request, as the API server has it.
func request(r corev1.ResourceRequirements, name corev1.ResourceName) resource.Quantity {
	if q, ok := r.Requests[name]; ok {
		return q
	}
	return r.Limits[name]
}

// shares tells whether what one container leaves serves the next: true of what
// a Pod's cgroup has as a whole, unless a file tells what each one asks for.
func (r run) shares(name corev1.ResourceName) bool {
	for _, v := range r.Volumes {
		for _, item := range downward(&v) {
			if ref := item.ResourceFieldRef; ref != nil && ref.Resource == "requests."+string(name) {
				return false
			}
		}
	}
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage
}

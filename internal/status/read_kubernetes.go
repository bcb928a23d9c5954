// SPDX-License-Identifier: Apache-2.0

package status

import (
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// kubernetes is the engine of a Job that Kubernetes itself runs.
const kubernetes = "kubernetes"

// jobView is what the conditions of a Job say: how far it is, why, and since when.
type jobView struct {
	phase           progress.Phase
	reason, message string
	since           time.Time
}

// readJob reads the conditions. To Kratix, a Job without conditions runs.
func readJob(job *batchv1.Job) jobView {
	v := jobView{phase: progress.PhaseRunning, since: job.CreationTimestamp.Time}
	if job.Status.StartTime != nil {
		v.since = job.Status.StartTime.Time
	}
	phases := map[batchv1.JobConditionType]progress.Phase{
		batchv1.JobComplete: progress.PhaseSucceeded, batchv1.JobFailed: progress.PhaseFailed, batchv1.JobSuspended: progress.PhaseSuspended,
	}
	for _, c := range job.Status.Conditions {
		phase, matters := phases[c.Type]
		if !matters || c.Status != corev1.ConditionTrue {
			continue
		}
		v = jobView{phase: phase, since: c.LastTransitionTime.Time}
		if phase == progress.PhaseFailed {
			v.reason, v.message = c.Reason, c.Message
		}
	}
	return v
}

// byKubernetes is how far a Job is that Kubernetes runs. A container that has failed starts again in
// its Pod or in another one.
func byKubernetes(job *batchv1.Job, pods []corev1.Pod) state.State {
	s := state.State{Phase: state.Running, Attempt: int(job.Status.Failed), Steps: []state.Step{}}
	template := job.Spec.Template.Spec
	for _, c := range slices.Concat(template.InitContainers, template.Containers) {
		s.Steps = append(s.Steps, state.Step{Name: c.Name, Container: c.Name})
	}
	e := state.Evidence{}
	if len(pods) > 0 {
		e.Pod = &pods[len(pods)-1]
		s.Pod = e.Pod.Name
		s.Attempt += readPod(s.Steps, e.Pod)
	}
	switch view := readJob(job); view.phase {
	case progress.PhaseSucceeded:
		s.Phase = state.Succeeded
	case progress.PhaseSuspended:
		s.Phase = state.Cancelled
	case progress.PhaseFailed:
		s.Phase = state.Failed
		e.Told = state.Platform(state.Reason(view.reason), view.message)
	default:
	}
	s.Judge(e)
	return s
}

// readPod reads the containers. It returns how many attempts the Pod has had, without those that the
// Job counts as failed.
func readPod(steps []state.Step, pod *corev1.Pod) (attempts int) {
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		attempts = max(attempts, int(c.RestartCount))
		i := slices.IndexFunc(steps, func(s state.Step) bool { return s.Container == c.Name })
		if i >= 0 {
			steps[i].Read(last(c))
		}
	}
	if pod.Status.Phase != corev1.PodFailed {
		attempts++
	}
	return attempts
}

// last is the present state of a container. If the container waits to be started again, it is how the
// container has ended.
func last(c corev1.ContainerStatus) corev1.ContainerState {
	if c.State.Waiting != nil && c.State.Waiting.Reason == "CrashLoopBackOff" {
		return c.LastTerminationState
	}
	return c.State
}

// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// Status is what a Job has to say of its run, now. The zero State stands for no run. The status
// of a Job that has ended does not change any more.
//
// A cancelled run must have no Pod left: a suspended Job says that nothing of it runs.
func Status(job *batchv1.Job, run state.State, now time.Time) batchv1.JobStatus {
	w := newWriter(job, now)
	switch {
	case Ended(job):
	case run.Phase == "":
		w.idle(AskedToSuspend(job))
	case run.Phase == state.Cancelled && (AskedToSuspend(job) || Suspended(job)):
		w.idle(true) // also after the suspension, until the run is gone and another one takes its name
	case !run.Phase.Ended():
		w.runs(run)
	case run.Phase == state.Succeeded:
		w.complete(run)
	default:
		w.fail(run, job.Spec.BackoffLimit)
	}
	return w.JobStatus
}

// Refused is the status of a Job that fails without a run.
func Refused(job *batchv1.Job, reason, message string, now time.Time) batchv1.JobStatus {
	w := newWriter(job, now)
	if !Ended(job) {
		w.end()
		w.Failed = max(w.Failed, 1)
		w.refuse(reason, message)
	}
	return w.JobStatus
}

// Ended tells whether a Job is Complete or Failed.
func Ended(job *batchv1.Job) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue
	})
}

// AskedToSuspend is what the spec of a Job says. Its condition Suspended follows when nothing of it runs.
func AskedToSuspend(job *batchv1.Job) bool { return job.Spec.Suspend != nil && *job.Spec.Suspend }

// Suspended tells whether a Job has the condition.
func Suspended(job *batchv1.Job) bool { return has(job.Status, batchv1.JobSuspended) }

// writer changes a status.
type writer struct {
	batchv1.JobStatus
	// now has whole seconds, as a status has.
	now metav1.Time
}

func newWriter(job *batchv1.Job, now time.Time) writer {
	return writer{JobStatus: *job.Status.DeepCopy(), now: metav1.NewTime(now.UTC().Truncate(time.Second))}
}

// idle is a Job of which nothing runs: it is suspended, or its run is not there yet.
func (w *writer) idle(suspended bool) {
	w.count(0, 0)
	if !suspended {
		w.remove(batchv1.JobSuspended)
		return
	}
	w.set(batchv1.JobSuspended, "JobSuspended", "Job suspended")
}

func (w *writer) runs(run state.State) {
	ready := slices.ContainsFunc(run.Steps, func(s state.Step) bool { return s.Phase == state.StepRunning })
	w.start()
	w.remove(batchv1.JobSuspended)
	w.count(1, number(ready))
	w.Failed = max(w.Failed, int32(run.Attempt)-1)
}

func (w *writer) complete(run state.State) {
	const reason, message = batchv1.JobReasonCompletionsReached, "Reached expected number of succeeded pods"
	w.end()
	w.Succeeded = max(w.Succeeded, 1)
	w.Failed = max(w.Failed, int32(run.Attempt)-1)
	w.CompletionTime = new(w.ended(run))
	w.set(batchv1.JobSuccessCriteriaMet, reason, message)
	w.set(batchv1.JobComplete, reason, message)
}

// ended is not before the start, or the API server would refuse the status. The engine, and a replica that
// led before, may have other clocks.
func (w *writer) ended(run state.State) metav1.Time {
	at := metav1.NewTime(run.Ended.UTC().Truncate(time.Second))
	switch {
	case !run.Ended.IsZero() && !at.Before(w.StartTime):
		return at
	case w.now.Before(w.StartTime):
		return *w.StartTime
	default:
		return w.now
	}
}

func (w *writer) fail(run state.State, limit *int32) {
	w.end()
	w.Failed = max(w.Failed, int32(run.Attempt), 1)
	w.refuse(reasonOf(run), diagnosis(run, limit))
}

// refuse is the end of a Job that failed.
func (w *writer) refuse(reason, message string) {
	w.set(batchv1.JobFailureTarget, reason, message)
	w.set(batchv1.JobFailed, reason, message)
}

// end is what all ends have in common.
func (w *writer) end() {
	w.start()
	w.remove(batchv1.JobSuspended)
	w.count(0, 0)
	w.UncountedTerminatedPods = nil
}

func (w *writer) start() {
	if w.StartTime == nil {
		w.StartTime = &w.now
	}
}

func (w *writer) count(active, ready int32) {
	w.Active, w.Ready, w.Terminating = active, &ready, new(int32(0))
}

func number(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

func has(status batchv1.JobStatus, t batchv1.JobConditionType) bool {
	return slices.ContainsFunc(status.Conditions, func(c batchv1.JobCondition) bool { return c.Type == t })
}

func (w *writer) remove(t batchv1.JobConditionType) {
	w.Conditions = slices.DeleteFunc(w.Conditions, func(c batchv1.JobCondition) bool { return c.Type == t })
}

// set writes a condition that is true. One that is there already keeps its text and its times.
func (w *writer) set(t batchv1.JobConditionType, reason, message string) {
	if has(w.JobStatus, t) {
		return
	}
	w.Conditions = append(w.Conditions, batchv1.JobCondition{
		Type: t, Status: corev1.ConditionTrue, Reason: reason, Message: message, LastProbeTime: w.now, LastTransitionTime: w.now,
	})
}

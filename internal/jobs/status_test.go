// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// moment is a look at a run, so many seconds after the first one.
type moment struct {
	second  int
	suspend bool
	run     state.State
	// says is the status in one line, as line writes it.
	says string
}

var (
	none      = state.State{}
	pending   = state.State{Phase: state.Pending}
	running   = state.State{Phase: state.Running, Attempt: 1, Steps: []state.Step{{Name: "reader", Phase: state.StepRunning}}}
	between   = state.State{Phase: state.Running, Attempt: 1, Steps: []state.Step{{Name: "reader", Phase: state.StepDone, ExitCode: 1}}}
	again     = state.State{Phase: state.Running, Attempt: 3, Steps: []state.Step{{Name: "reader", Phase: state.StepRunning}}}
	succeeded = state.State{Phase: state.Succeeded, Attempt: 1, Ended: first.Add(8 * time.Second)}
	cancelled = state.State{Phase: state.Cancelled, Attempt: 1}
	refused   = state.State{Phase: state.Failed, Failure: &state.Failure{Fault: state.FaultPolicy, Reason: state.PodForbidden, Message: "no"}}
	timedOut  = state.State{Phase: state.TimedOut, Attempt: 1, Failure: &state.Failure{Fault: state.FaultContainer, Reason: state.DeadlineExceeded, Step: "render"}}
	failed    = state.State{Phase: state.Failed, Attempt: 3, Failure: &state.Failure{
		Fault: state.FaultContainer, Reason: state.Error, Step: "render", Container: "step-render", ExitCode: 7,
		Log: []string{"one", "two", "three", "four", "five", "no such template"},
	}}
)

var first = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// lives are what happens to Jobs, one moment after the other. The API server judges each step
// (judge_test.go).
var lives = map[string][]moment{
	"succeeds": {
		{0, false, none, "active 0 ready 0"},
		{1, false, pending, "active 1 ready 0 started 1"},
		{5, false, running, "active 1 ready 1 started 1"},
		{9, false, succeeded, "active 0 ready 0 succeeded 1 started 1 completed 8 SuccessCriteriaMet Complete"},
		{20, false, none, "active 0 ready 0 succeeded 1 started 1 completed 8 SuccessCriteriaMet Complete"}, // a pruner
	},
	"has ended before it is seen": {
		{9, false, succeeded, "active 0 ready 0 succeeded 1 started 9 completed 9 SuccessCriteriaMet Complete"},
	},
	"succeeds the third time": {
		{0, false, running, "active 1 ready 1 started 0"},
		{2, false, between, "active 1 ready 0 started 0"},
		{3, false, again, "active 1 ready 1 failed 2 started 0"},
		{5, false, running, "active 1 ready 1 failed 2 started 0"}, // an old copy of the run
		{9, false, state.State{Phase: state.Succeeded, Attempt: 3}, "active 0 ready 0 succeeded 1 failed 2 started 0 completed 9 SuccessCriteriaMet Complete"},
	},
	"fails": {
		{0, false, running, "active 1 ready 1 started 0"},
		{9, false, failed, "active 0 ready 0 failed 3 started 0 FailureTarget Failed(BackoffLimitExceeded)"},
		{10, false, succeeded, "active 0 ready 0 failed 3 started 0 FailureTarget Failed(BackoffLimitExceeded)"},
		{11, true, none, "active 0 ready 0 failed 3 started 0 FailureTarget Failed(BackoffLimitExceeded)"},
	},
	"is refused before there is a Pod": {
		{0, false, refused, "active 0 ready 0 failed 1 started 0 FailureTarget Failed(BackoffLimitExceeded)"},
	},
	"runs out of time": {
		{0, false, running, "active 1 ready 1 started 0"},
		{9, false, timedOut, "active 0 ready 0 failed 1 started 0 FailureTarget Failed(DeadlineExceeded)"},
	},
	"is cancelled by somebody else": {
		{0, false, running, "active 1 ready 1 started 0"},
		{9, false, cancelled, "active 0 ready 0 failed 1 started 0 FailureTarget Failed(RunCancelled)"},
	},
	"is suspended while it runs": {
		{0, false, running, "active 1 ready 1 started 0"},
		{1, true, running, "active 1 ready 1 started 0"},
		{2, true, cancelled, "active 0 ready 0 started 0 Suspended"},
		{9, true, none, "active 0 ready 0 started 0 Suspended"},
	},
	"is suspended before it runs, and goes on": {
		{0, true, none, "active 0 ready 0 Suspended"},
		{1, false, none, "active 0 ready 0"},
		{2, false, running, "active 1 ready 1 started 2"},
	},
	"is suspended and goes on under the same name": {
		{0, false, again, "active 1 ready 1 failed 2 started 0"},
		{1, true, cancelled, "active 0 ready 0 failed 2 started 0 Suspended"},
		{2, false, cancelled, "active 0 ready 0 failed 2 started 0 Suspended"}, // the old run is not gone yet
		{3, false, none, "active 0 ready 0 failed 2 started 0"},
		{4, false, running, "active 1 ready 1 failed 2 started 0"},
		{9, false, state.State{Phase: state.Succeeded, Attempt: 1}, "active 0 ready 0 succeeded 1 failed 2 started 0 completed 9 SuccessCriteriaMet Complete"},
	},
	"is suspended too late": {
		{0, false, running, "active 1 ready 1 started 0"},
		{9, true, succeeded, "active 0 ready 0 succeeded 1 started 0 completed 8 SuccessCriteriaMet Complete"},
	},
}

func TestStatus(t *testing.T) {
	for name, life := range lives {
		t.Run(name, func(t *testing.T) {
			live(life, func(m moment, _, after *batchv1.Job) {
				assert.Equal(t, m.says, line(after.Status), "second %d", m.second)
				again := Status(after, m.run, first.Add(time.Hour))
				assert.Equal(t, after.Status, again, "the same look writes nothing new, at any time")
			})
		})
	}
}

// TestOtherClocks: the clocks of the engine and of the replica that led before may be ahead or behind, and the API
// server takes no end that is before the start.
func TestOtherClocks(t *testing.T) {
	for name, test := range map[string]struct {
		now, ended, want time.Duration
	}{
		"all agree":                     {10 * time.Second, 8 * time.Second, 8 * time.Second},
		"the engine is behind":          {10 * time.Second, -time.Minute, 10 * time.Second},
		"the replica before was ahead":  {-time.Minute, -time.Minute, 0},
		"it was, and the engine is mum": {-time.Minute, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			job := taken(was(running))
			run := state.State{Phase: state.Succeeded, Attempt: 1}
			if test.ended != 0 {
				run.Ended = first.Add(test.ended)
			}
			status := Status(job, run, first.Add(test.now))
			assert.Equal(t, test.want, status.CompletionTime.Sub(status.StartTime.Time))
		})
	}
}

// live leads a Job through a life, and shows the Job before and after each moment.
func live(life []moment, show func(m moment, before, after *batchv1.Job)) {
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "kratix-redis-install-030c7", Namespace: "default", ResourceVersion: "1"},
		Spec: batchv1.JobSpec{
			BackoffLimit: new(int32(2)), ManagedBy: new("kratix-compile.io/tekton"), ManualSelector: new(true),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}, Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyOnFailure, Containers: []corev1.Container{{Name: "status-writer", Image: "i"}},
			}},
		},
	}
	for _, m := range life {
		job = job.DeepCopy()
		job.Spec.Suspend = new(m.suspend)
		after := job.DeepCopy()
		after.Status = Status(job, m.run, first.Add(time.Duration(m.second)*time.Second+300*time.Millisecond))
		show(m, job, after)
		job = after
	}
}

// TestMessage has what kubectl describe job shows of a failure.
func TestMessage(t *testing.T) {
	long := failed
	long.Attempt = 1
	long.Failure = &state.Failure{Reason: state.OOMKilled, Step: "render", ExitCode: 137, NoLog: "the Pod is gone"}
	for want, run := range map[string]state.State{
		"container \"render\" ended with exit code 7, in attempt 3 of 3; its log ends:\ntwo\nthree\nfour\nfive\nno such template":    failed,
		"container \"render\" needed more memory than its limit (OOMKilled, exit code 137); its log cannot be read: the Pod is gone": long,
		"PodForbidden: no": refused,
		"container \"render\" was not done when the time limit was reached":                                         timedOut,
		"the run was cancelled, and not by Kratix; ask for a manual reconciliation to run it again":                 cancelled,
		"the run failed, and the engine does not say why; kubectl describe the run, which has the name of this Job": {Phase: state.Failed},
	} {
		status := Status(&batchv1.Job{Spec: batchv1.JobSpec{BackoffLimit: new(int32(2))}}, run, first)
		require.Len(t, status.Conditions, 2)
		assert.Equal(t, want, status.Conditions[1].Message)
		assert.Equal(t, want, status.Conditions[0].Message)
	}
	status := Status(&batchv1.Job{Spec: batchv1.JobSpec{BackoffLimit: new(int32(math.MaxInt32))}}, failed, first)
	assert.Contains(t, status.Conditions[1].Message, "in attempt 3 of 2147483648;")
}

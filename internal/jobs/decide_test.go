// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// taken is a Job that an engine runs, made ten seconds ago.
func taken(change func(*batchv1.Job)) *batchv1.Job {
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "one", UID: "job", CreationTimestamp: metav1.NewTime(first.Add(-10 * time.Second))},
		Spec:       batchv1.JobSpec{ManagedBy: new("kratix-compile.io/argo")},
	}
	if change != nil {
		change(job)
	}
	return job
}

func suspend(job *batchv1.Job) { job.Spec.Suspend = new(true) }
func remove(job *batchv1.Job)  { job.DeletionTimestamp = &metav1.Time{Time: first} }
func recent(job *batchv1.Job) {
	job.CreationTimestamp = metav1.NewTime(first.Add(-500 * time.Millisecond))
}

// ahead is a Job that is made later than now, as the clock of the API server has it.
func ahead(by time.Duration) func(*batchv1.Job) {
	return func(job *batchv1.Job) { job.CreationTimestamp = metav1.NewTime(first.Add(by)) }
}

func was(s state.State) func(*batchv1.Job) {
	return func(job *batchv1.Job) { job.Status = Status(job, s, first) }
}

// isSuspended is a Job whose run is at work.
func isSuspended(job *batchv1.Job) {
	was(running)(job)
	suspend(job)
}

func wasSuspended(job *batchv1.Job) {
	suspend(job)
	was(cancelled)(job)
	job.Spec.Suspend = new(false)
}

// spell is a decision in words.
func spell(d Decision) string {
	var out []string
	for _, a := range d.Actions {
		switch a := a.(type) {
		case CreateRun:
			out = append(out, "create")
		case CancelRun:
			out = append(out, "cancel")
		case DeleteRun:
			out = append(out, "delete")
		case WriteStatus:
			out = append(out, "write "+line(a.Status))
		}
	}
	if d.Event != nil {
		out = append(out, "event "+d.Event.Reason)
	}
	if d.RequeueAfter > 0 {
		out = append(out, "again in "+d.RequeueAfter.String())
	}
	return strings.Join(out, ", ")
}

func TestDecide(t *testing.T) {
	run := func(s state.State) *Run { return &Run{Owner: "job", State: s} }
	told := running
	told.ToldToEnd = true
	end := func(since time.Duration, busy bool) *Run {
		return &Run{Owner: "job", Busy: busy, Told: first.Add(-since), State: told}
	}
	for name, test := range map[string]struct {
		job  func(*batchv1.Job)
		s    Situation
		want string
	}{
		"a new Job":                       {nil, Situation{Slot: true}, "write active 0 ready 0, create"},
		"Kratix has not reported yet":     {recent, Situation{Slot: true}, "write active 0 ready 0, again in 1.5s"},
		"Kratix has reported":             {recent, Situation{Slot: true, Reported: true}, "write active 0 ready 0, create"},
		"the clock is a bit behind":       {ahead(time.Second), Situation{Slot: true}, "write active 0 ready 0, again in 3s"},
		"the clock is far behind":         {ahead(time.Hour), Situation{Slot: true}, "write active 0 ready 0, create"},
		"no slot is free":                 {was(none), Situation{}, ""},
		"it cannot be compiled":           {nil, Situation{Slot: true, Refused: "why"}, "write active 0 ready 0 failed 1 started 0 FailureTarget Failed(NotCompilable), event NotCompilable"},
		"the name is taken":               {nil, Situation{Run: &Run{Owner: "other"}}, "write active 0 ready 0 failed 1 started 0 FailureTarget Failed(RunNameTaken), event RunNameTaken"},
		"the run is new":                  {was(none), Situation{Run: run(none)}, "write active 1 ready 0 started 0"},
		"the run is at work":              {was(pending), Situation{Run: run(running)}, "write active 1 ready 1 started 0"},
		"nothing is new":                  {was(running), Situation{Run: run(running)}, ""},
		"somebody has deleted the run":    {was(running), Situation{Slot: true}, "write active 0 ready 0 started 0, create"},
		"the run has succeeded":           {was(running), Situation{Run: run(state.State{Phase: state.Succeeded, Attempt: 1})}, "write active 0 ready 0 succeeded 1 started 0 completed 0 SuccessCriteriaMet Complete"},
		"a pruner after the end":          {was(succeeded), Situation{Slot: true}, ""},
		"suspended before it runs":        {suspend, Situation{Slot: true}, "write active 0 ready 0 Suspended"},
		"suspended, the name is taken":    {suspend, Situation{Run: &Run{Owner: "other"}}, "write active 0 ready 0 Suspended"},
		"suspended while it runs":         {isSuspended, Situation{Run: run(running)}, "cancel, again in 15s"},
		"a person has cancelled it":       {isSuspended, Situation{Run: run(told)}, "cancel, again in 15s"},
		"it is told to end":               {isSuspended, Situation{Run: end(5*time.Second, true)}, "again in 10s"},
		"it is told to end again":         {isSuspended, Situation{Run: end(15*time.Second, true)}, "cancel, again in 15s"},
		"by another clock":                {isSuspended, Situation{Run: end(-time.Hour, false)}, "cancel, again in 15s"},
		"nothing is left of it":           {isSuspended, Situation{Run: end(20*time.Second, false)}, "again in 40s"},
		"its engine is down":              {isSuspended, Situation{Run: end(time.Minute, false)}, "write active 0 ready 0 started 0 Suspended, event RunAbandoned"},
		"its engine is still down":        {func(j *batchv1.Job) { isSuspended(j); was(cancelled)(j) }, Situation{Run: end(time.Hour, false)}, ""},
		"a Pod has not ended":             {isSuspended, Situation{Run: &Run{Owner: "job", Busy: true, State: cancelled}}, "write active 1 ready 0 started 0"},
		"the Pod has ended":               {isSuspended, Situation{Run: run(cancelled)}, "write active 0 ready 0 started 0 Suspended"},
		"it goes on":                      {wasSuspended, Situation{Run: run(cancelled)}, "delete"},
		"it goes on, the old run goes":    {wasSuspended, Situation{Run: &Run{Owner: "job", Deleting: true, State: cancelled}}, ""},
		"it goes on before its Pod ends":  {was(running), Situation{Run: &Run{Owner: "job", Busy: true, Told: first, State: cancelled}}, "write active 1 ready 0 started 0"},
		"it goes on before it is idle":    {was(running), Situation{Run: &Run{Owner: "job", Told: first, State: cancelled}}, "write active 1 ready 0 started 0, delete"},
		"it goes on, the old run is gone": {wasSuspended, Situation{Slot: true}, "write active 0 ready 0, create"},
		"somebody has cancelled the run":  {was(running), Situation{Run: run(cancelled)}, "write active 0 ready 0 failed 1 started 0 FailureTarget Failed(RunCancelled), event RunCancelled"},
		"the Job is deleted":              {func(j *batchv1.Job) { was(running)(j); remove(j) }, Situation{Run: run(running)}, "delete"},
		"the Job and its run are":         {remove, Situation{Run: &Run{Owner: "job", Deleting: true}}, ""},
		"the Job is deleted, not ours":    {remove, Situation{Run: &Run{Owner: "other"}}, ""},
		"Kubernetes runs it":              {func(j *batchv1.Job) { j.Spec.ManagedBy = nil }, Situation{Slot: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.s.Job, test.s.Now = taken(test.job), first
			assert.Equal(t, test.want, spell(Decide(test.s)))
		})
	}
}

// TestKilled leads a Job through its life, and kills the process after every number of actions:
// the end is the same, and no run is lost or there twice.
func TestKilled(t *testing.T) {
	for kill := range 12 {
		w := &world{job: taken(recent), left: kill}
		for second := range 30 {
			w.live(t, second)
		}
		require.Equal(t, "active 0 ready 0 succeeded 1", strings.Join(strings.Fields(line(w.job.Status))[:6], " "), "killed after %d actions", kill)
		assert.Equal(t, 2, w.created, "one before the suspension and one after it")
	}
}

// world is a cluster with one Job, which somebody suspends for a while.
type world struct {
	job     *batchv1.Job
	run     *Run
	created int
	// left is how many actions the process has left to live; a new one takes over.
	left int
}

func (w *world) live(t *testing.T, second int) {
	t.Helper()
	w.job = w.job.DeepCopy()
	w.job.Spec.Suspend = new(second >= 8 && second < 14)
	if w.run != nil && w.run.State.Phase == "" {
		w.run.State = running
	} else if w.run != nil && second == 25 {
		w.run.State = state.State{Phase: state.Succeeded, Attempt: 1}
	}
	for _, a := range Decide(Situation{Job: w.job, Run: w.run, Slot: true, Now: first.Add(time.Duration(second) * time.Second)}).Actions {
		if w.left--; w.left == 0 {
			return
		}
		switch a := a.(type) {
		case CreateRun:
			require.Nil(t, w.run)
			w.run, w.created = &Run{Owner: w.job.UID}, w.created+1
		case CancelRun:
			w.run.State = cancelled
		case DeleteRun:
			w.run = nil
		case WriteStatus:
			w.job.Status = a.Status
		}
	}
}

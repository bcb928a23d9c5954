// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// TestAWaitingRunIsLookedAtAgain: a run that no controller of an engine takes causes no event.
func TestAWaitingRunIsLookedAtAgain(t *testing.T) {
	for text, again := range map[string]time.Duration{"": time.Minute, "NotTaken: no Argo controller": 0} {
		s := given(state{base: status(workflow.Configure, at("a", PhaseRunning), at("b", PhasePending))},
			row{given: func(s *Situation) { s.Runs = []Run{{Name: "a-1", State: RunWaiting, Text: text}} }})
		d := Decide(s)
		assert.Equal(t, again, d.RequeueAfter)
		assert.Equal(t, text, d.Status.Pipelines[0].Message)
	}
}

// TestDecideIsTotal gives Decide situations that cannot occur.
func TestDecideIsTotal(t *testing.T) {
	t.Parallel()
	choose := chance(1)
	pick := func(from ...string) string { return from[choose(len(from))] }
	for range 10_000 {
		s := Situation{
			Labels: map[string]string{}, Paused: choose(4) == 0, Generation: int64(choose(3)), LastRound: choose(4),
			Wanted:  Wanted{workflow.Action(pick("configure", "delete")), pick("h", "i"), nil},
			Status:  Status{Action: workflow.Action(pick("configure", "delete", "", "x")), Hash: pick("h", "i"), Round: choose(3), Trigger: pick("", "", LabelManual, LabelSuspended, "x"), Paused: choose(4) == 0, SuspendedGeneration: int64(choose(3))},
			RunName: func(pipeline string, round int) string { return fmt.Sprint(pipeline, round) },
			Hold:    Why{Message: pick("", "full")},
		}
		for _, key := range []string{LabelManual, LabelSuspended, LabelRunFromStart} {
			s.Labels[key] = pick("true", "", "x")
		}
		for range choose(3) {
			s.Wanted.Pipelines = append(s.Wanted.Pipelines, pick("a", "b"))
		}
		for range choose(4) {
			s.Status.Pipelines = append(s.Status.Pipelines, Pipeline{Name: pick("a", "b"), Run: pick("", "a1", "b1", "a2"), Phase: Phase(pick("Pending", "Running", "Succeeded", "Failed", "Suspended", "x"))})
			s.Runs = append(s.Runs, Run{Name: pick("a1", "b1", "a2"), State: RunState(pick("", "Waiting", "Running", "Succeeded", "Failed", "TimedOut", "Cancelled", "x"))})
			s.Records = append(s.Records, Record{Run: pick("a1", "b1", "a2"), Control: Control{Suspend: choose(2) == 0}, Fault: pick("", "f")})
		}
		d := Decide(s)
		require.NotEmpty(t, d.Outcome)
		status := map[string]any{}
		d.Publish(status, s)
		require.True(t, Read(status).equal(d.Status))
		again := map[string]any{}
		s.Status.Write(again)
		d.Publish(again, s)
		once := fmt.Sprint(again)
		d.Publish(again, s)
		require.Equal(t, once, fmt.Sprint(again), "publishing twice changes nothing")
	}
}

// TestSuspension follows what a suspended pipeline says of itself (5.5, 6.8).
func TestSuspension(t *testing.T) {
	s := given(runningLast, row{given: run("b-1", RunSucceeded)})
	decide := func(c *Control) Status {
		s.Records = nil
		if c != nil {
			s.Records = []Record{{Run: s.Status.Pipelines[1].Run, Control: *c}}
		}
		s.Status = Decide(s).Status
		return s.Status
	}
	retry := Control{RetryAfter: 90 * time.Second, Message: "not yet"}

	after := decide(&retry)
	assert.Equal(t, Pipeline{Name: "b", Phase: PhaseSuspended, Run: "b-1", Reason: "PipelineSuspended", Message: "not yet", Attempts: 1, NextRetryAt: noon.Add(90 * time.Second), LastTransition: noon}, after.Pipelines[1])
	assert.Equal(t, int64(2), after.SuspendedGeneration)

	s.Now = noon.Add(2 * time.Minute)
	after = decide(nil)
	assert.Equal(t, Pipeline{Name: "b", Phase: PhaseRunning, Run: "b-2", Message: "", Attempts: 1, NextRetryAt: time.Time{}, LastTransition: s.Now}, after.Pipelines[1], "attempts survive")
	assert.Zero(t, after.SuspendedGeneration)

	assert.Equal(t, 2, decide(&retry).Pipelines[1].Attempts)
	s.Now = noon.Add(time.Hour)
	decide(nil)
	after = decide(&Control{Suspend: true, Message: "for approval"})
	assert.Equal(t, Pipeline{Name: "b", Phase: PhaseSuspended, Run: "b-3", Reason: "PipelineSuspended", Message: "for approval", Attempts: 0, NextRetryAt: time.Time{}, LastTransition: s.Now}, after.Pipelines[1], "no retry, no attempts")

	decide(nil)
	decide(&retry)
	s.Now = noon.Add(2 * time.Hour)
	decide(nil)
	after = decide(&Control{})
	assert.Equal(t, Pipeline{Name: "b", Phase: PhaseSucceeded, Run: "b-5", Message: "", Attempts: 0, NextRetryAt: time.Time{}, LastTransition: s.Now}, after.Pipelines[1])
	assert.Equal(t, s.Now, after.LastSuccess)
}

// TestFailureText compares the words that people see with how a run ended.
func TestFailureText(t *testing.T) {
	for _, c := range []struct {
		run    Run
		reason Reason
		want   string
	}{
		{Run{Name: "r", State: RunFailed, Text: "x failed: Error (1)"}, ReasonRunFailed, "x failed: Error (1)"},
		{Run{Name: "r", State: RunFailed, Text: ""}, ReasonRunFailed, "r failed"},
		{Run{Name: "r", State: RunTimedOut, Text: ""}, ReasonRunTimedOut, "r timed out"},
		{Run{Name: "r", State: RunTimedOut, Text: "after 30m"}, ReasonRunTimedOut, "r timed out: after 30m"},
		{Run{Name: "r", State: RunCancelled, Text: ""}, ReasonRunCancelled, "r was cancelled on the engine"},
		{Run{Name: "r", State: RunSucceeded, Text: ""}, ReasonResultsMissing, "r succeeded but its results never arrived: see the log of its last container, kratix-harvest"},
	} {
		assert.Equal(t, Why{c.reason, c.want}, c.run.failure())
	}
}

// TestReasons compares the words for programs with what people read.
func TestReasons(t *testing.T) {
	waits := func(name, text string) func(*Situation) {
		return func(s *Situation) { s.Runs = []Run{{Name: name, State: RunWaiting, Text: text}} }
	}
	for _, c := range []struct {
		state   state
		given   func(*Situation)
		reason  Reason
		message string
	}{
		{isNew, full, ReasonWaitingForSlot, "Waiting for a free slot"},
		{isNew, label(LabelSuspended), ReasonHeld, "Waiting for the label kratix.io/workflow-suspended to be removed"},
		{isPending, run("b-0", RunRunning), ReasonWaitingForRun, "Waiting for an earlier run to end, which was told to: b-0. If it never does, see whether its engine's controller runs, or delete it"},
		{isRunning, nothing, "", ""},
		{isRunning, waits("a-1", "no image"), ReasonPipelineStuck, "no image"},
		{isRunning, edited, ReasonStartsOver, "The workflow starts over when this run has ended"},
		{isRunning, run("a-1", RunFailed), ReasonRunFailed, "a-1 failed"},
		{isRunning, func(s *Situation) { s.Records = []Record{{Run: "a-1", Fault: "too large"}} }, ReasonResultsRefused, "the results of a-1 cannot be delivered: too large"},
		{isRunning, record("a-1", Control{Suspend: true, Message: "for approval"}), ReasonPipelineSuspended, "for approval"},
	} {
		d := Decide(given(c.state, row{given: c.given}))
		p, _ := d.Status.Current()
		assert.Equal(t, Why{c.reason, c.message}, Why{p.Reason, p.Message})
	}
}

// A status of an earlier version has no reasons. It gets one with the next decision, and people do
// not hear an event a second time.
func TestReasonOfAnEarlierVersion(t *testing.T) {
	s := given(isRunning, row{given: func(s *Situation) {
		s.Runs = []Run{{Name: "a-1", State: RunWaiting, Text: "no image"}}
		s.Status.Pipelines[0].Message = "no image"
	}})
	d := Decide(s)
	assert.Equal(t, []Action{WriteStatus{}}, d.Actions)
	assert.Empty(t, d.Events)
	p, _ := d.Status.Current()
	assert.Equal(t, Pipeline{Name: "a", Phase: PhaseRunning, Run: "a-1", Reason: ReasonPipelineStuck, Message: "no image", LastTransition: s.Status.Pipelines[0].LastTransition}, p)
}

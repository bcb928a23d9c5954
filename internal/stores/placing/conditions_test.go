// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

func TestAfter(t *testing.T) {
	const scheduled = "True ScheduledToDestination Scheduled to correct Destination"
	const mismatch = "False DestinationSelectorMismatch Target destination no longer matches destinationSelectors"
	for _, c := range []struct {
		name      string
		misplaced bool
		outcome   Attempt
		want      [3]string
	}{
		{"written", false, Attempt{VersionID: "v1"}, [3]string{scheduled, "True WorkloadsWrittenToStateStore Workloads written to State Store", "True WorkloadsWrittenToTargetDestination Ready"}},
		{"failed", false, Attempt{Err: errors.New("no route")}, [3]string{scheduled, "False WorkloadsFailedWrite no route", "False WorkloadsFailedWrite Failing"}},
		{"waits", false, Attempt{Waiting: "no store"}, [3]string{"True ScheduledToDestination no store", "", "False ScheduledToDestination Pending"}},
		{"misplaced", true, Attempt{VersionID: "v1"}, [3]string{mismatch, "True WorkloadsWrittenToStateStore Workloads written to State Store", "False Misplaced Misplaced"}},
		{"misplaced and failed", true, Attempt{Err: errors.New("no route")}, [3]string{mismatch, "False WorkloadsFailedWrite no route", "False WorkloadsFailedWrite Failing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := build(workOf("", groupOf(".")), &v1alpha1.WorkloadGroup{}, "a")
			p.Generation = 2
			if c.misplaced {
				p.Labels[LabelMisplaced] = "true"
			}
			p.Status = After(p, c.outcome, noon)
			var got [3]string
			for i, kind := range []string{ConditionScheduled, ConditionWritten, ConditionReady} {
				got[i] = condition(p.Status.Conditions, kind)
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.outcome.VersionID, p.Status.VersionID)
			assert.Equal(t, c.outcome.VersionID != "", Written(p))
			assert.Equal(t, p.Status, After(p, c.outcome, noon.AddDate(1, 0, 0)), "the same again changes nothing")
			p.Generation++
			assert.False(t, Written(p), "what is written is of the generation before")
		})
	}
}

// TestNoGenerations: no condition of a Work or a WorkPlacement has a generation, as in Kratix.
func TestNoGenerations(t *testing.T) {
	c := &cluster{work: workOf("", groupOf(".")), destinations: []v1alpha1.Destination{destination("a", nil)}}
	c.work.Generation = 3
	c.untilDone()
	p := &c.placements[0]
	p.Generation = 2
	p.Status = After(p, Attempt{VersionID: "v1"}, noon)
	for _, condition := range append(p.Status.Conditions, c.work.Status.Conditions...) {
		assert.Zero(t, condition.ObservedGeneration, condition.Type)
	}
	assert.False(t, Unseen(c.work))
	c.work.Generation++
	assert.True(t, Unseen(c.work))
	c.work.Status = NotPlaced(c.work, errors.New("forbidden"), noon)
	assert.False(t, Unseen(c.work))
	c.work.Status.ObservedGeneration = 0
	assert.False(t, Unseen(c.work), "Kratix says nothing of generations")
}

// TestOlderRunner: older runners have the generation in the conditions. Nothing is written again
// because of that.
func TestOlderRunner(t *testing.T) {
	older := func() *v1alpha1.WorkPlacement {
		p := build(workOf("", groupOf(".")), &v1alpha1.WorkloadGroup{}, "a")
		p.Generation = 2
		p.Status = After(p, Attempt{VersionID: "v1"}, noon)
		p.Status.WrittenGeneration = 0
		for i := range p.Status.Conditions {
			p.Status.Conditions[i].ObservedGeneration = 2
		}
		return p
	}
	p := older()
	assert.True(t, Written(p))
	assert.False(t, Rewriting(p))
	p.Generation++
	assert.False(t, Written(p))
	assert.True(t, Rewriting(p))
	p.Status = After(p, Attempt{Waiting: "no store"}, noon)
	assert.False(t, Written(p), "it is still known which generation was written")
	assert.True(t, Rewriting(p))
	for _, condition := range p.Status.Conditions {
		assert.Zero(t, condition.ObservedGeneration, condition.Type)
	}
	p = older()
	p.Status = After(p, Attempt{VersionID: "v1"}, noon)
	assert.True(t, Written(p))

	kratix := older()
	for i := range kratix.Status.Conditions {
		kratix.Status.Conditions[i].ObservedGeneration = 0
	}
	assert.False(t, Written(kratix), "it is compared with the State Store")
	assert.False(t, Rewriting(kratix), "what Kratix says is believed until then")

	w := workOf("", groupOf("."))
	w.Generation = 2
	w.Status.Conditions = older().Status.Conditions
	assert.False(t, Unseen(w))
	w.Generation++
	assert.True(t, Unseen(w))
}

func TestAfterAFailureTheVersionStays(t *testing.T) {
	p := build(workOf("", groupOf(".")), &v1alpha1.WorkloadGroup{}, "a")
	p.Status = After(p, Attempt{VersionID: "v1"}, noon)
	since := meta.FindStatusCondition(p.Status.Conditions, ConditionReady).LastTransitionTime
	p.Status = After(p, Attempt{Err: errors.New("x")}, noon.AddDate(0, 0, 1))
	assert.Equal(t, "v1", p.Status.VersionID)
	assert.NotEqual(t, since, meta.FindStatusCondition(p.Status.Conditions, ConditionReady).LastTransitionTime)
	p.Status = After(p, Attempt{Err: errors.New(strings.Repeat("ü", MaxMessage))}, noon)
	written := meta.FindStatusCondition(p.Status.Conditions, ConditionWritten)
	assert.LessOrEqual(t, len(written.Message), MaxMessage)
}

func TestFailing(t *testing.T) {
	c := &cluster{work: workOf("", groupOf("."))}
	for i := range 30 {
		c.destinations = append(c.destinations, destination(fmt.Sprintf("d%02d", i), nil))
	}
	c.untilDone()
	for i := range c.placements {
		c.placements[i].Status = After(&c.placements[i], Attempt{Err: errors.New("x")}, noon)
	}
	c.untilDone()
	assert.Equal(t, "False WorkplacementsFailing Failing", condition(c.work.Status.Conditions, ConditionReady))
	scheduled := condition(c.work.Status.Conditions, ConditionScheduled)
	assert.Contains(t, scheduled, "Workplacements failed to write: [pg-gen-1f0c2.d00-5058f,pg-gen-1f0c2.d01-5058f,")
	assert.Contains(t, scheduled, ",and 10 more]")
	for i := range c.placements {
		c.placements[i].Status = After(&c.placements[i], Attempt{VersionID: "v"}, noon)
	}
	c.untilDone()
	assert.Equal(t, "True AllWorkplacementsScheduled Ready", condition(c.work.Status.Conditions, ConditionReady))
}

// TestReadiness: the reason of a Work's condition says the same as its message, in which Kratix has
// the word. The words of the message may change.
func TestReadiness(t *testing.T) {
	c := &cluster{work: workOf("", groupOf(".", from(v1alpha1.SourcePromise, labels{"env": "dev"})))}
	require.Equal(t, "Pending", Readiness(c.work), "nobody has looked at it")
	says := func(want string) {
		t.Helper()
		c.untilDone()
		ready := meta.FindStatusCondition(c.work.Status.Conditions, ConditionReady)
		assert.Equal(t, want, ready.Message)
		ready.Message = "in other words"
		assert.Equal(t, want, Readiness(c.work))
	}
	says("Pending")
	c.destinations = []v1alpha1.Destination{destination("a", labels{"env": "dev"})}
	says("Ready")
	c.destinations[0].Labels = nil
	says("Misplaced")
	c.placements[0].Status = After(&c.placements[0], Attempt{Err: errors.New("x")}, noon)
	says("Failing")
}

func TestNotPlaced(t *testing.T) {
	c := &cluster{work: workOf("", groupOf(".")), destinations: []v1alpha1.Destination{destination("a", nil)}}
	c.untilDone()
	status := NotPlaced(c.work, errors.New("forbidden"), noon)
	assert.Equal(t, "False FailedToScheduleWorkloads forbidden", condition(status.Conditions, ConditionScheduled))
	assert.Equal(t, "False FailedToScheduleWorkloads Pending", condition(status.Conditions, ConditionReady))
	require.Equal(t, "True AllWorkplacementsScheduled Ready", condition(c.work.Status.Conditions, ConditionReady), "the argument stays as it is")
}

// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// TestWorkPlacement is 8.4 of the contract.
func TestWorkPlacement(t *testing.T) {
	group := groupOf(".")
	w := workOf("mydb", group)
	w.Spec.Bundle = &v1alpha1.Bundle{Name: "harvest-1", SHA256: strings.Repeat("0", 64), Size: 7}
	plan := (&cluster{work: w, destinations: []v1alpha1.Destination{destination("worker-1", nil)}}).plan()
	require.Len(t, plan.Create, 1)
	got, err := yaml.Marshal(plan.Create[0])
	require.NoError(t, err)
	assert.Equal(t, `apiVersion: platform.kratix.io/v1alpha1
kind: WorkPlacement
metadata:
  annotations:
    kratix.io/trace-parent: 00-1
  finalizers:
  - finalizers.workplacement.kratix.io/repo-cleanup
  labels:
    kratix.io/pipeline-name: gen
    kratix.io/targetDestinationName: worker-1
    kratix.io/work: pg-gen-1f0c2
    kratix.io/workload-group-id: 5058f1af8388633f609cadb75a75dc9d
  name: pg-gen-1f0c2.worker-1-5058f
  namespace: team-a
  ownerReferences:
  - apiVersion: platform.kratix.io/v1alpha1
    blockOwnerDeletion: true
    controller: true
    kind: Work
    name: pg-gen-1f0c2
    uid: work
spec:
  bundle:
    name: harvest-1
    sha256: "`+strings.Repeat("0", 64)+`"
    size: 7
  generation: 3
  id: 5058f1af8388633f609cadb75a75dc9d
  promiseName: pg
  resourceName: mydb
  targetDestinationName: worker-1
  workloads:
  - content: content
    filepath: ./a.yaml
status: {}
`, string(got))
}

func TestLongNames(t *testing.T) {
	w := workOf("", groupOf("."))
	w.Name = strings.Repeat("w", 63)
	long := strings.Repeat("d", 252)
	c := &cluster{work: w, destinations: []v1alpha1.Destination{destination(long+"1", nil), destination(long+"2", nil)}}
	c.untilDone()
	require.Len(t, c.placements, 2)
	for _, p := range c.placements {
		assert.LessOrEqual(t, len(p.Name), 253)
		assert.LessOrEqual(t, len(p.Labels[LabelDestination]), 63)
	}
	assert.NotEqual(t, c.placements[0].Name, c.placements[1].Name)
}

func TestPromise(t *testing.T) {
	c := &cluster{
		work: workOf("", groupOf(".", from(v1alpha1.SourcePromise, labels{"env": "dev"})), groupOf("edge", from(v1alpha1.SourcePromiseWorkflow, labels{"zone": "dmz"}))),
		destinations: []v1alpha1.Destination{
			destination("a", labels{"env": "dev"}), destination("b", labels{"env": "dev", "zone": "dmz"}), destination("c", nil),
		},
	}
	c.untilDone()
	assert.Equal(t, "a b", c.where("."))
	assert.Equal(t, "b", c.where("edge"))
	assert.Equal(t, 2, c.work.Status.WorkPlacementsCreated)

	c.destinations = append(c.destinations, destination("d", labels{"env": "dev"}))
	c.untilDone()
	assert.Equal(t, "a b d", c.where("."), "a new Destination")

	c.destinations[0].Labels = nil
	c.untilDone()
	assert.Equal(t, "a! b d", c.where("."), "relabelled")
	assert.Equal(t, "False DestinationSelectorMismatch Target destination no longer matches destinationSelectors for workloadGroups: ["+groupOf(".").ID+"]",
		condition(c.work.Status.Conditions, ConditionScheduled))
	assert.Equal(t, "False Misplaced Misplaced", condition(c.work.Status.Conditions, ConditionReady))

	c.work.Generation, c.work.Spec.WorkloadGroups[0].Workloads[0].Content = 4, "new"
	c.untilDone()
	for _, p := range c.placements {
		assert.EqualValues(t, 4, p.Spec.WorkGeneration, "misplaced ones are kept up to date")
	}

	c.destinations[0].Labels = labels{"env": "dev"}
	c.untilDone()
	assert.Equal(t, "a b d", c.where("."), "it matches again")
	assert.Equal(t, "True AllWorkplacementsScheduled Ready", condition(c.work.Status.Conditions, ConditionReady))

	c.destinations = c.destinations[1:]
	c.untilDone()
	assert.Equal(t, "b d", c.where("."), "gone")

	c.work.Spec.WorkloadGroups = c.work.Spec.WorkloadGroups[:1]
	c.untilDone()
	assert.Empty(t, c.where("edge"), "a group that has left")
}

func TestRequest(t *testing.T) {
	c := &cluster{work: workOf("mydb", groupOf(".", from(v1alpha1.SourcePromise, labels{"env": "dev"})))}
	c.untilDone()
	assert.Equal(t, "False UnscheduledWorkloads No matching destination found for workloadGroups: ["+groupOf(".").ID+"]", condition(c.work.Status.Conditions, ConditionScheduled))
	assert.Equal(t, "False UnscheduledWorkloads Pending", condition(c.work.Status.Conditions, ConditionReady))
	assert.Equal(t, 1, c.work.Status.WorkPlacements)
	assert.Zero(t, c.work.Status.WorkPlacementsCreated)

	c.destinations = []v1alpha1.Destination{destination("a", labels{"env": "dev"})}
	c.untilDone()
	assert.Equal(t, "a", c.where("."))
	for _, more := range []string{"b", "c", "d", "e", "f", "g"} {
		c.destinations = append(c.destinations, destination(more, labels{"env": "dev"}))
		c.untilDone()
		assert.Equal(t, "a", c.where("."), "it is never moved")
	}

	c.destinations[0].Labels = labels{"env": "prod"}
	c.untilDone()
	assert.Equal(t, "a!", c.where("."), "not even when it does not match")
	c.destinations[0].Labels = labels{"env": "dev"}
	c.untilDone()
	assert.Equal(t, "a", c.where("."))

	gone := c.destinations[0]
	c.destinations = c.destinations[1:]
	c.untilDone()
	assert.Equal(t, "a!", c.where("."), "nor when the Destination is gone, where the files are still")
	c.destinations = append(c.destinations, gone)
	c.untilDone()
	assert.Equal(t, "a", c.where("."))

	// cleanup: all
	c.destinations[len(c.destinations)-1] = leaving(gone)
	c.placements[0] = leaving(c.placements[0])
	c.untilDone()
	require.Len(t, c.placements, 2)
	assert.NotEqual(t, "a", c.placements[1].Spec.TargetDestinationName)
}

func TestTwoWorkPlacementsOfAGroup(t *testing.T) {
	c := &cluster{work: workOf("mydb", groupOf(".")), destinations: []v1alpha1.Destination{destination("a", nil), destination("b", nil)}}
	group := groupOf(".")
	for i, name := range []string{"a", "b"} {
		p := build(c.work, &group, name)
		p.CreationTimestamp = metav1.NewTime(noon.AddDate(0, 0, -i))
		c.placements = append(c.placements, *p)
	}
	c.untilDone()
	assert.Equal(t, "b", c.where("."), "the eldest stays")

	younger := build(c.work, &group, "a")
	younger.CreationTimestamp = metav1.NewTime(noon)
	c.placements = append(c.placements, *younger)
	c.destinations[1].Labels = labels{v1alpha1.LabelDryRun: "true"}
	c.untilDone()
	assert.Equal(t, "a", c.where("."), "one that matches stays")
}

// TestWhatIsBeingRemoved still has the name.
func TestWhatIsBeingRemoved(t *testing.T) {
	c := &cluster{work: workOf("mydb", groupOf(".")), destinations: []v1alpha1.Destination{destination("a", nil)}}
	c.untilDone()
	c.placements[0] = leaving(c.placements[0])
	c.untilDone()
	assert.Equal(t, "False UnscheduledWorkloads Pending", condition(c.work.Status.Conditions, ConditionReady))
	c.placements = nil
	c.untilDone()
	assert.Equal(t, "a", c.where("."))
}

// TestSameShortID is of two directories whose files would be in one.
func TestSameShortID(t *testing.T) {
	one, other := groupOf("one"), groupOf("other")
	other.ID = one.ID[:5] + other.ID[5:]
	c := &cluster{work: workOf("", one, other), destinations: []v1alpha1.Destination{destination("a", nil)}}
	c.untilDone()
	require.Len(t, c.placements, 1)
	assert.Equal(t, "False FailedToScheduleWorkloads The ids of these workloadGroups begin like that of another one; rename their directories: ["+other.ID+"]",
		condition(c.work.Status.Conditions, ConditionScheduled))
}

func TestNoGroups(t *testing.T) {
	c := &cluster{work: workOf("mydb")}
	c.untilDone()
	assert.Equal(t, "True AllWorkplacementsScheduled Ready", condition(c.work.Status.Conditions, ConditionReady))
}

func TestLabelsOfOthersStay(t *testing.T) {
	c := &cluster{work: workOf("", groupOf(".")), destinations: []v1alpha1.Destination{destination("a", nil)}}
	c.untilDone()
	c.placements[0].Labels["mine"] = "x"
	c.placements[0].Annotations["mine"] = "x"
	plan := c.plan()
	assert.Empty(t, plan.Update)
	delete(c.placements[0].Labels, v1alpha1.LabelWork)
	c.untilDone()
	assert.Equal(t, "x", c.placements[0].Labels["mine"])
	assert.Equal(t, c.work.Name, c.placements[0].Labels[v1alpha1.LabelWork])
}

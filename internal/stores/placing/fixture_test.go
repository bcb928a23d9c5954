// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 500, time.UTC)

type labels = map[string]string

func destination(name string, has labels) v1alpha1.Destination {
	return v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: has}}
}

func strict(d v1alpha1.Destination) v1alpha1.Destination {
	d.Spec.StrictMatchLabels = true
	return d
}

func leaving[T any, P interface {
	*T
	SetDeletionTimestamp(*metav1.Time)
}](o T) T {
	P(&o).SetDeletionTimestamp(&metav1.Time{Time: noon})
	return o
}

func workOf(request string, groups ...v1alpha1.WorkloadGroup) *v1alpha1.Work {
	w := &v1alpha1.Work{
		ObjectMeta: metav1.ObjectMeta{
			Name: "pg-gen-1f0c2", Namespace: "team-a", UID: "work", Generation: 3,
			Labels:      labels{v1alpha1.LabelPipeline: "gen"},
			Annotations: labels{v1alpha1.AnnotationTrace + "parent": "00-1", "other": "x"},
		},
		Spec: v1alpha1.WorkSpec{PromiseName: "pg", ResourceName: request, WorkloadGroups: groups},
	}
	return w
}

func groupOf(directory string, selectors ...v1alpha1.WorkloadGroupScheduling) v1alpha1.WorkloadGroup {
	sum := md5.Sum([]byte(directory))
	return v1alpha1.WorkloadGroup{
		Directory: directory, ID: hex.EncodeToString(sum[:]), DestinationSelectors: selectors,
		Workloads: []v1alpha1.Workload{{Filepath: directory + "/a.yaml", Content: "content"}},
	}
}

func from(source string, match labels) v1alpha1.WorkloadGroupScheduling {
	return v1alpha1.WorkloadGroupScheduling{Source: source, MatchLabels: match}
}

// cluster carries plans out, like the API server and the controller that writes files.
type cluster struct {
	work         *v1alpha1.Work
	destinations []v1alpha1.Destination
	placements   []v1alpha1.WorkPlacement
	clock        time.Time
}

func (c *cluster) plan() Plan {
	return Place(State{Work: c.work, Destinations: c.destinations, WorkPlacements: c.placements, Now: noon})
}

// untilDone places until nothing is left to do, and fails after too many rounds.
func (c *cluster) untilDone() Plan {
	for range 5 {
		p := c.plan()
		c.work.Status = p.Status
		if len(p.Create)+len(p.Update)+len(p.Delete) == 0 {
			return p
		}
		c.carryOut(p)
	}
	panic("it never ends")
}

func (c *cluster) carryOut(p Plan) {
	for _, d := range p.Delete {
		c.remove(d.Name)
	}
	for _, u := range p.Update {
		u.Generation++
		for i := range c.placements {
			if c.placements[i].Name == u.Name {
				c.placements[i] = *u
			}
		}
	}
	for _, n := range p.Create {
		c.clock = c.clock.Add(time.Second)
		n.CreationTimestamp, n.UID = metav1.NewTime(c.clock), types.UID(n.Name)
		c.placements = append(c.placements, *n)
	}
}

func (c *cluster) remove(name string) {
	var kept []v1alpha1.WorkPlacement
	for _, p := range c.placements {
		if p.Name != name {
			kept = append(kept, p)
		}
	}
	c.placements = kept
}

// where are the Destinations of a group, with a ! if misplaced.
func (c *cluster) where(directory string) string {
	var found []string
	for _, p := range c.placements {
		if p.Spec.ID == groupOf(directory).ID {
			found = append(found, p.Spec.TargetDestinationName+strings.Repeat("!", len(p.Labels[LabelMisplaced])/4))
		}
	}
	return strings.Join(found, " ")
}

func condition(conditions []metav1.Condition, kind string) string {
	for _, c := range conditions {
		if c.Type == kind {
			return fmt.Sprintf("%s %s %s", c.Status, c.Reason, c.Message)
		}
	}
	return ""
}

// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// State is what a cluster has.
type State struct {
	Work *v1alpha1.Work
	// Destinations are all, in any order.
	Destinations []v1alpha1.Destination
	// WorkPlacements are all of the Work, in any order.
	WorkPlacements []v1alpha1.WorkPlacement
	Now            time.Time
}

// Plan is what is to be done. It is empty, but for the status, when all is done.
type Plan struct {
	Create, Update []*v1alpha1.WorkPlacement
	// Delete leaves out what is being deleted already.
	Delete []*v1alpha1.WorkPlacement
	// Status is the Work's when the rest is done.
	Status v1alpha1.WorkStatus
}

// Schedule decides on a Work that is not being deleted.
//
// What a Promise has goes to all Destinations that match. What a request has goes
// to one for each group, chosen once: it stays there, marked as misplaced, even if
// the Destination ceases to match or to exist, because its files stay there, too.
// Only when its WorkPlacement is deleted, by a person or by the cleanup of a
// Destination, another one is chosen.
func Schedule(s State) Plan {
	sc := &scheduler{State: s, taken: map[string]bool{}, found: map[string][]*v1alpha1.WorkPlacement{}}
	for i := range s.WorkPlacements {
		p := &s.WorkPlacements[i]
		if !p.DeletionTimestamp.IsZero() {
			sc.taken[p.Name] = true // until its files are removed
			continue
		}
		sc.found[p.Spec.ID] = append(sc.found[p.Spec.ID], p)
	}
	for i := range s.Work.Spec.WorkloadGroups {
		sc.place(&s.Work.Spec.WorkloadGroups[i])
	}
	for _, p := range s.WorkPlacements {
		if p.DeletionTimestamp.IsZero() && !sc.taken[p.Name] {
			sc.plan.Delete = append(sc.plan.Delete, &p)
		}
	}
	sc.plan.Status = sc.status()
	return sc.plan
}

type scheduler struct {
	State
	plan Plan
	// found are the WorkPlacements that stay if their group does, by group.
	found map[string][]*v1alpha1.WorkPlacement
	// taken are the names of what there is or will be.
	taken map[string]bool
	// What became of groups, by their ids.
	unscheduled, misplaced, refused []string
	// wanted are the Destinations that are not there.
	wanted []string
}

// place schedules a group.
func (s *scheduler) place(group *v1alpha1.WorkloadGroup) {
	matching := s.matching(group)
	existing := s.found[group.ID]
	delete(s.found, group.ID)
	if ofRequest(s.Work) {
		existing, matching = s.one(existing, matching)
	}
	placed, misplaced := 0, false
	for _, p := range existing {
		at := slices.IndexFunc(matching, func(d *v1alpha1.Destination) bool { return d.Name == p.Spec.TargetDestinationName })
		if at < 0 && !ofRequest(s.Work) && !s.exists(p.Spec.TargetDestinationName) {
			continue // it comes back with the Destination
		}
		if at >= 0 {
			matching = slices.Delete(matching, at, at+1)
		}
		misplaced = misplaced || at < 0
		s.keep(p, group, at < 0)
		placed++
	}
	for _, d := range matching {
		if s.create(group, d.Name) {
			placed++
		}
	}
	switch {
	case placed == 0:
		s.unscheduled = append(s.unscheduled, group.ID)
		s.wants(group)
	case misplaced:
		s.misplaced = append(s.misplaced, group.ID)
		s.wants(group)
	}
}

func (s *scheduler) wants(group *v1alpha1.WorkloadGroup) {
	if one := matching(s.Work, group); !slices.Contains(s.wanted, one) {
		s.wanted = append(s.wanted, one)
	}
}

// one is the one WorkPlacement that a group of a request keeps, or the one
// Destination that it is created for. There may be several of the time when the
// Work was the Promise's, or of another scheduler; the eldest that matches stays.
func (s *scheduler) one(existing []*v1alpha1.WorkPlacement, matching []*v1alpha1.Destination) ([]*v1alpha1.WorkPlacement, []*v1alpha1.Destination) {
	if len(existing) == 0 {
		if d := choose(s.Work, matching); d != nil {
			return nil, []*v1alpha1.Destination{d}
		}
		return nil, nil
	}
	target := func(p *v1alpha1.WorkPlacement) *v1alpha1.Destination {
		for _, d := range matching {
			if d.Name == p.Spec.TargetDestinationName {
				return d
			}
		}
		return nil
	}
	stays := slices.MinFunc(existing, func(a, b *v1alpha1.WorkPlacement) int {
		if inA, inB := target(a) != nil, target(b) != nil; inA != inB {
			if inA {
				return -1
			}
			return 1
		}
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	if d := target(stays); d != nil {
		return []*v1alpha1.WorkPlacement{stays}, []*v1alpha1.Destination{d}
	}
	return []*v1alpha1.WorkPlacement{stays}, nil
}

func (s *scheduler) keep(p *v1alpha1.WorkPlacement, group *v1alpha1.WorkloadGroup, misplaced bool) {
	s.taken[p.Name] = true
	wanted := build(s.Work, group, p.Spec.TargetDestinationName)
	if misplaced {
		wanted.Labels[LabelMisplaced] = "true"
	}
	if u := update(p, wanted); u != nil {
		s.plan.Update = append(s.plan.Update, u)
	}
}

// create is false if the name is not free: of the last one that is still being
// removed, or of another group whose id begins alike, whose files would be in the
// same directory.
func (s *scheduler) create(group *v1alpha1.WorkloadGroup, destination string) bool {
	p := build(s.Work, group, destination)
	if s.taken[p.Name] {
		if !s.leaving(p.Name) {
			s.refused = append(s.refused, group.ID)
		}
		return false
	}
	s.taken[p.Name] = true
	s.plan.Create = append(s.plan.Create, p)
	return true
}

func (s *scheduler) leaving(name string) bool {
	return slices.ContainsFunc(s.WorkPlacements, func(p v1alpha1.WorkPlacement) bool {
		return p.Name == name && !p.DeletionTimestamp.IsZero()
	})
}

// matching are in the order of their names.
func (s *scheduler) matching(group *v1alpha1.WorkloadGroup) []*v1alpha1.Destination {
	var found []*v1alpha1.Destination
	for i := range s.Destinations {
		if d := &s.Destinations[i]; matches(s.Work, group, d) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b *v1alpha1.Destination) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

func (s *scheduler) exists(destination string) bool {
	return slices.ContainsFunc(s.Destinations, func(d v1alpha1.Destination) bool { return d.Name == destination })
}

func (s *scheduler) failing() []string {
	var failing []string
	for _, p := range s.WorkPlacements {
		if p.DeletionTimestamp.IsZero() && s.taken[p.Name] && isFalse(p.Status.Conditions, ConditionWritten) {
			failing = append(failing, p.Name)
		}
	}
	slices.Sort(failing)
	return failing
}

func isFalse(conditions []metav1.Condition, kind string) bool {
	return slices.ContainsFunc(conditions, func(c metav1.Condition) bool { return c.Type == kind && c.Status == metav1.ConditionFalse })
}

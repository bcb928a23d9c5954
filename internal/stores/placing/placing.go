// SPDX-License-Identifier: Apache-2.0

// Package placing decides which Destinations the files of a Work go to, and what follows for its
// WorkPlacements and its status (docs/kratix-contract.md 8).
//
// It is pure: what is in the cluster, and the time, are arguments.
package placing

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// State is what the cluster has.
type State struct {
	Work *v1alpha1.Work
	// Destinations are all there are, in any order.
	Destinations []v1alpha1.Destination
	// WorkPlacements are all of this Work, in any order.
	WorkPlacements []v1alpha1.WorkPlacement
	Now            time.Time
}

// Plan is what is to be done. When nothing is left to do, it has only the status.
type Plan struct {
	Create, Update []*v1alpha1.WorkPlacement
	// Delete does not have those that are being deleted already.
	Delete []*v1alpha1.WorkPlacement
	// Status is that of the Work when the rest is done.
	Status v1alpha1.WorkStatus
	// Unplaced are the ids of the groups that match no Destination.
	Unplaced []string
	// Wanted says to people which Destinations are missing: they can mend that with a label. It is
	// empty if none is.
	Wanted string
}

// Place decides where the files of a Work go. The Work is not being deleted.
//
// The files of a Promise go to all Destinations that match. Each group of a request goes to one
// Destination, which is chosen once. The group stays there, marked as misplaced, even if the
// Destination does not match any more or is gone, because its files stay there, too. Another
// Destination is chosen only after the WorkPlacement was deleted: by a person, or by the cleanup
// of its Destination.
func Place(s State) Plan {
	place := &placer{State: s, taken: map[string]bool{}, found: map[string][]*v1alpha1.WorkPlacement{}}
	for i := range s.WorkPlacements {
		p := &s.WorkPlacements[i]
		if !p.DeletionTimestamp.IsZero() {
			place.taken[p.Name] = true // until its files are removed
			continue
		}
		place.found[p.Spec.ID] = append(place.found[p.Spec.ID], p)
	}
	for i := range s.Work.Spec.WorkloadGroups {
		place.group(&s.Work.Spec.WorkloadGroups[i])
	}
	for _, p := range s.WorkPlacements {
		if p.DeletionTimestamp.IsZero() && !place.taken[p.Name] {
			place.plan.Delete = append(place.plan.Delete, &p)
		}
	}
	place.plan.Status, place.plan.Unplaced, place.plan.Wanted = place.status(), place.unplaced, place.lacking()
	return place.plan
}

type placer struct {
	State
	plan Plan
	// found are the WorkPlacements of each group. They stay if the group stays.
	found map[string][]*v1alpha1.WorkPlacement
	// taken are the names of WorkPlacements that are there or will be.
	taken map[string]bool
	// The ids of groups that have no place, or a wrong one.
	unplaced, misplaced, refused []string
	// wanted describe the Destinations that are missing.
	wanted []string
}

// group places one group.
func (s *placer) group(group *v1alpha1.WorkloadGroup) {
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
			continue // it is made again with the Destination
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
		s.unplaced = append(s.unplaced, group.ID)
		s.wants(group)
	case misplaced:
		s.misplaced = append(s.misplaced, group.ID)
		s.wants(group)
	}
}

func (s *placer) wants(group *v1alpha1.WorkloadGroup) {
	if one := matching(s.Work, group); !slices.Contains(s.wanted, one) {
		s.wanted = append(s.wanted, one)
	}
}

// lacking says which Destinations are missing.
func (s *placer) lacking() string {
	if len(s.wanted) == 0 {
		return ""
	}
	return "wanted is a Destination " + strings.Join(s.wanted[:min(len(s.wanted), maxListed)], ", and one ")
}

// one is the one WorkPlacement that a group of a request keeps, or the one Destination for which it
// gets one. There may be several WorkPlacements: when the Work was a Promise's before, or another
// program has placed it. Then the oldest one that matches stays.
func (s *placer) one(existing []*v1alpha1.WorkPlacement, matching []*v1alpha1.Destination) ([]*v1alpha1.WorkPlacement, []*v1alpha1.Destination) {
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

// choose takes one of the Destinations, or nil if there are none, by rendezvous hashing: each
// Destination draws a number for the request, and the highest number wins. So requests spread
// evenly, the order of the Destinations makes no difference, and one more Destination takes only
// its own share.
//
// The numbers are the same for all groups of all Works of a request: if they may go to the same
// Destinations, they go to the same one.
func choose(w *v1alpha1.Work, among []*v1alpha1.Destination) *v1alpha1.Destination {
	var best *v1alpha1.Destination
	var highest uint64
	for _, d := range among {
		n := draw(w.Namespace, w.Labels[v1alpha1.LabelResourceNamespace], w.Spec.PromiseName, w.Spec.ResourceName, d.Name)
		if best == nil || n > highest || n == highest && d.Name < best.Name {
			best, highest = d, n
		}
	}
	return best
}

func draw(of ...string) uint64 {
	sum := sha256.Sum256([]byte(strings.Join(of, "\x00")))
	return binary.BigEndian.Uint64(sum[:])
}

func (s *placer) keep(p *v1alpha1.WorkPlacement, group *v1alpha1.WorkloadGroup, misplaced bool) {
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
func (s *placer) create(group *v1alpha1.WorkloadGroup, destination string) bool {
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

func (s *placer) leaving(name string) bool {
	return slices.ContainsFunc(s.WorkPlacements, func(p v1alpha1.WorkPlacement) bool {
		return p.Name == name && !p.DeletionTimestamp.IsZero()
	})
}

// matching are in the order of their names.
func (s *placer) matching(group *v1alpha1.WorkloadGroup) []*v1alpha1.Destination {
	var found []*v1alpha1.Destination
	for i := range s.Destinations {
		if d := &s.Destinations[i]; matches(s.Work, group, d) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b *v1alpha1.Destination) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

func (s *placer) exists(destination string) bool {
	return slices.ContainsFunc(s.Destinations, func(d v1alpha1.Destination) bool { return d.Name == destination })
}

func (s *placer) failing() []string {
	var failing []string
	for _, p := range s.WorkPlacements {
		if p.DeletionTimestamp.IsZero() && s.taken[p.Name] && meta.IsStatusConditionFalse(p.Status.Conditions, ConditionWritten) {
			failing = append(failing, p.Name)
		}
	}
	slices.Sort(failing)
	return failing
}

// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// FuzzHistory lets anything happen to Destinations, a Work and its WorkPlacements. After each
// event it demands what must always be true.
func FuzzHistory(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed, uint8(30))
	}
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		h := &history{random: rand.New(rand.NewPCG(seed, 1)), cluster: cluster{work: workOf("")}}
		if seed%2 == 0 {
			h.work.Spec.ResourceName = "mydb"
		}
		for range steps {
			h.step()
			asked := slices.Clone(h.placements)
			h.untilDone()
			h.check(t, asked)
		}
	})
}

type history struct {
	cluster
	random *rand.Rand
}

func (h *history) some(of ...string) string { return of[h.random.IntN(len(of))] }

func (h *history) labels() labels {
	found := labels{}
	for _, key := range []string{"env", "zone"} {
		if value := h.some("", "x", "y"); value != "" {
			found[key] = value
		}
	}
	if h.random.IntN(8) == 0 {
		found[v1alpha1.LabelDryRun] = "true"
	}
	return found
}

func (h *history) step() {
	switch at := h.random.IntN(max(1, len(h.destinations))); h.random.IntN(7) {
	case 0, 1:
		d := destination(fmt.Sprintf("d%d", h.random.IntN(6)), h.labels())
		d.Spec.StrictMatchLabels = h.random.IntN(2) == 0
		if !slices.ContainsFunc(h.destinations, func(o v1alpha1.Destination) bool { return o.Name == d.Name }) {
			h.destinations = append(h.destinations, d)
		}
	case 2:
		if len(h.destinations) > 0 {
			h.destinations[at].Labels = h.labels()
		}
	case 3:
		if len(h.destinations) > 0 {
			h.destinations = slices.Delete(h.destinations, at, at+1)
		}
	case 4:
		h.work.Generation++
		h.work.Spec.WorkloadGroups = nil
		for _, directory := range []string{".", "edge", "core"} {
			if h.random.IntN(3) > 0 {
				match := h.labels()
				delete(match, v1alpha1.LabelDryRun)
				h.work.Spec.WorkloadGroups = append(h.work.Spec.WorkloadGroups, groupOf(directory, from(v1alpha1.SourcePromise, match)))
			}
		}
	case 5:
		if len(h.placements) > 0 { // somebody deletes it, and its files are gone at once
			h.remove(h.placements[h.random.IntN(len(h.placements))].Name)
		}
	case 6:
		h.random.Shuffle(len(h.destinations), func(i, j int) {
			h.destinations[i], h.destinations[j] = h.destinations[j], h.destinations[i]
		})
	}
}

func (h *history) check(t *testing.T, asked []v1alpha1.WorkPlacement) {
	t.Helper()
	groups := map[string]*v1alpha1.WorkloadGroup{}
	for i := range h.work.Spec.WorkloadGroups {
		groups[h.work.Spec.WorkloadGroups[i].ID] = &h.work.Spec.WorkloadGroups[i]
	}
	at := map[string][]string{}
	for i := range h.placements {
		p := &h.placements[i]
		group := groups[p.Spec.ID]
		require.NotNil(t, group, "a WorkPlacement of no group")
		assert.Equal(t, h.work.Generation, p.Spec.WorkGeneration)
		assert.Equal(t, group.Workloads, p.Spec.Workloads)
		good := slices.ContainsFunc(h.destinations, func(d v1alpha1.Destination) bool {
			return d.Name == p.Spec.TargetDestinationName && matches(h.work, group, &d)
		})
		assert.Equal(t, !good, p.Labels[LabelMisplaced] == "true")
		at[p.Spec.ID] = append(at[p.Spec.ID], p.Spec.TargetDestinationName)
	}
	for id, group := range groups {
		var matching []string
		for _, d := range h.destinations {
			if matches(h.work, group, &d) {
				matching = append(matching, d.Name)
			}
		}
		if !ofRequest(h.work) {
			assert.Subset(t, at[id], matching, "what a Promise has is everywhere")
			continue
		}
		assert.LessOrEqual(t, len(at[id]), 1, "what a request has is in one place")
		assert.True(t, len(matching) == 0 || len(at[id]) == 1, "it is somewhere if it can be")
		for _, p := range asked {
			if p.Spec.ID == id {
				assert.Equal(t, []string{p.Spec.TargetDestinationName}, at[id], "it stays where it is")
			}
		}
	}
	assert.Equal(t, len(groups), h.work.Status.WorkPlacements)
	assert.Equal(t, len(at), h.work.Status.WorkPlacementsCreated)
}

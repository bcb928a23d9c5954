// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

func several(n int) []*v1alpha1.Destination {
	var all []*v1alpha1.Destination
	for i := range n {
		d := destination(fmt.Sprintf("worker-%d", i), nil)
		all = append(all, &d)
	}
	return all
}

func chosen(request string, among []*v1alpha1.Destination) string {
	return choose(workOf(request), among).Name
}

func TestChoiceIsStable(t *testing.T) {
	assert.Nil(t, choose(workOf("mydb"), nil))
	among := several(7)
	want := chosen("mydb", among)
	for range 20 {
		rand.Shuffle(len(among), func(i, j int) { among[i], among[j] = among[j], among[i] })
		assert.Equal(t, want, chosen("mydb", among))
	}
	// Without one that was not chosen nothing changes.
	for i, d := range among {
		if rest := slices.Delete(slices.Clone(among), i, i+1); d.Name != want {
			assert.Equal(t, want, chosen("mydb", rest))
		}
	}
}

// TestChoiceIsTheSameForEver: when a cluster is restored with another version of the runner, its
// requests must be where they were.
func TestChoiceIsTheSameForEver(t *testing.T) {
	var got []string
	for _, request := range []string{"a", "b", "c", "d", "e"} {
		got = append(got, chosen(request, several(10)))
	}
	assert.Equal(t, []string{"worker-7", "worker-4", "worker-1", "worker-8", "worker-3"}, got)
}

func TestChoiceIsTheSameForAllWorksOfARequest(t *testing.T) {
	one, other := workOf("mydb"), workOf("mydb")
	other.Name = "pg-mydb-net-00000"
	assert.Equal(t, choose(one, several(9)).Name, choose(other, several(9)).Name)

	// In a pipelineNamespace requests of several namespaces meet.
	places := map[string]bool{}
	for i := range 50 {
		other.Labels[v1alpha1.LabelResourceNamespace] = fmt.Sprintf("team-%d", i)
		places[choose(other, several(9)).Name] = true
	}
	assert.Len(t, places, 9)
}

func TestChoiceIsEven(t *testing.T) {
	const requests, places = 10_000, 10
	count, moved := map[string]int{}, 0
	for i := range requests {
		request := fmt.Sprintf("request-%d", i)
		before := chosen(request, several(places))
		count[before]++
		if after := chosen(request, several(places+1)); after != before {
			assert.Equal(t, fmt.Sprintf("worker-%d", places), after, "one more Destination takes, and shuffles nothing")
			moved++
		}
	}
	assert.Len(t, count, places)
	for name, n := range count {
		assert.InDelta(t, requests/places, n, 150, name) // five standard deviations
	}
	assert.InDelta(t, requests/(places+1), moved, 150)
}

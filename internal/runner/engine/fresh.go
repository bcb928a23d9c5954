// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// fresh remembers what was created until a cache has shown it: two runs of one object
// would be active if the second reconciliation did not know of the first one's.
type fresh struct {
	mu   sync.Mutex
	runs map[types.NamespacedName]map[string]string // to their labels
}

func (f *fresh) created(run *unstructured.Unstructured) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.runs == nil {
		f.runs = map[types.NamespacedName]map[string]string{}
	}
	f.runs[types.NamespacedName{Namespace: run.GetNamespace(), Name: run.GetName()}] = maps.Clone(run.GetLabels())
}

// unseen are those with these labels that are not in the list. What is in the list need
// not be remembered any longer.
func (f *fresh) unseen(wanted map[string]string, listed []unstructured.Unstructured) []types.NamespacedName {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range listed {
		delete(f.runs, types.NamespacedName{Namespace: listed[i].GetNamespace(), Name: listed[i].GetName()})
	}
	var unseen []types.NamespacedName
	for run, have := range f.runs {
		if labels.SelectorFromSet(wanted).Matches(labels.Set(have)) {
			unseen = append(unseen, run)
		}
	}
	slices.SortFunc(unseen, func(a, b types.NamespacedName) int { return cmp.Compare(a.String(), b.String()) })
	return unseen
}

func (f *fresh) forget(run types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.runs, run)
}

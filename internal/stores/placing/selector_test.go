// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

func TestMergeSelectors(t *testing.T) {
	type s = v1alpha1.WorkloadGroupScheduling
	promise, byPromise, byResource := v1alpha1.SourcePromise, v1alpha1.SourcePromiseWorkflow, v1alpha1.SourceResourceWorkflow
	for _, c := range []struct {
		name      string
		selectors []s
		want      labels
	}{
		{"nothing", nil, labels{}},
		{"the Promise wins", []s{from(byResource, labels{"env": "dev", "zone": "a"}), from(promise, labels{"env": "prod"})}, labels{"env": "prod", "zone": "a"}},
		{"in whatever order", []s{from(promise, labels{"env": "prod"}), from(byResource, labels{"env": "dev"})}, labels{"env": "prod"}},
		{"its workflow is between", []s{from(promise, labels{"a": "1"}), from(byPromise, labels{"a": "2", "b": "2"}), from(byResource, labels{"a": "3", "b": "3", "c": "3"})}, labels{"a": "1", "b": "2", "c": "3"}},
		{"the later of two alike", []s{from(byResource, labels{"a": "1"}), from(byResource, labels{"a": "2"})}, labels{"a": "2"}},
		{"an unknown source", []s{from("", labels{"a": "1", "b": "1"}), from(byResource, labels{"a": "2"})}, labels{"a": "2", "b": "1"}},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, mergeSelectors(c.selectors)) })
	}
}

func TestSelector(t *testing.T) {
	group := groupOf(".", from(v1alpha1.SourceResourceWorkflow, labels{"env": "dev", "zone": "a"}), from(v1alpha1.SourcePromise, labels{"env": "prod"}))
	w := workOf("", group)
	assert.Equal(t, map[string]string{"env": "prod", "zone": "a"}, Selector(w, &group))
	w.Labels[v1alpha1.LabelDryRun] = "true"
	assert.Equal(t, map[string]string{v1alpha1.LabelDryRun: "true"}, Selector(w, &group), "selectors do not matter to a dry run")
}

func TestMatches(t *testing.T) {
	env := from(v1alpha1.SourcePromise, labels{"env": "dev", "zone": ""})
	dry := labels{v1alpha1.LabelDryRun: "true"}
	for _, c := range []struct {
		name        string
		selectors   []v1alpha1.WorkloadGroupScheduling
		dryRun      bool
		destination v1alpha1.Destination
		want        bool
	}{
		{"all labels", []v1alpha1.WorkloadGroupScheduling{env}, false, destination("d", labels{"env": "dev", "zone": "", "more": "x"}), true},
		{"one label differs", []v1alpha1.WorkloadGroupScheduling{env}, false, destination("d", labels{"env": "prod", "zone": ""}), false},
		{"an empty value is no missing label", []v1alpha1.WorkloadGroupScheduling{env}, false, destination("d", labels{"env": "dev"}), false},
		{"strict and matching", []v1alpha1.WorkloadGroupScheduling{env}, false, strict(destination("d", labels{"env": "dev", "zone": ""})), true},
		{"nothing asked", nil, false, destination("d", labels{"env": "dev"}), true},
		{"nothing asked of a strict one", nil, false, strict(destination("d", labels{"env": "dev"})), false},
		{"nothing asked of a strict one without labels", nil, false, strict(destination("d", nil)), true},
		{"empty selectors ask nothing", []v1alpha1.WorkloadGroupScheduling{from(v1alpha1.SourcePromise, nil)}, false, strict(destination("d", labels{"env": "dev"})), false},
		{"being deleted", nil, false, leaving(destination("d", nil)), false},
		{"for dry runs", nil, false, destination("d", dry), false},
		{"a dry run elsewhere", nil, true, destination("d", nil), false},
		{"a dry run", []v1alpha1.WorkloadGroupScheduling{env}, true, strict(destination("d", dry)), true},
		{"a dry run on one being deleted", nil, true, leaving(destination("d", dry)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			group := groupOf(".", c.selectors...)
			w := workOf("", group)
			if c.dryRun {
				w.Labels[v1alpha1.LabelDryRun] = "true"
			}
			assert.Equal(t, c.want, matches(w, &group, &c.destination))
			assert.Equal(t, c.want, Concerns(w, &c.destination), "a Promise's Work wants every Destination that matches")
			w.Spec.ResourceName, w.Status.WorkPlacementsCreated = "mydb", 1
			assert.False(t, Concerns(w, &c.destination), "a request's Work that is placed wants no other one")
			w.Status.WorkPlacementsCreated = 0
			assert.Equal(t, c.want, Concerns(w, &c.destination))
		})
	}
}

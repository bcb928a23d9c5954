// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/work"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// works are all that may be of an object, in whatever namespace.
func (c *course) works(ctx context.Context) ([]v1alpha1.Work, error) {
	list := &v1alpha1.WorkList{}
	labels := client.MatchingLabels(ownerOf(c.promise, c.object.Unstructured).WorkLabels())
	err := c.Client.List(ctx, list, client.MatchingFields{engine.ByObject: engine.ObjectKey(labels)}, labels)
	return list.Items, err
}

func (c *course) dryRun() bool { return c.object.GetLabels()[v1alpha1.LabelDryRun] == "true" }

// deleteWorks removes the Works of an object of which no Pipeline is listed, and tells
// how many are still there.
func (c *course) deleteWorks(ctx context.Context, listed ...string) (left int, err error) {
	works, err := c.works(ctx)
	if err != nil {
		return 0, err
	}
	stale := work.Stale(works, c.owner(), listed)
	if !c.dryRun() {
		stale = append(stale, work.StaleDryRuns(works, c.owner())...)
	}
	return len(stale), c.deleteAll(ctx, stale)
}

// placed says how far the files of an object's Works have come.
func (c *course) placed(ctx context.Context) ([]progress.Work, error) {
	works, err := c.works(ctx)
	if err != nil {
		return nil, err
	}
	missing := map[string]bool{}
	for _, run := range c.planned.Runs {
		missing[run.Pipeline] = true
	}
	all := work.Stale(works, c.owner(), nil) // those that are the object's
	if c.kind.Type == workflow.Promise {
		static, err := c.staticWorks(ctx, c.promise.GetName())
		if err != nil {
			return nil, err
		}
		all = append(all, static...)
	}
	var placed []progress.Work
	for i := range all {
		state, err := c.state(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		if c.fresh[all[i].Name] > all[i].Generation {
			state = progress.WorkPending // the cache has an older one
		}
		placed = append(placed, progress.Work{Name: all[i].Name, State: state})
		delete(missing, all[i].Labels[v1alpha1.LabelPipeline])
	}
	for pipeline := range missing { // the cache has not seen its Work yet
		of := work.Source{Owner: c.owner(), Pipeline: pipeline, DryRun: c.dryRun()}
		placed = append(placed, progress.Work{Name: of.Name(), State: progress.WorkPending})
	}
	return placed, nil
}

// state is Ready only when every placement has been written: a Work is ready for Kratix as
// soon as it is scheduled (docs/kratix-contract.md 8.5).
func (r *Runner) state(ctx context.Context, w *v1alpha1.Work) (progress.WorkState, error) {
	ready := meta.FindStatusCondition(w.Status.Conditions, conditionReady)
	switch {
	case len(w.Spec.WorkloadGroups) == 0:
		return progress.WorkReady, nil // there is nothing to write
	case ready == nil || older(ready, w):
		return progress.WorkPending, nil
	case ready.Message != string(progress.WorkReady):
		return progress.WorkState(ready.Message), nil
	}
	placements := &v1alpha1.WorkPlacementList{}
	err := r.Client.List(ctx, placements, client.InNamespace(w.Namespace), client.MatchingFields{byWork: w.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return "", err
	}
	state := progress.WorkReady
	if len(placements.Items) < w.Status.WorkPlacementsCreated {
		state = progress.WorkPending // the cache has not seen all of them yet
	}
	for _, p := range placements.Items {
		written := meta.FindStatusCondition(p.Status.Conditions, conditionWritten)
		switch {
		case written != nil && written.Status == metav1.ConditionFalse:
			return progress.WorkFailing, nil
		case written == nil || written.Status != metav1.ConditionTrue || p.Spec.WorkGeneration != w.Generation || older(written, &p):
			state = progress.WorkPending
		}
	}
	return state, nil
}

// older tells whether a condition is of another generation than the object. Kratix's own
// say nothing of generations.
func older(c *metav1.Condition, o client.Object) bool {
	return c.ObservedGeneration != 0 && c.ObservedGeneration != o.GetGeneration()
}

const (
	conditionReady   = "Ready"
	conditionWritten = "WriteSucceeded"
)

// cleanUp deletes old runs beyond those to keep for people, and Works of Pipelines that
// are gone.
func (c *course) cleanUp(ctx context.Context, a progress.CleanUp) error {
	if a.Works {
		var listed []string
		for _, run := range c.planned.Runs {
			listed = append(listed, run.Pipeline)
		}
		if _, err := c.deleteWorks(ctx, listed...); err != nil {
			return err
		}
	}
	for _, e := range c.Engines {
		found, err := c.own(ctx, e, progress.Pipeline{})
		if errors.Is(err, engine.ErrMissing) {
			continue
		}
		if err != nil {
			return err
		}
		for _, run := range c.surplus(e.Observer, found) {
			if err := e.Delete(ctx, run.GetNamespace(), run.GetName(), run.GetUID()); err != nil {
				return err
			}
		}
	}
	return nil
}

// surplus are the ended runs of the object but for the newest of each Pipeline.
func (c *course) surplus(o backends.Observer, found []unstructured.Unstructured) []unstructured.Unstructured {
	keep := defaultRunsToKeep
	if own := c.Options().Config.NumberOfJobsToKeep; own != nil {
		keep = max(*own, 1)
	}
	slices.SortStableFunc(found, func(a, b unstructured.Unstructured) int {
		return b.GetCreationTimestamp().Compare(a.GetCreationTimestamp().Time)
	})
	kept := map[string]int{}
	return slices.DeleteFunc(found, func(run unstructured.Unstructured) bool {
		if !o.Observe(&run, nil).Phase.Ended() {
			return true
		}
		pipeline := run.GetLabels()[v1alpha1.LabelPipeline] + "/" + run.GetLabels()[v1alpha1.LabelWorkflowAction]
		kept[pipeline]++
		return kept[pipeline] <= keep
	})
}

// defaultRunsToKeep is Kratix's numberOfJobsToKeep.
const defaultRunsToKeep = 5

// selectors are the Promise's own.
func selectors(promise *unstructured.Unstructured) ([]v1alpha1.PromiseScheduling, error) {
	found, ok, err := unstructured.NestedFieldNoCopy(promise.Object, "spec", "destinationSelectors")
	if err != nil || !ok {
		return nil, err
	}
	data, err := json.Marshal(found)
	if err != nil {
		return nil, err
	}
	var selectors []v1alpha1.PromiseScheduling
	if err := json.Unmarshal(data, &selectors); err != nil {
		return nil, fmt.Errorf("spec.destinationSelectors: %w", err)
	}
	return selectors, nil
}

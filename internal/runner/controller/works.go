// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/expectations"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/work"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// works are all that may be of an object, in whatever namespace.
func (f *flow) works(ctx context.Context) ([]v1alpha1.Work, error) {
	list := &v1alpha1.WorkList{}
	labels := client.MatchingLabels(f.anywhere().WorkLabels())
	if err := f.Client.List(ctx, list, client.MatchingFields{engine.ByObject: engine.ObjectKey(labels)}, labels); err != nil {
		return nil, err
	}
	return f.withUnseen(ctx, labels, list.Items)
}

// withUnseen adds the Works with these labels that this process has created and that the cache does
// not show yet. Example: a request is deleted a moment after its Work was created. Without that Work
// the request would go, and the Work would stay for ever.
func (r *Runner) withUnseen(ctx context.Context, labels map[string]string, shown []v1alpha1.Work) ([]v1alpha1.Work, error) {
	for _, id := range r.made.Unseen(labels, expectations.Identities(shown)) {
		w := v1alpha1.Work{}
		err := r.Live.Get(ctx, id.ObjectKey, &w)
		switch {
		case refusal.Gone(err), err == nil && w.UID != id.UID:
			r.made.Forget(id)
		case err != nil:
			return nil, err
		default:
			shown = append(shown, w)
		}
	}
	return shown, nil
}

func (f *flow) dryRun() bool { return f.object.GetLabels()[v1alpha1.LabelDryRun] == "true" }

// saveWork writes a Work if what counts of it has changed.
func (r *Runner) saveWork(ctx context.Context, current, wanted *v1alpha1.Work) error {
	if current == nil {
		err := r.Client.Create(ctx, wanted)
		if err == nil {
			r.made.Created(wanted)
		}
		return err
	}
	if r.written.Stale(current) { // it may look like the wanted one, and the one after it does not
		key := client.ObjectKeyFromObject(current)
		current = &v1alpha1.Work{}
		if err := r.Live.Get(ctx, key, current); err != nil {
			return err
		}
	}
	if !current.DeletionTimestamp.IsZero() {
		return &going{current.Name} // what would be written into it would go with it
	}
	updated, changed := work.Update(current, wanted)
	if !changed {
		lost, err := r.lost(ctx, current.Spec.Bundle)
		if err != nil || !lost {
			return err
		}
		updated = current.DeepCopy()
		updated.Spec.Bundle = wanted.Spec.Bundle
	}
	before := updated.ResourceVersion
	err := r.Client.Update(ctx, updated)
	if err == nil {
		r.written.Replaced(updated, before, r.Now())
	}
	return err
}

// lost tells whether somebody has removed the bundle that a Work refers to. Only another run of the
// Pipeline brings its files back.
func (r *Runner) lost(ctx context.Context, b *v1alpha1.Bundle) (bool, error) {
	if b == nil {
		return false, nil
	}
	whole, err := r.Records.Whole(ctx, b.Name, b.SHA256, b.Size)
	return !whole && err == nil, err
}

// going is a Work that somebody has deleted and that is still there. Another one of its name can
// be made when its files are gone.
type going struct{ work string }

func (g *going) Error() string {
	return "Waiting for Work " + g.work + ", which was deleted, to be gone with its files"
}

// cleanUp deletes old runs, and Works of Pipelines that are gone.
func (f *flow) cleanUp(ctx context.Context, own []run, a progress.CleanUp) error {
	if a.Works {
		var listed []string
		for _, run := range f.planned.Runs {
			listed = append(listed, run.Pipeline)
		}
		if _, err := f.deleteWorks(ctx, listed...); err != nil {
			return err
		}
	}
	return f.deleteOldRuns(ctx, own)
}

// deleteWorks deletes the Works of an object whose Pipelines are not listed, and tells how many
// are still there.
func (f *flow) deleteWorks(ctx context.Context, listed ...string) (left int, err error) {
	works, err := f.works(ctx)
	if err != nil {
		return 0, err
	}
	stale := work.Stale(works, f.owner(), listed)
	if !f.dryRun() {
		stale = append(stale, work.StaleDryRuns(works, f.owner())...)
	}
	return f.deleteAll(ctx, &v1alpha1.WorkList{Items: stale})
}

// placed says how far the files of an object's Works have come.
func (f *flow) placed(ctx context.Context) ([]progress.Work, error) {
	works, err := f.works(ctx)
	if err != nil {
		return nil, err
	}
	missing := map[string]bool{}
	for _, run := range f.planned.Runs {
		missing[run.Pipeline] = true
	}
	all := work.Stale(works, f.owner(), nil) // those that are the object's
	if f.kind.Type == workflow.Promise {
		static, err := f.staticWorks(ctx, f.promise.GetName())
		if err != nil {
			return nil, err
		}
		all = append(all, static...)
	}
	var placed []progress.Work
	for i := range all {
		state, err := f.workState(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		placed = append(placed, progress.Work{Name: all[i].Name, State: state})
		delete(missing, all[i].Labels[v1alpha1.LabelPipeline])
	}
	for pipeline := range missing { // the cache has not seen its Work yet
		of := work.Source{Owner: f.owner(), Pipeline: pipeline, DryRun: f.dryRun()}
		placed = append(placed, progress.Work{Name: of.Name(), State: progress.WorkPending})
	}
	return placed, nil
}

// workState is Ready only when every placement has been written: a Work is ready for Kratix as
// soon as it is scheduled (docs/kratix-contract.md 8.5). A Work without files has no placements, but
// for those of earlier files, until these are removed.
func (r *Runner) workState(ctx context.Context, w *v1alpha1.Work) (progress.WorkState, error) {
	placed, empty := progress.WorkState(placing.Readiness(w)), len(w.Spec.WorkloadGroups) == 0
	switch {
	case r.written.Stale(w), !empty && placing.Unseen(w):
		return progress.WorkPending, nil
	case !empty && placed != progress.WorkReady:
		return placed, nil
	}
	placements := &v1alpha1.WorkPlacementList{}
	err := r.Client.List(ctx, placements, client.InNamespace(w.Namespace), client.MatchingFields{byWorkName: w.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return "", err
	}
	state := progress.WorkReady
	if len(placements.Items) < w.Status.WorkPlacementsCreated {
		state = progress.WorkPending // the cache has not seen all of them yet
	}
	for _, p := range placements.Items {
		written := meta.FindStatusCondition(p.Status.Conditions, placing.ConditionWritten)
		switch {
		case written != nil && written.Status == metav1.ConditionFalse:
			return progress.WorkFailing, nil
		case written == nil || written.Status != metav1.ConditionTrue || p.Spec.WorkGeneration != w.Generation || placing.Rewriting(&p):
			state = progress.WorkPending
		}
	}
	return state, nil
}

// ensureDependencies keeps the Work of spec.dependencies (docs/kratix-contract.md 7.5).
func (p *Promises) ensureDependencies(ctx context.Context, o *object) error {
	existing, err := p.staticWorks(ctx, o.GetName())
	if err != nil {
		return err
	}
	wanted, err := p.dependencies(o)
	if err != nil {
		return err
	}
	if wanted == nil {
		_, err := p.deleteAll(ctx, &v1alpha1.WorkList{Items: existing})
		return err
	}
	var current *v1alpha1.Work
	if len(existing) > 0 {
		current = &existing[0]
	}
	return p.saveWork(ctx, current, wanted)
}

// staticWorks is the Work of spec.dependencies, if there is one.
func (r *Runner) staticWorks(ctx context.Context, promise string) ([]v1alpha1.Work, error) {
	list := &v1alpha1.WorkList{}
	labels := client.MatchingLabels{v1alpha1.LabelPromise: promise, v1alpha1.LabelWorkType: v1alpha1.WorkStatic}
	of := client.MatchingFields{engine.ByObject: engine.ObjectKey(labels)}
	if err := r.Client.List(ctx, list, of, labels, client.InNamespace(r.Options().SystemNamespace)); err != nil {
		return nil, err
	}
	return r.withUnseen(ctx, labels, list.Items)
}

const staticSuffix = "-static-deps"

func (p *Promises) dependencies(o *object) (*v1alpha1.Work, error) {
	listed, _, _ := unstructured.NestedSlice(o.Object, "spec", "dependencies")
	if len(listed) == 0 {
		return nil, nil
	}
	var objects []manifest.Object
	for _, entry := range listed {
		fields, _ := entry.(map[string]any)
		objects = append(objects, manifest.Object{Object: fields})
	}
	text, err := manifest.Print(objects, manifest.YAML)
	if err != nil {
		return nil, fmt.Errorf("spec.dependencies: %w", err)
	}
	content := strings.TrimPrefix(string(text), "---\n") // as Kratix writes it, byte by byte
	chosen, err := selectors(o.Unstructured)
	if err != nil {
		return nil, err
	}
	owner := workflow.Owner{UID: o.GetUID(), Promise: o.GetName(), Namespace: p.Options().SystemNamespace}
	file := work.File{Path: "static/" + o.GetName() + "-dependencies.yaml", Size: int64(len(content)), Content: strings.NewReader(content)}
	w, err := work.Build(work.Source{Owner: owner}, work.Output{Files: func(yield func(work.File, error) bool) { yield(file, nil) }}, chosen, p.Now())
	if err != nil {
		return nil, err
	}
	if w.Spec.Bundle != nil {
		return nil, &Rejected{"DependenciesTooLarge", fmt.Errorf("spec.dependencies: they have more than %d KiB, packed; let a Pipeline write them", work.MaxBytes>>10)}
	}
	w.Name = names.WithHash(o.GetName()+staticSuffix, names.Hash(5, string(o.GetUID()), v1alpha1.WorkStatic), names.MaxLabel)
	w.Labels = map[string]string{v1alpha1.LabelPromise: o.GetName(), v1alpha1.LabelWorkType: v1alpha1.WorkStatic}
	return w, nil
}

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

// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// works are the Works of the object, in the order of their names.
func (r *reader) works() []Work {
	var out []Work
	for _, w := range r.ownWorks() {
		out = append(out, r.work(&w))
	}
	slices.SortFunc(out, func(a, b Work) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return out
}

// allWorks are the Works of the object: those of its Pipelines come last.
func (t Trail) allWorks() []Work {
	works := slices.Clone(t.Works)
	for _, p := range t.Pipelines {
		works = append(works, p.Works...)
	}
	return works
}

func (r *reader) work(w *v1alpha1.Work) Work {
	out := Work{Namespace: w.Namespace, Name: w.Name, Deleting: !w.DeletionTimestamp.IsZero(), State: progress.WorkReady}
	placed := map[string]bool{}
	for i := range r.Placements {
		p := &r.Placements[i]
		if p.Namespace == w.Namespace && p.Labels[v1alpha1.LabelWork] == w.Name {
			out.Placements = append(out.Placements, r.placement(p, w))
			placed[p.Spec.ID] = true
		}
	}
	slices.SortFunc(out.Placements, func(a, b Placement) int { return strings.Compare(a.Name, b.Name) })
	out.State, out.Message = r.placed(w, placed)
	for _, p := range worstFirst(out.Placements) {
		if p.Message != "" && severity(p.State) >= severity(out.State) {
			out.State, out.Message = p.State, p.Message
			break
		}
	}
	return out
}

func worstFirst(placements []Placement) []Placement {
	sorted := slices.Clone(placements)
	slices.SortStableFunc(sorted, func(a, b Placement) int { return severity(b.State) - severity(a.State) })
	return sorted
}

// severity is greater for what is worse.
func severity(s progress.WorkState) int {
	return slices.Index([]progress.WorkState{progress.WorkReady, progress.WorkMisplaced, progress.WorkPending, progress.WorkFailing}, s)
}

// placed says whether every group has a WorkPlacement, and if not, why.
func (r *reader) placed(w *v1alpha1.Work, placed map[string]bool) (progress.WorkState, string) {
	scheduled := meta.FindStatusCondition(w.Status.Conditions, placing.ConditionScheduled)
	state := progress.WorkState(placing.Readiness(w))
	if len(w.Spec.WorkloadGroups) == 0 {
		return progress.WorkReady, ""
	}
	if scheduled == nil || placing.Unseen(w) {
		return progress.WorkPending, "no Destination has been chosen yet"
	}
	if r.may("workplacements") {
		for _, g := range w.Spec.WorkloadGroups {
			if !placed[g.ID] && state == progress.WorkPending {
				return progress.WorkPending, unplaced(w, &g)
			}
		}
	}
	if state != progress.WorkReady {
		return state, scheduled.Message
	}
	return progress.WorkReady, ""
}

// unplaced says which Destination the files of a group need.
func unplaced(w *v1alpha1.Work, g *v1alpha1.WorkloadGroup) string {
	wanted := labels.Set(placing.Selector(w, g))
	files := "the files"
	if g.Directory != v1alpha1.DefaultDirectory {
		files = "the files in " + g.Directory
	}
	if len(wanted) == 0 {
		return "no Destination takes " + files + ": there is none without strictMatchLabels"
	}
	return "no Destination has the labels " + wanted.String() + ", which " + files + " are for"
}

func (r *reader) placement(p *v1alpha1.WorkPlacement, w *v1alpha1.Work) Placement {
	out := Placement{
		Name: p.Name, Deleting: !p.DeletionTimestamp.IsZero(), Destination: p.Spec.TargetDestinationName,
		VersionID: p.Status.VersionID, State: progress.WorkPending,
	}
	where := "Destination " + out.Destination
	d := r.Destinations[out.Destination]
	if d != nil && d.Spec.StateStoreRef != nil {
		store := r.Stores[*d.Spec.StateStoreRef]
		out.Store = &Store{Kind: d.Spec.StateStoreRef.Kind, Name: d.Spec.StateStoreRef.Name, Location: store.Location, Branch: store.Branch}
		out.Path = pathOf(p, d, store.Path)
		where = out.Store.Kind + " " + out.Store.Name
	}
	written := meta.FindStatusCondition(p.Status.Conditions, placing.ConditionWritten)
	waits := placing.WaitsFor(p)
	switch {
	case written != nil && written.Status == metav1.ConditionFalse:
		out.State, out.Message = progress.WorkFailing, fmt.Sprintf("%s cannot be written to: %s", where, written.Message)
	case out.Deleting:
		out.Message = "the files are to be removed from " + where + r.because(d)
	case p.Labels[placing.LabelMisplaced] == "true":
		out.State, out.Message = progress.WorkMisplaced, "Destination "+out.Destination+" does not match any more; the files stay where they are"
	case delivered(p, w):
		out.State = progress.WorkReady
	case waits != "":
		out.Message = waits
	default:
		out.Message = "the files are on their way to " + where + r.because(d)
	}
	return out
}

// delivered tells whether the State Store has the files of the Work as it is now. The WorkPlacements
// of Kratix do not say which generation of the Work they have.
func delivered(p *v1alpha1.WorkPlacement, w *v1alpha1.Work) bool {
	if p.Spec.WorkGeneration == 0 {
		return meta.IsStatusConditionTrue(p.Status.Conditions, placing.ConditionWritten)
	}
	return placing.Written(p) && p.Spec.WorkGeneration == w.Generation
}

// because is what is wrong with the State Store of a Destination, if anything.
func (r *reader) because(d *v1alpha1.Destination) string {
	if d == nil || d.Spec.StateStoreRef == nil || r.Stores[*d.Spec.StateStoreRef].Fault == "" {
		return ""
	}
	return ", which cannot be written to: " + r.Stores[*d.Spec.StateStoreRef].Fault
}

// pathOf is where the files are: a directory, or the file that all WorkPlacements share.
func pathOf(p *v1alpha1.WorkPlacement, d *v1alpha1.Destination, store string) string {
	if layout.Aggregates(d) {
		all := layout.Aggregated(d, []layout.Part{{WorkPlacement: p}})
		return path.Join(store, all.Files[0].Path)
	}
	var files []statestore.File
	for _, w := range p.Spec.Workloads {
		files = append(files, statestore.File{Path: w.Filepath})
	}
	change := layout.Update(p, d, files)
	if change.Dir == "" && len(change.Files) == 1 {
		return path.Join(store, change.Files[0].Path)
	}
	return path.Join(store, cmp.Or(change.Dir, d.Spec.Path)) + "/"
}

// mayReadRuns tells whether the runs of all engines could be read.
func (r *reader) mayReadRuns() bool {
	return !slices.ContainsFunc(backends.Engines(), func(e backends.Engine) bool { return !r.may(e.Resource()) })
}

// may tells whether a resource could be read.
func (r *reader) may(resource string) bool { return !refused(r.Missing, resource) }

func refused(missing []Right, resource string) bool {
	return slices.ContainsFunc(missing, func(m Right) bool { return strings.HasPrefix(m.Resource, resource+".") })
}

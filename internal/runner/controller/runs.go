// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/quote"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// run is one of an object's runs, on the engine that has it.
type run struct {
	*unstructured.Unstructured
	engine *engine.Engine
}

// ended goes by the run alone: what its Pods do makes no difference.
func (r run) ended() bool { return r.engine.Observer.Observe(r.Unstructured, nil).Phase.Ended() }

func (r run) delete(ctx context.Context) error {
	return r.engine.Delete(ctx, r.GetNamespace(), r.GetName(), r.GetUID())
}

// runs are those that the runner has made for the object, ended or not. Labels only find them:
// others can write those, too. The engine may have been changed while a run was under way, and
// so all engines are asked. The error is ErrMissing if only the object's own engine is missing;
// the runs of the others are then there all the same.
//
// The run that the status waits for is known by its UID, and the API server is asked for it if
// the cache does not show it. Containers write in the status, too, so a run that has the seal or,
// without one, the labels of something else is not this object's, whatever the status says.
func (f *flow) runs(ctx context.Context, current progress.Pipeline) (own []run, missing error) {
	awaited := func(u *unstructured.Unstructured) bool {
		return current.RunUID != "" && string(u.GetUID()) == current.RunUID && f.canBeOwn(u)
	}
	var served []*engine.Engine
	for _, e := range f.Engines {
		found, err := e.Runs(ctx, f.anywhere().RunLabels())
		if errors.Is(err, engine.ErrMissing) {
			if e == f.engine {
				missing = err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		served = append(served, e)
		for i := range found {
			if f.made(&found[i]) || awaited(&found[i]) {
				own = append(own, run{&found[i], e})
			}
		}
	}
	shown := slices.ContainsFunc(own, func(r run) bool { return awaited(r.Unstructured) })
	if current.Phase != progress.PhaseRunning || current.RunUID == "" || shown {
		return own, missing
	}
	for _, e := range served {
		live, err := e.Live(ctx, current.RunNamespace, current.Run)
		if errors.Is(err, engine.ErrMissing) { // it was uninstalled while its runs were watched
			if e == f.engine {
				missing = err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if live != nil && awaited(live) {
			own = append(own, run{live, e})
		}
	}
	return own, missing
}

// made tells whether the run has the seal of this object.
func (f *flow) made(u *unstructured.Unstructured) bool {
	owner, sealed := f.Seal.Owner(u)
	return sealed && owner == f.object.GetUID()
}

// canBeOwn tells whether the run can be this object's. One that has no seal, from before the key was
// replaced, has at least its labels, and is where its runs are.
func (f *flow) canBeOwn(u *unstructured.Unstructured) bool {
	if _, sealed := f.Seal.Owner(u); sealed {
		return f.made(u)
	}
	return u.GetNamespace() == f.owner().Namespace && f.owner().Owns(u.GetLabels(), u.GetNamespace())
}

// observe says what has become of the runs that have not ended, and of the one that the status
// waits for.
func (f *flow) observe(ctx context.Context, own []run, current progress.Pipeline, known refusals) ([]progress.Run, error) {
	var observed []progress.Run
	refused := func(name string) bool { return known[name] != nil && !known[name].results }
	for _, r := range own {
		if refused(r.GetName()) {
			continue // it has the name of one that could not be created
		}
		s, err := r.engine.Observe(ctx, r.Unstructured)
		if err != nil {
			return nil, err
		}
		if s.Phase.Ended() && r.GetName() != current.Run {
			continue
		}
		if s.Phase.Ended() && current.Phase == progress.PhaseRunning {
			r.engine.AddLog(ctx, r.Unstructured, &s.State) // for the decision that it has failed
		}
		observed = append(observed, progress.Run{
			Name: r.GetName(), UID: string(r.GetUID()), State: runState(s.State), Idle: s.Idle, Text: failure(s.Failure),
			Where: fmt.Sprintf("%s %s/%s", r.GetKind(), r.GetNamespace(), r.GetName()),
		})
	}
	if refused(current.Run) {
		observed = append(observed, progress.Run{Name: current.Run, State: progress.RunFailed, Text: quote.Cut(known[current.Run].Error(), maxText)})
	}
	return observed, nil
}

// runState: a run that waits may be cancelled without harm, because nothing of the user's runs
// in it.
func runState(s state.State) progress.RunState {
	switch s.Phase {
	case state.Succeeded:
		return progress.RunSucceeded
	case state.Failed:
		return progress.RunFailed
	case state.TimedOut:
		return progress.RunTimedOut
	case state.Cancelled:
		return progress.RunCancelled
	case state.Pending:
		return progress.RunWaiting
	default:
		if s.Failure != nil && s.Failure.Fault == state.FaultPlatform {
			return progress.RunWaiting
		}
		return progress.RunRunning
	}
}

// shownLines are how many lines of a log a condition has room for.
const shownLines = 5

// failure is the text of a failure, as the status has it.
func failure(f *state.Failure) string {
	if f == nil {
		return ""
	}
	var b strings.Builder
	if f.Step != "" {
		fmt.Fprintf(&b, "container %s: ", f.Step)
	}
	b.WriteString(string(f.Reason))
	if f.ExitCode != 0 {
		fmt.Fprintf(&b, ", exit code %d", f.ExitCode)
	}
	if f.Message != "" {
		b.WriteString(": " + f.Message)
	}
	if n := len(f.Log); n > 0 {
		b.WriteString(state.LogMark + strings.Join(f.Log[max(0, n-shownLines):], "\n"))
	}
	return quote.Cut(b.String(), maxText)
}

// submit compiles the Pipeline for this round, creates what comes of it, and notes in the status
// which object the run is.
func (f *flow) submit(ctx context.Context, e *engine.Engine, d *progress.Decision, a progress.Submit) error {
	begun := time.Now()
	run, objects, err := f.compile(e, f.options(a.Pipeline, a.Round))
	f.traced("compile", a.Pipeline, a.Run, begun, err)
	if err != nil {
		return err
	}
	if run.Name != a.Run {
		return fmt.Errorf("the run was to be %s and is %s; this is a fault of kratix-runner", a.Run, run.Name)
	}
	if err := f.EnsureNamespace(ctx, run.Namespace); err != nil {
		return err
	}
	if err := f.revoke(ctx, run); err != nil {
		return err
	}
	f.meters.submitted.WithLabelValues(e.Name, f.kind.String()).Inc()
	sealed := &objects[len(objects)-1]
	f.Seal.Put(sealed, f.object.GetUID())
	submit := e.Submit
	if a.Again {
		submit = e.Resume
	}
	begun = time.Now()
	err = submit(ctx, objects)
	f.traced("submit", a.Pipeline, a.Run, begun, err)
	d.Status.Created(a.Run, string(sealed.GetUID()))
	if r, ok := errors.AsType[*engine.Refused](err); ok {
		return &refused{run: a.Run, err: r}
	}
	if err != nil {
		return err
	}
	d.Status.Write(f.object.status())
	return f.object.saveStatus(ctx)
}

// cancel asks the engine to end a run; one that is gone has ended.
func cancel(ctx context.Context, own []run, name string) error {
	for _, r := range own {
		if r.GetName() != name || r.ended() {
			continue
		}
		if err := r.engine.Cancel(ctx, r.GetNamespace(), name, r.GetUID()); err != nil {
			return err
		}
	}
	return nil
}

// defaultRunsToKeep is Kratix's numberOfJobsToKeep.
const defaultRunsToKeep = 5

// deleteOldRuns deletes those that have ended, but for the newest of each Pipeline, which people
// may want to look at. The seal decides: the status, in which containers write, may name the run of
// another object.
func (f *flow) deleteOldRuns(ctx context.Context, own []run) error {
	keep := defaultRunsToKeep
	if chosen := f.Options().Config.NumberOfJobsToKeep; chosen != nil {
		keep = max(*chosen, 1)
	}
	own = slices.SortedStableFunc(slices.Values(own), func(a, b run) int {
		return b.GetCreationTimestamp().Compare(a.GetCreationTimestamp().Time)
	})
	kept := map[string]int{}
	for _, r := range own {
		if !f.made(r.Unstructured) || !r.ended() {
			continue
		}
		of := strings.Join([]string{r.engine.Name, r.GetLabels()[v1alpha1.LabelPipeline], r.GetLabels()[v1alpha1.LabelWorkflowAction]}, "/")
		if kept[of]++; kept[of] <= keep {
			continue
		}
		if err := r.delete(ctx); err != nil {
			return err
		}
	}
	return nil
}

// deleteRuns deletes all of them, and the inputs of those that somebody else has deleted. It looks
// for those inputs only where the object's runs are, and only under names that its runs can have: the
// status can name anything.
func (f *flow) deleteRuns(ctx context.Context) error {
	own, err := f.runs(ctx, progress.Pipeline{})
	if err != nil && !errors.Is(err, engine.ErrMissing) {
		return err
	}
	for _, r := range own {
		if err := r.delete(ctx); err != nil {
			return err
		}
	}
	for _, p := range progress.Read(f.object.status()).Pipelines {
		if p.RunNamespace != f.owner().Namespace || !plan.MayBeOf(f.owner(), p.Name, p.Run) {
			continue
		}
		if err := f.engine.DeleteInput(ctx, p.RunNamespace, p.Run); err != nil {
			return err
		}
	}
	return nil
}

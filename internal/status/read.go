// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Read makes a Trail of Facts. Flags go into every command, as in "--context prod".
func Read(f Facts, flags ...string) Trail {
	r := reader{Facts: f, document: f.document(), commands: commands{flags: flags}}
	t := Trail{
		APIVersion: f.Object.GetAPIVersion(), Kind: f.Object.GetKind(),
		Namespace: f.Object.GetNamespace(), Name: f.Object.GetName(),
		Since: f.Object.GetCreationTimestamp().Time, Missing: f.Missing,
	}
	if !f.isPromise() {
		t.Promise = f.PromiseName
	}
	t.Works = r.works()
	if !f.isWork() {
		t.Workflow = string(r.document.Action)
		t.Pipelines, t.Works = r.pipelines(t.Works)
	}
	if i, ok := current(t, r.document); ok && !t.Pipelines[i].Since.IsZero() {
		t.Since = t.Pipelines[i].Since
	}
	for _, request := range f.Requests {
		t.Requests = append(t.Requests, Read(request, flags...))
	}
	v := r.verdict(&t)
	t.State, t.Message, t.Settled = v.state, v.message, v.state.settled() && !v.resumes
	t.Next = slices.Concat(v.next, r.looks(&t))
	return t
}

// reader reads the Facts of one object.
type reader struct {
	Facts
	document progress.Status
	commands commands
}

// pipelines are those in the status, each with its run and its Works. left are the Works that belong
// to no Pipeline.
func (r *reader) pipelines(works []Work) (pipelines []Pipeline, left []Work) {
	of := map[string]string{}
	for _, w := range r.Works {
		of[w.Namespace+"/"+w.Name] = w.Labels[v1alpha1.LabelPipeline]
	}
	for _, p := range r.document.Pipelines {
		message, log, _ := strings.Cut(p.Message, state.LogMark)
		out := Pipeline{Name: p.Name, Phase: p.Phase, Message: message, Since: p.LastTransition, NextRetryAt: p.NextRetryAt}
		if out.Job, out.Run = r.job(p); out.Job == nil {
			out.Run = r.run(p)
		}
		if log != "" {
			out.Log = strings.Split(log, "\n")
		}
		if r.document.Action != workflow.Delete {
			works = slices.DeleteFunc(works, func(w Work) bool {
				its := of[w.Namespace+"/"+w.Name] == p.Name
				if its {
					out.Works = append(out.Works, w)
				}
				return its
			})
		}
		pipelines = append(pipelines, out)
	}
	return pipelines, works
}

// run is what the engine says of a Pipeline's run. It is nil if the status names no run.
func (r *reader) run(p progress.Pipeline) *Run {
	if p.Run == "" {
		return nil
	}
	out := &Run{Namespace: cmp.Or(p.RunNamespace, r.owner().Namespace), Name: p.Run, State: state.State{Steps: []state.Step{}}}
	i := slices.IndexFunc(r.Runs, func(run RunFacts) bool {
		return run.Object.GetName() == p.Run && (p.RunUID == "" || string(run.Object.GetUID()) == p.RunUID)
	})
	if i < 0 {
		out.Message = "it is not there"
		if r.Brief || !r.mayReadRuns() {
			out.Message = "it was not read"
		}
		return out
	}
	return observed(r.Runs[i])
}

// observed is how far a run is, as its engine says.
func observed(run RunFacts) *Run {
	s := run.Engine.Observer.Observe(run.Object, run.podsOf())
	return &Run{
		Engine: run.Engine.Name, Kind: run.Object.GetKind(), Namespace: run.Object.GetNamespace(), Name: run.Object.GetName(),
		Message: s.Message(), State: s,
	}
}

// current is the Pipeline that is to end next; false if there is none.
func current(t Trail, document progress.Status) (int, bool) {
	now, ok := document.Current()
	if !ok {
		return 0, false
	}
	i := slices.IndexFunc(t.Pipelines, func(p Pipeline) bool { return p.Name == now.Name })
	return i, i >= 0
}

// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// executor does what a controller does with decisions. It can be told to crash, to be
// disturbed by others between any two actions, and to get their order wrong.
type executor struct {
	*world
	crash   func() bool // before the next action
	disturb func()      // before the next action
	wrong   func([]Action) []Action
}

// reconcile decides and acts until there is nothing to do at once.
func (x *executor) reconcile() Outcome {
	for n := 0; ; n++ {
		if n == 10 {
			x.violated("decides again and again")
		}
		s := x.situation()
		d := Decide(s)
		x.note("decides: %s %v, again %t", d.Outcome, d.Actions, d.Again)
		if !x.execute(s, d) {
			return ""
		}
		if !d.Again {
			return d.Outcome
		}
	}
}

// execute tells whether it came to the end.
func (x *executor) execute(s Situation, d Decision) bool {
	actions, merged, version := d.Actions, map[string]any{}, x.version
	if x.wrong != nil {
		actions = x.wrong(slices.Clone(actions))
	}
	for _, a := range actions {
		if x.crash() {
			x.note("crash before: %s", a)
			return false
		}
		ours := x.version
		x.disturb()
		if x.version != ours && version == ours {
			version = -1 // the object is not the one that was read
		}
		switch a := a.(type) {
		case WriteStatus:
			if version != x.version {
				x.note("conflict")
				return false
			}
			x.writeStatus(s, d, merged)
			version = x.version
		case TakeResults:
			if a.Work {
				x.works[a.Pipeline] = a.Run
			}
			merged["from-"+a.Pipeline] = a.Run
		case AddLabel, RemoveLabel:
			x.relabel(a)
			if version != -1 {
				version = x.version
			}
		case Submit:
			if compiled := fmt.Sprintf("%s-%s-%d", a.Pipeline, s.Wanted.Hash, a.Round); compiled != a.Run {
				x.note("error: the run was to be %s and is %s", a.Run, compiled)
				return false
			}
			x.submit(s, a)
			if x.crash() {
				x.note("crash before the UID of %s is written", a.Run)
				return false
			}
			if version != x.version {
				x.note("conflict")
				return false
			}
			x.noteUID(a)
			version = x.version
		default:
			x.act(s, a)
		}
	}
	return true
}

func (x *executor) relabel(a Action) {
	switch a := a.(type) {
	case AddLabel:
		x.labels[a.Key] = "true"
	case RemoveLabel:
		delete(x.labels, a.Key)
	}
	x.version++
}

func (x *executor) act(s Situation, a Action) {
	switch a := a.(type) {
	case CleanUp:
		x.expireRuns()
		for pipeline := range x.works {
			if a.Works && !slices.Contains(s.Wanted.Pipelines, pipeline) {
				delete(x.works, pipeline)
			}
		}
	case DropRecord:
		delete(x.records, a.Run)
	case Cancel:
		if r := x.runs[a.Run]; r != nil {
			r.cancelled = true
		}
	}
}

// noteUID writes who the run is.
func (x *executor) noteUID(a Submit) {
	status := Read(x.status)
	for i, p := range status.Pipelines {
		if p.Run == a.Run {
			status.Pipelines[i].RunUID = uidOf(a.Run)
		}
	}
	status.Write(x.status)
	x.version++
}

// uidOf is of a run's engine object: none is created twice.
func uidOf(run string) string { return "uid of " + run }

// submit creates a run, and looks at what must be true when one starts.
func (x *executor) submit(s Situation, a Submit) {
	if x.runs[a.Run] != nil {
		return
	}
	status := Read(x.status)
	if !status.Accepts(a.Run) {
		x.violated("%s is submitted, and the status does not know it: %+v", a.Run, status)
	}
	if active := x.active(); len(active) > 0 {
		x.violated("%s is submitted while %v is active", a.Run, active)
	}
	if x.created[a.Run]++; x.created[a.Run] > 1 {
		x.violated("%s runs twice", a.Run)
	}
	if status.Action == workflow.Delete && a.Pipeline != status.Pipelines[0].Name {
		x.violated("delete pipeline %s is not the first", a.Pipeline)
	}
	if status.current() == 0 {
		x.started = x.tick()
	}
	x.runs[a.Run] = &fakeRun{Submit: a, hash: s.Wanted.Hash, state: RunWaiting}
}

// writeStatus writes, and looks at what may change.
func (x *executor) writeStatus(s Situation, d Decision, merged map[string]any) {
	old := Read(x.status)
	status := runtime.DeepCopyJSON(x.status)
	maps.Copy(status, merged)
	d.Publish(status, s)
	x.status = status
	x.version++
	now := Read(x.status)
	if was, ok := old.Current(); ok && was.Phase == PhaseSuspended {
		still, _ := now.Current()
		due := !was.NextRetryAt.IsZero() && !x.now.Before(was.NextRetryAt)
		if still.Phase != PhaseSuspended && !x.woken && !due {
			x.violated("%s is resumed by no one", was.Run)
		}
	}
	for i, p := range now.Pipelines {
		before := Pipeline{}
		if i < len(old.Pipelines) && old.Round == now.Round {
			before = old.Pipelines[i]
		}
		x.turned(s, before, p, old.Round == now.Round)
	}
	if now.Action == workflow.Configure && len(now.Pipelines) == 0 && now.Trigger == "" && d.Outcome == Completed {
		x.started = x.tick()
	}
}

func (x *executor) turned(s Situation, before, p Pipeline, sameRound bool) {
	if p.Phase == before.Phase || !sameRound {
		return
	}
	switch p.Phase {
	case PhaseSucceeded:
		control, ok := x.records[p.Run]
		if !ok || control.suspends() {
			x.violated("%s succeeded without its record", p.Run)
		}
		if x.delivered[p.Run]++; x.delivered[p.Run] > 1 {
			x.violated("%s is delivered twice", p.Run)
		}
		if !s.Paused && s.Wanted.Action == workflow.Configure && x.works[p.Name] != p.Run {
			x.violated("%s succeeded and has no Work", p.Run)
		}
	case PhaseSuspended:
		x.woken = x.labels[LabelSuspended] == ""
	default:
	}
}

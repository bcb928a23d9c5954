// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"reflect"
	"slices"
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Status is the document status.kratix.workflows: how far the workflow of an object
// has come. Times have whole seconds.
type Status struct {
	// Action is whose pipelines these are; empty before the first start.
	Action workflow.Action
	// Hash is the Wanted.Hash that they run for.
	Hash string
	// Round grows with every start, restart and resume, and goes into run names.
	Round int
	// Trigger is the label because of which the workflow starts over. It is there from the write
	// that begins the new round until the run of the first pipeline is named.
	Trigger string
	// Paused says that the object was paused when last seen.
	Paused    bool
	Pipelines []Pipeline
	// SuspendedGeneration is the object's generation when it was suspended, else 0.
	SuspendedGeneration int64
	// LastSuccess is when the configure workflow last completed.
	LastSuccess time.Time
	// Over are runs of earlier rounds that nothing waits for, although their engine has not said
	// that they have ended. Only those that are still active are listed.
	Over []string
}

// Phase is what became of a pipeline in the present round.
type Phase string

// The phases (6.5).
const (
	PhasePending   Phase = "Pending"
	PhaseRunning   Phase = "Running"
	PhaseSucceeded Phase = "Succeeded"
	PhaseFailed    Phase = "Failed"
	PhaseSuspended Phase = "Suspended"
)

// Pipeline is one entry of the list, in the order of the Promise.
type Pipeline struct {
	Name  string
	Phase Phase
	// Run is the name of its last run; while Running, that of the current one.
	Run string
	// RunNamespace is where that run is. RunUID tells it from every other object that has its
	// name. It is empty from the write that names the run until the run is known to exist.
	RunNamespace, RunUID string
	// Reason and Message are why it waits or has failed. A runner of an earlier version wrote no
	// Reason, and the Message of a Pipeline that is suspended is its own.
	Reason  Reason
	Message string
	// Attempts counts the retries it has asked for in a row.
	Attempts int
	// NextRetryAt is when a suspended pipeline resumes by itself; zero is never.
	NextRetryAt    time.Time
	LastTransition time.Time
}

// Current is the pipeline that is to end next; false if there is none.
func (s Status) Current() (Pipeline, bool) {
	if i := s.current(); i < len(s.steps()) {
		return s.Pipelines[i], true
	}
	return Pipeline{}, false
}

// Accepts tells whether a harvest of a run of that name is still wanted.
func (s Status) Accepts(run string) bool {
	p, ok := s.Current()
	return ok && run != "" && p.Phase == PhaseRunning && p.Run == run
}

// Ran tells whether a Pipeline may ever have run for an object, here or in Kratix, which counts no
// rounds.
func Ran(status map[string]any) bool {
	s := Read(status)
	return s.Round > 0 || !s.LastSuccess.IsZero() || GetCondition(status, ConditionConfigureCompleted).Status == isTrue ||
		slices.ContainsFunc(s.Pipelines, func(p Pipeline) bool { return p.Phase != PhasePending && p.Phase != "" })
}

// Past tells whether nothing waits for a run any more: its results are safe, or it has failed. Its
// engine may not have noticed that it has ended.
func (s Status) Past(run string) bool {
	return slices.Contains(s.Over, run) || slices.ContainsFunc(s.Pipelines, func(p Pipeline) bool {
		return p.Run == run && (p.Phase == PhaseSucceeded || p.Phase == PhaseSuspended || p.Phase == PhaseFailed)
	})
}

// Created notes which object the run of a pipeline is.
func (s Status) Created(run, uid string) {
	for i := range s.Pipelines {
		if s.Pipelines[i].Run == run {
			s.Pipelines[i].RunUID = uid
		}
	}
}

// expects tells the same of a record. As long as the UID of the run is not known, nothing says
// whether the record is of that run, and it is kept.
func (s Status) expects(r Record) bool {
	p, _ := s.Current()
	return s.Accepts(r.Run) && (p.RunUID == "" || p.RunUID == r.UID)
}

// current is the index of the first pipeline that has not succeeded.
func (s Status) current() int {
	steps := s.steps()
	i := slices.IndexFunc(steps, func(p Pipeline) bool { return p.Phase != PhaseSucceeded })
	if i < 0 {
		return len(steps)
	}
	return i
}

// steps are the pipelines that run: of several delete pipelines the first (6.12).
func (s Status) steps() []Pipeline {
	if s.Action == workflow.Delete && len(s.Pipelines) > 1 {
		return s.Pipelines[:1]
	}
	return s.Pipelines
}

func (s Status) names() []string {
	var names []string
	for _, p := range s.Pipelines {
		names = append(names, p.Name)
	}
	return names
}

// ended is when the last pipeline ended, if none is under way.
func (s Status) ended() time.Time {
	var last time.Time
	for _, p := range s.steps() {
		if p.LastTransition.After(last) {
			last = p.LastTransition
		}
	}
	if last.IsZero() {
		return s.LastSuccess
	}
	return last
}

func (s Status) equal(other Status) bool {
	return reflect.DeepEqual(s, other)
}

// tidy is a status that the machine can trust, also if somebody has edited it: a running
// pipeline has a run, no pipeline comes before its turn, and a workflow that starts over has not
// yet started.
func (s Status) tidy() Status {
	s.Pipelines = slices.Clone(s.Pipelines)
	i := s.current()
	for j := range s.Pipelines {
		p := &s.Pipelines[j]
		known := slices.Contains([]Phase{PhaseRunning, PhaseSucceeded, PhaseFailed, PhaseSuspended}, p.Phase)
		if j > i || !known || p.Phase == PhaseRunning && p.Run == "" {
			p.Phase = PhasePending
		}
	}
	if p, ok := s.Current(); i > 0 || ok && p.Phase != PhasePending {
		s.Trigger = ""
	}
	return s
}

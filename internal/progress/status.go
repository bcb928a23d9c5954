// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"math"
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
	// Trigger is the label for which the workflow starts over, from the write that
	// says so until the run of the first pipeline is named.
	Trigger string
	// Paused says that the object was paused when last seen.
	Paused    bool
	Pipelines []Pipeline
	// SuspendedGeneration is the object's generation when it was suspended, else 0.
	SuspendedGeneration int64
	// LastSuccess is when the configure workflow last completed.
	LastSuccess time.Time
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
	// Message is why it waits or failed, or what it said when it suspended.
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

// Accepts tells whether a harvest of that run is still wanted.
func (s Status) Accepts(run string) bool {
	p, ok := s.Current()
	return ok && run != "" && p.Phase == PhaseRunning && p.Run == run
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

// tidy is a status that the machine can trust, whoever has edited it: a running
// pipeline has a run, nothing comes before its turn, and a workflow that starts over
// has not yet started.
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

// Read finds the document in an object's status. Users' containers can write there:
// what is no part of a document counts as absent.
func Read(status map[string]any) Status {
	w := object(object(status["kratix"])["workflows"])
	paused, _ := w["paused"].(bool)
	s := Status{
		Action:              workflow.Action(text(w["action"])),
		Hash:                text(w["hash"]),
		Round:               int(number(w["round"])),
		Trigger:             text(w["trigger"]),
		Paused:              paused,
		SuspendedGeneration: number(w["suspendedGeneration"]),
		LastSuccess:         moment(w["lastSuccessfulConfigureWorkflowTime"]),
	}
	entries, _ := w["pipelines"].([]any)
	for _, e := range entries {
		s.Pipelines = append(s.Pipelines, readPipeline(object(e)))
	}
	return s
}

func readPipeline(e map[string]any) Pipeline {
	return Pipeline{
		Name:           text(e["name"]),
		Phase:          Phase(text(e["phase"])),
		Run:            text(e["run"]),
		Message:        text(e["message"]),
		Attempts:       int(number(e["attempts"])),
		NextRetryAt:    moment(e["nextRetryAt"]),
		LastTransition: moment(e["lastTransitionTime"]),
	}
}

// Write puts the document into an object's status. Keys beside those of the
// document stay.
func (s Status) Write(status map[string]any) {
	kratix := child(status, "kratix")
	w := child(kratix, "workflows")
	for key, value := range s.document() {
		if value == nil {
			delete(w, key)
		} else {
			w[key] = value
		}
	}
}

// document has every key of ours; nil stands for absent.
func (s Status) document() map[string]any {
	entries := []any{}
	for _, p := range s.Pipelines {
		entries = append(entries, p.document())
	}
	return map[string]any{
		"action":                              optional(string(s.Action)),
		"hash":                                optional(s.Hash),
		"round":                               optional(int64(s.Round)),
		"trigger":                             optional(s.Trigger),
		"paused":                              optional(s.Paused),
		"pipelines":                           entries,
		"suspendedGeneration":                 optional(s.SuspendedGeneration),
		"lastSuccessfulConfigureWorkflowTime": optional(stamp(s.LastSuccess)),
	}
}

func (p Pipeline) document() map[string]any {
	e := map[string]any{"name": p.Name, "phase": string(p.Phase)}
	for key, value := range map[string]any{
		"run":                optional(p.Run),
		"message":            optional(p.Message),
		"attempts":           optional(int64(p.Attempts)),
		"nextRetryAt":        optional(stamp(p.NextRetryAt)),
		"lastTransitionTime": optional(stamp(p.LastTransition)),
	} {
		if value != nil {
			e[key] = value
		}
	}
	return e
}

// optional is nil for a zero value.
func optional[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func moment(v any) time.Time {
	t, err := time.Parse(time.RFC3339, text(v))
	if t = t.UTC().Truncate(time.Second); err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// number is a count; JSON decoders make an int64 or a float64 of it. A float64 is
// exact below 2^53, and no count of ours gets there.
func number(v any) int64 {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			n = int64(v)
		}
	}
	if n < 0 || n >= 1<<53 {
		return 0
	}
	return n
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// child is the map below a key, made if there is none.
func child(parent map[string]any, key string) map[string]any {
	m := object(parent[key])
	if m == nil {
		m = map[string]any{}
		parent[key] = m
	}
	return m
}

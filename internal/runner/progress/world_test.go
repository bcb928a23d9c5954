// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// world is one object, its engine, its records and its Works, in memory. Code that acts on it
// calls violated when something happens that must not.
type world struct {
	choose func(n int) int // a number below n: what happens by chance
	talks  bool
	log    []string

	now        time.Time
	version    int // resourceVersion: every write counts
	clock      int // of runs, labels and other things whose order matters
	labels     map[string]string
	status     map[string]any
	generation int64
	spec       int
	deleted    bool
	deletes    []string
	full       bool // no slot is free
	halfway    bool // the next thing happens while a run is active
	keepRuns   bool // nothing deletes runs

	script  []Control // of the next harvests; then they are up to choose
	runs    map[string]*fakeRun
	records map[string]Control
	works   map[string]string // pipeline -> the run that made it

	created   map[string]int // run -> how often
	delivered map[string]int // run -> how often it turned a pipeline to Succeeded
	demand    int            // when someone last asked for a start
	started   int            // when the first pipeline was last started
	woken     bool           // someone or something has ended the suspension
}

type fakeRun struct {
	Submit
	hash      string
	state     RunState
	cancelled bool
	accepted  bool // the server has looked at the status and wants the harvest
	harvested bool // user containers are done, and the engine has not noticed
}

type violation string

func (w *world) violated(format string, args ...any) {
	panic(violation(fmt.Sprintf(format, args...)))
}

func (w *world) note(format string, args ...any) {
	if w.talks {
		w.log = append(w.log, fmt.Sprintf(format, args...))
	}
}

func newWorld(choose func(int) int) *world {
	return &world{
		choose: choose, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), generation: 1,
		labels: map[string]string{}, status: map[string]any{},
		runs: map[string]*fakeRun{}, records: map[string]Control{}, works: map[string]string{},
		created: map[string]int{}, delivered: map[string]int{},
		deletes: [][]string{nil, {"d"}, {"d", "e"}}[choose(3)],
	}
}

// pipelines of each version of the spec.
func (w *world) wanted() Wanted {
	if w.deleted {
		return Wanted{workflow.Delete, fmt.Sprint("h", w.spec), w.deletes}
	}
	lists := [][]string{{"a", "b"}, {"a", "b", "c"}, {"c", "a"}, {}}
	return Wanted{workflow.Configure, fmt.Sprint("h", w.spec), lists[w.spec]}
}

func (w *world) tick() int { w.clock++; return w.clock }

func (w *world) active() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(w.runs)) {
		r := w.runs[name]
		if (r.state == RunWaiting || r.state == RunRunning) && !r.harvested {
			names = append(names, name)
		}
	}
	return names
}

// What people and clocks do.

func (w *world) setLabel(key string) {
	w.labels[key] = "true"
	w.version++
	if key == LabelManual || key == LabelRunFromStart {
		w.demand, w.woken = w.tick(), true
	}
}

func (w *world) dropLabel(key string) {
	if key == LabelPaused && w.labels[key] != "" && Read(w.status).Paused && Read(w.status).Action != "" {
		w.demand, w.woken = w.tick(), true
	}
	if key == LabelSuspended {
		w.woken = true
	}
	delete(w.labels, key)
	w.version++
}

func (w *world) edit(spec int) {
	if spec != w.spec {
		w.spec, w.woken = spec, true
		w.generation++
		w.version++
	}
}

func (w *world) delete() {
	w.deleted, w.woken = true, true
	w.generation++
	w.version++
}

// people do one thing by chance.
func (w *world) people() {
	keys := []string{LabelManual, LabelRunFromStart, LabelSuspended, LabelPaused}
	switch n := w.choose(17); n {
	case 0, 1, 2:
		w.edit(w.choose(4))
	case 3, 4, 5, 6:
		w.setLabel(keys[n-3])
	case 7, 8, 9:
		w.dropLabel(LabelSuspended)
	case 10, 11:
		w.dropLabel(LabelPaused)
	case 12:
		w.full = !w.full
	case 13:
		w.status["note"] = fmt.Sprint(w.tick()) // a container writes its own status
		w.version++
	case 14:
		w.now = w.now.Add(time.Duration(1+w.choose(40)) * time.Minute)
	case 16:
		w.deleteRun()
	case 15:
		if w.choose(8) == 0 {
			w.delete()
		} else {
			w.expireRuns()
		}
	}
	w.note("people: spec %d, labels %v, full %t, deleted %t, %s", w.spec, w.labelKeys(), w.full, w.deleted, stamp(w.now))
}

func (w *world) labelKeys() []string { return slices.Sorted(maps.Keys(w.labels)) }

// known is false for a run that the status waits for and whose UID it does not have yet.
func (w *world) known(run string) bool {
	p, _ := Read(w.status).Current()
	return p.Run != run || p.RunUID != ""
}

// expireRuns deletes finished runs, as a time to live does; of the current run only
// if its record is safe.
func (w *world) expireRuns() {
	if w.keepRuns {
		return
	}
	for name, r := range w.runs {
		_, safe := w.records[name]
		if r.state != RunWaiting && r.state != RunRunning && (safe || !Read(w.status).Accepts(name)) {
			delete(w.runs, name)
		}
	}
}

// deleteRun deletes the run that is waited for, if none of its results are stored.
func (w *world) deleteRun() {
	p, _ := Read(w.status).Current()
	if r := w.runs[p.Run]; r != nil && !w.keepRuns && p.RunUID != "" && !r.accepted && !r.harvested {
		delete(w.runs, p.Run)
	}
}

// engine lets one run go one step further. With luck it succeeds.
func (w *world) engine(luck bool) {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(w.runs)) {
		if s := w.runs[name].state; s == RunWaiting || s == RunRunning || w.runs[name].accepted {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	name := names[w.choose(len(names))]
	r, chance := w.runs[name], 0
	if !luck {
		chance = w.choose(8)
	}
	switch {
	case r.accepted: // and the harvest is stored a moment later, whatever else happened
		r.accepted, r.harvested = false, true
		w.records[name] = w.control(luck)
	case r.cancelled && chance < 4:
		r.state = RunCancelled
	case r.state == RunWaiting:
		if chance < 4 {
			r.state = RunRunning
		}
	case r.harvested:
		r.state = RunSucceeded
	case chance < 5 && !w.known(name): // the harvest is asked to come back
	case chance < 5:
		if r.accepted = Read(w.status).Accepts(name); !r.accepted {
			r.state = RunSucceeded // refused: the harvest ends cleanly
		}
	case chance == 5:
		r.accepted, r.state = Read(w.status).Accepts(name) && w.known(name), RunTimedOut // and is stored too late
	case chance == 6:
		r.state = RunFailed
	}
	w.note("engine: %s is %q, accepted %t, harvested %t", name, r.state, r.accepted, r.harvested)
}

func (w *world) control(luck bool) Control {
	switch {
	case len(w.script) > 0:
		c := w.script[0]
		w.script = w.script[1:]
		return c
	case luck:
		return Control{}
	}
	return []Control{{}, {}, {}, {Suspend: true}, {RetryAfter: 5 * time.Minute}}[w.choose(5)]
}

// clobber is a container that overwrites the whole status.
func (w *world) clobber() {
	w.status = []map[string]any{{}, {"kratix": "x"}, {"kratix": map[string]any{"workflows": int64(1)}}}[w.choose(3)]
	w.woken = true
	w.version++
	w.note("the status is lost")
}

// situation reads the world, in the order that Situation demands.
func (w *world) situation() Situation {
	s := Situation{
		Now: w.now, Type: workflow.Resource, Generation: w.generation, Labels: maps.Clone(w.labels),
		Paused: w.labels[LabelPaused] != "", Wanted: w.wanted(), Status: Read(w.status),
		Interval: time.Hour, RetryFailed: true,
		RunName: func(pipeline string, round int) string { return fmt.Sprintf("%s-h%d-%d", pipeline, w.spec, round) },
	}
	if w.full {
		s.Hold = Why{ReasonWaitingForSlot, "Waiting for a free slot"}
	}
	for _, name := range slices.Sorted(maps.Keys(w.runs)) {
		r := w.runs[name]
		s.LastRound = max(s.LastRound, r.Round)
		if p, _ := s.Status.Current(); r.state == RunWaiting || r.state == RunRunning || p.Run == name {
			s.Runs = append(s.Runs, Run{Name: name, UID: uidOf(name), State: r.state, Text: "text"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.records)) {
		s.Records = append(s.Records, Record{Run: name, UID: uidOf(name), Control: w.records[name]})
	}
	return s
}

func (w *world) String() string { return strings.Join(w.log, "\n") }

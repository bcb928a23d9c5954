// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

var update = flag.Bool("update", false, "rewrite docs/state-machine.md")

// state is a heading of docs/state-machine.md: what the object says, and what may
// happen then.
type state struct {
	name, text string
	base       func(*Situation)
	rows       []row
}

// row is one event: what it changes in the situation, the actions that follow, and
// the outcome with the status that they leave.
type row struct {
	event          string
	given          func(*Situation)
	actions, after string
}

func TestStateMachine(t *testing.T) {
	for _, st := range states {
		for _, r := range st.rows {
			t.Run(st.name+"/"+r.event, func(t *testing.T) {
				d := Decide(given(st, r))
				assert.Equal(t, r.actions, actions(d))
				assert.Equal(t, r.after, outcome(d))
			})
		}
	}
}

// TestStateMachinePage keeps the page in step with the table.
func TestStateMachinePage(t *testing.T) {
	const name = "../../../docs/state-machine.md"
	var page bytes.Buffer
	page.WriteString(intro)
	for _, st := range states {
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n| What happens | Actions, in this order | Afterwards |\n|---|---|---|\n", st.name, st.text)
		for _, r := range st.rows {
			fmt.Fprintf(&page, "| %s | %s | %s |\n", r.event, r.actions, r.after)
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(name, page.Bytes(), 0o644))
	}
	have, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, page.String(), string(have), "out of date; run `go test ./internal/runner/progress -update`")
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// given is an object with the pipelines a and b, at noon, after st and r changed it.
// Its hash is h and its generation 2.
func given(st state, r row) Situation {
	s := Situation{
		Now: noon, Type: workflow.Resource, Generation: 2, Labels: map[string]string{},
		Wanted:   Wanted{workflow.Configure, "h", []string{"a", "b"}},
		Interval: 10 * time.Hour, RetryFailed: true,
		RunName: func(pipeline string, round int) string { return fmt.Sprintf("%s-%d", pipeline, round) },
	}
	st.base(&s)
	r.given(&s)
	return s
}

func actions(d Decision) string {
	var names []string
	for _, a := range d.Actions {
		names = append(names, a.String())
	}
	if len(names) == 0 {
		return "none"
	}
	text := strings.NewReplacer("internal.workflows.kratix.io/", "", "kratix.io/", "").Replace(strings.Join(names, "; "))
	if d.Again {
		text += "; decide again"
	}
	return text
}

func outcome(d Decision) string {
	var phases []string
	for _, p := range d.Status.Pipelines {
		phases = append(phases, p.Name+" "+string(p.Phase))
	}
	if phases == nil {
		phases = []string{"no pipelines"}
	}
	text := fmt.Sprintf("%s: %s; round %d", d.Outcome, strings.Join(phases, ", "), d.Status.Round)
	if d.Status.Trigger != "" {
		text += "; trigger " + d.Status.Trigger[strings.Index(d.Status.Trigger, "/")+1:]
	}
	return text
}

// What the rows are made of.

func nothing(*Situation) {}

func status(action workflow.Action, pipelines ...Pipeline) func(*Situation) {
	return func(s *Situation) {
		s.Status = Status{Action: action, Hash: "h", Round: 1, Pipelines: slices.Clone(pipelines)}
		s.Wanted.Action = action
		s.Wanted.Pipelines = s.Status.names()
	}
}

// at is a pipeline that turned to its phase an hour ago.
func at(name string, phase Phase) Pipeline {
	p := Pipeline{Name: name, Phase: phase, LastTransition: noon.Add(-time.Hour)}
	if phase != PhasePending {
		p.Run = name + "-1"
	}
	return p
}

func all(changes ...func(*Situation)) func(*Situation) {
	return func(s *Situation) {
		for _, change := range changes {
			change(s)
		}
	}
}

func label(key string) func(*Situation) {
	return func(s *Situation) { s.Labels[key] = "true" }
}

func unlabel(s *Situation) { s.Labels = map[string]string{} }

func run(name string, state RunState) func(*Situation) {
	return func(s *Situation) { s.Runs = []Run{{Name: name, State: state}} }
}

// idle is a run that was told to end and of which nothing is left.
func idle(name string) func(*Situation) {
	return func(s *Situation) { s.Runs = []Run{{Name: name, State: RunRunning, Idle: true}} }
}

func justNow(s *Situation) { s.Status.Pipelines[s.Status.current()].LastTransition = s.Now }

// known is the run of the pipeline that runs, with the UID that the status has of it and
// the one that it has; without one it is not there.
func known(name, written, uid string) func(*Situation) {
	return func(s *Situation) {
		s.Status.Pipelines[s.Status.current()].RunUID = written
		s.Runs = nil
		if uid != "" {
			s.Runs = []Run{{Name: name, UID: uid, State: RunRunning}}
		}
	}
}

func record(name string, c Control) func(*Situation) {
	return func(s *Situation) { s.Records = append(s.Records, Record{Run: name, Control: c}) }
}

func edited(s *Situation) { s.Wanted.Hash, s.Generation = "i", 3 }

func promiseEdited(s *Situation) { s.Wanted.Hash = "i" }

func later(d time.Duration) func(*Situation) {
	return func(s *Situation) { s.Now = s.Now.Add(d) }
}

func full(s *Situation) { s.Hold = Why{ReasonWaitingForSlot, "Waiting for a free slot"} }

func deleted(pipelines ...string) func(*Situation) {
	return func(s *Situation) { s.Wanted = Wanted{workflow.Delete, "h", pipelines} }
}

func paused(s *Situation) { s.Paused = true }

func wasPaused(s *Situation) { s.Status.Paused = true }

func triggeredBy(label string) func(*Situation) {
	return func(s *Situation) { s.Status.Trigger = label }
}

func noPipelines(s *Situation) { s.Wanted.Pipelines, s.Status.Pipelines = nil, nil }

func suspendedUntil(retry time.Time) func(*Situation) {
	return func(s *Situation) {
		s.Status.SuspendedGeneration = 2
		s.Status.Pipelines[s.Status.current()].NextRetryAt = retry
		label(LabelSuspended)(s)
	}
}

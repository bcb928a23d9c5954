// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

var wholeStatus = Status{
	Action: workflow.Configure, Hash: "5d41", Round: 4, Trigger: LabelManual, Paused: true,
	SuspendedGeneration: 3, LastSuccess: noon,
	Pipelines: []Pipeline{
		{Name: "gen", Phase: PhaseSucceeded, Run: "gen-4", LastTransition: noon},
		{Name: "net", Phase: PhaseSuspended, Run: "net-4", Reason: ReasonPipelineSuspended, Message: "waits", Attempts: 2, NextRetryAt: noon.Add(time.Hour), LastTransition: noon},
		{Name: "end", Phase: PhasePending},
	},
}

func TestStatusRoundTrip(t *testing.T) {
	for name, s := range map[string]Status{"empty": {}, "full": wholeStatus} {
		t.Run(name, func(t *testing.T) {
			status := map[string]any{}
			s.Write(status)
			assert.Equal(t, s, Read(runtime.DeepCopyJSON(status)), "as unstructured objects hold it")

			text, err := json.Marshal(status)
			require.NoError(t, err)
			var decoded map[string]any
			require.NoError(t, json.Unmarshal(text, &decoded))
			assert.Equal(t, s, Read(decoded), "as plain JSON, where numbers are floats")
		})
	}
}

func TestWriteKeepsWhatIsNotOurs(t *testing.T) {
	status := map[string]any{
		"host":   "x",
		"kratix": map[string]any{"kind": "pg", "workflows": map[string]any{"theirs": "y", "trigger": "old", "round": int64(9)}},
	}
	Status{Hash: "h"}.Write(status)
	assert.Equal(t, map[string]any{
		"host":   "x",
		"kratix": map[string]any{"kind": "pg", "workflows": map[string]any{"theirs": "y", "hash": "h", "pipelines": []any{}}},
	}, status)
}

// The document's keys are part of the contract (6.5).
func TestDocument(t *testing.T) {
	status := map[string]any{}
	wholeStatus.Write(status)
	text, err := json.Marshal(status["kratix"])
	require.NoError(t, err)
	assert.JSONEq(t, `{"workflows": {
		"action": "configure", "hash": "5d41", "round": 4, "trigger": "kratix.io/manual-reconciliation", "paused": true,
		"suspendedGeneration": 3, "lastSuccessfulConfigureWorkflowTime": "2026-11-23T12:00:00Z",
		"pipelines": [
			{"name": "gen", "phase": "Succeeded", "run": "gen-4", "lastTransitionTime": "2026-11-23T12:00:00Z"},
			{"name": "net", "phase": "Suspended", "run": "net-4", "reason": "PipelineSuspended", "message": "waits", "attempts": 2,
			 "nextRetryAt": "2026-11-23T13:00:00Z", "lastTransitionTime": "2026-11-23T12:00:00Z"},
			{"name": "end", "phase": "Pending"}
		]}}`, string(text))
}

func TestReadOfBrokenDocuments(t *testing.T) {
	workflows := func(key string, value any) map[string]any {
		return map[string]any{"kratix": map[string]any{"workflows": map[string]any{key: value}}}
	}
	for name, status := range map[string]map[string]any{
		"nil":             nil,
		"text":            {"kratix": "x"},
		"list":            {"kratix": []any{}},
		"workflows null":  {"kratix": map[string]any{"workflows": nil}},
		"round text":      workflows("round", "4"),
		"round fraction":  workflows("round", 4.5),
		"round NaN":       workflows("round", math.NaN()),
		"round negative":  workflows("round", int64(-4)),
		"round huge":      workflows("round", int64(math.MaxInt64)),
		"round huge, too": workflows("round", 1e300),
		"pipelines map":   workflows("pipelines", map[string]any{}),
		"no time":         workflows("lastSuccessfulConfigureWorkflowTime", "yesterday"),
		"far time":        workflows("lastSuccessfulConfigureWorkflowTime", "9999-12-31T23:59:59-23:59"),
		"hash number":     workflows("hash", int64(5)),
		"paused text":     workflows("paused", "true"),
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, Status{}, Read(status)) })
	}
	entries := []any{"x", nil, map[string]any{"name": "a", "phase": "Dancing", "attempts": true, "nextRetryAt": int64(1)}}
	assert.Equal(t, []Pipeline{{}, {}, {Name: "a", Phase: "Dancing"}}, Read(workflows("pipelines", entries)).Pipelines)
}

// TestReadIsBounded: whoever may write the status can fill it with empty entries.
func TestReadIsBounded(t *testing.T) {
	entries := make([]any, 500_000)
	for i := range entries {
		entries[i] = map[string]any{}
	}
	status := map[string]any{"kratix": map[string]any{"workflows": map[string]any{"pipelines": entries}}}
	assert.Equal(t, maxPipelines, len(Read(status).Pipelines)) // testify would print all of them
}

func TestTidy(t *testing.T) {
	phases := func(pipelines ...Pipeline) (out []Phase) {
		for _, p := range (Status{Pipelines: pipelines}).tidy().Pipelines {
			out = append(out, p.Phase)
		}
		return out
	}
	named := func(phase Phase) Pipeline { return Pipeline{Phase: phase, Run: "r"} }
	assert.Equal(t, []Phase{"Succeeded", "Running", "Pending"}, phases(named("Succeeded"), named("Running"), named("Succeeded")))
	assert.Equal(t, []Phase{"Pending", "Pending"}, phases(named("Dancing"), named("Failed")))
	assert.Equal(t, []Phase{"Pending"}, phases(Pipeline{Phase: PhaseRunning}), "it names no run")

	trigger := func(phases ...Phase) string {
		s := Status{Trigger: LabelManual}
		for _, p := range phases {
			s.Pipelines = append(s.Pipelines, named(p))
		}
		return s.tidy().Trigger
	}
	assert.Equal(t, LabelManual, trigger())
	assert.Equal(t, LabelManual, trigger(PhasePending, PhasePending))
	assert.Empty(t, trigger(PhaseFailed, PhasePending), "or no label could start it over")
	assert.Empty(t, trigger(PhaseSucceeded, PhasePending))
}

func TestAccepts(t *testing.T) {
	s := Status{Action: workflow.Configure, Pipelines: []Pipeline{
		{Name: "a", Phase: PhaseSucceeded, Run: "a-1"}, {Name: "b", Phase: PhaseRunning, Run: "b-1"}, {Name: "c", Phase: PhasePending, Run: "c-0"},
	}}
	for run, want := range map[string]bool{"a-1": false, "b-1": true, "c-0": false, "b-0": false, "": false} {
		assert.Equal(t, want, s.Accepts(run), run)
	}
	s.Pipelines[1].Phase = PhaseFailed
	assert.False(t, s.Accepts("b-1"))
	assert.False(t, Status{Pipelines: []Pipeline{{Phase: PhaseRunning}}}.Accepts(""))
}

func FuzzRead(f *testing.F) {
	seed := map[string]any{}
	wholeStatus.Write(seed)
	text, err := json.Marshal(seed)
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"kratix":{"workflows":{"pipelines":[{"name":5},[],null],"round":1e99}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var status map[string]any
		if json.Unmarshal(text, &status) != nil || status == nil {
			return
		}
		s := Read(status)
		s.Write(status)
		assert.Equal(t, s, Read(status))
		d := Decide(Situation{Status: s, RunName: func(p string, _ int) string { return p }})
		d.Publish(status, Situation{Now: noon})
		assert.True(t, Read(status).equal(d.Status))
	})
}

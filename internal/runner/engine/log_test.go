// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
)

// source is one log.
type source struct {
	log   io.Reader
	err   error
	asked string
}

func (s *source) open(_ context.Context, namespace, pod, container string, lines int64) (io.ReadCloser, error) {
	s.asked = fmt.Sprintf("%s/%s/%s", namespace, pod, container)
	if lines < engine.LogLines {
		return nil, errors.New("too few lines are asked for")
	}
	if s.err != nil {
		return nil, s.err
	}
	return io.NopCloser(s.log), nil
}

// noisy is an engine that has lines of its own.
type noisy struct{ backends.Observer }

func (noisy) AddLog(s *state.State, lines []string) {
	for _, line := range lines {
		if line != "engine: noise" {
			s.Failure.Log = append(s.Failure.Log, line)
		}
	}
}

// addLog reads the log of a run in the namespace team.
func addLog(t *testing.T, s *state.State, from *source) {
	t.Helper()
	run := &unstructured.Unstructured{}
	run.SetNamespace("team")
	made := backends.Engines()[0]
	made.Observer = noisy{}
	engine.New(made, backends.Defaults(), nil, nil, nil, from.open).AddLog(t.Context(), run, s)
}

// failing is a run whose second step failed.
func failing() state.State {
	return state.State{
		Phase: state.Failed, Attempt: 1, Pod: "one-pod",
		Steps: []state.Step{
			{Name: "first", Container: "step-first", Phase: state.StepDone},
			{Name: "guilty", Container: "step-guilty", Phase: state.StepDone, ExitCode: 3},
		},
		Failure: &state.Failure{Reason: state.Error, Step: "guilty", Container: "step-guilty", ExitCode: 3},
	}
}

func numbered(n int) []string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("line %d", i))
	}
	return lines
}

func TestAddLog(t *testing.T) {
	thousand := numbered(1000)
	long := strings.Repeat("é", engine.LogBytes)
	for name, test := range map[string]struct {
		log  string
		want []string
	}{
		"few lines":                  {"one\ntwo\n", []string{"one", "two"}},
		"no end of line":             {"one\ntwo", []string{"one", "two"}},
		"from Windows":               {"one\r\ntwo\r\n", []string{"one", "two"}},
		"an empty line between":      {"one\n\ntwo\n", []string{"one", "", "two"}},
		"without the engine's":       {"one\nengine: noise\n", []string{"one"}},
		"the last of many":           {strings.Join(thousand, "\n"), thousand[len(thousand)-engine.LogLines:]},
		"the end of one long line":   {long, []string{long[len(long)-engine.LogBytes:]}},
		"no half of a long line":     {long + "\nshort\n", []string{"short"}},
		"bytes that are not text":    {"one\xff\xfe\n", []string{"one\uFFFD"}},
		"a character cut in half":    {long + "x", []string{(long + "x")[len(long)+2-engine.LogBytes:]}},
		"more than can ever be kept": {strings.Repeat("many\n", 1<<20), strings.Split(strings.Repeat("many ", engine.LogLines-1)+"many", " ")},
	} {
		t.Run(name, func(t *testing.T) {
			s, from := failing(), &source{log: strings.NewReader(test.log)}
			addLog(t, &s, from)
			assert.Equal(t, test.want, s.Failure.Log)
			assert.Empty(t, s.Failure.NoLog)
			assert.Equal(t, "team/one-pod/step-guilty", from.asked)
		})
	}
}

func TestAddLogWithoutALog(t *testing.T) {
	gone := apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, "one-pod")
	for name, test := range map[string]struct {
		change func(*state.State)
		source source
		want   string
	}{
		"the Pod is gone":   {source: source{err: fmt.Errorf("get: %w", gone)}, want: "the Pod is gone, and its logs with it"},
		"a new Pod":         {source: source{err: apierrors.NewBadRequest("is waiting to start")}, want: "is waiting to start"},
		"nothing written":   {source: source{log: strings.NewReader("")}, want: "the container wrote nothing"},
		"only the engine":   {source: source{log: strings.NewReader("engine: noise\n")}, want: "the container wrote nothing"},
		"nobody knows it":   {change: func(s *state.State) { s.Pod = "" }, want: "the Pod is gone, and its logs with it"},
		"it waits":          {change: func(s *state.State) { s.Steps[1].Phase = state.StepWaiting }, want: "the container never started"},
		"it waited in vain": {change: func(s *state.State) { s.Steps[1].Phase = state.StepSkipped }, want: "the container never started"},
	} {
		t.Run(name, func(t *testing.T) {
			s := failing()
			if test.change != nil {
				test.change(&s)
			}
			addLog(t, &s, &test.source)
			assert.Equal(t, test.want, s.Failure.NoLog)
			assert.Nil(t, s.Failure.Log)
		})
	}
}

func TestAddLogAsksForNothingWithoutAFailingStep(t *testing.T) {
	for name, change := range map[string]func(*state.State){
		"no failure": func(s *state.State) { s.Failure = nil },
		"no step":    func(s *state.State) { s.Failure.Step, s.Failure.Container = "", "" },
	} {
		t.Run(name, func(t *testing.T) {
			s, from := failing(), &source{}
			change(&s)
			addLog(t, &s, from)
			assert.Empty(t, from.asked)
		})
	}
}

func TestAddLogReportsWhatCannotBeRead(t *testing.T) {
	for name, from := range map[string]source{
		"not opened": {err: errors.New("connection refused")},
		"not read":   {log: iotest.ErrReader(errors.New("connection refused"))},
	} {
		t.Run(name, func(t *testing.T) {
			s := failing()
			addLog(t, &s, &from)
			assert.Equal(t, `read the log of container "step-guilty" in Pod "one-pod": connection refused`, s.Failure.NoLog)
		})
	}
}

func TestAddLogKeepsWhatItReadBeforeTheConnectionBroke(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("one\n"), iotest.ErrReader(errors.New("connection reset")))
	s := failing()
	addLog(t, &s, &source{log: broken})
	assert.Equal(t, []string{"one"}, s.Failure.Log)
}

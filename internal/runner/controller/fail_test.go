// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	path "k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// failed is a world in which the first Pipeline of a request has failed, and in which its
// log is read like this.
func failed(t *testing.T, log func() (io.ReadCloser, error)) *world {
	t.Helper()
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.logged(t, log)
	w.step(t, "a", "one")
	w.fail(t, w.run(t, "a", "a", "one"))
	w.step(t, "a", "one")
	return w
}

func (w *world) condition(t *testing.T, kind string) progress.Condition {
	t.Helper()
	request := w.thing(t, "a", "one")
	require.NotNil(t, request)
	return progress.GetCondition(newObject(request).status(), kind)
}

// TestFailureWithoutItsLog: a node that is down may be the reason for the failure and for the
// missing log.
func TestFailureWithoutItsLog(t *testing.T) {
	w := failed(t, func() (io.ReadCloser, error) { return nil, errors.New("dial tcp 10.0.0.9:10250: no route to host") })
	pipeline, _ := w.workflow(t, "a", "one").Current()
	assert.Equal(t, progress.PhaseFailed, pipeline.Phase)
	assert.Contains(t, pipeline.Message, "container main: Error, exit code 1")
	assert.Equal(t, "ConfigureWorkflowFailed", w.condition(t, progress.ConditionConfigureCompleted).Reason)

	request := w.thing(t, "a", "one")
	request.SetLabels(map[string]string{progress.LabelManual: "true"})
	w.edit(t, request)
	w.step(t, "a", "one")
	pipeline, _ = w.workflow(t, "a", "one").Current()
	assert.Equal(t, progress.PhaseRunning, pipeline.Phase, "it goes on")
}

func TestFailureWithItsLog(t *testing.T) {
	const secret = "password=hunter2"
	w := failed(t, func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(secret + strings.Repeat("\n"+strings.Repeat("ü", 400), shownLines-1))), nil
	})
	pipeline, _ := w.workflow(t, "a", "one").Current()
	assert.LessOrEqual(t, len(pipeline.Message), maxText)
	message := w.condition(t, progress.ConditionConfigureCompleted).Message
	assert.LessOrEqual(t, len(message), maxText+100, "and what Kratix says before it")
	assert.True(t, utf8.ValidString(message))
	assert.Contains(t, message, secret, "who may read the object may read its log")

	require.Contains(t, strings.Join(w.notes.all, "\n"), "A Configure Pipeline has failed: one: container main: Error, exit code 1")
	for _, note := range w.notes.all {
		assert.NotContains(t, note, secret)
		assert.LessOrEqual(t, len(note), maxNote)
	}
}

func TestLongNotesAreCut(t *testing.T) {
	w := newWorld(t)
	o := newObject(thing(t, "a", "one"))
	w.tell(o, progress.Event{Reason: "Reason", Message: strings.Repeat("ü", maxNote)})
	require.Len(t, w.notes.all, 1)
	assert.LessOrEqual(t, len(w.notes.all[0]), maxNote)
	assert.True(t, utf8.ValidString(w.notes.all[0]))

	w.blame(o, "Reason", strings.Repeat("ü", 2*maxText))
	reconciled := progress.GetCondition(o.status(), progress.ConditionReconciled)
	assert.LessOrEqual(t, len(reconciled.Message), maxText)
	assert.LessOrEqual(t, len(w.notes.all[1]), maxNote)
}

// TestRefusedStatus: the schema of the API is the author's, and a Pipeline may write
// against it.
func TestRefusedStatus(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.saveStatus = func(o *unstructured.Unstructured) error {
		if _, written, _ := unstructured.NestedFieldNoCopy(o.Object, "status", "endpoint"); !written {
			return nil
		}
		wrong := path.Invalid(path.NewPath("status", "endpoint"), 7, "must be a string")
		return apierrors.NewInvalid(thingKind.GroupKind(), o.GetName(), path.ErrorList{wrong})
	}
	w.step(t, "a", "one")
	w.harvest(t, w.run(t, "a", "a", "one"), map[string]string{"metadata/status.yaml": "endpoint: 7", "output/a.yaml": "a: b"})
	w.step(t, "a", "one")

	pipeline, _ := w.workflow(t, "a", "one").Current()
	assert.Equal(t, "one", pipeline.Name)
	assert.Equal(t, progress.PhaseFailed, pipeline.Phase)
	assert.Contains(t, pipeline.Message, "cannot be delivered: status.yaml:")
	assert.Contains(t, pipeline.Message, "must be a string")
	assert.Contains(t, w.condition(t, progress.ConditionConfigureCompleted).Message, "must be a string")
	assert.NotContains(t, newObject(w.thing(t, "a", "one")).status(), "endpoint")
}

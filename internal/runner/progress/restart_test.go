// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// TestWhyItStartsOver: people are told once what has changed.
func TestWhyItStartsOver(t *testing.T) {
	completedFor := func(generation int64) func(*Situation) {
		return func(s *Situation) { s.Completed = generation }
	}
	ofPromise := func(s *Situation) { s.Type = workflow.Promise }
	for name, c := range map[string]struct {
		state state
		given func(*Situation)
		want  string
	}{
		"the first time":    {isNew, nothing, ""},
		"nothing happened":  {hasCompleted, nothing, ""},
		"edited":            {hasCompleted, all(edited, completedFor(2)), "its spec has changed"},
		"the Promise":       {hasCompleted, all(promiseEdited, completedFor(2)), "the spec of its Promise has changed, or the label kratix.io/dry-run"},
		"one of both":       {hasFailed, promiseEdited, "its spec has changed, or that of its Promise"},
		"a Promise edited":  {hasCompleted, all(edited, ofPromise), "its spec has changed"},
		"other Pipelines":   {hasCompleted, func(s *Situation) { s.Wanted = Wanted{workflow.Configure, "i", []string{"c"}} }, "the Promise lists other Pipelines"},
		"by hand":           {hasCompleted, all(edited, label(LabelManual)), "the label kratix.io/manual-reconciliation asks for it"},
		"after a pause":     {hasCompleted, label(LabelRunFromStart), "a pause has ended, or the Promise has passed on that all its requests do"},
		"at the interval":   {hasCompleted, all(func(s *Situation) { s.Interval = 10 * time.Hour }, later(11*time.Hour)), "the interval of 10h0m0s has passed"},
		"it is deleted":     {hasCompleted, deleted("d"), ""},
		"while one runs":    {isPending, all(edited, completedFor(1)), "its spec has changed"},
		"deletion by hand":  {deleteFailed, label(LabelManual), "the label kratix.io/manual-reconciliation asks for it"},
		"a second deletion": {deleting, nothing, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.state, row{given: c.given})
			told := ""
			for _, e := range Decide(s).Events {
				if e.Reason == ReasonReconcileStarted {
					told += e.Message
				}
			}
			want := c.want
			if want != "" {
				want = "The " + string(s.Wanted.Action) + " workflow starts over: " + want
			}
			assert.Equal(t, want, told)
		})
	}
}

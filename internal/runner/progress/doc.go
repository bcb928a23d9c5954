// SPDX-License-Identifier: Apache-2.0

// Package progress is the state machine of a workflow: what to do next for one
// Promise or request, given what is known of it.
//
//	object, runs, records -> Situation -> Decide -> Decision -> actions, one by one
//	                                        |
//	                               docs/state-machine.md
//
// It knows no client and no clock. The order of a Decision's actions makes a crash between any
// two of them harmless: the next runner looks at what is there, decides again, and does the
// rest. model_test.go crashes it everywhere.
//
// Numbers such as 6.3 are sections of docs/kratix-contract.md.
package progress

import "github.com/kratix-compile/kratix-compile/translate/workflow"

// Labels that people, or the runner itself, put on an object; their value is "true".
const (
	// LabelManual asks for the workflow to start over now, whatever runs.
	LabelManual = "kratix.io/manual-reconciliation"
	// LabelRunFromStart asks for it to start over once the active run has ended.
	LabelRunFromStart = "internal.workflows.kratix.io/run-from-start"
	// LabelSuspended says that the workflow is suspended; removing it resumes.
	LabelSuspended = "kratix.io/workflow-suspended"
	// LabelPaused stops all work on the object, and on the requests of a Promise.
	LabelPaused = "kratix.io/paused"
	// LabelReconcileResources, on a Promise, asks for all its requests to start over.
	LabelReconcileResources = "kratix.io/reconcile-resources"
)

// Wanted is the workflow that the object calls for now.
type Wanted struct {
	// Action is delete if the object has a deletion timestamp.
	Action workflow.Action
	// Hash is of everything that the workflow is compiled from (6.2). When it changes, the
	// workflow starts over.
	Hash string
	// Pipelines are all names in order; of the delete workflow only the first runs.
	Pipelines []string
}

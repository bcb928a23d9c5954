// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

const intro = `<!-- Written by ` + "`go test ./internal/runner/progress -update`" + `. -->

# State machine

What the runner does with the workflow of a Promise or request. All it knows between
two decisions is in the object: its labels, and ` + "`status.kratix.workflows`" + `. A decision is
a list of actions. They are executed in order, and the runner may be killed between any
two of them: whoever comes next decides again from what is there, and does the rest.
A test kills it everywhere ([model_test.go](../internal/runner/progress/model_test.go)).

* **The status is written before a run is submitted**, with the run's name. A run that
  is named and missing is submitted again, under the same name.
* **A record is dropped last.** It is what the runner keeps of a run's results, from the
  moment the run was told that they are safe. Work and status are written from it first.
* **A label is a command.** To start over, the status says so first, then the label goes,
  and only then is a run submitted: a label put on at any time is followed by a run that
  starts after it.
* **The suspension label is put on before the status says so.** A suspended pipeline
  without the label is one that someone resumed.
* **One run at a time.** A run of an earlier round is cancelled and waited for. A run
  whose results are safe counts as ended, even if the engine never notices. So does one that was
  told to end a minute ago and of whose Pods none is left.
* **A run is known by its UID**, which is written when it has been created. A run that is deleted
  is followed by one with another name.
* **A conflict ends the execution.** The decision was made for an object that has changed.

In the tables the pipelines are ` + "`a` and `b`" + `, ` + "`a-1`" + ` is the run of ` + "`a`" + ` in round 1, and labels are
written without their prefix. Every row is a test.
`

// The rows of docs/state-machine.md.
var states = []state{
	isNew, isPending, startingOver, isRunning, runningLast, isSuspended, hasFailed, hasCompleted, isPaused, deleting, deleteFailed, isDeleted,
}

var isNew = state{
	"New", "The object has no status.",
	nothing,
	[]row{
		{
			"the object appears", nothing,
			"write status; submit a-1",
			"Running: a Running, b Pending; round 1",
		},
		{
			"no run may start at present", full,
			"write status",
			"Waiting: a Pending, b Pending; round 1",
		},
		{
			"someone holds it with the label workflow-suspended", label(LabelSuspended),
			"write status",
			"Suspended: a Pending, b Pending; round 1",
		},
		{
			"the label manual-reconciliation is on it", label(LabelManual),
			"write status; remove label manual-reconciliation; decide again",
			"Waiting: a Pending, b Pending; round 1; trigger manual-reconciliation",
		},
		{
			"the Promise has no pipelines", func(s *Situation) { s.Wanted.Pipelines = nil },
			"write status; decide again",
			"Waiting: no pipelines; round 1; trigger run-from-start",
		},
		{
			"it is paused", paused,
			"write status",
			"Paused: no pipelines; round 0",
		},
		{
			"it was paused from the beginning, and is not any more", wasPaused,
			"write status; decide again",
			"Waiting: no pipelines; round 0",
		},
		{
			"it is deleted", deleted("d"),
			"write status; submit d-1",
			"Running: d Running; round 1",
		},
		{
			"its status was lost, and a run is active", all(run("a-4", RunRunning), func(s *Situation) { s.LastRound = 4 }),
			"write status; cancel a-4",
			"Waiting: a Pending, b Pending; round 5",
		},
	},
}

var isPending = state{
	"Pending", "The workflow has started, `a` has succeeded, and `b` waits for a slot, a label or the end of an old run.",
	status(workflow.Configure, at("a", PhaseSucceeded), at("b", PhasePending)),
	[]row{
		{
			"nothing is in the way any more", nothing,
			"write status; submit b-1",
			"Running: a Succeeded, b Running; round 1",
		},
		{
			"still no run may start", full,
			"write status",
			"Waiting: a Succeeded, b Pending; round 1",
		},
		{
			"a run of an earlier round is active", run("b-0", RunRunning),
			"write status; cancel b-0",
			"Waiting: a Succeeded, b Pending; round 1",
		},
		{
			"the engine has not noticed the end of a", run("a-1", RunRunning),
			"write status; submit b-1",
			"Running: a Succeeded, b Running; round 1",
		},
		{
			"nothing is left of an earlier run, but its engine does not say so", idle("b-0"),
			"write status; submit b-1",
			"Running: a Succeeded, b Running; round 1",
		},
		{
			"the same, and it was told to end less than a minute ago", all(idle("b-0"), justNow),
			"write status; cancel b-0",
			"Waiting: a Succeeded, b Pending; round 1",
		},
		{
			"someone holds it with the label workflow-suspended", label(LabelSuspended),
			"write status",
			"Suspended: a Succeeded, b Pending; round 1",
		},
		{
			"the spec changes", edited,
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the label manual-reconciliation is put on", label(LabelManual),
			"write status; remove label manual-reconciliation; decide again",
			"Waiting: a Pending, b Pending; round 2; trigger manual-reconciliation",
		},
		{
			"the label run-from-start is put on", label(LabelRunFromStart),
			"write status; remove label run-from-start; decide again",
			"Waiting: a Pending, b Pending; round 2; trigger run-from-start",
		},
	},
}

var startingOver = state{
	"Starting over", "The status says for which label; `a` and `b` are Pending.",
	all(status(workflow.Configure, at("a", PhasePending), at("b", PhasePending)), func(s *Situation) { s.Status.Trigger, s.Status.Round = LabelManual, 2 }),
	[]row{
		{
			"the label is gone", nothing,
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the label is there, again or still", label(LabelManual),
			"remove label manual-reconciliation; write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the suspension that it overrules is there", all(label(LabelManual), label(LabelSuspended)),
			"remove label workflow-suspended; remove label manual-reconciliation; write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"it is for run-from-start, and someone holds the workflow", all(label(LabelSuspended), triggeredBy(LabelRunFromStart)),
			"write status",
			"Suspended: a Pending, b Pending; round 2; trigger run-from-start",
		},
		{
			"the same, and manual-reconciliation is put on", all(label(LabelSuspended), label(LabelManual), triggeredBy(LabelRunFromStart)),
			"remove label workflow-suspended; remove label manual-reconciliation; write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"there are no pipelines", noPipelines,
			"clean up runs and Works; write status",
			"Completed: no pipelines; round 2",
		},
		{
			"there are no pipelines, and the old run is active", all(noPipelines, run("a-1", RunWaiting)),
			"cancel a-1",
			"Waiting: no pipelines; round 2; trigger manual-reconciliation",
		},
		{
			"there are no pipelines, and nothing is left of the old run, but its engine does not say so", all(noPipelines, idle("a-1")),
			"clean up runs and Works; write status",
			"Completed: no pipelines; round 2",
		},
		{
			"the old run is active", run("a-1", RunRunning),
			"write status; cancel a-1",
			"Waiting: a Pending, b Pending; round 2; trigger manual-reconciliation",
		},
		{
			"the spec changes", edited,
			"write status; decide again",
			"Waiting: a Pending, b Pending; round 3; trigger manual-reconciliation",
		},
		{
			"no run may start at present", all(full, label(LabelManual)),
			"remove label manual-reconciliation; write status",
			"Waiting: a Pending, b Pending; round 2; trigger manual-reconciliation",
		},
	},
}

var isPaused = state{
	"Paused", "The status says so; `a` runs.",
	all(status(workflow.Configure, at("a", PhaseRunning), at("b", PhasePending)), run("a-1", RunRunning), wasPaused),
	[]row{
		{
			"its results arrive", all(paused, record("a-1", Control{})),
			"none",
			"Paused: a Running, b Pending; round 1",
		},
		{
			"the label paused is removed", nothing,
			"add label run-from-start; write status; decide again",
			"Waiting: a Running, b Pending; round 1",
		},
		{
			"the label paused is removed, and a has suspended the workflow", all(func(s *Situation) { s.Status.Pipelines[0].Phase, s.Runs = PhaseSuspended, nil }, suspendedUntil(noon.Add(time.Hour))),
			"add label run-from-start; remove label workflow-suspended; write status; decide again",
			"Waiting: a Suspended, b Pending; round 1",
		},
		{
			"the object is a Promise, and the label is removed", func(s *Situation) { s.Type = workflow.Promise },
			"add label run-from-start; add label reconcile-resources; write status; decide again",
			"Waiting: a Running, b Pending; round 1",
		},
		{
			"the object is deleted", all(paused, deleted("d")),
			"write status; decide again",
			"Waiting: a Running, b Pending; round 1",
		},
	},
}

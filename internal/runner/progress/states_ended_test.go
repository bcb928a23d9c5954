// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

var retry = noon.Add(10 * time.Minute)

var isSuspended = state{
	"Suspended", "`b` has asked for a retry at ten past twelve; `a` has succeeded. The label workflow-suspended is on.",
	all(status(workflow.Configure, at("a", PhaseSucceeded), at("b", PhaseSuspended)), suspendedUntil(retry)),
	[]row{
		{
			"nothing", nothing,
			"none",
			"Suspended: a Succeeded, b Suspended; round 1",
		},
		{
			"the time of the retry comes", later(10 * time.Minute),
			"remove label workflow-suspended; write status; submit b-2",
			"Running: a Succeeded, b Running; round 2",
		},
		{
			"the label is removed", unlabel,
			"write status; submit b-2",
			"Running: a Succeeded, b Running; round 2",
		},
		{
			"the label is removed, and no run may start", all(unlabel, full),
			"write status",
			"Waiting: a Succeeded, b Pending; round 2",
		},
		{
			"the label is removed, and the Promise had changed", all(unlabel, promiseEdited),
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the label is removed, and run-from-start had been put on", all(unlabel, label(LabelRunFromStart)),
			"write status; remove label run-from-start; decide again",
			"Waiting: a Pending, b Pending; round 2; trigger run-from-start",
		},
		{
			"the spec of the object changes", edited,
			"write status; remove label workflow-suspended; decide again",
			"Waiting: a Pending, b Pending; round 2; trigger workflow-suspended",
		},
		{
			"someone loses its suspendedGeneration", func(s *Situation) { s.Status.SuspendedGeneration = 0 },
			"none",
			"Suspended: a Succeeded, b Suspended; round 1",
		},
		{
			"the Promise changes", promiseEdited,
			"none",
			"Suspended: a Succeeded, b Suspended; round 1",
		},
		{
			"the label run-from-start is put on", label(LabelRunFromStart),
			"none",
			"Suspended: a Succeeded, b Suspended; round 1",
		},
		{
			"the label manual-reconciliation is put on", label(LabelManual),
			"write status; remove label workflow-suspended; remove label manual-reconciliation; decide again",
			"Waiting: a Pending, b Pending; round 2; trigger manual-reconciliation",
		},
		{
			"its record is still there", record("b-1", Control{Suspend: true}),
			"drop record of b-1",
			"Suspended: a Succeeded, b Suspended; round 1",
		},
		{
			"the interval passes", all(later(10*time.Hour), func(s *Situation) { s.Status.Pipelines[1].NextRetryAt = time.Time{} }),
			"none",
			"Suspended: a Succeeded, b Suspended; round 1",
		},
		{
			"the object is deleted", deleted("d"),
			"write status; remove label workflow-suspended; decide again",
			"Waiting: d Pending; round 2; trigger workflow-suspended",
		},
	},
}

var hasFailed = state{
	"Failed", "`b` has failed an hour ago; `a` had succeeded. Failed workflows are retried after ten hours.",
	status(workflow.Configure, at("a", PhaseSucceeded), at("b", PhaseFailed)),
	[]row{
		{
			"nothing", nothing,
			"none",
			"Failed: a Succeeded, b Failed; round 1",
		},
		{
			"the interval passes", later(9 * time.Hour),
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the interval passes, and failed workflows are not retried", all(later(9*time.Hour), func(s *Situation) { s.RetryFailed = false }),
			"none",
			"Failed: a Succeeded, b Failed; round 1",
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
			"the results that could not be delivered are still there", func(s *Situation) { s.Records = []Record{{Run: "b-1", Fault: "too large"}} },
			"drop record of b-1",
			"Failed: a Succeeded, b Failed; round 1",
		},
		{
			"its results arrive after all", record("b-1", Control{}),
			"write Work and merge status.yaml of b-1; clean up runs and Works; write status; drop record of b-1",
			"Completed: a Succeeded, b Succeeded; round 1",
		},
		{
			"the object is deleted", deleted("d"),
			"write status; submit d-2",
			"Running: d Running; round 2",
		},
	},
}

var hasCompleted = state{
	"Completed", "All pipelines succeeded an hour ago.",
	status(workflow.Configure, at("a", PhaseSucceeded), at("b", PhaseSucceeded)),
	[]row{
		{
			"nothing, or its runs are deleted", nothing,
			"none",
			"Completed: a Succeeded, b Succeeded; round 1",
		},
		{
			"the interval passes", later(9 * time.Hour),
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the spec changes", edited,
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the spec changes, and the engine never ended b-1", all(edited, run("b-1", RunRunning)),
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the object is deleted, and the engine never ended b-1", all(deleted("d"), run("b-1", RunRunning)),
			"write status; submit d-2",
			"Running: d Running; round 2",
		},
		{
			"the spec changes, and there are no pipelines any more", all(edited, func(s *Situation) { s.Wanted.Pipelines = nil }),
			"write status; decide again",
			"Waiting: no pipelines; round 2; trigger run-from-start",
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
		{
			"the label workflow-suspended is put on by someone", label(LabelSuspended),
			"none",
			"Completed: a Succeeded, b Succeeded; round 1",
		},
		{
			"the object is paused", paused,
			"write status",
			"Paused: a Succeeded, b Succeeded; round 1",
		},
		{
			"the object is deleted", deleted("d", "e"),
			"write status; submit d-2",
			"Running: d Running, e Pending; round 2",
		},
		{
			"the object is deleted, and the Promise has no delete pipeline", deleted(),
			"write status; decide again",
			"Waiting: no pipelines; round 2; trigger run-from-start",
		},
	},
}

var deleting = state{
	"Deleting", "The delete workflow runs `d`, the first of `d` and `e`. Success is final.",
	all(status(workflow.Delete, at("d", PhaseRunning), at("e", PhasePending)), run("d-1", RunRunning)),
	[]row{
		{
			"its results arrive", record("d-1", Control{}),
			"merge status.yaml of d-1; write status; drop record of d-1",
			"Completed: d Succeeded, e Pending; round 1",
		},
		{
			"its results arrive, and manual-reconciliation is on", all(record("d-1", Control{}), label(LabelManual)),
			"merge status.yaml of d-1; write status; drop record of d-1",
			"Completed: d Succeeded, e Pending; round 1",
		},
		{
			"it asks to suspend", record("d-1", Control{Suspend: true}),
			"merge status.yaml of d-1; add label workflow-suspended; clean up runs; write status; drop record of d-1",
			"Suspended: d Suspended, e Pending; round 1",
		},
		{
			"it fails", run("d-1", RunFailed),
			"clean up runs; write status",
			"Failed: d Failed, e Pending; round 1",
		},
		{
			"the label manual-reconciliation is put on", label(LabelManual),
			"write status; cancel d-1; remove label manual-reconciliation; decide again",
			"Waiting: d Pending, e Pending; round 2; trigger manual-reconciliation",
		},
		{
			"the label run-from-start is put on", label(LabelRunFromStart),
			"none",
			"Running: d Running, e Pending; round 1",
		},
		{
			"the object is paused", paused,
			"none",
			"Running: d Running, e Pending; round 1",
		},
	},
}

var deleteFailed = state{
	"Failed to delete", "`d` has failed an hour ago. The object stays until someone acts.",
	status(workflow.Delete, at("d", PhaseFailed), at("e", PhasePending)),
	[]row{
		{
			"nothing, however long", later(100 * time.Hour),
			"none",
			"Failed: d Failed, e Pending; round 1",
		},
		{
			"the label manual-reconciliation is put on", label(LabelManual),
			"write status; remove label manual-reconciliation; decide again",
			"Waiting: d Pending, e Pending; round 2; trigger manual-reconciliation",
		},
		{
			"the spec changes", edited,
			"write status; submit d-2",
			"Running: d Running, e Pending; round 2",
		},
	},
}

var isDeleted = state{
	"Deleted", "`d` has succeeded: the finalizer may go.",
	status(workflow.Delete, at("d", PhaseSucceeded), at("e", PhasePending)),
	[]row{
		{
			"nothing", nothing,
			"none",
			"Completed: d Succeeded, e Pending; round 1",
		},
		{
			"the spec or the labels change", all(edited, label(LabelManual)),
			"none",
			"Completed: d Succeeded, e Pending; round 1",
		},
	},
}

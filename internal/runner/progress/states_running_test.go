// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

var isRunning = state{
	"Running", "The status names a run of `a`.",
	all(status(workflow.Configure, at("a", PhaseRunning), at("b", PhasePending)), run("a-1", RunRunning)),
	[]row{
		{
			"nothing", nothing,
			"none",
			"Running: a Running, b Pending; round 1",
		},
		{
			"its results arrive", record("a-1", Control{}),
			"write Work and merge status.yaml of a-1; write status; submit b-1; drop record of a-1",
			"Running: a Succeeded, b Running; round 1",
		},
		{
			"its results arrive, and no run may start", all(record("a-1", Control{}), full),
			"write Work and merge status.yaml of a-1; write status; drop record of a-1",
			"Waiting: a Succeeded, b Pending; round 1",
		},
		{
			"its results arrive, and it had timed out", all(record("a-1", Control{}), run("a-1", RunTimedOut)),
			"write Work and merge status.yaml of a-1; write status; submit b-1; drop record of a-1",
			"Running: a Succeeded, b Running; round 1",
		},
		{
			"its results cannot be delivered", func(s *Situation) { s.Records = []Record{{Run: "a-1", Fault: "too large"}} },
			"clean up runs; write status; drop record of a-1",
			"Failed: a Failed, b Pending; round 1",
		},
		{
			"results of another run are found", record("a-0", Control{}),
			"drop record of a-0",
			"Running: a Running, b Pending; round 1",
		},
		{
			"it asks to suspend", record("a-1", Control{Suspend: true}),
			"merge status.yaml of a-1; add label workflow-suspended; clean up runs; write status; drop record of a-1",
			"Suspended: a Suspended, b Pending; round 1",
		},
		{
			"it asks for a retry", record("a-1", Control{RetryAfter: time.Minute}),
			"merge status.yaml of a-1; add label workflow-suspended; clean up runs; write status; drop record of a-1",
			"Suspended: a Suspended, b Pending; round 1",
		},
		{
			"it asks to suspend, and the spec has changed", all(record("a-1", Control{Suspend: true}), edited),
			"merge status.yaml of a-1; write status; submit a-2; drop record of a-1",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the runner was killed after it put the label on for that", all(record("a-1", Control{Suspend: true}), label(LabelSuspended)),
			"merge status.yaml of a-1; clean up runs; write status; drop record of a-1",
			"Suspended: a Suspended, b Pending; round 1",
		},
		{
			"the same, and then the spec changed", all(record("a-1", Control{Suspend: true}), label(LabelSuspended), edited),
			"merge status.yaml of a-1; write status; remove label workflow-suspended; drop record of a-1; decide again",
			"Waiting: a Pending, b Pending; round 2; trigger workflow-suspended",
		},
		{
			"the run does not exist", run("a-1", RunAbsent),
			"submit a-1",
			"Running: a Running, b Pending; round 1",
		},
		{
			"the runner was killed before it could write the run's UID", known("a-1", "", "uid-1"),
			"submit a-1",
			"Running: a Running, b Pending; round 1",
		},
		{
			"the same, and the spec changes while its containers run", all(known("a-1", "", "uid-1"), edited),
			"write status",
			"Running: a Running, b Pending; round 1",
		},
		{
			"someone deletes the run", known("a-1", "uid-1", ""),
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the same, and gives its name to another one", known("a-1", "uid-1", "uid-2"),
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"its status came from a backup of another object", func(s *Situation) { s.Status.Pipelines[0].Run, s.Runs = "theirs", nil },
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"its image cannot be pulled", run("a-1", RunWaiting),
			"none",
			"Running: a Running, b Pending; round 1",
		},
		{
			"it fails", run("a-1", RunFailed),
			"clean up runs; write status",
			"Failed: a Failed, b Pending; round 1",
		},
		{
			"it succeeds without results", run("a-1", RunSucceeded),
			"clean up runs; write status",
			"Failed: a Failed, b Pending; round 1",
		},
		{
			"someone breaks the list in the status, and it fails", all(run("a-1", RunFailed), func(s *Situation) { s.Status.Pipelines[1].Name = "x" }),
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"someone cancels it", run("a-1", RunCancelled),
			"clean up runs; write status",
			"Failed: a Failed, b Pending; round 1",
		},
		{
			"the spec changes while its containers run", edited,
			"write status",
			"Running: a Running, b Pending; round 1",
		},
		{
			"the spec changes, and its results arrive", all(edited, record("a-1", Control{})),
			"write Work and merge status.yaml of a-1; write status; submit a-2; drop record of a-1",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the spec changes, and it fails", all(edited, run("a-1", RunFailed)),
			"write status; submit a-2",
			"Running: a Running, b Pending; round 2",
		},
		{
			"the spec changes while its image cannot be pulled", all(edited, run("a-1", RunWaiting)),
			"write status; cancel a-1",
			"Waiting: a Pending, b Pending; round 2",
		},
		{
			"the label manual-reconciliation is put on", label(LabelManual),
			"write status; cancel a-1; remove label manual-reconciliation; decide again",
			"Waiting: a Pending, b Pending; round 2; trigger manual-reconciliation",
		},
		{
			"the label run-from-start is put on while its containers run", label(LabelRunFromStart),
			"write status",
			"Running: a Running, b Pending; round 1",
		},
		{
			"the label run-from-start is there when its results arrive", all(label(LabelRunFromStart), record("a-1", Control{})),
			"write Work and merge status.yaml of a-1; write status; remove label run-from-start; drop record of a-1; decide again",
			"Waiting: a Pending, b Pending; round 2; trigger run-from-start",
		},
		{
			"the label workflow-suspended is put on by someone", label(LabelSuspended),
			"none",
			"Running: a Running, b Pending; round 1",
		},
		{
			"the same, and its results arrive", all(label(LabelSuspended), record("a-1", Control{})),
			"write Work and merge status.yaml of a-1; write status; drop record of a-1",
			"Suspended: a Succeeded, b Pending; round 1",
		},
		{
			"the object is paused", all(paused, record("a-1", Control{})),
			"write status",
			"Paused: a Running, b Pending; round 1",
		},
		{
			"the object is deleted while its containers run", deleted("d"),
			"write status",
			"Running: a Running, b Pending; round 1",
		},
		{
			"the object is deleted, and its results arrive", all(deleted("d"), record("a-1", Control{})),
			"merge status.yaml of a-1; write status; submit d-2; drop record of a-1",
			"Running: d Running; round 2",
		},
		{
			"the object is deleted while its image cannot be pulled", all(deleted("d"), run("a-1", RunWaiting)),
			"write status; cancel a-1",
			"Waiting: d Pending; round 2",
		},
	},
}

var runningLast = state{
	"Running the last", "The status names a run of `b`; `a` has succeeded.",
	all(status(workflow.Configure, at("a", PhaseSucceeded), at("b", PhaseRunning)), run("b-1", RunRunning)),
	[]row{
		{
			"its results arrive, and someone has started a run beside it", all(record("b-1", Control{}), run("x", RunRunning)),
			"write Work and merge status.yaml of b-1; clean up runs and Works; write status; drop record of b-1",
			"Completed: a Succeeded, b Succeeded; round 1",
		},
		{
			"its results arrive", record("b-1", Control{}),
			"write Work and merge status.yaml of b-1; clean up runs and Works; write status; drop record of b-1",
			"Completed: a Succeeded, b Succeeded; round 1",
		},
		{
			"it fails", run("b-1", RunFailed),
			"clean up runs; write status",
			"Failed: a Succeeded, b Failed; round 1",
		},
		{
			"it asks for a retry", record("b-1", Control{RetryAfter: time.Minute}),
			"merge status.yaml of b-1; add label workflow-suspended; clean up runs; write status; drop record of b-1",
			"Suspended: a Succeeded, b Suspended; round 1",
		},
	},
}

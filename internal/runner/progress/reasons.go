// SPDX-License-Identifier: Apache-2.0

package progress

// Reason says in one word for programs what a Pipeline's message says for people.
type Reason string

// The reasons of Pipelines. Those of suspended ones, and of those that do not get on, are
// also reasons of events.
const (
	ReasonWaitingForPromise Reason = "WaitingForPromise"
	ReasonPromiseDeleted    Reason = "PromiseDeleted"
	ReasonWaitingForSlot    Reason = "WaitingForSlot"
	ReasonWaitingForRun     Reason = "WaitingForEarlierRun"
	ReasonHeld              Reason = "HeldByLabel"
	ReasonStartsOver        Reason = "StartsOver"
	ReasonRunFailed         Reason = "RunFailed"
	ReasonRunTimedOut       Reason = "RunTimedOut"
	ReasonRunCancelled      Reason = "RunCancelled"
	ReasonResultsMissing    Reason = "ResultsMissing"
	ReasonResultsRefused    Reason = "ResultsRefused"
)

// Why is what a Pipeline waits for, or why it has failed; it is empty if there is nothing to say.
type Why struct {
	Reason  Reason
	Message string
}

// The reasons of events. Some are reasons of conditions, too.
const (
	ReasonPipelineStarted      = "PipelineStarted"
	ReasonPipelineStuck        = "PipelineStuck" // Kratix has none
	ReasonRunDeleted           = "RunDeleted"    // nor this
	ReasonRunAbandoned         = "RunAbandoned"  // nor this
	ReasonPipelineSuspended    = "PipelineSuspended"
	ReasonConfigureFailed      = "ConfigureWorkflowFailed"
	ReasonDeleteFailed         = "Failed Pipeline"
	ReasonPaused               = "PausedReconciliation"
	ReasonReconcileStarted     = "ReconcileStarted"
	ReasonReconcileSucceeded   = "ReconcileSucceeded"
	ReasonWorksSucceeded       = "WorksSucceeded"
	ReasonWorksFailing         = "WorksFailing"
	ReasonWorksMisplaced       = "WorksMisplaced"
	ReasonWorkflowSuspended    = "WorkflowSuspended"
	ReasonAvailable            = "Available"
	ReasonUnavailable          = "Unavailable"
	ReasonRequirementsMet      = "RequirementsFulfilled"
	ReasonRequirementsNotMet   = "RequirementsNotInstalled"
	ReasonReconcilingResources = "ReconcilingResources"
)

// The reasons that only conditions have. Some words of Kratix stand for several cases: then the
// message says which one it is.
const (
	ReasonWorkflowPending          = "WorkflowPending"
	reasonUnpaused                 = "Unpaused"
	reasonPipelinesInProgress      = "PipelinesInProgress"
	reasonPipelinesSucceeded       = "PipelinesExecutedSuccessfully"
	reasonDeleteWorkflowFailed     = "DeleteWorkflowFailed"
	reasonDeleteWorkflowSuspended  = "DeleteWorkflowSuspended"
	reasonWorksPending             = "WorksPending"
	reasonReconciled               = "Reconciled"
	reasonDryRunSucceeded          = "DryRunSucceeded"
	reasonRequirementsInstalled    = "RequirementsInstalled"
	reasonRequirementsNotAvailable = "RequirementsNotAvailable"
	reasonPromiseAvailable         = "PromiseAvailable"
	reasonPromiseUnavailable       = "PromiseRequirementsNotInstalled"
)

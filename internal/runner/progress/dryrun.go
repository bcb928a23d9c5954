// SPDX-License-Identifier: Apache-2.0

package progress

import "github.com/kratix-compile/kratix-compile/translate/workflow"

// What a request with the label kratix.io/dry-run is told when it is done, in the words of Kratix:
// nobody must take the dry run for the request itself.
const (
	labelDryRun         = "kratix.io/dry-run"
	messageDryRun       = "Dry run executed"
	messageDryRunIsDone = "Dry run completed"
)

// dryRun tells whether the workflow is that of a dry run.
func (s Situation) dryRun() bool {
	return s.Type == workflow.Resource && s.Labels[labelDryRun] == "true"
}

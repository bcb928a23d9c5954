// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// retries repeats the whole Pod. Tekton knows no delay between attempts.
func retries(run plan.Run, diags *diag.List) int {
	if run.Retries > 0 {
		diags.Add(diag.NoBackoff, run.At.Field("spec", "jobOptions", "backoffLimit"),
			"Tekton repeats a failed Pipeline at once and without a pause, up to the limit of %d", run.Retries)
	}
	return int(run.Retries)
}

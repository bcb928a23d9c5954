// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// pinned keeps a request on the Promise version that it was made for. kratix-runner cannot do
// that.
const pinned = "pinned"

// idle are the keys that Kratix obeys and that change nothing here, with the reason.
var idle = []struct {
	path []string
	fate string
}{
	{[]string{"resourceBindingVersionStrategy"}, "not needed: here every request follows its Promise, which is floating"},
	{[]string{"selectiveCache"}, "not needed: kratix-runner keeps no Secrets in memory"},
	{[]string{"featureFlags"}, "not needed: dry runs are always on"},
	{[]string{"git"}, "not needed: what goes to one repository goes there in one batch, with one fetch"},
	{[]string{"logging"}, "not obeyed: set --log-level of kratix-runner; its log is always structured"},
	{[]string{"telemetry"}, "not obeyed: set the variables OTEL_* of kratix-runner"},
}

// fates has a line for each key that is written and changes nothing here.
func fates(doc *parse.Document, config Config) diag.List {
	var diags diag.List
	for _, key := range idle {
		at := doc.Root().Field(key.path...)
		switch {
		case doc.Raw(at.Path) == nil:
		case key.path[0] == "resourceBindingVersionStrategy" && config.ResourceBindingVersionStrategy == pinned:
			diags.Add(diag.BadConfig, at, "%s: pinned is refused: here every request follows its Promise; write floating", at.Path)
		default:
			diags.Add(diag.ConfigKeyFate, at.Key(), "%s: %s", at.Path, key.fate)
		}
	}
	return diags
}

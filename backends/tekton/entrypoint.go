// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// commandLine is a step's command and args. It warns if Tekton would make something else of the
// args than a node does.
func (p *pod) commandLine(s plan.Step) (command, args []build.Text) {
	command, args, known := p.CommandLine(s, p.options.Images, "Tekton")
	if !known && len(s.Args) > 0 {
		p.Diags.Add(diag.ArgsOnly, s.At.Field("args"),
			"if %q has a CMD and no ENTRYPOINT, Tekton runs the CMD with these args and Kubernetes the args alone; write the command", s.Image)
	}
	return command, args
}

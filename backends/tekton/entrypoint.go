// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"strings"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/backends/entry"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// commandLine is a step's command and args. For a step without a command, Tekton's controller
// asks the registry, with its own credentials and certificates, and the run fails if that fails
// (tektoncd/pipeline#1539, #7698). So what the image is known to start is written out.
func (p *pod) commandLine(s plan.Step) (command, args []build.Text) {
	command, args = build.Texts(s.Command, s.At.Field("command")), build.Texts(s.Args, s.At.Field("args"))
	if len(command) > 0 {
		return command, args
	}
	image, known := p.options.Images[s.Image]
	if !known {
		p.warnLookup(s)
		return command, args
	}
	command, args = start(image, args, s.At.Field("image"))
	if len(command) == 0 {
		p.Diags.Add(diag.NothingToRun, s.At.Field("command"),
			"the image %q has neither ENTRYPOINT nor CMD, so there is nothing to run; write a command", s.Image)
	}
	return command, args
}

// start follows the rule of container runtimes: args take the place of CMD.
func start(i entry.Image, args []build.Text, at diag.At) (command, rest []build.Text) {
	if len(args) == 0 {
		args = literals(i.Cmd, at)
	}
	if command = literals(i.Entrypoint, at); len(command) > 0 || len(args) == 0 {
		return command, args
	}
	return args[:1], args[1:]
}

func (p *pod) warnLookup(s plan.Step) {
	p.Diags.Add(diag.CommandMissing, s.At.Field("command"),
		"without a command Tekton's controller asks the registry what %q starts, each time it runs, and the run fails if it does not answer; "+
			"write the command, or let --resolve-images or --image-config fill it in", s.Image)
	if len(s.Args) > 0 {
		p.Diags.Add(diag.ArgsOnly, s.At.Field("args"),
			"if %q has a CMD and no ENTRYPOINT, Tekton runs the CMD with these args and Kubernetes the args alone; write the command", s.Image)
	}
}

// literals are words of an image's configuration. Nothing expands them there, but the kubelet
// would expand them in a command, so they are quoted.
func literals(words []string, at diag.At) []build.Text {
	var out []build.Text
	for _, w := range words {
		if strings.Contains(w, "$(") || strings.Contains(w, "$$") {
			w = kubelet.Quote(w)
		}
		out = append(out, build.Text{Value: w, At: at})
	}
	return out
}

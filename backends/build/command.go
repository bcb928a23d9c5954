// SPDX-License-Identifier: Apache-2.0

package build

import (
	"strings"

	"github.com/kratix-compile/kratix-compile/backends/entry"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// CommandLine is a step's command and args, for an engine that starts the step by a program of
// its own. If the step has no command, the engine's controller asks the registry, with its own
// credentials and certificates, and the run fails if that fails (tektoncd/pipeline#1539, #7698).
// So what the image is known to start is written out. Known is false if the engine must ask.
func (p *Pod) CommandLine(s plan.Step, images map[string]entry.Image, engine string) (command, args []Text, known bool) {
	command, args = Texts(s.Command, s.At.Field("command")), Texts(s.Args, s.At.Field("args"))
	if len(command) > 0 {
		return command, args, true
	}
	image, known := images[s.Image]
	if !known {
		p.Diags.Add(diag.CommandMissing, s.At.Field("command"),
			"without a command %s's controller asks the registry what %q starts, each time it runs, and the run fails if it does not answer; "+
				"write the command, or let --resolve-images or --image-config fill it in", engine, s.Image)
		return command, args, false
	}
	command, args = start(image, args, s.At.Field("image"))
	if len(command) == 0 {
		p.Diags.Add(diag.NothingToRun, s.At.Field("command"),
			"the image %q has neither ENTRYPOINT nor CMD, so there is nothing to run; write a command", s.Image)
	}
	return command, args, true
}

// start follows the rule of container runtimes: args take the place of CMD.
func start(i entry.Image, args []Text, at diag.At) (command, rest []Text) {
	if len(args) == 0 {
		args = literals(i.Cmd, at)
	}
	if command = literals(i.Entrypoint, at); len(command) > 0 || len(args) == 0 {
		return command, args
	}
	return args[:1], args[1:]
}

// literals are words of an image's configuration. Nothing expands them there, but the kubelet
// would expand them in a command, so they are quoted.
func literals(words []string, at diag.At) []Text {
	var out []Text
	for _, w := range words {
		if strings.Contains(w, "$(") || strings.Contains(w, "$$") {
			w = kubelet.Quote(w)
		}
		out = append(out, Text{Value: w, At: at})
	}
	return out
}

// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Image is what an image's configuration says about starting it: Cmd are
// arguments of Entrypoint, and the command itself where there is no entrypoint.
// Both empty is an image that runs nothing.
type Image struct {
	Entrypoint []string `json:"entrypoint"`
	Cmd        []string `json:"cmd"`
}

// commandLine is a step's command and args. A step without a command sends
// Tekton's controller to the registry, with credentials and certificates of its
// own, and a failure there ends the run (tektoncd/pipeline#1539, #7698). What
// the image is known to start is therefore written out.
func (c Compiler) commandLine(s plan.Step, diags *diag.List) (command, args []text) {
	command, args = texts(s.Command, s.At.Field("command")), texts(s.Args, s.At.Field("args"))
	if len(command) > 0 {
		return command, args
	}
	image, known := c.Images[s.Image]
	if !known {
		warnLookup(s, diags)
		return command, args
	}
	command, args = image.start(args, s.At.Field("image"))
	if len(command) == 0 {
		diags.Add(diag.NothingToRun, s.At.Field("command"),
			"the image %q has neither ENTRYPOINT nor CMD, so there is nothing to run; write a command", s.Image)
	}
	return command, args
}

// start is the rule of container runtimes: args take the place of CMD.
func (i Image) start(args []text, at diag.At) (command, rest []text) {
	if len(args) == 0 {
		args = literals(i.Cmd, at)
	}
	if command = literals(i.Entrypoint, at); len(command) > 0 || len(args) == 0 {
		return command, args
	}
	return args[:1], args[1:]
}

func warnLookup(s plan.Step, diags *diag.List) {
	diags.Add(diag.CommandMissing, s.At.Field("command"),
		"without a command Tekton's controller asks the registry what %q starts, each time it runs, and the run fails if it does not answer; "+
			"write the command, or let --resolve-images or --image-config fill it in", s.Image)
	if len(s.Args) > 0 {
		diags.Add(diag.ArgsOnly, s.At.Field("args"),
			"if %q has a CMD and no ENTRYPOINT, Tekton runs the CMD with these args and Kubernetes the args alone; write the command", s.Image)
	}
}

func texts(values []string, at diag.At) []text {
	var out []text
	for i, v := range values {
		out = append(out, text{v, at.Index(i)})
	}
	return out
}

// literals are words of an image's configuration. Nothing expands them there,
// whereas the kubelet would in a command.
func literals(words []string, at diag.At) []text {
	var out []text
	for _, w := range words {
		if strings.Contains(w, "$(") || strings.Contains(w, "$$") {
			w = kubelet.Quote(w)
		}
		out = append(out, text{w, at})
	}
	return out
}

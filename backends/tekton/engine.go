// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"github.com/kratix-compile/kratix-compile/backends/entry"
	"github.com/kratix-compile/kratix-compile/translate"
)

// Engine is all that others know of Tekton. The Pod of a cancelled run stays if the operator
// set keep-pod-on-cancel.
func Engine() entry.Engine {
	return entry.Engine{
		Name: name, APIVersion: apiVersion, Kind: kind, Versions: "Tekton Pipelines 1.13.1 and later",
		Compiler: Compiler{},
		Observer: Observer{},
		PodLabel: "tekton.dev/taskRun",
		Untaken:  "no Tekton controller has taken the TaskRun: does tekton-pipelines-controller run and watch this namespace?",
		Cancel:   []byte(`{"spec":{"status":"TaskRunCancelled","statusMessage":"cancelled by the program that created it"}}`),
		Tool:     "tkn", Show: "taskrun describe %s -n %s",
	}
}

// optionRequests is the Option whose values are the RequestsModes.
const optionRequests = "tekton-requests"

// Options are what an installation may choose.
func (Compiler) Options() []entry.Option {
	return []entry.Option{{
		Name: optionRequests, Usage: "`HOW` a TaskRun asks for resources: max (the largest step counts, as in Kratix) or sum",
		Default: string(RequestsMax), Choices: []string{string(RequestsMax), string(RequestsSum)},
	}}
}

// With is a compiler for what an installation chooses.
func (Compiler) With(o entry.Options) translate.Backend {
	return Compiler{Requests: RequestsMode(o.Get(optionRequests)), Images: o.Images}
}

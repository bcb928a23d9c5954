// SPDX-License-Identifier: Apache-2.0

// Package workflow names the four workflows of a Promise and finds their
// Pipelines. Its Owner says whose a run, a harvest or a Work is, and where.
package workflow

import (
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// Type is whose workflow it is.
type Type string

// Action is what the workflow reacts to.
type Action string

// The types and actions, as Kratix spells them in labels and variables.
const (
	Promise  Type = "promise"
	Resource Type = "resource"

	Configure Action = "configure"
	Delete    Action = "delete"
)

// Kind is one of the four workflows.
type Kind struct {
	Type   Type
	Action Action
}

// String is the spelling of the command line: resource-configure.
func (k Kind) String() string { return string(k.Type) + "-" + string(k.Action) }

// Kinds are the four workflows in the order of a Promise's life.
var Kinds = []Kind{{Promise, Configure}, {Resource, Configure}, {Resource, Delete}, {Promise, Delete}}

// Listed are all Pipelines that the Promise lists under this kind.
func (k Kind) Listed(p *parse.PromiseDoc) []parse.Pipeline {
	switch k {
	case Kind{Promise, Configure}:
		return p.Lists.PromiseConfigure
	case Kind{Promise, Delete}:
		return p.Lists.PromiseDelete
	case Kind{Resource, Configure}:
		return p.Lists.ResourceConfigure
	default:
		return p.Lists.ResourceDelete
	}
}

// Pipelines are those that run. Of several delete Pipelines Kratix runs only the first. A name
// selects one Pipeline; empty means all.
func (k Kind) Pipelines(p *parse.PromiseDoc, name string) []parse.Pipeline {
	all := k.Listed(p)
	if k.Action == Delete && len(all) > 1 {
		all = all[:1]
	}
	if name == "" {
		return all
	}
	var named []parse.Pipeline
	for _, pl := range all {
		if pl.Pipeline.Name == name {
			named = append(named, pl)
		}
	}
	return named
}

// MaxID is how long an ID may be; Kratix refuses longer ones.
const MaxID = 60

// ID is Kratix's name for a Pipeline of a Promise, and the name of the service
// account that is made for it.
func ID(promise string, kind Kind, pipeline string) string {
	return promise + "-" + kind.String() + "-" + pipeline
}

// Directories are where a container finds its input and writes its results.
var Directories = []string{"/kratix/input", "/kratix/output", "/kratix/metadata"}

// AnnotationTimeout on a Pipeline bounds one attempt of it, as a Go duration;
// "0s" means no bound. Kratix ignores it, so the Promise stays portable.
const AnnotationTimeout = "kratix-compile.io/timeout"

// AnnotationRenamed on the Pod of a run lists the containers that have other names there: a
// JSON object from the user's name to the name in the Pod.
const AnnotationRenamed = "kratix-compile.io/renamed"

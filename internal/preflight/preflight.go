// SPDX-License-Identifier: Apache-2.0

// Package preflight looks at a cluster in which Kratix runs, and says what happens if
// kratix-runner takes its Promises over: what blocks, what would be lost, what changes. It
// changes nothing. The names of the files begin with the stage that they are of:
//
//	gather -> Facts -> judge -> Report -> print
//
// Only gather has a client. The rest is pure: the same Facts give the same Report.
package preflight

import (
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/status"
)

// Effect is what a finding is to somebody who wants to move.
type Effect string

// The effects, the worst first.
const (
	// Loses is data that the next obvious step would delete, such as that of a release.
	Loses Effect = "loses"
	// Blocks is an object that does not work after the move, or not in the same way.
	Blocks Effect = "blocks"
	// Changes is a difference that nobody has to do anything about.
	Changes Effect = "changes"
)

var effects = []Effect{Loses, Blocks, Changes}

// Finding is about one object, or about all of a kind if it has no name. Its JSON is a promise
// to scripts: fields are added, and neither renamed nor removed.
type Finding struct {
	Effect    Effect `json:"effect"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	// Message says what was found, and what comes of it.
	Message string `json:"message"`
	// Do is a command, or a sentence if there are several ways; empty if nothing is to be done.
	Do string `json:"do,omitempty"`
}

// Report is everything that was found.
type Report struct {
	// Findings are sorted: first what is lost, then what blocks, then what changes.
	Findings []Finding `json:"findings"`
	// Missing are the rights without which something was not looked at.
	Missing []status.Right `json:"missing,omitempty"`
}

// Safe is true if nothing is lost, nothing blocks, and everything could be looked at.
func (r Report) Safe() bool {
	return r.count(Loses)+r.count(Blocks)+len(r.Missing) == 0
}

func (r Report) count(e Effect) int {
	n := 0
	for _, f := range r.Findings {
		if f.Effect == e {
			n++
		}
	}
	return n
}

// where names the object of a finding, as in "Website team-a/tea".
func (f Finding) where() string {
	name := strings.TrimPrefix(f.Namespace+"/"+f.Name, "/")
	return strings.TrimSuffix(f.Kind+" "+name, " ")
}

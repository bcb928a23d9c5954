// SPDX-License-Identifier: Apache-2.0

// Package metadata reads what the containers of a Pipeline leave in
// /kratix/metadata: which Destinations the output is for, what to put into the
// object's status, and whether to go on (docs/kratix-contract.md 5.3 to 5.5).
//
// It is pure. It accepts what Kratix accepts, except for what would do harm later. Every
// problem has a position, the rule that is broken, and a remedy.
package metadata

import (
	"slices"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// The files by their names in /kratix/metadata; each may be missing.
const (
	SelectorsFile = "destination-selectors.yaml"
	StatusFile    = "status.yaml"
	ControlFile   = "workflow-control.yaml"

	// underscored is how some of Kratix's texts spell SelectorsFile.
	underscored = "destination_selectors.yaml"
)

// MaxBytes bounds each file, as it is and with its aliases written out: no
// object in a cluster can hold more.
const MaxBytes = 1 << 20

// Input is what one run of a Pipeline has left behind.
type Input struct {
	// Workflow is that of the Pipeline.
	Workflow workflow.Kind
	// Files are the contents of the metadata files by name; others have no meaning.
	Files map[string][]byte
	// Directories are the names of those right below /kratix/output, empty or not.
	Directories []string
}

// Metadata is what the files say.
type Metadata struct {
	Selectors []Selector
	// Status is to be merged into the object's; see MergeStatus.
	Status  map[string]any
	Control Control
	// Warnings are about what has no effect, or a different effect than it seems to have.
	Warnings Problems
}

// Read reads all files. Its error is Problems, of all files. The selectors of a delete workflow are
// not read: its output goes nowhere.
func Read(in Input) (Metadata, error) {
	selectors := open(SelectorsFile, nil)
	if in.Workflow.Action != workflow.Delete {
		selectors = openSelectors(in.Files)
	}
	status := open(StatusFile, in.Files[StatusFile])
	control := open(ControlFile, in.Files[ControlFile])
	m := Metadata{Selectors: selectors.selectors(), Status: status.status(), Control: control.control()}
	if !m.Control.Stops() { // otherwise the output is not used
		selectors.require(m.Selectors, in.Directories)
	}
	if in.Workflow.Type == workflow.Promise {
		status.warnOfLost(m.Status)
	}
	if problems := slices.Concat(selectors.problems, status.problems, control.problems); len(problems) > 0 {
		return Metadata{}, problems
	}
	m.Warnings = slices.Concat(selectors.warnings, status.warnings, control.warnings)
	return m, nil
}

// openSelectors also takes the spelling with an underscore, which Kratix itself
// does not read.
func openSelectors(files map[string][]byte) *file {
	hyphen, has := files[SelectorsFile]
	other, misspelt := files[underscored]
	switch {
	case has && misspelt:
		f := open(SelectorsFile, hyphen)
		f.warnings.add(underscored, place{}, RuleFileName, "the file is not read, because %s is there; remove it", SelectorsFile)
		return f
	case misspelt:
		f := open(underscored, other)
		f.warnings.add(underscored, place{}, RuleFileName, "Kratix does not read a file of this name; call it %s", SelectorsFile)
		return f
	default:
		return open(SelectorsFile, hyphen)
	}
}

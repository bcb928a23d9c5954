// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"maps"

	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/runner/metadata"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// CheckMetadata is what the harvest refuses before it stores anything, so that the author
// reads it in the log of the step.
func CheckMetadata(run harvest.Run, contents bundle.Contents) ([]string, error) {
	read, err := read(workflow.KindOf(run.Labels), contents)
	if err != nil {
		return nil, err
	}
	var warnings []string
	for _, w := range read.Warnings {
		warnings = append(warnings, w.String())
	}
	return warnings, nil
}

// read leaves the selectors of a delete workflow out: its output goes nowhere.
func read(kind workflow.Kind, contents bundle.Contents) (metadata.Metadata, error) {
	files := maps.Clone(contents.Metadata)
	if kind.Action == workflow.Delete {
		maps.DeleteFunc(files, func(name string, _ []byte) bool { return name != metadata.StatusFile && name != metadata.ControlFile })
	}
	return metadata.Read(metadata.Input{Workflow: kind.Type, Files: files, Directories: contents.Directories})
}

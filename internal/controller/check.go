package controller

import (
	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/metadata"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// CheckMetadata is what the harvest refuses before it stores anything, so that the author
// reads it in the log of the step.
func CheckMetadata(run harvest.Run, contents bundle.Contents) ([]string, error) {
	read, err := metadata.Read(metadata.Input{
		Workflow: workflow.Type(run.Labels[labelType]), Files: contents.Metadata, Directories: contents.Directories,
	})
	if err != nil {
		return nil, err
	}
	var warnings []string
	for _, w := range read.Warnings {
		warnings = append(warnings, w.String())
	}
	return warnings, nil
}

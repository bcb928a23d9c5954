// SPDX-License-Identifier: Apache-2.0

// Package crds holds the schemas by which API servers judge what we emit: the
// CustomResourceDefinitions of the engines, pinned to a version each.
package crds

import _ "embed"

//go:generate go run generate.go

// The definitions, as JSON, reduced to the version that is stored. README.md
// says how they were made.
var (
	//go:embed tekton-1.15.0-taskrun.json
	TektonTaskRun []byte
	//go:embed argo-3.7.16-workflow.json
	Argo37Workflow []byte
	//go:embed argo-4.0.2-workflow.json
	Argo40Workflow []byte
)

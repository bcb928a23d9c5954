// SPDX-License-Identifier: Apache-2.0

package local

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/metadata"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Report is what a run prints as JSON (docs/run.md). Its names are stable.
type Report struct {
	Workflows []WorkflowReport `json:"workflows"`
}

// WorkflowReport is about one workflow of one object.
type WorkflowReport struct {
	title    string
	Workflow string `json:"workflow"`
	Promise  string `json:"promise"`
	// Request is nil for a workflow of the Promise.
	Request   *RequestName     `json:"request,omitempty"`
	Pipelines []PipelineReport `json:"pipelines"`
	// Status is what Pipelines have written into the object's.
	Status map[string]any `json:"status,omitempty"`
	// Stopped is set if a Pipeline has stopped the workflow.
	Stopped *Stop `json:"stopped,omitempty"`
}

// RequestName is a request.
type RequestName struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Stop is what workflow-control.yaml says.
type Stop struct {
	Suspend    bool   `json:"suspend"`
	RetryAfter string `json:"retryAfter,omitempty"`
	Message    string `json:"message,omitempty"`
}

// PipelineReport is about one Pipeline.
type PipelineReport struct {
	Name string `json:"name"`
	// Files are those of /kratix/output and /kratix/metadata.
	Files []FileReport `json:"files"`
	// Groups are the files of the output that go to the same Destinations.
	Groups []GroupReport `json:"groups"`
	// Places are where they go; nil without Destinations.
	Places []Place `json:"places,omitempty"`
	// Wanted says which Destinations are missing.
	Wanted string `json:"wanted,omitempty"`
}

// FileReport is one file.
type FileReport struct {
	// Path begins with output/ or metadata/.
	Path   string `json:"path"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// GroupReport is one group.
type GroupReport struct {
	// Directory is below /kratix/output, or . for the files of no other group.
	Directory string                             `json:"directory"`
	Selectors []v1alpha1.WorkloadGroupScheduling `json:"selectors"`
	// Files are below /kratix/output.
	Files []string `json:"files"`
	// needed are the labels that a Destination needs to get them.
	needed map[string]string
}

// Report is the outcome for people and programs. Without stores it has no places.
func (o Outcome) Report(stores *Stores) WorkflowReport {
	r := WorkflowReport{
		title: Title(o.Workflow), Workflow: o.Kind.String(), Promise: o.Promise,
		Pipelines: []PipelineReport{}, Status: o.Status,
	}
	if o.Type == workflow.Resource {
		r.Request = &RequestName{Namespace: o.Object.Namespace, Name: o.Object.Name}
	}
	for _, p := range o.Pipelines {
		r.Pipelines = append(r.Pipelines, p.report(stores))
	}
	if o.Control.Stops() {
		r.Stopped = StopOf(o.Control)
	}
	return r
}

// StopOf is what a Pipeline says when it stops its workflow.
func StopOf(c metadata.Control) *Stop {
	stop := &Stop{Suspend: c.Suspend, Message: c.Message}
	if c.RetryAfter != nil {
		stop.RetryAfter = c.RetryAfter.String()
	}
	return stop
}

func (p Pipeline) report(stores *Stores) PipelineReport {
	r := PipelineReport{Name: p.Name, Files: []FileReport{}, Groups: []GroupReport{}}
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		sum := sha256.Sum256(p.Files[name])
		r.Files = append(r.Files, FileReport{Path: name, Bytes: len(p.Files[name]), SHA256: hex.EncodeToString(sum[:])})
	}
	if p.Work == nil {
		return r
	}
	for _, g := range p.Work.Spec.WorkloadGroups {
		group := GroupReport{Directory: g.Directory, Selectors: g.DestinationSelectors, Files: []string{}, needed: placing.Selector(p.Work, &g)}
		if group.Selectors == nil {
			group.Selectors = []v1alpha1.WorkloadGroupScheduling{}
		}
		for _, w := range g.Workloads {
			group.Files = append(group.Files, w.Filepath)
		}
		r.Groups = append(r.Groups, group)
	}
	if stores != nil {
		r.Places, r.Wanted = stores.Of(p.Work)
	}
	return r
}

// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"

	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// maxDependencies is how many static dependencies a node lists. An operator can have hundreds.
const maxDependencies = 8

// Of draws Promises that have no finding that is an error. Each has a box of its own.
func Of(promises []*parse.PromiseDoc) Graph {
	d := drawing{required: map[string]string{}}
	for i, p := range promises {
		d.required[p.Object.Name] = promiseID(i)
	}
	for i, p := range promises {
		d.promise(promiseID(i), p)
	}
	return d.graph
}

func promiseID(i int) string { return fmt.Sprintf("p%d", i+1) }

// drawing is a Graph under construction.
type drawing struct {
	graph Graph
	// required are the nodes of Promises by name: of those in the input, and of others that they
	// require.
	required map[string]string
}

func (d *drawing) promise(id string, p *parse.PromiseDoc) {
	box := Box{ID: id + "_box", Title: p.Object.Name}
	box.Nodes = append(box.Nodes, Node{ID: id, Shape: Promise, Lines: []string{"Promise", p.Object.Name}})
	starts := map[workflow.Type]string{workflow.Promise: id}
	if p.API != nil {
		starts[workflow.Resource] = id + "_api"
		box.Nodes = append(box.Nodes, Node{ID: id + "_api", Shape: API, Lines: []string{"API", p.API.Kind, p.API.APIVersion()}})
		d.edge(id, id+"_api", "offers")
	}
	var writers []Edge
	if deps := id + "_dependencies"; len(p.Object.Spec.Dependencies) > 0 {
		box.Nodes = append(box.Nodes, Node{ID: deps, Shape: Dependencies, Lines: dependencies(p)})
		d.edge(id, deps, "")
		writers = append(writers, Edge{From: deps, Label: destined[workflow.Promise]})
	}
	for _, kind := range workflow.Kinds {
		w := newWorkflow(id, kind)
		for i, pipeline := range kind.Pipelines(p, "") {
			w.pipeline(i, pipeline.Pipeline)
		}
		if len(w.box.Boxes) == 0 || starts[kind.Type] == "" {
			continue
		}
		box.Boxes = append(box.Boxes, w.box)
		d.edge(starts[kind.Type], w.first, string(kind.Action))
		d.graph.Edges = append(d.graph.Edges, w.edges...)
		writers = append(writers, w.writers...)
	}
	if len(writers) > 0 {
		box.Nodes = append(box.Nodes, Node{ID: id + "_destinations", Shape: Destinations, Lines: destinations(p)})
	}
	for _, e := range writers {
		d.edge(e.From, id+"_destinations", e.Label)
	}
	d.requirements(id, p)
	d.graph.Boxes = append(d.graph.Boxes, box)
}

// destined says how many of the matching Destinations get the files.
var destined = map[workflow.Type]string{workflow.Promise: "to all", workflow.Resource: "to one"}

func (d *drawing) edge(from, to, label string) {
	d.graph.Edges = append(d.graph.Edges, Edge{From: from, To: to, Label: label})
}

func (d *drawing) requirements(id string, p *parse.PromiseDoc) {
	for _, r := range p.Object.Spec.RequiredPromises {
		to, drawn := d.required[r.Name]
		if !drawn {
			to = fmt.Sprintf("required_%d", len(d.graph.Nodes)+1)
			d.required[r.Name] = to
			d.graph.Nodes = append(d.graph.Nodes, Node{ID: to, Shape: Promise, Lines: []string{"Promise", r.Name}})
		}
		label := strings.TrimSpace("requires " + r.Version)
		d.graph.Edges = append(d.graph.Edges, Edge{From: id, To: to, Label: label, Dashed: true})
	}
}

// dependencies are the manifests that Destinations need first.
func dependencies(p *parse.PromiseDoc) []string {
	lines := []string{"Dependencies"}
	all := p.Object.Spec.Dependencies
	for _, raw := range all[:min(len(all), maxDependencies)] {
		var object metav1.PartialObjectMetadata
		_ = json.UnmarshalCaseSensitivePreserveInts(raw.Raw, &object) // what is no object has no name
		lines = append(lines, strings.TrimSpace(object.Kind+" "+object.Name))
	}
	if rest := len(all) - maxDependencies; rest > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", rest))
	}
	return lines
}

// destinations are those that a Promise selects. All selectors count at once; if several have a
// key, the first one counts.
func destinations(p *parse.PromiseDoc) []string {
	labels := map[string]string{}
	for _, s := range p.Object.Spec.DestinationSelectors {
		for key, value := range s.MatchLabels {
			if _, set := labels[key]; !set {
				labels[key] = value
			}
		}
	}
	if len(labels) == 0 {
		return []string{"Destinations", "with any labels"}
	}
	lines := []string{"Destinations with"}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		lines = append(lines, key+"="+labels[key])
	}
	return lines
}

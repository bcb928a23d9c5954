// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// workflowDrawing is one workflow of a Promise: its Pipelines in order, and the Secrets and
// ConfigMaps that they need in the namespace in which they run.
type workflowDrawing struct {
	kind  workflow.Kind
	box   Box
	edges []Edge
	// first and last are nodes: where the workflow starts, and where it is so far.
	first, last string
	// writers are edges without an end, from what writes files for Destinations.
	writers []Edge
	objects map[reference]string
}

func newWorkflow(promise string, kind workflow.Kind) *workflowDrawing {
	id := promise + "_" + strings.ReplaceAll(kind.String(), "-", "_")
	return &workflowDrawing{kind: kind, box: Box{ID: id, Title: kind.String()}, objects: map[reference]string{}}
}

func (w *workflowDrawing) pipeline(i int, p v1alpha1.Pipeline) {
	box := Box{ID: fmt.Sprintf("%s_%d", w.box.ID, i+1), Title: "Pipeline " + p.Name}
	node := func(i int) string { return fmt.Sprintf("%s_%d", box.ID, i+1) }
	for i, c := range p.Spec.Containers {
		box.Nodes = append(box.Nodes, Node{ID: node(i), Lines: []string{c.Name, short(c.Image)}})
	}
	if len(box.Nodes) == 0 {
		box.Nodes = []Node{{ID: node(0), Lines: []string{"no containers"}}}
	}
	w.box.Boxes = append(w.box.Boxes, box)
	for _, n := range box.Nodes {
		w.then(n.ID)
	}
	if w.kind.Action == workflow.Configure { // what a delete workflow writes goes nowhere
		w.writers = append(w.writers, Edge{From: w.last, Label: destined[w.kind.Type]})
	}
	for _, secret := range p.Spec.ImagePullSecrets {
		w.needs(reference{"Secret", secret.Name}, node(0), "pulls images")
	}
	for i, c := range p.Spec.Containers {
		for _, r := range references(c.Env, c.EnvFrom) {
			w.needs(r, node(i), "")
		}
	}
	for _, v := range p.Spec.Volumes {
		for _, r := range references(v) {
			for _, i := range mounting(p, v.Name) {
				w.needs(r, node(i), "")
			}
		}
	}
}

func (w *workflowDrawing) then(id string) {
	if w.first == "" {
		w.first = id
	} else {
		w.edges = append(w.edges, Edge{From: w.last, To: id})
	}
	w.last = id
}

// needs draws that a container needs a Secret or a ConfigMap.
func (w *workflowDrawing) needs(r reference, container, label string) {
	id, drawn := w.objects[r]
	if !drawn {
		id = fmt.Sprintf("%s_object_%d", w.box.ID, len(w.objects)+1)
		w.objects[r] = id
		w.box.Nodes = append(w.box.Nodes, Node{ID: id, Shape: Object, Lines: []string{r.kind, r.name}})
	}
	e := Edge{From: id, To: container, Label: label, Dashed: true}
	if !slices.Contains(w.edges, e) {
		w.edges = append(w.edges, e)
	}
}

// mounting are the containers that mount a volume. If none does, the Pod still does not start
// without it, so the first container stands for all.
func mounting(p v1alpha1.Pipeline, volume string) []int {
	var found []int
	for i, c := range p.Spec.Containers {
		if slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume }) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return []int{0}
	}
	return found
}

// digest is that of an image, of which the first twelve digits are enough to tell two apart.
var digest = regexp.MustCompile(`(@sha256:[0-9a-f]{12})[0-9a-f]{52}$`)

func short(image string) string { return digest.ReplaceAllString(image, "$1") }
